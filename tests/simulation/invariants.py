"""What must hold after anything: the ledger held against the service's own books.

Goal: nothing is lost, nothing is paid twice, the caps hold. Method: the truth is what the service
charged and for which attempt (the witness saw both); the checks read the ledger's file, the
receipts and the delivered files as a stranger would.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from endings import doubts, ends, files, limits, origins, peace, rest
from truth import UNTOLD, Truth, alike, group, rows_made

from pipeline.core.job import Accepted, Doubted, Intended, Job, State, apply
from pipeline.ledger.connection import RECEIPTS
from pipeline.sandbox.jobs import COMPLETED
from pipeline.simulation.ground import KEY
from pipeline.simulation.process import RUN
from pipeline.simulation.world import World

TWICE_BOUGHT = """select job, purchase from attempts where state <> 'free'
group by job, purchase having count(*) > 1"""
CAUSES = "select json_extract(body, '$.cause') from events where type = 'Doubted'"

QUOTED = """select 1 from events where instr(body, ?) union all
select 1 from jobs where instr(spec || labels || outputs || files || folder || message, ?)"""


def check_rest(world: World, checks: Sequence[Callable[[Truth], None]] = ()) -> None:
    """At the end: everything there is to check, or only these."""
    with world.ground.reading() as connection:
        assert connection is not None
        truth = Truth(world, connection)
        for check in checks or EVERY:
            check(truth)


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
        assert rows[payment.tag] <= rows_made(spec), f"attempt {payment.tag} made too many rows"
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
        doubtful[group(job.spec)] += rows_made(job.spec)
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


def receipt_lines(world: World) -> list[str]:
    """What lies in the receipt log, of which the room for more lines is no part."""
    log = world.state / RECEIPTS
    return log.read_text().rstrip("\0").splitlines() if log.exists() else []


def receipts(truth: Truth) -> None:
    """What the receipt log knows, the ledger knows: what has a receipt is not doubted for a crash.

    A receipt names the second of its writing. An adoption has one as well, a second at least after
    its doubt, because the first scan waits so long; unless the clock was set back in between.
    """
    accepted: defaultdict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
    for line in receipt_lines(truth.world):
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


def one_each(truth: Truth) -> None:
    """One live or paid attempt for each purchase of a job; an id that cost something belongs to one
    that is not free."""
    assert not truth.ask(TWICE_BOUGHT)
    for name, tag in truth.owner.items():
        free = truth.attempts[tag]["state"] == "free"
        assert not (free and truth.net(name)), f"{name} was paid for, and {tag} is free"


def cut_calls(truth: Truth) -> None:
    """No more attempts come into doubt than calls were cut: by a death, or on the line."""
    world, causes = truth.world, Counter(row[0] for row in truth.ask(CAUSES))
    starts = [call for call in world.wire.calls
              if call.method == "POST" and call.path.startswith("/v1/generate/")]
    cut = sum(not call.heard or call.status != 200 for call in starts)
    assert causes["reply_lost"] <= cut, f"{causes['reply_lost']} lost, and {cut} were cut"
    assert causes["interrupted"] <= world.cut, (
        f"{causes['interrupted']} interrupted, and {world.cut} were cut by a death")


def keyless(truth: Truth) -> None:
    """The key is in its header and nowhere else: not in the ledger, the receipts, what was said,
    nor in an address."""
    world, key = truth.world, KEY.reveal()
    told = [*world.said, *receipt_lines(world), *(call.path for call in world.wire.calls)]
    assert not [text for text in told if key in text], "the key is told"
    assert not truth.ask(QUOTED, key, key), "the key is in the ledger"


EVERY = (paid_calls, purchases, owners, one_each, money, stories, receipts, cut_calls, keyless,
           rest, doubts, files, origins, ends, limits, peace)
