"""Several accounts on one campaign work side by side, and none slows another.

Goal: a run takes as long as all its accounts need together, whatever each can do, and whatever
becomes of one; each stays under its own caps, and both books agree to the credit. Method: services
with books of their own in virtual time, held against the ledger; a death at every effect of a run
in which jobs change their accounts.
"""

from dataclasses import replace
from itertools import count
from random import Random

import anyio
import pytest
from markets import REVOKED, Market, Shop, at_market
from worlds import FULL, first_of

from pipeline.core.errors import Exit
from pipeline.core.job import State
from pipeline.core.manifest import Budget
from pipeline.core.money import Money
from pipeline.sandbox.chance import stream
from pipeline.simulation.drawing import FAULTS
from pipeline.simulation.life import Life
from pipeline.wiring.running import Ending

FAST = Shop({"media_per_minute": 30, "media_in_flight": 30})
SLOW = Shop({"media_per_minute": 3, "media_in_flight": 30})


async def whole(market: Market) -> tuple[float, Ending]:
    """One process, to its end; how long it took."""
    began_s = market.wall()
    ending = await market.process()
    assert ending is not None
    return market.wall() - began_s, ending


def alone(shop: Shop, jobs: int) -> float:
    """How long an account takes for so many jobs by itself."""
    return at_market({"alone": shop}, jobs, whole)[0]


def test_a_fast_and_a_slow_account_are_done_together() -> None:
    """Each gets its part when the jobs are dealt out, and nobody waits for the other."""
    async def act(market: Market) -> float:
        seconds, ending = await whole(market)
        assert ending.exit_code is Exit.DONE
        assert {job.state for job in market.check()} == {State.DONE}
        assert market.bought() == {"fast": 150, "slow": 15}
        return seconds

    seconds = at_market({"fast": FAST, "slow": SLOW}, 165, act)
    assert seconds <= 1.03 * max(alone(FAST, 150), alone(SLOW, 15))


def test_what_the_sheet_does_not_know_is_made_good_while_it_runs() -> None:
    """Two accounts that are alike on paper, and one takes ten times as long for a job."""
    limits = {"media_per_minute": 60, "media_in_flight": 4}
    quick, slow = Shop(limits, takes_s=20.0), Shop(limits, takes_s=200.0)

    async def act(market: Market) -> float:
        seconds, _ = await whole(market)
        assert {job.state for job in market.check()} == {State.DONE}
        moved = [job for job in market.check() if job.account == "quick"]
        assert len(moved) > 75
        return seconds

    seconds = at_market({"quick": quick, "slow": slow}, 100, act)
    assert seconds <= 1.03 * alone(quick, 90) + 200, "more than a job of the slow one too long"


def test_the_jobs_of_an_account_that_is_barred_go_on_at_the_other() -> None:
    """What its service is making then is brought home when it has a key again."""
    async def act(market: Market) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(revoke, market)
            _, first = await whole(market)
        bought = market.bought()
        assert (sum(bought.values()), bought["one"] < 10) == (40, True)
        assert first.exit_code is Exit.KEY
        market.changed("one")
        _, second = await whole(market)
        assert {job.state for job in market.check()} == {State.DONE}
        assert (second.exit_code, market.bought()) == (Exit.DONE, bought)

    async def revoke(market: Market) -> None:
        await anyio.sleep(65)
        market.changed("one", **REVOKED)

    slow = Shop({"media_per_minute": 4, "media_in_flight": 2})
    at_market({"one": slow, "other": slow}, 40, act)


def test_the_jobs_of_an_account_without_credits_go_on_at_the_other() -> None:
    async def act(market: Market) -> None:
        _, ending = await whole(market)
        assert {job.state for job in market.check()} == {State.DONE}
        assert (ending.exit_code, market.spent("poor")) == (Exit.DONE, Money.parse("20"))

    at_market({"poor": Shop(granted=Money.parse("22")), "rich": Shop()}, 30, act)


def test_an_account_that_is_done_waits_for_what_may_come_back() -> None:
    """A request is lost; when it is proven so, the account has no credits, and the other has had
    nothing to do for a while."""
    async def act(market: Market) -> None:
        seconds, ending = await whole(market)
        assert {job.state for job in market.check()} == {State.DONE}
        assert (ending.exit_code, seconds > 25) == (Exit.DONE, True)
        assert market.bought() == {"loses": 0, "sound": 2}

    loses = Shop(faults={"lost_request": {"nth": [1], "calls": "start"}}, granted=Money.parse("3"))
    at_market({"loses": loses, "sound": Shop(takes_s=4.0)}, 2, act)


def test_a_chain_goes_on_at_whoever_can_buy_its_next_link() -> None:
    """A picture that one account made is uploaded to the other, which makes the clip of it."""
    async def act(market: Market) -> None:
        _, ending = await whole(market)
        jobs = market.check()
        assert ([job.state for job in jobs], ending.exit_code) == ([State.DONE] * 16, Exit.DONE)
        made = {job.key: job.account for job in jobs}
        assert any(made[source] == "poor" != job.account
                   for job in jobs for source in job.spec.waits_for)

    at_market({"poor": Shop(granted=Money.parse("22")), "rich": Shop()}, 8, act, clips=True)


def test_where_no_account_can_go_on_the_reason_is_told() -> None:
    async def act(market: Market) -> None:
        _, ending = await whole(market)
        states = [job.state for job in market.check()]
        assert (states.count(State.DONE), states.count(State.PENDING)) == (7, 23)
        assert ending.exit_code is Exit.NO_CREDITS

    at_market({"poor": Shop(granted=Money.parse("22")),
               "poorer": Shop(granted=Money.parse("9"))}, 30, act)


def test_each_account_stays_under_its_own_caps_to_the_credit() -> None:
    async def act(market: Market) -> None:
        _, ending = await whole(market)
        states = [job.state for job in market.check()]
        assert (states.count(State.DONE), states.count(State.PENDING)) == (17, 13)
        assert ending.exit_code is Exit.BUDGET
        assert [str(market.spent(name)) for name in market.shops] == ["28", "40"]
        assert sum("no other account" in said for said in market.said) == 2

    at_market({"a": Shop(budget=Budget(per_day=Money.parse("31"))),
               "b": Shop(budget=Budget(per_day=Money.parse("40")))}, 30, act)


def test_what_one_account_may_not_pay_any_more_another_pays() -> None:
    async def act(market: Market) -> None:
        _, ending = await whole(market)
        assert {job.state for job in market.check()} == {State.DONE}
        assert (ending.exit_code, str(market.spent("a"))) == (Exit.DONE, "28")

    at_market({"a": Shop(budget=Budget(per_day=Money.parse("31"))), "b": Shop()}, 30, act)


def test_nobody_pays_more_than_was_planned() -> None:
    """The jobs of a dear account may go to a cheap one, never the other way round."""
    quick, slow = {"media_per_minute": 30}, {"media_per_minute": 2}

    async def act(market: Market) -> int:
        await whole(market)
        jobs = market.check()
        assert {job.state for job in jobs} == {State.DONE}
        assert {job.account: str(job.charged) for job in jobs} == {"dear": "6", "cheap": "3"}
        return market.bought()["cheap"]

    planned = round(90 * 2 / 32)
    assert at_market({"dear": Shop(quick, price="6"), "cheap": Shop(slow, price="3")},
                     90, act) == planned
    assert at_market({"dear": Shop(slow, granted=Money.parse("12"), price="6"),
                      "cheap": Shop(quick, price="3")}, 90, act) == 88 > 90 - planned


@pytest.mark.parametrize("faults", [
    {"slow_reply": {"rate": 1.0, "seconds": 3000, "calls": "start"}},
    {"lost_request": {"rate": 1.0, "calls": "start"}},
    {"throttle": {"rate": 1.0, "seconds": 600, "calls": ["start"]}},
], ids=["hangs", "loses", "throttles"])
def test_a_service_that_hangs_slows_nobody_but_itself(faults: dict[str, object]) -> None:
    """All but what it has in its own slots is bought elsewhere, as if it were not there."""
    sound = Shop({"media_per_minute": 20, "media_in_flight": 10})

    async def act(market: Market) -> float:
        began_s = market.wall()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(whole, market)
            await market.wait_bought(90)
            seconds = market.wall() - began_s
            tasks.cancel_scope.cancel()
        return seconds

    seconds = at_market({"sound": sound, "hangs": Shop(sound.limits, faults)}, 100, act)
    assert seconds <= 1.05 * alone(sound, 90) + 5


ONE = Shop({"media_per_minute": 3, "media_in_flight": 2})
OTHER = Shop({"media_per_minute": 30, "media_in_flight": 4}, granted=Money.parse("10"))
"""With credits for two: whatever else was meant for it goes to the first."""
STEP = 1 if FULL else 11
PARTS = 4
LONGEST = 1000


@pytest.mark.parametrize("part", range(PARTS))
def test_a_process_may_die_at_any_effect_while_jobs_change_their_accounts(part: int) -> None:
    """Nothing is lost and nothing is paid twice, whichever account had it when."""
    told = []
    for effect in count(1 + part * STEP, PARTS * STEP):
        async def act(market: Market, effect: int = effect) -> bool:
            died = await market.process(Life(effect)) is None
            await market.process()
            jobs = market.check()
            if [job.state for job in jobs] != [State.DONE] * 6:
                told.append(f"stopped at effect {effect}: {[job.state for job in jobs]}")
            return died

        try:
            if not at_market({"one": ONE, "other": OTHER}, 6, act):
                break
        except BaseExceptionGroup as group:
            told.append(f"stopped at effect {effect}: {first_of(group)}")
        assert effect < LONGEST
    assert not told, "\n".join(told)


TROUBLES = ("lost_request", "lost_reply", "error_before_charge", "error_after_charge", "throttle",
            "slow_reply", "insufficient", "late_links")
SEEDS = 400 if FULL else 16


def draw_shop(chance: Random) -> Shop:
    """An account of any size, with some trouble, and perhaps not for long."""
    names = chance.sample(TROUBLES, chance.choice((0, 0, 1, 2)))
    limits = {"media_per_minute": chance.randint(1, 12), "media_in_flight": chance.randint(1, 5)}
    return Shop(limits, {name: FAULTS[name](chance) for name in names},
                Money.parse(str(chance.choice((9, 14, 1000, 1000)))),
                chance.choice(("4", "4", "5")),
                Budget(per_day=chance.choice((None, None, Money.parse("13")))),
                chance.choice((5.0, 40.0)))


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_sold_twice_whatever_the_accounts_come_through(part: int) -> None:
    """Two or three accounts, trouble of their own, a death or two; then calm, until all rests."""
    told = []
    for seed in range(part, SEEDS, PARTS):
        chance = stream("market", seed)
        shops = {name: draw_shop(chance) for name in "abc"[:chance.choice((2, 2, 3))]}
        deaths = [1 + int(chance.expovariate(1 / 80)) for _ in range(chance.choice((0, 1, 2)))]

        async def act(market: Market, deaths: list[int] = deaths) -> None:
            for effect in deaths:
                await market.process(Life(effect))
                market.check_once()
            for name in market.shops:
                market.calm(name)
            for _ in range(3):
                await market.process()
                market.check_once()

        try:
            at_market(shops, chance.randint(2, 9), act)
        except BaseExceptionGroup as group:
            told.append(f"seed {seed}: {first_of(group)!r}")
    assert not told, "\n".join(told)


def test_accounts_that_share_a_campaign_are_never_called_beyond_their_limits() -> None:
    """Where one has no turn another has, a call too many would teach nothing that is used."""
    async def act(market: Market) -> int:
        market.terms = {name: replace(terms, probe=True) for name, terms in market.terms.items()}
        await whole(market)
        assert {job.state for job in market.check()} == {State.DONE}
        return sum(call.status == 429 for wire in market.wires.values() for call in wire.calls)

    shop = Shop({"media_per_minute": 6, "media_in_flight": 30})
    assert at_market({"one": shop, "two": shop}, 30, act) == 0
