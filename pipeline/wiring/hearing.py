"""A service asked about one job in doubt, and a person's word held against its answer.

Law: free reads only, once each; a service that cannot be asked is no error, and is said.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from pipeline.core.errors import Exit, Halt, ProviderFailure, Refused, Vanished
from pipeline.core.job import Job
from pipeline.core.provider import News, Provider, Scan
from pipeline.core.resolution import Hearing, Ruling, grounds, most_ids, unlike
from pipeline.core.terms import Terms
from pipeline.inputs.settings import Settings
from pipeline.ledger.questions import Questions
from pipeline.wiring.accounts import open_accounts, terms_of
from pipeline.wiring.session import Session


async def hear(settings: Settings, job: Job, remote_ids: Collection[str], *, state: Path,
               now: Callable[[], float]) -> Hearing:
    """What the service's list shows now, and what it says of each id that the list lacks."""
    try:
        accounts = open_accounts(settings, [job.account], state=state, now=now, read_only=True)
    except Halt as halt:
        return Hearing(silence=halt.message)
    try:
        return await _ask(accounts.by_name[job.account].provider, job.spec.kind, remote_ids)
    finally:
        await accounts.close()


async def _ask(provider: Provider, kind: str, remote_ids: Collection[str]) -> Hearing:
    scan: Scan | None = None
    silence = ""
    try:
        scan = await provider.scan({})
    except ProviderFailure as failure:
        silence = failure.message
    listed = {row.remote_id for row in scan.sightings} if scan else set()
    looked, failed = await _look(provider, kind, [name for name in remote_ids
                                                  if name not in listed])
    return Hearing(scan, looked, failed or silence)


async def _look(provider: Provider, kind: str,
                remote_ids: Collection[str]) -> tuple[Mapping[str, News | None], str]:
    """News of each id, None for one that the service does not know; and why one had no answer."""
    looked: dict[str, News | None] = {}
    silence = ""
    for remote_id in remote_ids:
        try:
            looked[remote_id] = await provider.look(remote_id, kind)
        except (Vanished, Refused):
            looked[remote_id] = None
        except ProviderFailure as failure:
            silence = failure.message
    return looked, silence


async def held_against(session: Session, settings: Settings, job: Job, ruling: Ruling, *,
                       force: bool) -> Ruling:
    """A ruling that names ids, with its grounds in its note. Raises `Halt` (2) for an id that is
    not the job's; one that only does not look like it is taken with `force`."""
    _check_owners(session.ledger.ask, job, ruling.remote_ids)
    hearing = await hear(settings, job, ruling.remote_ids, state=session.state, now=session.now)
    terms = terms_of(settings, job.account)
    told = dict.fromkeys(_grounds(job, remote_id, hearing, terms, force=force)
                         for remote_id in ruling.remote_ids)
    return ruling.and_also("; ".join(told))


def _check_owners(ask: Questions, job: Job, remote_ids: Collection[str]) -> None:
    most = most_ids(job)
    if len(remote_ids) > most:
        raise Halt(Exit.USAGE, f"one start of this job has {most} at most, and {len(remote_ids)} "
                               "ids were given", code="too_many_ids",
                   hint="another id is another charge, and no part of this job")
    for remote_id in remote_ids:
        owner = ask.owner(job.account, remote_id)
        if owner and owner != job.key:
            raise Halt(Exit.USAGE, f"{remote_id} belongs to job {owner[:8]}", code="owned_id",
                       hint=f"`pipeline show {owner[:8]}` tells its story")


def _grounds(job: Job, remote_id: str, hearing: Hearing, terms: Terms | None, *,
             force: bool) -> str:
    if hearing.denies(remote_id):
        raise Halt(Exit.USAGE, f"{job.account} knows no {remote_id}", code="unknown_id",
                   hint=f"`pipeline doubt show {job.key[:8]}` tells what it lists; a fresh id may "
                        "take a moment to be known")
    row = hearing.row(remote_id)
    how = unlike(job, row, hearing.scan, terms) if row and hearing.scan and terms else ""
    if how and not force:
        raise Halt(Exit.USAGE, f"{remote_id} does not look like this job: {how}", code="unlike",
                   hint="if you are sure that it is, add --force")
    return grounds(remote_id, hearing) + (f", although {how}" if how else "")
