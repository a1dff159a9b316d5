"""Goal: the nine broken variants of SAFETY 5.3 are caught. Method: six are mutants of
`test_mutants`, caught in the large worlds; here all that a small world can tell are caught in
branches of small scripts as well, and the three that need more than a patch: intents sent before
they are durable, a commit that a power cut takes back, two processes without lock and fence.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import anyio
import pytest
import test_mutants as mutants
from branches import Branch, Broken, Grove, Tally
from kept_ground import empty_folder, kept_ground
from moments import Moment
from worlds import Watch

from pipeline.core.errors import Halt
from pipeline.core.job import Event, Intended, Job, State
from pipeline.core.money import Money
from pipeline.core.terms import Terms
from pipeline.executor import steps
from pipeline.executor.lane import Lane
from pipeline.ledger import lock
from pipeline.ledger.commits import Commits
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.payments import CapReached
from pipeline.sandbox.chance import stream
from pipeline.simulation.clock import run_jumping
from pipeline.simulation.demand import Demand
from pipeline.simulation.life import Life
from pipeline.simulation.process import run_process
from pipeline.simulation.story import Story, rest
from pipeline.simulation.wire import Weather
from pipeline.simulation.world import START_S, Script, World

Patch = pytest.MonkeyPatch
PICTURE, TWO = Script(), Script(demand=Demand(subjects=2))


def pay_before_the_intent(patch: Patch) -> None:
    """No intent row: the call is made first, and written down when it is answered."""
    intend = steps.STEPS[State.PENDING]

    async def eager(lane: Lane, job: Job) -> Event | None:
        event = await intend(lane, job)
        if isinstance(event, Intended):
            await lane.provider.submit(job.spec, lane.leaves[job.key].urls)
        return event

    patch.setitem(steps.STEPS, State.PENDING, eager)  # type: ignore[arg-type]


def look_at_the_cap_before_the_transaction(patch: Patch) -> None:
    scopes = Ledger._scopes

    def careless(ledger: Ledger, job: Job, at_s: float) -> list[object]:
        for scope in (found := scopes(ledger, job, at_s)):
            used = sum(ledger.ask.sums(scope.name)[:2]) + job.quote.worst.micros
            if scope.cap is not None and used > scope.cap.micros:
                raise CapReached(scope)
        return [replace(scope, cap=None) for scope in found]

    patch.setattr(Ledger, "_scopes", careless)


def skip_the_quiet_time(patch: Patch) -> None:
    patch.setattr(Terms, "quiet_s", property(lambda terms: 0.0))


LATE = replace(PICTURE, weather=Weather(late=0.8, late_s=12.0))
SHORT_LIST = replace(next(iter(mutants.short_lists())), kills=())
CAPPED = Script(demand=Demand(subjects=3, max_paid_attempts=2), cap=Money.parse("32"),
                faults={"fail": {"rate": 1.0}})
LOST = replace(PICTURE, faults={"lost_reply": {"nth": [1]}})

SMALL: dict[Callable[[Patch], None], tuple[Script, float]] = {
    pay_before_the_intent: (PICTURE, 0.0),
    mutants.resubmit_after_a_crash: (PICTURE, 0.3),
    mutants.take_a_lost_reply_for_a_refusal: (LOST, 0.0),
    skip_the_quiet_time: (LATE, 0.3),
    mutants.believe_an_empty_view: (SHORT_LIST, 0.0),
    look_at_the_cap_before_the_transaction: (CAPPED, 0.0),
    mutants.free_the_hold_of_a_doubt: (PICTURE, 0.3),
    mutants.forget_the_receipts: (PICTURE, 0.3),
    mutants.settle_without_the_charge: (PICTURE, 0.0),
}
"""Each with the script whose worlds catch it, and the share of its effects at which one dies."""


def caught(script: Script, deaths: float, seeds: range) -> str:
    """What the worlds of a script break, from one of these seeds; "" for nothing."""
    with kept_ground() as ground:
        grove = Grove(ground, Tally(), deaths, 0.0)
        for seed in seeds:
            try:
                grove.grow(replace(script, seed=seed))
            except Broken as error:
                return str(error)
    return ""


@pytest.mark.parametrize("mutant", SMALL, ids=lambda mutant: mutant.__name__)
def test_a_broken_law_is_caught_in_small_worlds(
        mutant: Callable[[Patch], None], monkeypatch: Patch) -> None:
    mutant(monkeypatch)
    assert caught(*SMALL[mutant], range(6))


def test_the_laws_kept_none_of_these_worlds_breaks() -> None:
    for script, _ in SMALL.values():
        assert not caught(script, 0.05, range(1))


def test_a_commit_that_a_power_cut_takes_back_is_found_out() -> None:
    """WAL with `synchronous=NORMAL` may lose its newest commit (SAFETY 0.5), just before the next.
    The receipts, which are synced, tell that an intent was forgotten, and nothing is bought."""
    found: Counter[str] = Counter()
    with kept_ground() as ground:
        grove = Grove(ground, Tally(), 1.0, 0.0)
        moments = [branch.moment for branch in grove.live(Branch(PICTURE), stream("power"))
                   if branch.moment is not None]
        last = list({id(moment.ledger): moment for moment in moments}.values())
        for earlier, later in pairwise(last):
            found[_power_cut(grove, replace(later, ledger=earlier.ledger))] += 1
    assert found["forgotten"] and found["the same"], found
    assert not found["bought twice"], found


def _power_cut(grove: Grove, moment: Moment) -> str:
    try:
        grove.live(Branch(PICTURE).died_at(moment, 60.0), stream("power"))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it was found out
        return "bought twice" if "was charged" in str(error) else "forgotten"
    return "the same"


async def two_at_once(world: World, ended: Counter[str]) -> None:
    """A process, and another one that begins while it is at work."""
    async def work(delay_s: float) -> None:
        await anyio.sleep(delay_s)
        try:
            await run_process(world, Life())
        except BaseException as error:  # noqa: BLE001 - groups and halts alike
            ended[_said(error)] += 1

    async with anyio.create_task_group() as both:
        for delay_s in (0.0, 1.0):
            both.start_soon(work, delay_s)


def _said(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = str(error)
    return "fenced writer" if "has taken the ledger over" in text else (
        "held" if isinstance(error, Halt) and "holds" in text else text)


def together(folder: Path) -> Counter[str]:
    """How two processes on one state ended, when all is at rest; raises what they broke."""
    ended: Counter[str] = Counter()
    watch = Watch(Counter())

    async def main(wall: Callable[[], float]) -> None:
        async with anyio.create_task_group() as tasks:
            world = World(TWO, folder, wall, tasks)
            watch.opened(world)
            await two_at_once(world, ended)
            world.calm()
            await rest(world, Story())
        watch.rested(world, Story())
        world.close()

    run_jumping(main, START_S)
    return ended


def test_of_two_processes_one_is_turned_away() -> None:
    with empty_folder() as folder:
        assert together(folder) == Counter(held=1)


def test_without_the_lock_the_fence_holds(monkeypatch: Patch) -> None:
    monkeypatch.setattr(lock, "_locked", lambda descriptor: True)
    with empty_folder() as folder:
        assert together(folder)["fenced writer"] == 1


def test_without_lock_and_fence_two_processes_are_caught(monkeypatch: Patch) -> None:
    monkeypatch.setattr(lock, "_locked", lambda descriptor: True)
    monkeypatch.setattr(Commits, "_check_epoch", lambda commits: None)
    told: Counter[str] = Counter()
    with empty_folder() as folder:
        try:
            told = together(folder)
        except (BaseExceptionGroup, AssertionError) as error:
            told[_said(error)] += 1
    assert any("commits in epoch" in says for says in told), told
