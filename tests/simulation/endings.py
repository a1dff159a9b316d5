"""How a world must look when it is at rest: its jobs, its files, and what is left to a person.

Goal: every file is right and every job has a good reason to be as it is. Method: the service's own
store says what was made and from what; what is left open is held against what could be known.
"""

import hashlib
import json
from collections import defaultdict
from pathlib import Path

from truth import UNTOLD, Truth, alike, group, rows_made

from pipeline.core.job import AT_REST, Job, State
from pipeline.core.likeness import Likeness
from pipeline.sandbox.jobs import COMPLETED, RemoteJob
from pipeline.sandbox.sources import Sources
from pipeline.simulation.process import RUN

FAILURES = frozenset({"generation_failed", "content_refused", "answer_gone"})
DOUBTFUL = frozenset({"interrupted", "reply_lost", "overdue", "ambiguous"})
WAITED_FOR = (State.PENDING, State.IN_DOUBT)
USED = "select held + charged - refunded as used from totals where scope = ?"


def rest(truth: Truth) -> None:
    """Every job is at rest; or in doubt for a reason; or pending, with a reason to wait: for what
    it starts from, for the cap, or until a person has settled several doubts."""
    for key, job in truth.jobs.items():
        if job.state in AT_REST:
            continue
        assert job.state in (State.IN_DOUBT, State.PENDING), f"{key} was left {job.state}"
        if job.state is State.IN_DOUBT:
            assert job.cause in DOUBTFUL, f"{key} is in doubt for {job.cause!r}"
            assert job.held, f"{key} is in doubt and holds nothing"
            continue
        waits = any(truth.jobs[name].state in WAITED_FOR for name in job.spec.waits_for)
        waits = waits or len(truth.in_doubt()) > 1 or _over_cap(truth, job)
        assert waits, f"{key} is pending for no reason ({job.cause})"


def _over_cap(truth: Truth, job: Job) -> bool:
    cap = truth.world.script.cap
    rows = truth.ask(USED, f"run:{RUN}")
    used = rows[0]["used"] if rows else 0
    pending = sum(other.quote.worst.micros for other in truth.jobs.values()
                  if other.state is State.PENDING)
    return cap is not None and used + pending > cap.micros


def doubts(truth: Truth) -> None:
    """A doubt is left to a person only where neither the service's list nor its balance tells."""
    groups: defaultdict[Likeness | str, list[Job]] = defaultdict(list)
    for job in truth.in_doubt():
        if job.remote_ids:
            ended = all(_ended(truth, truth.remote[name]) for name in job.remote_ids)
            assert not ended, f"{job.key} is in doubt though the service says how it ended"
        else:
            groups[group(job.spec)].append(job)
    for what, jobs in groups.items():
        rows = [row for row in truth.unowned if group(truth.bought(row)) == what]
        there = isinstance(what, Likeness) and _found(truth, jobs, rows)
        assert not there, f"{what} was there to be found"
        assert rows or not _absent(truth, jobs), f"{what} could have been proven absent"
    left = [job for jobs in groups.values() for job in jobs]
    assert not left or not _balance_tells(truth, left), "the balance tells what became of them"


def _ended(truth: Truth, remote: RemoteJob) -> bool:
    now = truth.world.wall()
    return remote.is_linked(now) or (remote.outcome != COMPLETED and now >= remote.finishes_at)


def _found(truth: Truth, jobs: list[Job], rows: list[RemoteJob]) -> bool:
    """Whether the list shows just what these alike jobs made."""
    most = rows_made(jobs[0].spec)
    same = all(alike(job.spec, jobs[0].spec) for job in jobs) and (most == 1 or len(jobs) == 1)
    newest = truth.shown[:truth.world.terms.list_rows]
    return len(rows) == most * len(jobs) and same and all(row in newest for row in rows)


def _absent(truth: Truth, jobs: list[Job]) -> bool:
    """Whether the list would surely show what these jobs made, had they made anything."""
    terms, shown = truth.world.terms, truth.shown
    newest = shown[:terms.list_rows]
    control = any(row.id in truth.owner for row in newest)
    sent_s = min(job.sent_s or 0.0 for job in jobs)
    reaches = len(shown) < terms.list_rows or newest[-1].created_at < sent_s - terms.skew_s
    return jobs[0].spec.kind in terms.listed and control and reaches


def _balance_tells(truth: Truth, jobs: list[Job]) -> bool:
    """Whether the account was read before, nothing but these is open, and no refund blurs it."""
    terms = truth.world.terms
    if not truth.ask("select 1 from balances") or any(job.remote_ids for job in truth.in_doubt()) \
            or any(_is_blurred(remote) for remote in truth.remote.values()):
        return False
    lost = sum(truth.net(job.id) for job in truth.unowned)
    held = sum(job.held.micros for job in jobs)
    return not lost or (lost == held and all(job.spec.kind in terms.at_once_s for job in jobs))


def _is_blurred(remote: RemoteJob) -> bool:
    """Whether what it took is a guess: it was given back, or it broke and does not tell."""
    return bool(remote.refund_micros) or (remote.kind in UNTOLD and remote.outcome != COMPLETED)


def files(truth: Truth) -> None:
    """A done job's files are there, byte for byte as the service made them, and nothing half-done
    lies beside them."""
    for key, job in truth.jobs.items():
        assert bool(job.files) == (job.state is State.DONE)
        for file in job.files:
            path = Path(file.path)
            assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256, f"{path} changed"
            told = json.loads(Path(f"{path}.json").read_text())
            assert (told["sha256"], told["job"]) == (file.sha256, key)
        if job.files:
            _as_made(truth, job)
    left = list(truth.world.outputs.rglob("*.part"))
    unfinished = [job.key[:8] for job in truth.jobs.values() if job.state is not State.DONE]
    for path in left:
        assert any(name in path.name for name in unfinished), f"{path.name} was left over"


def _as_made(truth: Truth, job: Job) -> None:
    """Every file, in order; captions are the words of what they were made from, and then files."""
    digests = [file.sha256 for file in job.files]
    if job.spec.kind == "separation":
        assert [file.label for file in job.files] == ["vocals", "instrumental"]
    made = [hashlib.sha256(content).hexdigest() for content in truth.made(job)]
    if job.spec.kind == "captions":
        heard, = truth.owned_by(job)
        told = json.loads(Path(job.files[0].path).read_text())
        assert told["text"] == heard.details["text"], f"{job.key} says what nobody said"
        digests = digests[-len(made):] if made else []
    assert digests == made, f"{job.key} has files that the service did not make for it"


def origins(truth: Truth) -> None:
    """Whatever was bought was made from the very files that the job names."""
    behind = Sources(truth.world.books)
    for remote in truth.remote.values():
        spec, details = truth.bought(remote), remote.details
        given = details.get("source_media_urls") or [
            details[name] for name in ("media_url", "continues") if name in details]
        assert isinstance(given, list)
        assert len(given) == len(spec.sources), f"{remote.id} was made from {given}"
        for url, source in zip(given, spec.sources, strict=True):
            found, of = behind.find(str(url)), truth.jobs[source.job]
            same = found.digest == of.files[source.index].sha256 if found.content else (
                found.work is not None and found.work.job.id in of.remote_ids)
            assert same, f"{remote.id} was made from {url}, which is not {source.value}"


def ends(truth: Truth) -> None:
    """A job fails for what the service did, never for what we asked; and is cancelled only for what
    it starts from.

    A link may be given up that comes damaged, or comes late and then leads nowhere for a while; and
    a call may be on its way for longer than the link in it lives.
    """
    script = truth.world.script
    hidden = "broken_download" in script.faults or script.faults.keys() >= {"late_links",
                                                                            "media_404"}
    for key, job in truth.jobs.items():
        if job.state is State.FAILED:
            outlived = script.weather.late and "The link has expired" in job.message
            good = job.cause in FAILURES or (job.cause == "links_gone" and hidden) or outlived
            assert good, f"{key} failed: {job.cause} ({job.message})"
        if job.state is State.CANCELLED:
            states = [truth.jobs[name].state for name in job.spec.waits_for]
            gone = State.FAILED in states or State.CANCELLED in states
            assert gone, f"{key} is cancelled: {job.cause} ({job.message})"


def limits(truth: Truth) -> None:
    """The service never had to enforce its own limits on paid calls.

    Nobody can count what arrives when its sender has given it up, or is dead.
    """
    calls = [call for call in truth.world.wire.calls if call.method == "POST"]
    if truth.clocks_differ or any(call.stray for call in calls):
        return
    for call in calls:
        if call.status == 429:
            assert b"Rate limit exceeded" not in call.words, f"call {call.number} came too fast"


def peace(truth: Truth) -> None:
    """Where nothing goes wrong, nothing is doubted."""
    script = truth.world.script
    weather = script.weather
    if not (script.faults or script.kills or weather.refused or weather.late):
        assert not truth.ask("select 1 from events where type = 'Doubted'")
        assert all(job.state is not State.IN_DOUBT for job in truth.jobs.values())
