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

from truth import Truth, alike, group

from pipeline.core.job import AT_REST, Accepted, Doubted, Intended, Job, State, apply
from pipeline.sandbox.jobs import COMPLETED
from pipeline.simulation.process import RUN
from pipeline.simulation.world import World

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
                      files, limits, peace):
            check(truth)
    finally:
        truth.close()


def paid_calls(truth: Truth) -> None:
    """A durable intent stands before every paid call, and each intent sends at most one."""
    payments = truth.world.payments
    calls = [call for call in truth.world.wire.calls
             if call.method == "POST" and call.path == "/v1/generate/media"]
    assert len(calls) <= len(payments), "a payment was sent more than once"
    for tag, times in Counter(payment.tag for payment in payments).items():
        assert times == 1, f"attempt {tag} was sent {times} times"
        assert tag in truth.attempts, f"a call was paid without an intent: {tag!r}"
    for payment in payments:
        assert payment.state is State.SUBMITTING, f"paid while {payment.state}: {payment}"


def purchases(truth: Truth) -> None:
    """One charge a purchase of a job, one success a job, whatever became of the answers.

    A charge counts for the attempt that owns it, else for the one that paid; jobs that are alike
    but for the variant's number may have each other's, and have together one each.
    """
    kept: Counter[tuple[str, int]] = Counter()
    made: Counter[str] = Counter()
    for name, job in truth.remote.items():
        payment = truth.payer[name]
        assert payment is not None, f"{name} was bought by nobody"
        attempt = truth.attempts[truth.owner.get(name, payment.tag)]
        if truth.net(name):
            kept[attempt["job"], attempt["purchase"]] += 1
        if job.outcome == COMPLETED:
            made[replace(truth.jobs[payment.key].spec, variant=1).key()] += 1
    for (key, purchase), times in kept.items():
        assert times == 1, f"purchase {purchase} of {key} was charged {times} times"
        assert purchase <= truth.jobs[key].max_paid_attempts, f"{key} was bought {purchase} times"
    for key, times in made.items():
        wanted = sum(replace(job.spec, variant=1).key() == key for job in truth.jobs.values())
        assert times <= wanted, f"{key} was made and paid for {times} times"


def owners(truth: Truth) -> None:
    """Every charge has one owner that wanted just this, or its job is in doubt."""
    for name, tag in truth.owner.items():
        payment = truth.payer[name]
        assert payment is not None
        owner = truth.jobs[truth.attempts[tag]["job"]]
        bought = truth.jobs[payment.key]
        assert alike(owner.spec, bought.spec), f"{owner.key} was given what {bought.key} bought"
    doubtful = Counter(group(job) for job in truth.in_doubt())
    charged = [group(job) for job in truth.unowned if truth.net(job.id)]
    for what, times in Counter(charged).items():
        assert times <= doubtful[what], f"{times} charges for {what} that nobody knows of"


def money(truth: Truth) -> None:
    """What the ledger says was charged is what the service took, job by job."""
    taken: defaultdict[str, int] = defaultdict(int)
    for name, tag in truth.owner.items():
        taken[truth.attempts[tag]["job"]] += truth.net(name)
    for key, job in truth.jobs.items():
        if job.state is not State.IN_DOUBT:
            assert job.charged.micros == taken[key], (
                f"{key} is {job.state}: charged {job.charged}, taken {taken[key]} micros")
            assert not job.held, f"{key} is {job.state} and still holds {job.held}"
    row = truth.ask("select * from totals where scope = ?", f"run:{RUN}")
    charged = sum(job.charged.micros for job in truth.jobs.values())
    held = sum(job.held.micros for job in truth.jobs.values())
    assert (charged, held) == ((row[0]["charged"], row[0]["held"]) if row else (0, 0))


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
    """A doubt is left to a person only where the service's list cannot settle it."""
    terms, now = truth.world.terms, truth.world.wall()
    newest = sorted(truth.remote.values(), key=lambda job: -job.seq)[:terms.list_rows]
    whole = len(truth.remote) < terms.list_rows
    control = any(job.id in truth.owner for job in newest)
    groups: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
    for job in truth.in_doubt():
        if job.remote_ids:
            made = truth.remote[job.remote_ids[0]]
            ended = made.is_linked(now) or (made.outcome != COMPLETED and now >= made.finishes_at)
            assert not ended, f"{job.key} is in doubt though the service says how it ended"
            continue
        groups[group(job)].append(job)
    for what, jobs in groups.items():
        rows = [job for job in truth.unowned if group(job) == what]
        same = all(alike(job.spec, jobs[0].spec) for job in jobs)
        if len(rows) == len(jobs) and same:
            assert not all(row in newest for row in rows), f"{what} was there to be found"
        sent_s = min(job.sent_s or now for job in jobs)
        reaches = whole or min(job.created_at for job in newest) < sent_s - terms.skew_s
        assert rows or not (control and reaches), f"{what} could have been proven absent"


def files(truth: Truth) -> None:
    """A done job's files are there with their hashes, and nothing half-done lies beside them."""
    for key, job in truth.jobs.items():
        assert bool(job.files) == (job.state is State.DONE)
        for file in job.files:
            path = Path(file.path)
            assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256, f"{path} changed"
            told = json.loads(Path(f"{path}.json").read_text())
            assert (told["sha256"], told["job"]) == (file.sha256, key)
    left = list(truth.world.outputs.rglob("*.part"))
    unfinished = [job.key[:8] for job in truth.jobs.values() if job.state is not State.DONE]
    for path in left:
        assert any(name in path.name for name in unfinished), f"{path.name} was left over"


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
