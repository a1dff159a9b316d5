"""What the executor does next for a job, one step a state.

Law: a step touches the world once and returns the event that is then true; it records nothing. A
step that returns None leaves the job as it is, for the next run.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import anyio

from pipeline.core.errors import (
    Barred,
    Exit,
    Halt,
    ProviderFailure,
    Throttled,
    Unreachable,
    Vanished,
)
from pipeline.core.habits import TAIL
from pipeline.core.job import (
    Cancelled,
    Deferred,
    Doubted,
    Event,
    Failed,
    File,
    Intended,
    Job,
    Saved,
    State,
)
from pipeline.core.pace import Window
from pipeline.core.provider import Broken, Finished, Output, Receipt
from pipeline.core.verdict import backoff_s, judge_news, judge_submission
from pipeline.executor.lane import Lane, Leave
from pipeline.executor.sidecar import sidecar
from pipeline.executor.sources import held_for
from pipeline.media.examine import NotWhole

LEAVE_TO_SEND_S = 2.0
"""Leave that is older than this when its call is due is void: the process was asleep, and price,
caps and clock may no longer be what they were (SAFETY 2.6)."""
MOST_CONTESTED = 5
"""So often a job is called unaffordable against the balance; then the service is believed."""
CONTESTED_PAUSE_S = 5.0
BROKEN_DOWNLOADS = 5
"""So many files that came damaged in a row, and the link is given up."""
GONE_LINKS = 5
"""So often a link must be said to be gone, and not only for long: a bad line fills the time."""


async def intend(lane: Lane, job: Job) -> Event | None:
    """Wait until the job may be bought; then say so on disk before it is."""
    if _is_late(lane, job) or not await lane.wait_leave_to_buy(job):
        return None
    urls = await _addresses(lane, job)
    if not isinstance(urls, list):
        return urls
    window = await _wait_turn(lane, job)
    if window is None:
        return None
    if _is_late(lane, job):
        lane.gate.unused_turn(window)
        return None
    if lane.sources.outlived(urls):
        urls = await _addresses(lane, job)
        if not isinstance(urls, list):
            lane.gate.unused_turn(window)
            return urls
    if why := lane.lack(job):
        lane.gate.unused_turn(window)
        lane.stop_here(why)
        return None
    lane.leaves[job.key] = Leave(window, urls, lane.boot_s())
    return Intended(lane.new_tag(), held_for(job, lane.ledger.ask))


def _is_late(lane: Lane, job: Job) -> bool:
    """Whether the time of the run is too short for the job by now."""
    typical_s = lane.terms.typical_s(job.spec.kind, job.typical_s)
    expected_s = lane.watch.lengths.expected_s(job.spec.model, typical_s)
    return lane.control.pass_over_late(job, TAIL * expected_s)


async def _addresses(lane: Lane, job: Job) -> list[str] | Event | None:
    """What the service fetches the job's sources from; else what comes of their being missing."""
    try:
        return await lane.sources.bring(job)
    except FileNotFoundError as error:
        return Cancelled("source_missing", str(error))
    except Barred as failure:
        lane.bar(failure)
        return None


async def _wait_turn(lane: Lane, job: Job) -> Window | None:
    """A turn for the paid call, unless a doubt came up while it was waited for."""
    bucket = lane.terms.bucket(job.spec.kind)
    while (window := await lane.gate.wait_turn(bucket, lane.rank(job))) is not None:
        if lane.doubts.has_room():
            return window
        lane.gate.unused_turn(window)
        if not await lane.wait_leave_to_buy(job):
            return None
    return None


async def submit(lane: Lane, job: Job) -> Event | None:
    """The paid call: once, not to be cut short by anything but death."""
    leave = lane.leaves.pop(job.key)
    window = leave.window
    if lane.boot_s() - leave.since_s > LEAVE_TO_SEND_S:
        lane.gate.unused_turn(window)
        return Deferred("unreachable", message="the intent was too old to be sent")
    lane.doubts.sent(job)
    with anyio.CancelScope(shield=True):
        try:
            reply = await lane.provider.submit(job.spec, leave.urls, lane.mark(job))
        except ProviderFailure as failure:
            lane.gate.end_turn(window)
            return await _refused(lane, job, failure)
    lane.gate.end_turn(window)
    lane.reached()
    if isinstance(reply, Receipt) and reply.eta_s is not None:
        lane.watch.told[job.key] = reply.eta_s
    if isinstance(reply, Broken):
        return judge_news(job, reply, lane.terms, lane.now())
    return judge_submission(reply, lane.now())


async def _refused(lane: Lane, job: Job, failure: ProviderFailure) -> Event:
    bucket = lane.terms.bucket(job.spec.kind)
    if failure.cause == "insufficient_credits" and job.attempts < MOST_CONTESTED \
            and await lane.purse.covers(job):
        return Deferred("credits_contested", lane.now() + CONTESTED_PAUSE_S * lane.terms.scale,
                        message=failure.message)
    if isinstance(failure, Throttled):
        lane.gate.throttle(bucket, failure.retry_after_s)
        lane.reached()
    elif isinstance(failure, Barred):
        lane.bar(failure)
    elif isinstance(failure, Unreachable):
        pause_s = lane.not_reached()
        return Deferred("unreachable", lane.now() + pause_s, message=failure.message)
    return judge_submission(failure, lane.now())


async def reconcile(lane: Lane, job: Job) -> Event | None:
    """Look for evidence; a job whose id is known is looked at, one whose id is not is searched."""
    if job.remote_ids:
        try:
            news = await lane.look(job)
        except ProviderFailure:
            return None
        return lane.judge_overdue(job, news)
    return await lane.doubts.wait_evidence(job)


async def watch(lane: Lane, job: Job) -> Event | None:
    """Wait for news of a job that the service is making."""
    if lane.bell is not None:
        lane.bell.address(lane.account, job.tag)
    event = await lane.watch.wait_news(job)
    if lane.bell is not None:
        lane.bell.forget(job.tag)
    return event


async def fetch(lane: Lane, job: Job) -> Event | None:
    """Bring the files home, one after the other; a link that is gone is asked for again."""
    began_s = anyio.current_time()
    outputs, tries, damaged, gone = job.outputs, 0, 0, 0
    files: list[File] = []
    while lane.control.staying:
        try:
            with lane.control.until_left():
                while len(files) < len(outputs):
                    files.append(await _save(lane, job, len(files), outputs[len(files)]))
                    damaged = gone = 0
                return Saved(tuple(files))
        except NotWhole as error:
            damaged += 1
            if damaged >= BROKEN_DOWNLOADS:
                return Failed("links_gone", f"the file comes damaged: {error}")
        except Vanished as error:
            gone += 1
            if gone >= GONE_LINKS and anyio.current_time() - began_s > lane.terms.link_wait_s:
                return Failed("links_gone", error.message)
        except Unreachable as error:
            if tries == 1:  # the first link may be one of an earlier life of the service
                lane.progress.said(f"a download broke off ({error.message}); it begins again")
        except OSError as error:
            raise Halt(Exit.USAGE, f"{error.filename or job.folder} cannot be written: "
                       f"{error.strerror}", code="outputs_broken",
                       hint="what is bought is safe: make room, then `pipeline resume`, or send "
                            "its files elsewhere with `pipeline resume --out DIR`") from None
        await lane.control.pause(backoff_s(tries))
        outputs = await _fresh_links(lane, job) or outputs
        tries += 1
    return None


async def _save(lane: Lane, job: Job, index: int, output: Output) -> File:
    async with lane.store.room, lane.provider.download(output.url or "") as download:
        return await lane.store.save(job, index, download, output.label,
                                     says=partial(sidecar, job))


async def _fresh_links(lane: Lane, job: Job) -> tuple[Output, ...]:
    if not job.remote_ids:
        return ()  # the paid call itself brought the links, and there is nothing to look at
    with lane.control.until_left():
        try:
            news = await lane.look(job)
        except ProviderFailure:
            return ()
        if isinstance(news, Finished) and all(output.url for output in news.outputs):
            return news.outputs
    return ()


Step = Callable[[Lane, Job], Awaitable[Event | None]]

STEPS: Mapping[State, Step] = {
    State.PENDING: intend,
    State.SUBMITTING: submit,
    State.IN_DOUBT: reconcile,
    State.RUNNING: watch,
    State.PRODUCED: fetch,
}

RECOVERED = Doubted("interrupted", "the run died while the paid call was under way")
"""What a job that is found `submitting` at the start of a process has become."""
