"""A person's ruling on a doubt, written down: an ordinary event, receipted and booked as any.

Goal: the job, its story, the attempt and every sum agree after each choice; whoever is late changes
nothing. Method: a real database; rows as an earlier version wrote them.
"""

import json
from pathlib import Path

import pytest
from ledger_samples import (
    NOON,
    Clock,
    begun,
    folded,
    happen,
    intended,
    jobs_of,
    make_cell,
    make_plan,
    make_run,
    only_job,
    opened,
    running,
    sums,
)

from pipeline.core.caps import Caps
from pipeline.core.job import Accepted, Deferred, Doubted, Job, Reopened, State
from pipeline.core.resolution import Choice, Ruling, rule
from pipeline.ledger.codec import EVENTS
from pipeline.ledger.commits import Fenced
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.payments import OwnedAlready

DOUBTED = Doubted("reply_lost", "the line was cut")


def ruling(choice: Choice, *ids: str) -> Ruling:
    return Ruling(choice, "ana", "I looked", ids)


def doubted(ledger: Ledger, job: Job | None = None, tag: str = "tag-1") -> Job:
    return happen(ledger, job or only_job(ledger), intended(tag), DOUBTED)


def resolved(ledger: Ledger, job: Job, choice: Choice, *ids: str) -> Job:
    return happen(ledger, job, rule(job, ruling(choice, *ids)))


def attempt(ledger: Ledger) -> tuple[str, int, int]:
    row = ledger.connection.execute("select state, reserved, settled from attempts").fetchone()
    return row["state"], row["reserved"], row["settled"]


@pytest.mark.parametrize(("choice", "state", "money", "booked"), [
    (Choice.IS, State.RUNNING, ("10", "0"), ("open", 10_000_000, 0)),
    (Choice.NOT_CHARGED, State.PENDING, ("0", "0"), ("free", 0, 0)),
    (Choice.WRITE_OFF, State.FAILED, ("0", "10"), ("paid", 0, 10_000_000))])
def test_a_ruling_moves_the_job_its_attempt_and_every_sum(
        choice: Choice, state: State, money: tuple[str, str], booked: tuple[str, int, int],
        tmp_path: Path) -> None:
    clock = Clock()
    with begun(tmp_path, clock=clock) as ledger:
        born = only_job(ledger)
        job = doubted(ledger)
        clock.now_s += 60
        job = resolved(ledger, job, choice, "r7")
        assert only_job(ledger) == job == folded(ledger, born)
        assert (job.state, job.changed_s) == (state, NOON + 60)
        assert sums(ledger) == sums(ledger, "account:acme") == money
        assert attempt(ledger) == booked


def test_the_story_names_who_when_which_choice_and_why(tmp_path: Path) -> None:
    for choice, told in ((Choice.IS, "Accepted"), (Choice.NOT_CHARGED, "Deferred"),
                         (Choice.WRITE_OFF, "Failed")):
        with begun(tmp_path / choice) as ledger:
            job = resolved(ledger, doubted(ledger), choice, "r7")
            at_s, name, body = ledger.ask.events(job.key)[-1]
            said = json.loads(body)
            assert (at_s, name, said["by"]) == (NOON, told, "ana")
            assert "I looked" in (said.get("note"), said.get("message"))


def test_an_acceptance_by_a_person_is_receipted_like_any(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        resolved(ledger, doubted(ledger), Choice.IS, "r7")
    line = (tmp_path / "receipts.log").read_text().splitlines()[-1]
    told = json.loads(line.partition(" ")[2])
    assert (told["what"], told["tag"], told["ids"]) == ("accepted", "tag-1", ["r7"])
    with opened(tmp_path) as ledger:
        assert ledger.found.accepted == {"tag-1": ("r7",)}


def test_an_id_of_another_job_is_refused_and_has_an_owner_to_name(tmp_path: Path) -> None:
    with begun(tmp_path, make_cell("a"), make_cell("b")) as ledger:
        first, second = jobs_of(ledger)
        running(ledger, first, "t1", "r1")
        job = doubted(ledger, second, "t2")
        with pytest.raises(OwnedAlready):
            resolved(ledger, job, Choice.IS, "r1")
        assert jobs_of(ledger)[1] == job
        assert ledger.ask.owner("acme", "r1") == first.key
        assert ledger.ask.owner("acme", "r2") == ledger.ask.owner("other", "r1") == ""


def test_whoever_rules_second_changes_nothing(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        job = doubted(ledger)
        resolved(ledger, job, Choice.WRITE_OFF)
        with pytest.raises(Fenced):
            resolved(ledger, job, Choice.NOT_CHARGED)
        assert sums(ledger) == ("0", "10")


def test_what_was_written_off_can_be_bought_again_beside_it(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        job = resolved(ledger, doubted(ledger), Choice.WRITE_OFF)
        job = happen(ledger, job, Reopened("ana"), intended("tag-2"))
        assert (job.state, sums(ledger)) == (State.SUBMITTING, ("10", "10"))
        purchases = ledger.connection.execute("select purchase from attempts order by tag")
        assert [row["purchase"] for row in purchases] == [1, 2]


def test_doubts_are_listed_from_all_runs_the_oldest_first(tmp_path: Path) -> None:
    clock = Clock()
    with begun(tmp_path, make_cell("a"), make_cell("b"), clock=clock) as ledger:
        first, second = jobs_of(ledger)
        second = doubted(ledger, second, "t2")
        clock.now_s += 1
        happen(ledger, first, intended("t1"))
        assert (len(ledger.ask.in_doubt()), ledger.ask.submitting()) == (1, 1)
        clock.now_s += 1
        other = make_run("20270115-090000-bbbb", manifest="autumn")
        ledger.begin(other, make_plan(make_cell("c", campaign="late")), Caps(), "outputs/autumn")
        [third] = jobs_of(ledger, other.id)
        doubted(ledger, third, "t3")
        found = ledger.ask.in_doubt()
        assert [(entry.job.key, entry.campaign) for entry in found] == [
            (second.key, "hero"), (third.key, "late")]
        resolved(ledger, second, Choice.NOT_CHARGED)
        assert [entry.job.key for entry in ledger.ask.in_doubt()] == [third.key]


def test_a_million_other_jobs_are_not_looked_at_for_the_doubts(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        asked: list[str] = []
        ledger.connection.set_trace_callback(asked.append)
        ledger.ask.in_doubt()
        ledger.ask.submitting()
        ledger.connection.set_trace_callback(None)
        assert len(asked) == 2
        for sql in asked:
            plan = " ".join(row["detail"] for row in ledger.connection.execute(
                f"explain query plan {sql}"))
            assert "INDEX jobs_out" in plan, plan


@pytest.mark.parametrize("event", [Accepted(("r1",)), Deferred("never_arrived")])
def test_events_of_before_there_was_an_author_still_read(event: Accepted | Deferred,
                                                         tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        born = only_job(ledger)
        job = happen(ledger, doubted(ledger), event)
        [(row_id, body)] = ledger.connection.execute(
            "select id, body from events order by id desc limit 1").fetchall()
        old = {name: value for name, value in json.loads(body).items()
               if name not in ("by", "note")}
        ledger.connection.execute("update events set body = ? where id = ?",
                                  (json.dumps(old), row_id))
        [*_, (_, name, text)] = ledger.ask.events(born.key)
        told = {field: tuple(value) if isinstance(value, list) else value
                for field, value in json.loads(text).items() if field != "charged"}
        assert EVENTS[name](**told) == event
        assert only_job(ledger) == job
