"""The kept figures of a run: they are what counting would give, whatever happens to its jobs.

Goal: questions about a million jobs are answered from a tally, samples and narrow indexes, and none
of them ever says anything else than the rows themselves. Method: jobs of two runs are moved about,
and every kept figure is counted again; an older database is brought to today's shape.
"""

import sqlite3
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_samples import NOON, RUN, begun, go, happen, intended, make_cell, make_plan, make_run
from sqlite_utils import Database

from pipeline.core.caps import Caps
from pipeline.core.job import Accepted, Cancelled, Deferred, Failed, File, Produced, Saved, State
from pipeline.core.plan import Status
from pipeline.core.provider import Output
from pipeline.ledger import schema
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.questions import FOUND, PAGE, Questions
from pipeline.ledger.recall import Recall

CELLS = [make_cell(f"kite {n}", price=str(10 + n % 2)) for n in range(6)]
WAYS = (
    (),
    (intended(), Accepted(("r",))),
    (intended(), Deferred("throttled")),
    (intended(), Failed("refused", "")),
    (intended(), Accepted(("r",)), Produced((Output("u"),), CELLS[0].quote.worst),
     Saved((File("a.png", "00", 1, "image/png"),))),
    (Cancelled("cancelled"),),
)
LATER = "20270116-080000-bbbb"


def check(ledger: Ledger, run: str) -> None:
    """Every kept figure is what counting gives."""
    entries = list(ledger.ask.entries(run))
    totals = ledger.ask.totals(run)
    assert totals.states == {state: sum(e.job.state is state for e in entries) for state in State}
    assert totals.kept == sum(e.kept and e.job.state is State.DONE for e in entries)
    pending = [e.job.key for e in entries if e.job.state is State.PENDING]
    assert sorted(ledger.ask.pending(run)) == sorted(pending)
    assert [e.job.key for e in entries if e.chosen] == pending
    assert ledger.ask.chosen(run) == len(pending)
    assert {job.quote for job in ledger.ask.samples(run)} == {e.job.quote for e in entries}
    assert ledger.ask.unfinished(run) == any(
        e.job.state not in (State.DONE, State.FAILED, State.CANCELLED) for e in entries)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(range(len(WAYS))), min_size=6, max_size=6))
def test_what_is_kept_is_what_counting_gives(tmp_path_factory, ways: list[int]) -> None:  # type: ignore[no-untyped-def]
    with begun(tmp_path_factory.mktemp("state"), *CELLS) as ledger:
        for number, (cell, way) in enumerate(zip(CELLS, ways, strict=True)):
            job = ledger.ask.job(cell.key)
            assert job is not None
            for event in WAYS[way]:
                if hasattr(event, "tag"):
                    event = replace(event, tag=f"t{number}")
                if hasattr(event, "remote_ids") and event.remote_ids:
                    event = replace(event, remote_ids=(f"r{number}",))
                job = happen(ledger, job, event)
            check(ledger, RUN)
        ledger.begin(make_run(LATER), make_plan(*CELLS, status=Status.RETRY), Caps(), "outputs")
        check(ledger, RUN)
        check(ledger, LATER)


def test_the_caps_choose_among_what_is_pending(tmp_path: Path) -> None:
    with begun(tmp_path, *CELLS) as ledger:
        ledger.choose([CELLS[0].key, CELLS[3].key])
        assert ledger.ask.chosen(RUN) == 2
        ledger.choose(cell.key for cell in CELLS)
        check(ledger, RUN)


def test_the_few_rows_of_a_state_are_all_of_them_in_their_order(tmp_path: Path) -> None:
    cells = [make_cell(f"kite {n}") for n in range(40)]
    with begun(tmp_path, *cells) as ledger:
        for number, way in ((31, WAYS[5]), (7, WAYS[5]), (9, WAYS[1])):
            happen(ledger, ledger.ask.job(cells[number].key), *way)  # type: ignore[arg-type]
        ledger.begin(make_run(LATER), make_plan(*cells[8:12]), Caps(), "outputs")
        for run in (RUN, LATER):
            rows = list(ledger.ask.entries(run))
            for state in State:
                assert list(ledger.ask.entries(run, state)) == [
                    row for row in rows if row.job.state is state]
            check(ledger, run)
        [few, *_] = ledger.connection.execute(
            f"explain query plan select key from {ledger.ask.rows_in(RUN, 'cancelled')} "
            "where run_rows.run = :run and state = :state", {"run": RUN, "state": "cancelled"})
        assert "jobs_left" in few["detail"]


def test_a_job_is_found_by_any_beginning_of_its_key(tmp_path: Path) -> None:
    cells = [make_cell(f"kite {n}") for n in range(FOUND + 20)]
    keys = sorted(cell.key for cell in cells)
    with begun(tmp_path, *cells) as ledger:
        ledger.begin(make_run(LATER, started_s=NOON + 1), make_plan(cells[0]), Caps(), "outputs")
        for key in keys[::10]:
            for length in (1, 2, 7, len(key)):
                assert [entry.job.key for entry in ledger.ask.find_entries(key[:length])] == \
                    [other for other in keys if other.startswith(key[:length])]
        assert ledger.ask.find_entries("g") == ledger.ask.find_entries("%") == []
        assert len(ledger.ask.find_entries("")) == FOUND


def test_rows_are_read_page_by_page_in_their_order(tmp_path: Path) -> None:
    cells = [make_cell(f"kite {n}") for n in range(2 * PAGE + 1)]
    with begun(tmp_path, *cells) as ledger:
        keys = [cell.key for cell in cells]
        assert [entry.job.key for entry in ledger.ask.entries(RUN)] == keys
        assert [entry.job.key for entry in ledger.ask.entries(RUN, State.PENDING)] == keys
        asked = [keys[7], "0" * 32, keys[3]]
        assert [entry.seq for entry in ledger.ask.entries_of(RUN, asked)] == [3, 7]


def test_a_plan_is_recalled_in_any_order(tmp_path: Path) -> None:
    keys = [cell.key for cell in CELLS]
    with begun(tmp_path, *CELLS) as ledger:
        go(ledger.record, ledger.ask.job(keys[2]), Cancelled("cancelled"))
        for asked in (keys, keys[::-1], [*keys[3:], "0" * 32, *keys[:3]], ["f" * 32, keys[1]]):
            recall = Recall(ledger.connection)
            found = {**recall(asked[:2]), **recall(asked[2:])} if len(asked) > 2 else recall(asked)
            assert {key: known.state for key, known in found.items()} == {
                key: State.CANCELLED if key == keys[2] else State.PENDING
                for key in asked if key in keys}


def test_an_older_database_is_counted_once(tmp_path: Path) -> None:
    with begun(tmp_path, *CELLS) as ledger:
        happen(ledger, ledger.ask.job(CELLS[0].key), Cancelled("cancelled"))  # type: ignore[arg-type]
        rows = {name: [dict(row) for row in ledger.connection.execute(f"select * from {name}")]
                for name in ("runs", "jobs", "run_rows")}
    old = sqlite3.connect(":memory:", isolation_level=None)
    old.row_factory = sqlite3.Row
    earlier = Database(old, execute_plugins=False)
    for migration in schema.MIGRATIONS._migrations[:3]:
        migration.fn(earlier)
    for name, known in rows.items():
        columns = [row["name"] for row in old.execute(f"pragma table_info({name})")]
        marks = ", ".join(f":{column}" for column in columns)
        old.executemany(f"insert into {name} ({', '.join(columns)}) values ({marks})", known)
    for migration in schema.MIGRATIONS._migrations[3:]:
        migration.fn(earlier)
    ask = Questions(old)
    assert ask.totals(RUN).states[State.PENDING] == ask.chosen(RUN) == len(CELLS) - 1
    assert ask.totals(RUN).states[State.CANCELLED] == 1
    assert len(list(ask.samples(RUN))) == 2
