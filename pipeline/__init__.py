"""AI-media campaigns in bulk: priced before a credit moves, paid for once, resumable.

The way of one job: a line of YAML (`inputs/`) becomes a cell of the matrix, a spec with a key, a
quote, a row of the plan (`core/`), a job in the ledger (`ledger/`), an intent on disk, one paid
call (`executor/`, `providers/`), a file with its hash, a cell of the contact sheet (`outputs/`).

Rooms, lowest first; imports go down only, and never sideways between rooms of one line:

    core
    media
    inputs · outputs · ledger · providers · sandbox
    executor
    simulation
    wiring
    cli
"""

__version__ = "0.1.0"
