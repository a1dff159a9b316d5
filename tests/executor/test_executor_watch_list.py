"""What the watch makes of the service's list: how far it reaches, and what it is not believed.

Goal: a filter that is refused or lies is given up, a list that is not to be had as well; who has
been pushed out of a full list is known, and nobody else is taken for it. Method: a service of a few
lines behind the real adapter.
"""

from collections.abc import Callable
from pathlib import Path

import httpx
from executor_bench import ADDRESS, KEY, START_S, Bench, at_bench, told

from pipeline.core.outlook import Prospect
from pipeline.executor.listing import EVERYTHING, Listing
from pipeline.executor.waiting import Waiting
from pipeline.providers.http import Http, Secret
from pipeline.providers.registry import PROVIDERS, SANDBOX_TERMS

Answer = Callable[[httpx.Request], httpx.Response]


def row(number: int, status: str = "processing") -> dict[str, object]:
    """A row made so many seconds after the start."""
    return {"id": f"r{number}", "model": "m", "prompt": "x", "status": status,
            "created_at": f"2027-01-15T08:00:{number:02}Z",
            "outputs": [{"url": f"/images/r{number}"}] if status == "completed" else []}


def listing_of(answer: Answer, asked: list[str]) -> Listing:
    """A list behind the real adapter; each asking is noted with its filter."""
    async def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("status", ""))
        return answer(request)

    http = Http(ADDRESS, Secret(KEY), now=lambda: START_S, transport=httpx.MockTransport(serve))
    return Listing(PROVIDERS["sandbox"].build(http, SANDBOX_TERMS, True))


async def waiting(bench: Bench, count: int) -> list[Waiting]:
    """So many running jobs `r0`, `r1`, …, made one a second as far as is known."""
    return [Waiting(job, 10.0, number, START_S + number, Prospect(job.key, 0.0))
            for number, job in enumerate(await bench.running(count))]


def test_a_full_list_of_made_jobs_says_how_far_it_reaches(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        asked: list[str] = []
        listing = listing_of(lambda request: told({"generations": [
            row(number, "completed") for number in range(39, 14, -1)]}), asked)
        jobs = await waiting(bench, 40)
        assert all(listing.may_show(job) for job in jobs)
        reading = await listing.read(crowded=True)
        assert reading.reach_s == START_S + 15 and len(reading.news) == 25
        assert [listing.may_show(job) for job in jobs] == [False] * 15 + [True] * 25
        await listing.read(crowded=False)
        assert all(listing.may_show(job) for job in jobs)
        assert asked == ["completed", ""]

    at_bench(tmp_path, act)


def test_a_list_of_everything_says_when_jobs_were_made_and_which_it_hides(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        listing = listing_of(lambda request: told({"generations": [row(9), row(7)]}), [])
        jobs = await waiting(bench, 10)
        reading = await listing.read(crowded=False)
        assert reading.reach_s == EVERYTHING
        assert reading.places(jobs[7], settled=True) and not jobs[7].hidden
        assert not reading.places(jobs[3], settled=False) and listing.may_show(jobs[3])
        assert not reading.places(jobs[4], settled=True) and not listing.may_show(jobs[4])

    at_bench(tmp_path, act)


def test_a_filter_that_is_refused_is_not_asked_for_again(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        asked: list[str] = []
        listing = listing_of(lambda request: told({"error": "invalid_request"}, 400)
                             if "status" in request.url.params else
                             told({"generations": [row(1)]}), asked)
        assert not (await listing.read(crowded=True)).news
        assert listing.works and (await listing.read(crowded=True)).news.keys() == {"r1"}
        assert asked == ["completed", ""]

    at_bench(tmp_path, act)


def test_a_filter_that_hides_made_jobs_is_not_believed_for_long(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        asked: list[str] = []
        listing = listing_of(lambda request: told({"generations": []}), asked)
        for job in await waiting(bench, 2):
            await listing.read(crowded=True)
            listing.missed(job)
        await listing.read(crowded=True)
        assert asked == ["completed", "completed", ""]

    at_bench(tmp_path, act)
