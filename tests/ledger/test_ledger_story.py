"""Jobs in the ledger: changed by events alone, and read as they were written.

Goal: the events are the truth and the jobs their fold; a writer that believes something old
changes nothing. Method: a real database in a temporary folder.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_samples import (
    NOON,
    RUN,
    Clock,
    begun,
    cr,
    folded,
    go,
    happen,
    intended,
    jobs_of,
    make_cell,
    only_job,
    running,
)

from pipeline.core.job import (
    TRANSITIONS,
    Accepted,
    Cancelled,
    Deferred,
    Doubted,
    Event,
    Failed,
    File,
    IllegalTransition,
    Intended,
    Job,
    Produced,
    Refunded,
    Reopened,
    Saved,
    State,
)
from pipeline.core.money import Money
from pipeline.core.provider import Output
from pipeline.core.sharing import Reassigned
from pipeline.ledger.commits import Fenced
from pipeline.ledger.refunds import dues
from pipeline.ledger.sharing import reassign

OUTPUT = Output("https://media.example/a.png?sig=1", "image/png", 8, 8, 99)
FILE = File("outputs/a.png", "0" * 64, 99, "image/png", 8, 8)
BACK = Refunded("", Money(0))
"""A refund, until it is known of what."""


EVENTS: dict[type[Event], Event] = {
    Intended: intended(), Accepted: Accepted(("r1", "r2")), Produced: Produced((OUTPUT, OUTPUT)),
    Deferred: Deferred("throttled", NOON + 9, message="später"), Failed: Failed("links_gone", "x"),
    Doubted: Doubted("reply_lost", "cut"), Saved: Saved((FILE,)),
    Cancelled: Cancelled("cancelled", "no"), Reopened: Reopened("me"), Refunded: BACK}

WAYS = [[Cancelled], [Intended, Failed], [Intended, Deferred], [Intended, Doubted, Deferred],
        [Intended, Doubted, Accepted, Produced, Saved], [Intended, Produced, Failed],
        [Intended, Accepted, Doubted, Failed], [Intended, Accepted, Deferred, Intended, Accepted,
                                                Produced, Saved], [Cancelled, Reopened]]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(kind.__name__ for kind in way))
def test_the_jobs_are_the_fold_of_the_events(way: list[type[Event]], tmp_path: Path) -> None:
    clock = Clock()
    with begun(tmp_path, clock=clock) as ledger:
        born = job = only_job(ledger)
        for n, kind in enumerate(way):
            clock.now_s += 1.5
            numbered: dict[type[Event], Event] = {Intended: intended(f"tag-{n}"),
                                                  Accepted: Accepted((f"r{n}",))}
            job = happen(ledger, job, numbered.get(kind, EVENTS[kind]))
            assert only_job(ledger) == job == folded(ledger, born)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_on_any_way_jobs_attempts_and_sums_agree(tmp_path_factory: pytest.TempPathFactory,
                                                 steps: list[tuple[int, int, int]]) -> None:
    with begun(tmp_path_factory.mktemp("s"), *(make_cell(f"kite {n}") for n in range(3))) as ledger:
        born = jobs_of(ledger)
        jobs, back = list(born), 0
        for tick, (which, choice, amount) in enumerate(steps):
            job = jobs[which]
            kinds = list(TRANSITIONS[job.state])
            if (kind := kinds[choice % len(kinds)]) is Reassigned:
                other = "acme" if job.account == "other" else "other"
                jobs[which], = go(reassign, ledger, other, [(job, job.quote)]) or [job]
                continue
            event = _happens(kind, tick, amount if job.held else 0)
            owed = [due for account in ("acme", "other")
                    for due in dues(ledger.connection, account) if due.job == job.key]
            if event == BACK and owed:
                event = Refunded(owed[0].tag, owed[0].amount)
                back += owed[0].amount.micros
            if event != BACK:
                jobs[which] = happen(ledger, job, event)
        assert jobs_of(ledger) == jobs == [folded(ledger, job) for job in born]
        totals = ledger.ask.totals(RUN)
        assert totals.refunded.micros == back
        assert totals.held.micros == sum(job.held.micros for job in jobs)
        assert totals.charged.micros == sum(job.charged.micros for job in jobs)
        rows = ledger.connection.execute("select sum(reserved), sum(settled) from attempts")
        assert tuple(n or 0 for n in rows.fetchone()) == (totals.held.micros,
                                                          totals.charged.micros)


def _happens(kind: type[Event], tick: int, amount: int) -> Event:
    charged = Money(amount * 1_000_000)
    made: dict[type[Event], Event] = {
        Intended: Intended(f"tag-{tick}", cr("10")), Accepted: Accepted((f"r-{tick}",)),
        Produced: Produced((OUTPUT,), charged),
        Failed: Failed("generation_failed", "", charged, due=True),
        Deferred: Deferred("generation_failed", 0.0, charged, due=True)}
    return made.get(kind) or EVENTS[kind]


@pytest.mark.parametrize("change", [
    {"state": State.IN_DOUBT}, {"attempts": 2}, {"changed_s": NOON - 1}])
def test_a_writer_that_believes_something_old_is_fenced_and_changes_nothing(
        change: dict[str, object], tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        job = running(ledger)
        stale = replace(job, **change)  # type: ignore[arg-type]
        event = Produced((OUTPUT,)) if stale.state is State.RUNNING else Deferred("never_arrived")
        with pytest.raises(Fenced, match="no longer"):
            happen(ledger, stale, event)
        assert only_job(ledger) == job
        assert len(ledger.ask.events(job.key)) == 2


def test_an_event_recorded_twice_happens_once(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        job = only_job(ledger)
        happen(ledger, job, intended("tag-1"))
        with pytest.raises(Fenced):
            happen(ledger, job, intended("tag-2"))
        assert len(ledger.ask.events(job.key)) == 1


def test_an_illegal_event_reaches_neither_the_database_nor_the_receipts(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        length, _ = ledger.receipts.mark()
        with pytest.raises(IllegalTransition):
            happen(ledger, only_job(ledger), Accepted(("r1",)))
        assert ledger.receipts.mark()[0] == length
        assert ledger.ask.events(only_job(ledger).key) == []


def test_whoever_listens_hears_of_every_move_once_it_is_durable(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        heard: list[tuple[State, State, State]] = []

        def listen(before: Job, after: Job) -> None:
            heard.append((before.state, after.state, only_job(ledger).state))

        ledger.moved = listen
        running(ledger)
    assert heard == [(State.PENDING, State.SUBMITTING, State.SUBMITTING),
                     (State.SUBMITTING, State.RUNNING, State.RUNNING)]
