"""The look for charges that belong to no job, when a lane begins its work and when it ends it.

Law: one free read, which nobody waits long for. What is found is remembered and said; a person
says whose it is.
"""

import anyio

from pipeline.core.errors import ProviderFailure
from pipeline.core.orphans import LATEST_S, find_orphans
from pipeline.core.provider import Scan
from pipeline.executor.gate import READS
from pipeline.executor.lane import Lane
from pipeline.ledger.orphans import keep, recent_tries

PATIENCE_S = 5.0


async def sweep(lane: Lane) -> None:
    """Hold the service's list against everything that this ledger ever bought there."""
    if not lane.doubts.starts:
        return
    scan = await _list(lane)
    if scan is None or not scan.sightings:
        return
    account, ledger, terms = lane.account, lane.ledger, lane.terms
    since_s = min(row.created_s for row in scan.sightings) - scan.skew_s - terms.quiet_s - LATEST_S
    found = find_orphans(
        account, scan, ledger.ask.owned(account, [row.remote_id for row in scan.sightings]),
        recent_tries(ledger.connection, account, since_s),
        [job for job in ledger.ask.open_jobs(account) if not job.remote_ids], terms=terms)
    if found and (new := await keep(ledger, found)):
        lane.progress.said(f"{account} lists {len(new)} more than the ledger knows of, and they "
                           "look like ours: `pipeline doubt` names them")


async def _list(lane: Lane) -> Scan | None:
    """The newest rows; None where they cannot be had soon."""
    with anyio.move_on_after(PATIENCE_S):
        try:
            async with lane.gate.turn(READS):
                return await lane.provider.scan({})
        except ProviderFailure:
            return None
    return None
