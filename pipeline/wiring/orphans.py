"""A person's word on what the service has and no job of ours knows of.

Law: what a person calls a job's is taken up as if its paid call had just been answered: intended,
accepted, receipted and held like any, whatever the caps say, because it is bought already. What was
written off for it before comes back.
"""

import secrets
from collections.abc import Iterable

from pipeline.core.caps import Caps
from pipeline.core.errors import Exit, Halt
from pipeline.core.job import Accepted, Intended, Job, State
from pipeline.core.money import Money
from pipeline.core.orphans import Orphan
from pipeline.core.resolution import Choice, Ruling
from pipeline.inputs.settings import Settings
from pipeline.ledger.orphans import book, dismiss, take_back, unruled
from pipeline.wiring.hearing import held_against
from pipeline.wiring.session import Session

LEAST_CHARS = 6
ADOPTING = frozenset({State.PENDING, State.FAILED, State.CANCELLED})
"""A job without a file that no money is out for."""


def named(found: Iterable[Orphan], text: str) -> Orphan | None:
    """The orphan that a person means by its id, or by how that begins; else None."""
    meant = [orphan for orphan in found if orphan.remote_id == text
             or (len(text) >= LEAST_CHARS and orphan.remote_id.startswith(text))]
    return meant[0] if len(meant) == 1 else None


async def adopt(session: Session, settings: Settings, job: Job, ruling: Ruling, *,
                force: bool) -> tuple[Job, Ruling]:
    """The job, running under ids that a person found, and the ruling with its grounds. Raises
    `Halt` (2) for ids that are not its own; those that only do not look like it are taken with
    `force`."""
    ruling = await held_against(session, settings, job, ruling, force=force)
    ledger = session.ledger
    run = ledger.ask.find_run(job.run)
    if run is None:
        raise Halt(Exit.USAGE, f"job {job.key[:8]} is in no run", code="no_run")
    written_off = job.tag if job.cause == "written_off" else ""
    ledger.go_on(run, Caps())
    if job.state is not State.PENDING:
        ledger.reopen([job], ruling.by)
        job = ledger.ask.job(job.key) or job
    job = await ledger.record(job, Intended(secrets.token_hex(16), job.quote.worst))
    accepted = Accepted(ruling.remote_ids, ruling.by, ruling.note)
    job = await ledger.record(job, accepted)
    if written_off:
        take_back(ledger, written_off)
    return job, ruling


def settle(session: Session, orphan: Orphan, ruling: Ruling) -> Money:
    """What is booked for an orphan by a person's word; raises `Halt` (2) for a word that does not
    go with one."""
    if ruling.choice is Choice.IS:
        raise Halt(Exit.USAGE, f"{orphan.remote_id} is an id and no job", code="orphan",
                   hint=f"`pipeline doubt resolve {orphan.job[:8]} --is {orphan.remote_id}` gives "
                        "it to a job that is pending or failed")
    if ruling.choice is Choice.NOT_CHARGED:
        dismiss(session.ledger, orphan, ruling.by, ruling.note)
        return Money(0)
    job = session.ledger.ask.job(orphan.job)
    amount = orphan.charged
    if amount is None:
        amount = job.quote.worst if job else Money(0)
    book(session.ledger, orphan, amount, ruling.by, ruling.note)
    return amount


def orphans_of(session: Session) -> list[Orphan]:
    """What a person has still to say something of."""
    return unruled(session.ledger.connection)
