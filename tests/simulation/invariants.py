"""What must hold after anything: the ledger held against the service's own books.

Goal: nothing is lost, nothing is paid twice, the caps hold. Method: the truth is what the service
charged and for which attempt (the witness saw both); the checks read the ledger's file, the
receipts and the delivered files as a stranger would.
"""

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from truth import UNTOLD, Truth, alike, group, starts

from pipeline.core.job import AT_REST, Accepted, Doubted, Intended, Job, State, apply
from pipeline.core.likeness import Likeness
from pipeline.sandbox.jobs import COMPLETED, RemoteJob
from pipeline.sandbox.sources import Sources
from pipeline.simulation.process import RUN
from pipeline.simulation.world import World

FAILURES = frozenset({"generation_failed", "content_refused", "answer_gone"})
DOUBTFUL = frozenset({"interrupted", "reply_lost", "overdue", "ambiguous"})
SETTLED = "select coalesce(sum(reserved + settled), 0) from attempts"
TAKEN = """select coalesce(sum(charge_micros - case when finishes_at <= ? then refund_micros
else 0 end), 0) from jobs"""
USED = "select held + charged - refunded as used from totals where scope = ?"


def check_commit(world: World, connection: sqlite3.Connection) -> None:
    """At every commit: the caps hold, the sums are the sum of their parts, no charge is missing."""
    if not connection.execute("select 1 from sqlite_master where name = 'totals'").fetchone():
        return
    booked = connection.execute(SETTLED).fetchone()[0]
    row = connection.execute(USED, (f"run:{RUN}",)).fetchone()
    used = row["used"] if row else 0
    assert used == booked, f"the sums say {used}, the attempts {booked}"
    cap = world.script.cap
    assert cap is None or used <= cap.micros, f"{used} is over the cap of {cap.micros}"
    taken = world.books.query(TAKEN, (world.wall(),))[0][0]
    assert taken <= booked, f"the service took {taken}, the ledger knows of {booked}"


def check_rest(world: World) -> None:
    """At the end: everything there is to check."""
    truth = Truth(world)
    try:
        for check in (paid_calls, purchases, owners, money, stories, receipts, rest, doubts,
                      files, origins, ends, limits, peace):
            check(truth)
    finally:
        truth.close()


def paid_calls(truth: Truth) -> None:
    """A durable intent stands before every paid call, and each intent sends at most one."""
    payments = truth.world.payments
    calls = [call for call in truth.world.wire.calls
             if call.method == "POST" and call.path.startswith("/v1/generate/")]
    assert len(calls) <= len(payments), "a payment was sent more than once"
    for tag, times in Counter(payment.tag for payment in payments).items():
        assert times == 1, f"attempt {tag} was sent {times} times"
        assert tag in truth.attempts, f"a call was paid without an intent: {tag!r}"
    for payment in payments:
        assert payment.state is State.SUBMITTING, f"paid while {payment.state}: {payment}"


def purchases(truth: Truth) -> None:
    """One charge a purchase of a job, one success a job, whatever became of the answers.

    One start may make several rows. A charge counts for the attempt that owns it, else for the one
    that paid; jobs that are alike but for the variant's number may have each other's, and have
    together one each. What was brought by an answer that is lost may be bought again.
    """
    kept: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    made: defaultdict[str, set[str]] = defaultdict(set)
    rows = Counter(payment.tag for payment in truth.payer.values() if payment)
    for name, remote in truth.remote.items():
        payment, spec = truth.payer[name], truth.bought(remote)
        assert payment is not None
        assert rows[payment.tag] <= starts(spec), f"attempt {payment.tag} made too many rows"
        attempt = truth.attempts[truth.owner.get(name, payment.tag)]
        if truth.net(name):
            kept[attempt["job"], attempt["purchase"]].add(attempt["tag"])
        if remote.outcome == COMPLETED and spec.kind not in truth.world.terms.at_once_s:
            made[replace(spec, variant=1).key()].add(payment.tag)
    for (key, purchase), tags in kept.items():
        assert len(tags) == 1, f"purchase {purchase} of {key} was charged {len(tags)} times"
        assert purchase <= truth.jobs[key].max_paid_attempts, f"{key} was bought {purchase} times"
    for key, tags in made.items():
        wanted = sum(replace(job.spec, variant=1).key() == key for job in truth.jobs.values())
        assert len(tags) <= wanted, f"{key} was made and paid for {len(tags)} times"


def owners(truth: Truth) -> None:
    """Every charge has one owner that wanted just this, or its job is in doubt."""
    for name, tag in truth.owner.items():
        owner = truth.jobs[truth.attempts[tag]["job"]]
        bought = truth.bought(truth.remote[name])
        assert not truth.net(name) or alike(owner.spec, bought), (
            f"{owner.key} was given what {bought.key()} bought")
    doubtful: Counter[object] = Counter()
    for job in truth.in_doubt():
        doubtful[group(job.spec)] += starts(job.spec)
    charged = [group(truth.bought(job)) for job in truth.unowned if truth.net(job.id)]
    for what, times in Counter(charged).items():
        assert times <= doubtful[what], f"{times} charges for {what} that nobody knows of"


def money(truth: Truth) -> None:
    """What the ledger says was charged is what the service took, job by job and in all.

    A refund that no status tells of leaves us with the higher figure.
    """
    taken: defaultdict[str, int] = defaultdict(int)
    untold: defaultdict[str, int] = defaultdict(int)
    for name, tag in truth.owner.items():
        remote, key = truth.remote[name], truth.attempts[tag]["job"]
        taken[key] += truth.net(name)
        untold[key] += remote.charge_micros - truth.net(name) if remote.kind in UNTOLD else 0
    for key, job in truth.jobs.items():
        if job.state is not State.IN_DOUBT:
            assert taken[key] <= job.charged.micros <= taken[key] + untold[key], (
                f"{key} is {job.state}: charged {job.charged}, taken {taken[key]} micros")
            assert not job.held, f"{key} is {job.state} and still holds {job.held}"
    row = truth.ask("select * from totals where scope = ?", f"run:{RUN}")
    charged = sum(job.charged.micros for job in truth.jobs.values())
    held = sum(job.held.micros for job in truth.jobs.values())
    assert (charged, held) == ((row[0]["charged"], row[0]["held"]) if row else (0, 0))
    books = truth.world.books
    spent = truth.world.script.granted.micros - books.balance_micros(truth.world.wall())
    lost = sum(truth.net(job.id) for job in truth.unowned)
    lost += sum(taken[job.key] - job.charged.micros for job in truth.in_doubt())
    assert spent <= charged + lost <= spent + sum(untold.values()), (
        f"the account is down by {spent}, and {charged} is charged, {lost} doubted")


def stories(truth: Truth) -> None:
    """The events, applied anew from the beginning, make the job that is stored."""
    for key, job in truth.jobs.items():
        told = Job(key, job.account, job.spec, job.quote, run=job.run, folder=job.folder,
                   labels=job.labels, typical_s=job.typical_s, created_s=job.created_s,
                   max_paid_attempts=job.max_paid_attempts, changed_s=job.created_s)
        for at_s, event in truth.events(key):
            told = apply(told, event, at_s)
        assert told == job, f"the story of {key} ends otherwise:\n{told}\n{job}"


def receipts(truth: Truth) -> None:
    """What the receipt log knows, the ledger knows: what has a receipt is not doubted for a crash.

    A receipt names the second of its writing. An adoption has one as well, a second at least after
    its doubt, because the first scan waits so long; unless the clock was set back in between.
    """
    accepted: defaultdict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
    for line in (truth.world.state / "receipts.log").read_text().splitlines():
        told = json.loads(line.partition(" ")[2])
        if told["what"] == "accepted":
            second = int(datetime.fromisoformat(told["at"]).timestamp())
            accepted[told["tag"]].append((second, tuple(told["ids"])))
    for key in truth.jobs:
        tag = ""
        for at_s, event in truth.events(key):
            match event:
                case Intended():
                    tag = event.tag
                case Accepted():
                    assert event.remote_ids in [ids for _, ids in accepted[tag]], (
                        f"{tag} was accepted without a receipt")
                case Doubted(cause="interrupted"):
                    early = [ids for second, ids in accepted[tag] if second <= int(at_s)]
                    assert truth.clocks_differ or not early, (
                        f"{tag} has the receipt {early}, and was doubted")


def rest(truth: Truth) -> None:
    """Every job is at rest; or in doubt for a reason; or pending, with a reason to wait."""
    for key, job in truth.jobs.items():
        if job.state in AT_REST:
            continue
        assert job.state in (State.IN_DOUBT, State.PENDING), f"{key} was left {job.state}"
        if job.state is State.IN_DOUBT:
            assert job.cause in DOUBTFUL, f"{key} is in doubt for {job.cause!r}"
            assert job.held, f"{key} is in doubt and holds nothing"
            continue
        waits = any(truth.jobs[name].state is not State.DONE for name in job.spec.waits_for)
        assert waits or _over_cap(truth, job), f"{key} is pending for no reason ({job.cause})"


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
    most = starts(jobs[0].spec)
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
            or any(remote.refund_micros for remote in truth.remote.values()):
        return False
    lost = sum(truth.net(job.id) for job in truth.unowned)
    held = sum(job.held.micros for job in jobs)
    return not lost or (lost == held and all(job.spec.kind in terms.at_once_s for job in jobs))


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
    """A job fails for what the service did, never for what we asked (but a call may be on its way
    for longer than a link lives); and is cancelled only for what it starts from."""
    script = truth.world.script
    for key, job in truth.jobs.items():
        if job.state is State.FAILED:
            damaged = job.cause == "links_gone" and "broken_download" in script.faults
            outlived = script.weather.late and "The link has expired" in job.message
            assert job.cause in FAILURES or damaged or outlived, (
                f"{key} failed: {job.cause} ({job.message})")
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
