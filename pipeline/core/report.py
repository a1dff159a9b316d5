"""A run as its reviewer reads it: what was promised, what was paid, and every cell in its place.

The contact sheet keeps the campaign's own axes: a row is a set of prompt variables, a column is a
model in a shape. Nothing is added up here that the ledger does not hold.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.core.job import Job, State
from pipeline.core.manifest import Value
from pipeline.core.money import NOTHING, Money


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a run: the job, and the place that the run's manifest gives it."""

    seq: int
    campaign: str
    job: Job
    vars: Mapping[str, Value] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    kept: bool = False
    chosen: bool = True


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run in the ledger. Times are seconds of UTC; `ended_s` is None until it is at rest."""

    id: str
    manifest: str
    file: str
    account: str
    started_s: float
    ended_s: float | None = None
    exit_code: int | None = None
    outputs: str = ""
    caps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Totals:
    """The figures of a run as the ledger keeps them. `states` has every state, zeros included."""

    states: Mapping[State, int]
    kept: int = 0
    charged: Money = NOTHING
    held: Money = NOTHING
    in_doubt: Money = NOTHING
    refunded: Money = NOTHING

    @property
    def total(self) -> int:
        """How many rows the run has."""
        return sum(self.states.values())

    def after(self, before: Job, now: Job) -> "Totals":
        """These figures once a job of the run has moved."""
        states = dict(self.states)
        states[before.state] -= 1
        states[now.state] += 1
        doubts = (self.in_doubt + _doubted(now)).less(_doubted(before))
        return replace(self, states=states, held=(self.held + now.held).less(before.held),
                       charged=(self.charged + now.charged).less(before.charged), in_doubt=doubts)


def _doubted(job: Job) -> Money:
    return job.held if job.state is State.IN_DOUBT else NOTHING


@dataclass(frozen=True, slots=True)
class Column:
    """One model in one shape, with the parameters that set it apart."""

    model: str
    aspect_ratio: str
    settings: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the sheet: its variables in words, its prompt, its cells under the columns.

    A prompt that differs from column to column is given in all its forms, a blank line between.
    """

    label: str
    prompt: str
    cells: Sequence[tuple[Entry, ...]]


@dataclass(frozen=True, slots=True)
class Section:
    """One campaign of the sheet. `promised` is what its rows were quoted, `paid` what they took."""

    campaign: str
    kind: str
    columns: Sequence[Column]
    lines: Sequence[Line]
    promised: Money
    paid: Money
    states: Mapping[State, int]


def tally(entries: Iterable[Entry]) -> list[Section]:
    """The sections of a contact sheet, campaigns in the author's order."""
    campaigns: dict[str, list[Entry]] = {}
    for entry in entries:
        campaigns.setdefault(entry.campaign, []).append(entry)
    return [_section(name, group) for name, group in campaigns.items()]


def _section(campaign: str, entries: list[Entry]) -> Section:
    shared = _shared_settings(entries)
    axes = _varying(entries)
    columns = list(dict.fromkeys(_column(entry, shared) for entry in entries))
    grid: dict[str, dict[Column, list[Entry]]] = {}
    for entry in entries:
        cells = grid.setdefault(_label(entry, axes), {})
        cells.setdefault(_column(entry, shared), []).append(entry)
    lines = [Line(label, _prompts(cells.values()),
                  [tuple(cells.get(column, ())) for column in columns])
             for label, cells in grid.items()]
    states = count_states(entry.job.state for entry in entries)
    return Section(campaign, entries[0].job.spec.kind, columns, lines,
                   sum((entry.job.quote.expected for entry in entries), NOTHING),
                   sum((entry.job.charged for entry in entries), NOTHING), states)


def count_states(states: Iterable[State]) -> dict[State, int]:
    """How many of each state, zeros included."""
    counts = dict.fromkeys(State, 0)
    for state in states:
        counts[state] += 1
    return counts


def _shared_settings(entries: list[Entry]) -> set[tuple[str, object]]:
    """Parameters that every job of the campaign has alike say nothing in a column's head."""
    shared: set[tuple[str, object]] = set(entries[0].job.spec.params.items())
    for entry in entries:
        shared &= set(entry.job.spec.params.items())
    return shared


def _column(entry: Entry, shared: set[tuple[str, object]]) -> Column:
    spec = entry.job.spec
    own = [f"{name} {value}" for name, value in spec.params.items() if (name, value) not in shared]
    return Column(spec.model, spec.aspect_ratio or "", ", ".join(own), entry.job.account)


def _prompts(cells: Iterable[list[Entry]]) -> str:
    said = dict.fromkeys(entry.job.spec.prompt for cell in cells for entry in cell)
    return "\n\n".join(said)


def _varying(entries: list[Entry]) -> list[str]:
    """The variables that tell the rows of a campaign apart; a constant is no label."""
    first = entries[0].vars
    return [name for name in first
            if any(entry.vars.get(name) != first[name] for entry in entries)]


def _label(entry: Entry, axes: list[str]) -> str:
    return " · ".join(describe(entry.vars[name]) for name in axes if name in entry.vars)


def describe(value: object) -> str:
    """A value of an axis in few words; a row of a table by its fields.

    >>> describe({"city": "Oslo", "age": "30"})
    'Oslo, 30'
    """
    if isinstance(value, Mapping):
        return ", ".join(describe(part) for part in value.values())
    return str(value)
