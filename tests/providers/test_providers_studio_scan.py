"""What Artificial Studio's list shows of our jobs, and at what cost of reads.

Goal: a row is held against a job by the payload of its record; records are read once, and no faster
than the limits leave room for; our own starts cost no read. Method: the real adapter against the
sandbox's application, every call counted, a clock that is turned by hand.
"""

import pytest
from providers_studio import NOON_S, Bench, at_studio, mark, spec

from pipeline.core.errors import ReplyLost
from pipeline.core.marks import seed_mark, seed_of
from pipeline.core.provider import Mark, Receipt
from pipeline.providers.studio_terms import PAYLOADS

MANY = {"limits": {"media_per_minute": 1000, "reads_per_minute": 1000}}


def test_an_open_seed_is_the_attempts_own_and_is_found_again() -> None:
    async def act(bench: Bench) -> None:
        with pytest.raises(ReplyLost):
            await bench.open().submit(spec(), (), mark("tag-1"))
        assert bench.payloads()[0]["seed"] == seed_of("tag-1")
        [row] = (await bench.open().scan({})).sightings
        assert (row.model, row.prompt, row.tag) == ("flux-2", "a red kite",
                                                    seed_mark(seed_of("tag-1")))
        assert row.created_s == NOON_S

    at_studio(act, lost_reply={"first": 1, "calls": "start"})


@pytest.mark.parametrize(("job", "sent"), [
    (spec(seed=42), {"seed": 42}), (spec("gpt-image-1"), {})])
def test_a_chosen_seed_is_kept_and_a_model_without_gets_none(job: object, sent: object) -> None:
    async def act(bench: Bench) -> None:
        await bench.open().submit(job, (), mark("tag-1"))  # type: ignore[arg-type]
        [payload] = bench.payloads()
        assert {name: payload[name] for name in ("seed",) if name in payload} == sent

    at_studio(act)


@pytest.mark.parametrize("bell", ["", "http://127.0.0.1:9/bell", "https://hooks.example.com/b"])
def test_the_address_to_ring_goes_along(bell: str) -> None:
    async def act(bench: Bench) -> None:
        await bench.open().submit(spec(), (), Mark("t", bell))
        ring = bench.service.rings.next()
        assert (ring.url if ring else "") == bell

    at_studio(act)


def test_the_shape_is_told_whatever_the_field_is_called() -> None:
    async def act(bench: Bench) -> None:
        for model in ("seedream-4", "flux-2"):
            await bench.open().submit(spec(model, ratio="16:9"), (), mark("t"))
        assert [p.get("image_size") or p["aspect_ratio"] for p in bench.payloads()] == [
            "landscape_16_9", "16:9"]
        assert {row.shape for row in (await bench.open().scan({})).sightings} == {"16:9"}

    at_studio(act)


def test_our_own_starts_cost_no_read_and_others_one_each() -> None:
    async def act(bench: Bench) -> None:
        first = bench.open()
        for number in range(3):
            await first.submit(spec(prompt=f"kite {number}"), (), mark(f"t{number}"))
        assert (await first.scan({})).unread == 0
        assert bench.reads() == 0
        second = bench.open()
        for _ in range(3):
            assert (await second.scan({})).unread == 0
        assert bench.reads() == 3

    at_studio(act)


def test_records_are_read_as_far_as_there_is_room_and_the_rest_later() -> None:
    async def act(bench: Bench) -> None:
        first, rows = bench.open(), PAYLOADS + 4
        for number in range(rows):
            await first.submit(spec(prompt=f"kite {number}"), (), mark(f"t{number}"))
        later = bench.open()
        bench.reads()
        assert (await later.scan({})).unread == rows - PAYLOADS
        assert (await later.scan({})).unread == rows - PAYLOADS
        assert bench.reads() == PAYLOADS
        bench.now_s += 61
        scan = await later.scan({})
        assert (scan.unread, len(scan.sightings), bench.reads()) == (0, rows, 4)

    at_studio(act, **MANY)


def test_a_row_whose_record_is_not_read_shows_nothing_but_its_news() -> None:
    async def act(bench: Bench) -> None:
        receipt = await bench.open().submit(spec(), (), mark("t"))
        assert isinstance(receipt, Receipt)
        scan = await bench.open().scan({})
        [row] = scan.sightings
        assert (row.remote_id, row.model, row.prompt, scan.unread) == (receipt.remote_ids[0], "",
                                                                       "", 1)

    at_studio(act, error_before_charge={"calls": "status"})


def test_a_whole_list_is_known_to_be_whole() -> None:
    async def act(bench: Bench) -> None:
        adapter = bench.open()
        await adapter.submit(spec(), (), mark("t"))
        assert (await adapter.scan({})).complete
        for number in range(100):
            await adapter.submit(spec(prompt=f"kite {number}"), (), mark(f"t{number}"))
        scan = await adapter.scan({})
        assert (scan.complete, len(scan.sightings)) == (False, 100)

    at_studio(act, **MANY)
