"""What a list that gives our marks back proves about jobs in doubt (SAFETY E3).

Goal: a mark alone makes a row ours, the oldest of two is the job, and absence is believed only of a
list that is seen to give marks back. Method: small lists that can be judged by eye.
"""

from dataclasses import replace

import pytest
from core_samples import NOW_S, TERMS, make_job, make_spec

from pipeline.core.evidence import Doubt, absent, adopt
from pipeline.core.job import Accepted, Deferred, State
from pipeline.core.provider import Scan, Sighting, Working

ECHO = replace(TERMS, echo=True)
LATER_S = NOW_S + ECHO.quiet_s + 1


def doubt(tag: str, prompt: str = "a kite") -> Doubt:
    job = make_job(State.IN_DOUBT, spec=make_spec(prompt), sent_s=NOW_S)
    return Doubt(replace(job, tag=tag), last_byte_s=NOW_S)


def row(remote_id: str, tag: str, created_s: float = NOW_S + 1, prompt: str = "") -> Sighting:
    return Sighting(remote_id, "fox", prompt, created_s, Working(), tag)


def adopted(doubts: list[Doubt], *rows: Sighting, owned: tuple[str, ...] = ()) -> dict[str, str]:
    events = adopt(doubts, Scan(rows, complete=False), owned, ECHO)
    tags = {found.job.key: found.job.tag for found in doubts}
    return {tags[key]: event.remote_ids[0] for key, event in events.items()
            if isinstance(event, Accepted)}


def believed(*rows: Sighting, owned: dict[str, float], began_s: float = LATER_S,
             unread: int = 0) -> list[object]:
    scan = Scan(rows, complete=False, unread=unread)
    return [*absent([doubt("t1")], scan, began_s, owned, ECHO).values()]


def test_every_doubt_finds_the_row_of_its_own_mark_though_all_look_alike() -> None:
    rows = (row("c", "t3"), row("a", "t1"), row("b", "t2"), row("d", ""), row("e", "another's"))
    assert adopted([doubt("t1"), doubt("t2", "a boat")], *rows) == {"t1": "a", "t2": "b"}


def test_of_two_rows_of_one_mark_the_older_is_the_job() -> None:
    assert adopted([doubt("t1")], row("b", "t1", NOW_S + 9), row("a", "t1")) == {"t1": "a"}


@pytest.mark.parametrize("other", [row("a", ""), row("a", "another's"),
                                   row("a", "", prompt="a kite")])
def test_a_row_without_our_mark_is_not_ours_whatever_it_shows(other: Sighting) -> None:
    assert adopted([doubt("t1")], other) == {}


def test_a_row_that_is_owned_is_not_adopted_again() -> None:
    assert adopted([doubt("t1")], row("a", "t1"), owned=("a",)) == {}


def test_beside_a_marked_row_of_ours_what_is_not_there_never_arrived() -> None:
    likely = row("x", "", prompt="a kite")
    [event] = believed(row("a", "t0"), likely, owned={"a": NOW_S - 60})
    assert isinstance(event, Deferred)


@pytest.mark.parametrize(("rows", "owned", "began_s", "unread"), [
    ([row("a", "")], {"a": NOW_S - 60}, LATER_S, 0),            # it gives no marks back
    ([row("b", "t0")], {}, LATER_S, 0),                         # none of them is ours
    ([row("a", "t0")], {"a": NOW_S + 60}, LATER_S, 0),          # it may not reach back so far
    ([row("a", "t0")], {"a": NOW_S - 60}, LATER_S - 2, 0),      # it may yet arrive
    ([row("a", "t0")], {"a": NOW_S - 60}, LATER_S, 1),          # a row may be anything
])
def test_absence_is_not_believed_otherwise(rows: list[Sighting], owned: dict[str, float],
                                           began_s: float, unread: int) -> None:
    assert believed(*rows, owned=owned, began_s=began_s, unread=unread) == []
