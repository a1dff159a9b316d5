"""The small parts by themselves: forms, the gallery's memory, rows of the catalog."""

from decimal import Decimal

import anyio
import pytest
from sandbox_world import CLIP, NOON, World

from pipeline.core.money import Money
from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.sandbox.gallery import Gallery, Piece
from pipeline.sandbox.multipart import MultipartError, MultipartReader
from pipeline.sandbox.windows import Limits, Windows

FORM = (b"a preamble\r\n--edge\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n"
        b"--edg not yet\r\n\r\n--edge\r\n"
        b"Content-Disposition: form-data; name=\"file\"; filename=\"caf\xc3\xa9.png\"\r\n"
        b"Content-Type: image/png\r\n\r\n\r\n--edge\r\n"
        b"Content-Disposition: form-data; name=file; filename=b\r\n\r\n\x00\xff\r\n-"
        b"\r\n--edge--\r\nan epilogue")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1000])
def test_a_form_reads_the_same_in_chunks_of_any_size(size: int) -> None:
    reader = MultipartReader("multipart/form-data; boundary=edge")
    for start in range(0, len(FORM), size):
        reader.feed(FORM[start:start + size])
    parts = [(part.field, part.media_type, part.content.read()) for part in reader.finish()]
    reader.close()
    assert parts == [("note", "", b"--edg not yet\r\n"), ("file", "image/png", b""),
                     ("file", "", b"\x00\xff\r\n-")]


def test_endless_headers_are_refused() -> None:
    reader = MultipartReader("multipart/form-data; boundary=edge")
    with pytest.raises(MultipartError):
        reader.feed(b"--edge\r\n" + b"x" * 20_000)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("threaded", [True, False])
def test_the_gallery_keeps_what_it_made_while_there_is_room(threaded: bool, backend: str) -> None:
    made: list[Piece] = []

    def make(piece: Piece) -> tuple[bytes, str]:
        made.append(piece)
        return bytes(400), "image/png"

    world = World()
    jobs = [job for job in map(world.books.job, [world.buy() for _ in range(3)]) if job]
    gallery = Gallery(world.books, make, threaded=threaded, capacity_bytes=1000)

    async def visit() -> None:
        for job in (*jobs[:2], jobs[0], jobs[2], jobs[0], jobs[1]):
            await gallery.fetch(job, job.output_ids()[0])

    anyio.run(visit, backend=backend)
    seeds = [job.details["seed"] for job in jobs]
    assert [piece.brief.seed for piece in made] == [*seeds, seeds[1]]
    assert gallery.size_of(jobs[2].output_ids()[0]) is None


def test_the_catalog_has_the_known_rows() -> None:
    catalog = SandboxCatalog.load()
    assert len(catalog) == 112
    clip = catalog.find(CLIP)
    assert clip is not None
    assert clip.price(Decimal(10)) == Money.parse("170")
    assert clip.capabilities["duration_options"] == [f"{n}s" for n in range(3, 16)]
    caption = catalog.find("auto-caption")
    assert caption is not None
    assert caption.price(None) == Money.parse("0.5")
    tiers = {row.id: row.tier for row in catalog if row.tier}
    assert tiers["nano-banana-pro-4K"] == "4K"
    assert tiers["v1-pro-fast-i2v-720p-5s"] == "720p"


def test_every_row_is_whole() -> None:
    for row in SandboxCatalog.load():
        assert {"display_name", "provider", "generation_types", "requires_input_media",
                "input_media_types"} <= set(row.public)
        assert row.price(row.seconds)
        assert row.typical_s(row.seconds) > 0
        if row.kind == "video":
            options = row.capabilities.get("duration_options") or []
            assert row.seconds is not None
            assert not options or f"{row.seconds}s" in options


def test_a_bucket_gives_its_turns_back_one_by_one() -> None:
    windows = Windows(Limits(per_minute={"media": 3}), kind="bucket")
    waits = [windows.take("k", "media", NOON) for _ in range(4)]
    assert waits[:3] == [0.0, 0.0, 0.0]
    assert waits[3] == pytest.approx(20.0)
    assert windows.take("k", "media", NOON + 19.9) > 0
    assert [windows.take("k", "media", NOON + 20.0) > 0 for _ in range(2)] == [False, True]
    assert [windows.take("k", "media", NOON + 500.0) > 0 for _ in range(4)] == [False] * 3 + [True]


def test_where_refusals_count_who_knocks_on_is_never_let_in() -> None:
    windows = Windows(Limits(per_minute={"media": 3}), kind="counting")
    assert [windows.take("k", "media", NOON) for _ in range(3)] == [0.0] * 3
    assert all(windows.take("k", "media", NOON + second) for second in range(1, 300, 19))
    assert windows.take("k", "media", NOON + 360.0) == 0.0


def test_a_sliding_window_holds_wherever_it_is_laid() -> None:
    windows = Windows(Limits(per_minute={"media": 3}))
    taken = []
    for tenth in range(3000):
        if not windows.take("k", "media", NOON + tenth / 10):
            taken.append(tenth / 10)
    for start in range(300):
        assert sum(start <= at < start + 60 for at in taken) <= 3
    assert len(taken) == 15
