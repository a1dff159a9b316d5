"""From a plan to jobs: admitted once, kept, refreshed, reopened, and handed out in pages.

Goal: running a manifest twice buys nothing twice and loses nothing that happened.
Method: a real database in a temporary folder.
"""

from pathlib import Path

from ledger_samples import (
    NOON,
    RUN,
    begun,
    happen,
    intended,
    jobs_of,
    make_cell,
    make_plan,
    make_run,
    only_job,
    opened,
    running,
)

from pipeline.core.caps import Caps
from pipeline.core.job import (
    Failed,
    File,
    Produced,
    Saved,
    State,
)
from pipeline.core.plan import Known, Status
from pipeline.core.provider import Output

OUTPUT = Output("https://media.example/a.png?sig=1", "image/png", 8, 8, 99)
FILE = File("outputs/a.png", "0" * 64, 99, "image/png", 8, 8)


def dumped(folder: Path, tables: str = "jobs run_rows events attempts") -> list[object]:
    with opened(folder) as ledger:
        return [[tuple(row) for row in ledger.connection.execute(f"select * from {table}")]
                for table in tables.split()]


def test_a_job_is_read_as_it_was_admitted(tmp_path: Path) -> None:
    cell = make_cell("a kite", price="14.5", tries=3, product="Größe", place={"city": "Oslo"}, n=3)
    with begun(tmp_path, cell) as ledger:
        [entry] = ledger.ask.entries(RUN)
    job = entry.job
    assert (job.spec, job.quote, job.max_paid_attempts) == (cell.spec, cell.quote, 3)
    assert (job.state, job.attempts, job.created_s, job.folder) == (State.PENDING, 0, NOON,
                                                                    "outputs/spring/hero")
    assert (entry.vars, entry.tags, entry.campaign) == (cell.vars, {"client": "acme"}, "hero")
    assert job.labels == {"product": "Größe", "n": "3"}


def test_admitting_twice_is_admitting_once(tmp_path: Path) -> None:
    cells = [make_cell(f"kite {n}") for n in range(5)]
    with begun(tmp_path, *cells) as ledger:
        happen(ledger, jobs_of(ledger)[2], intended())
    before = dumped(tmp_path)
    with opened(tmp_path) as ledger:
        ledger.begin(make_run(), make_plan(*cells), Caps(), "outputs/spring")
    assert dumped(tmp_path) == before


def test_a_job_of_an_earlier_run_is_kept_and_counted_as_kept(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        happen(ledger, running(ledger), Produced((OUTPUT,)), Saved((FILE,)))
        later = make_run("20270116-080000-bbbb", started_s=NOON + 86_400)
        ledger.begin(later, make_plan(make_cell(), make_cell("new")), Caps(), "elsewhere")
        kept, new = ledger.ask.entries(later.id)
        assert (kept.kept, kept.job.state, kept.job.folder) == (True, State.DONE,
                                                                "outputs/spring/hero")
        assert (new.kept, new.job.folder) == (False, "elsewhere/hero")
        totals = ledger.ask.totals(later.id)
    assert (totals.kept, totals.states[State.DONE], str(totals.charged)) == (1, 1, "0")


def test_a_job_under_way_belongs_to_the_latest_run_that_wants_it(tmp_path: Path) -> None:
    cells = [make_cell(name) for name in ("done", "running", "failed", "idle")]
    with begun(tmp_path, *cells) as ledger:
        done, under_way, failed, _ = jobs_of(ledger)
        happen(ledger, running(ledger, done, "t1", "r1"), Produced((OUTPUT,)), Saved((FILE,)))
        running(ledger, under_way, "t2", "r2")
        happen(ledger, failed, intended("t3"), Failed("content_refused"))
        later = make_run("20270116-080000-bbbb", started_s=NOON + 86_400)
        ledger.begin(later, make_plan(*cells), Caps(), "elsewhere")
        assert [job.run for job in jobs_of(ledger, later.id)] == [RUN, later.id, RUN, later.id]


def test_a_row_that_is_wanted_no_more_goes_unless_money_is_out_for_it(tmp_path: Path) -> None:
    with begun(tmp_path, make_cell("idle"), make_cell("bought")) as ledger:
        running(ledger, jobs_of(ledger)[1])
        ledger.begin(make_run(), make_plan(make_cell("new")), Caps(), "outputs/spring")
        assert [job.spec.prompt for job in jobs_of(ledger)] == ["new", "bought"]


def test_a_job_that_is_still_to_be_bought_takes_todays_price_and_account(tmp_path: Path) -> None:
    with begun(tmp_path, make_cell("idle", price="10"), make_cell("bought", price="10")) as ledger:
        running(ledger, jobs_of(ledger)[1])
        dearer = [make_cell(name, price="12", account="other", tries=2)
                  for name in ("idle", "bought")]
        ledger.begin(make_run(), make_plan(*dearer), Caps(), "outputs/spring")
        idle, bought = jobs_of(ledger)
    assert (str(idle.quote.worst), idle.account, idle.max_paid_attempts) == ("12", "other", 2)
    assert (str(bought.quote.worst), bought.account, bought.max_paid_attempts) == ("10", "acme", 2)


def test_a_plan_that_wants_a_cancelled_job_again_reopens_it(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        ledger.cancel(jobs_of(ledger))
        assert only_job(ledger).state is State.CANCELLED
        ledger.begin(make_run(), make_plan(make_cell()), Caps(), "outputs/spring")
        assert only_job(ledger).state is State.CANCELLED
        ledger.begin(make_run(), make_plan(make_cell(), status=Status.RETRY), Caps(), "o")
        assert only_job(ledger).state is State.PENDING


def test_a_person_reopens_what_failed(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        happen(ledger, only_job(ledger), intended(), Failed("content_refused", "no"))
        ledger.reopen(jobs_of(ledger), "me")
        job = only_job(ledger)
        assert (job.state, job.cause) == (State.PENDING, None)
        assert [name for _, name, _ in ledger.ask.events(job.key)] == ["Intended", "Failed",
                                                                     "Reopened"]


def test_what_the_ledger_knows_of_many_jobs_is_asked_in_parts(tmp_path: Path) -> None:
    cells = [make_cell(f"kite {n}") for n in range(1201)]
    with begun(tmp_path, *cells) as ledger:
        known = ledger.ask.known([*(cell.key for cell in cells), "unheard-of"])
    assert len(known) == 1201
    assert set(known.values()) == {Known(State.PENDING, None, RUN, account="acme")}


def test_pending_jobs_come_in_pages_the_longest_first(tmp_path: Path) -> None:
    cells = [make_cell(f"kite {n}", typical_s=float(n % 3)) for n in range(7)]
    with begun(tmp_path, *cells, make_cell("elsewhere", account="other")) as ledger:
        ledger.choose(cell.key for cell in cells if cell.spec.prompt != "kite 4")
        place, seen = (float("inf"), -1), []
        while page := ledger.ask.page(RUN, "acme", place, 2, kinds=["image"]):
            seen += [entry.job.spec.prompt[-1] for entry in page]
            place = ledger.ask.place(RUN, page[-1].seq)
        assert ledger.ask.kinds(RUN, "acme") == ["image"]
        assert ledger.ask.page(RUN, "acme", (float("inf"), -1), 2, kinds=["video"]) == []
    assert seen == ["2", "5", "1", "0", "3", "6"]
