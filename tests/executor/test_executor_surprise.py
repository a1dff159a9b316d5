"""A service that takes more than its worst price (SAFETY 2.7).

Goal: the truth is booked, even above what was held; the model is bought no further, in this process
and in the next, until a quote covers what it took. Method: a lane on a bench whose bakery charges
more than the jobs were quoted, one job in flight at a time.
"""

from dataclasses import replace
from pathlib import Path

from executor_bench import PRICE, RUN, Bench, at_bench, blob, png

from pipeline.core.caps import Caps
from pipeline.core.errors import Exit
from pipeline.core.job import Job, State
from pipeline.core.money import Money
from pipeline.core.outcome import judge_run
from pipeline.core.pricing import Quote
from pipeline.executor.drive import run_lane
from pipeline.ledger.surprises import surprises
from pipeline.providers.registry import SANDBOX_TERMS

ONE_AT_A_TIME = replace(SANDBOX_TERMS, in_flight={"media": 1})
HALF = Money.parse("5")


async def work(bench: Bench) -> list[Job]:
    bench.bakery.odd.append(("/images/", lambda at_s: blob(png())))
    await run_lane(bench.lane, RUN)
    return [entry.job for entry in bench.ledger.ask.entries(RUN)]


def admit(bench: Bench, quoted: Money, count: int = 3) -> None:
    bench.price = Quote(quoted, quoted, f"{quoted} a job")
    bench.admit(count)


def states(jobs: list[Job]) -> list[State]:
    return [job.state for job in jobs]


def test_the_truth_is_booked_and_the_model_is_bought_no_further(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        admit(bench, HALF)
        jobs = await work(bench)
        assert sorted(states(jobs)) == [State.DONE, State.PENDING, State.PENDING]
        assert bench.ledger.ask.totals(RUN).charged == PRICE
        assert surprises(bench.ledger.connection, "sandbox") == {"m": PRICE}
        assert bench.control.priced_out and any("took 10 credits" in line for line in bench.said)
        assert judge_run(bench.ledger.ask.totals(RUN), (), priced_out=True) is Exit.REFUSED

    at_bench(tmp_path, act, terms=ONE_AT_A_TIME)


def test_the_next_process_remembers_it(tmp_path: Path) -> None:
    async def first(bench: Bench) -> None:
        admit(bench, HALF)
        await work(bench)

    async def second(bench: Bench) -> None:
        run = bench.ledger.ask.find_run(RUN)
        assert run is not None
        bench.ledger.go_on(run, Caps())
        jobs = await work(bench)
        assert states(jobs).count(State.PENDING) == 2 and bench.control.priced_out
        assert not bench.bakery.times("/v1/generate/media")

    at_bench(tmp_path, first, terms=ONE_AT_A_TIME)
    at_bench(tmp_path, second, terms=ONE_AT_A_TIME)


def test_a_quote_that_covers_it_is_bought(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        admit(bench, HALF, 1)
        await work(bench)
        bench.price = Quote(PRICE, PRICE, "10 a job")
        bench.admit(1, model="m", kind="video")
        jobs = await work(bench)
        assert states(jobs) == [State.DONE] * len(jobs)

    at_bench(tmp_path, act, terms=ONE_AT_A_TIME)


def test_a_price_that_was_right_stops_nothing(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        admit(bench, PRICE)
        assert states(await work(bench)) == [State.DONE] * 3
        assert not bench.control.priced_out and not surprises(bench.ledger.connection, "sandbox")

    at_bench(tmp_path, act, terms=ONE_AT_A_TIME)
