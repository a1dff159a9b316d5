"""The machine, whole: every event in every state.

Goal: what the table allows happens, with the money it should move; everything else raises and
changes nothing. Method: the product of all states and events, and random walks along the table.
"""

import pytest
from core_samples import NOW_S, cr, make_job, make_quote
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.job import (
    AT_REST,
    IN_FLIGHT,
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
    apply,
)
from pipeline.core.money import NOTHING, Money
from pipeline.core.provider import Output
from pipeline.core.sharing import Reassigned

OUTPUT = Output("https://media.example/a.png", "image/png")
FILE = File("a.png", "0" * 64, 9, "image/png", 8, 8)

EVENTS: dict[type[Event], Event] = {
    Intended: Intended("tag-2", cr("12")),
    Accepted: Accepted(("r9",)),
    Produced: Produced((OUTPUT,)),
    Deferred: Deferred("throttled", NOW_S + 5, message="later"),
    Failed: Failed("content_refused", "no"),
    Doubted: Doubted("reply_lost", "the line was cut"),
    Saved: Saved((FILE,)),
    Cancelled: Cancelled("cancelled"),
    Reopened: Reopened("me"),
    Refunded: Refunded("tag-1", cr("10")),
    Reassigned: Reassigned("other", "acme", make_quote("8")),
}
LEGAL = [(state, kind) for state in State for kind in EVENTS if kind in TRANSITIONS[state]]
ILLEGAL = [(state, kind) for state in State for kind in EVENTS if kind not in TRANSITIONS[state]]


def test_the_table_has_every_state_and_only_known_events() -> None:
    assert set(TRANSITIONS) == set(State)
    assert {kind for row in TRANSITIONS.values() for kind in row} == set(EVENTS)


def test_the_table_is_the_one_that_was_designed() -> None:
    drawn = {state.value: " ".join(f"{kind.__name__}>{after}" for kind, after in row.items())
             for state, row in TRANSITIONS.items()}
    assert drawn == {
        "pending": "Intended>submitting Cancelled>cancelled Refunded>pending "
                   "Reassigned>pending",
        "submitting": "Accepted>running Produced>produced Deferred>pending Failed>failed "
                      "Doubted>in_doubt",
        "in_doubt": "Accepted>running Produced>produced Deferred>pending Failed>failed",
        "running": "Produced>produced Deferred>pending Failed>failed Doubted>in_doubt "
                   "Cancelled>cancelled",
        "produced": "Saved>done Failed>failed",
        "done": "Refunded>done", "failed": "Reopened>pending Refunded>failed",
        "cancelled": "Reopened>pending Refunded>cancelled"}


def test_every_state_can_be_reached_and_done_is_the_end() -> None:
    reached = {after for row in TRANSITIONS.values() for after in row.values()}
    assert reached | {State.PENDING} == set(State)
    assert set(TRANSITIONS[State.DONE].values()) == {State.DONE}
    assert not AT_REST & IN_FLIGHT


@pytest.mark.parametrize(("state", "kind"), LEGAL)
def test_a_legal_event_leads_where_the_table_says(state: State, kind: type[Event]) -> None:
    after = apply(make_job(state), EVENTS[kind], NOW_S + 1)
    assert after.state is TRANSITIONS[state][kind]
    assert after.changed_s == (NOW_S if kind is Refunded else NOW_S + 1)


@pytest.mark.parametrize(("state", "kind"), ILLEGAL)
def test_an_illegal_event_changes_nothing(state: State, kind: type[Event]) -> None:
    job = make_job(state)
    with pytest.raises(IllegalTransition, match=f"{kind.__name__} cannot happen.*{state}"):
        apply(job, EVENTS[kind], NOW_S)
    assert job == make_job(state)


MONEY = [
    (State.PENDING, EVENTS[Intended], "12", "0", 0),
    (State.PENDING, EVENTS[Cancelled], "0", "0", 0),
    (State.SUBMITTING, EVENTS[Accepted], "10", "0", 0),
    (State.SUBMITTING, EVENTS[Doubted], "10", "0", 0),
    (State.SUBMITTING, EVENTS[Deferred], "0", "0", 0),
    (State.SUBMITTING, EVENTS[Failed], "0", "0", 0),
    (State.SUBMITTING, Produced((OUTPUT,), cr("7")), "0", "7", 0),
    (State.IN_DOUBT, EVENTS[Accepted], "10", "0", 0),
    (State.IN_DOUBT, EVENTS[Deferred], "0", "0", 0),
    (State.IN_DOUBT, Failed("generation_failed", "", cr("10")), "0", "10", 1),
    (State.RUNNING, EVENTS[Doubted], "10", "0", 0),
    (State.RUNNING, EVENTS[Produced], "0", "10", 0),
    (State.RUNNING, Produced((OUTPUT,), cr("25")), "0", "25", 0),
    (State.RUNNING, Produced((OUTPUT,), NOTHING), "0", "0", 0),
    (State.RUNNING, Deferred("generation_failed", 0.0, cr("10")), "0", "10", 1),
    (State.RUNNING, EVENTS[Deferred], "0", "0", 0),
    (State.RUNNING, Failed("generation_failed", "", cr("4")), "0", "4", 1),
    (State.RUNNING, Failed("generation_failed"), "0", "0", 0),
    (State.PRODUCED, EVENTS[Saved], "0", "10", 0),
    (State.PRODUCED, Failed("links_gone"), "0", "10", 1),
    (State.FAILED, EVENTS[Reopened], "0", "0", 0),
    (State.CANCELLED, EVENTS[Reopened], "0", "0", 0),
]


@pytest.mark.parametrize(("state", "event", "held", "charged", "paid_tries"), MONEY)
def test_money_moves_with_events_alone(state: State, event: Event, held: str, charged: str,
                                       paid_tries: int) -> None:
    after = apply(make_job(state), event, NOW_S)
    assert (str(after.held), str(after.charged), after.paid_tries) == (held, charged, paid_tries)


def test_an_intent_counts_an_attempt_and_forgets_the_last_one() -> None:
    before = make_job(State.PENDING, attempts=1, remote_ids=("old",), cause="generation_failed",
                      message="broke", outputs=(OUTPUT,), tag="tag-1")
    after = apply(before, EVENTS[Intended], NOW_S + 3)
    assert (after.attempts, after.tag, after.sent_s) == (2, "tag-2", NOW_S + 3)
    assert (after.remote_ids, after.outputs, after.cause, after.message) == ((), (), None, "")


def test_evidence_keeps_the_ids_and_news_may_bring_more() -> None:
    running = apply(make_job(State.IN_DOUBT), EVENTS[Accepted], NOW_S)
    assert running.remote_ids == ("r9",)
    assert apply(running, EVENTS[Produced], NOW_S).remote_ids == ("r9",)
    found = apply(running, Produced((OUTPUT,), None, ("a", "b")), NOW_S)
    assert found.remote_ids == ("a", "b")


def test_a_file_that_is_home_needs_its_link_no_more() -> None:
    done = apply(make_job(State.PRODUCED, outputs=(OUTPUT,)), EVENTS[Saved], NOW_S)
    assert (done.files, done.outputs) == ((FILE,), ())


def test_a_job_that_is_wanted_again_starts_with_a_clean_sheet_but_keeps_its_payments() -> None:
    failed = make_job(State.FAILED, paid_tries=1, charged=cr("10"), cause="links_gone",
                      message="gone", not_before_s=NOW_S + 9)
    opened = apply(failed, EVENTS[Reopened], NOW_S)
    assert (opened.cause, opened.message, opened.not_before_s) == (None, "", 0.0)
    assert (opened.paid_tries, opened.charged) == (1, cr("10"))


def _happens(job: Job, kind: type[Event], amount: int) -> Event:
    charged = Money(amount)
    known: dict[type[Event], Event] = {
        Intended: Intended("t", job.quote.worst), Produced: Produced((OUTPUT,), charged),
        Deferred: Deferred("generation_failed", 0.0, charged),
        Failed: Failed("generation_failed", "", charged)}
    return known.get(kind, EVENTS[kind])


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 10_000_000)), max_size=40))
def test_along_any_way_a_hold_means_that_money_is_out(steps: list[tuple[int, int]]) -> None:
    job = make_job(State.PENDING)
    for choice, amount in steps:
        kinds = list(TRANSITIONS[job.state])
        if not kinds:
            break
        before = job
        job = apply(job, _happens(job, kinds[choice % len(kinds)], amount), NOW_S)
        assert job.charged >= before.charged
        assert bool(job.held) == (job.state in IN_FLIGHT)
