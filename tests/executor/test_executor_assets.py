"""From a link to a file that stays: names, bytes, and what is in the way.

Goal: a file is whole, hashed and alone under its name, or it is not delivered; what was there is
never written over. Method: real downloads into a real folder with everything in the way.
"""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
import pytest
from executor_bench import ADDRESS, KEY, Bench, at_bench, blob, png
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.core.errors import Unreachable
from pipeline.core.job import File, Job
from pipeline.core.money import Money
from pipeline.core.naming import stem
from pipeline.core.pricing import Quote
from pipeline.core.spec import JobSpec, SourceRef
from pipeline.executor.sidecar import sidecar
from pipeline.media.examine import NotWhole

WHOLE = png()
SPEC = JobSpec("sandbox", "image", "kite-1", "a red kite", "16:9")


def job(folder: Path, **more: object) -> Job:
    made = Job(SPEC.key(), "sandbox", SPEC, Quote(Money(0), Money(0), ""), folder=str(folder),
               labels={"subject": "fox"})
    return replace(made, **more)  # type: ignore[arg-type]


def bring(tmp_path: Path, content: bytes = WHOLE, headers: dict[str, str] | None = None,
          index: int = 0, **more: object) -> File:
    """What comes of downloading this content for a job."""
    async def act(bench: Bench) -> File:
        bench.bakery.odd.append(("/images/", lambda at_s: blob(content, 200, headers)))
        async with bench.provider.download(f"{ADDRESS}/images/x") as download:
            return await bench.lane.store.save(job(tmp_path / "out", **more), index, download)

    return at_bench(tmp_path, act)


def there(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "out").iterdir())


NAME = stem(job(Path())) + ".png"


def test_a_file_is_delivered_under_its_own_name_with_its_facts(tmp_path: Path) -> None:
    file = bring(tmp_path)
    assert Path(file.path) == tmp_path / "out" / NAME
    assert Path(file.path).read_bytes() == WHOLE
    assert file == File(file.path, hashlib.sha256(WHOLE).hexdigest(), len(WHOLE), "image/png", 8, 8)
    assert there(tmp_path) == [NAME]


def test_the_bytes_decide_the_ending_not_the_service(tmp_path: Path) -> None:
    file = bring(tmp_path, headers={"content-type": "video/mp4", "content-disposition":
                                    'attachment; filename="../../.ssh/authorized_keys"'})
    assert there(tmp_path) == [NAME] and file.media_type == "image/png"


def test_files_of_one_job_are_numbered(tmp_path: Path) -> None:
    bring(tmp_path)
    bring(tmp_path, png(color=(1, 1, 1)), index=1)
    assert there(tmp_path) == [NAME, NAME.replace(".png", "_2.png")]


@pytest.mark.parametrize("announced", [len(WHOLE) + 1, len(WHOLE) - 1, 0, 10**12])
def test_another_length_than_announced_is_not_whole(tmp_path: Path, announced: int) -> None:
    with pytest.raises((NotWhole, Unreachable)):
        bring(tmp_path, headers={"content-length": str(announced)})
    assert NAME not in there(tmp_path)


@pytest.mark.parametrize("content", [b"", WHOLE[:len(WHOLE) // 2], b"<html>expired</html>",
                                     b'{"error": 1}'])
def test_what_is_not_whole_is_not_delivered(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotWhole):
        bring(tmp_path, content)
    assert all(name.endswith(".part") for name in there(tmp_path))


def test_captions_come_as_text_and_nothing_else_does(tmp_path: Path) -> None:
    content = b'[{"word": "kite", "start": 0.0}]'
    file = bring(tmp_path, content, spec=replace(SPEC, kind="captions"))
    assert file.media_type == "application/json" and file.path.endswith(".json")
    with pytest.raises(NotWhole, match="it is application/json and no audio"):
        bring(tmp_path, content, spec=replace(SPEC, kind="music"))


def test_the_same_bytes_that_are_there_are_taken_as_delivered(tmp_path: Path) -> None:
    first = bring(tmp_path)
    before = Path(first.path).stat()
    assert bring(tmp_path) == first
    assert Path(first.path).stat().st_mtime_ns == before.st_mtime_ns
    assert there(tmp_path) == [NAME]


def test_other_bytes_keep_their_place_and_the_new_file_gets_a_number(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / NAME).write_bytes(b"mine")
    second = NAME.replace(".png", "~2.png")
    assert Path(bring(tmp_path).path).name == second
    assert (tmp_path / "out" / NAME).read_bytes() == b"mine"
    assert Path(bring(tmp_path).path).name == second
    assert Path(bring(tmp_path, png(color=(2, 2, 2))).path).name == NAME.replace(".png", "~3.png")
    assert len(there(tmp_path)) == 3


@pytest.mark.parametrize("target", ["elsewhere.txt", "missing.txt", "/dev/null"])
def test_a_link_at_the_target_is_kept_and_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere.txt").write_bytes(WHOLE)
    link = tmp_path / "out" / NAME
    link.symlink_to(tmp_path / target)
    assert Path(bring(tmp_path).path).name == NAME.replace(".png", "~2.png")
    assert link.is_symlink() and (tmp_path / "elsewhere.txt").read_bytes() == WHOLE


def test_a_folder_at_the_target_is_kept(tmp_path: Path) -> None:
    (tmp_path / "out" / NAME).mkdir(parents=True)
    assert Path(bring(tmp_path).path).name == NAME.replace(".png", "~2.png")


def test_a_stale_part_is_begun_again_and_a_link_in_its_place_is_not_written_through(
        tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    part = tmp_path / "out" / f"{stem(job(Path()))}.part"
    part.write_bytes(b"half of an earlier try, and longer than the file" * 99)
    assert Path(bring(tmp_path).path).read_bytes() == WHOLE
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    part.symlink_to(precious)
    bring(tmp_path, png(color=(3, 3, 3)))
    assert precious.read_bytes() == b"mine"
    assert not any(name.endswith(".part") for name in there(tmp_path))


def test_a_download_that_drips_is_given_up(tmp_path: Path) -> None:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            await anyio.sleep(5)
            yield b"x"

    async def act(bench: Bench) -> float:
        bench.bakery.odd.append(("/images/", lambda at_s: httpx.Response(200, content=drip())))
        async with bench.provider.download(f"{ADDRESS}/images/x") as download:
            with pytest.raises(Unreachable):
                await bench.lane.store.save(job(tmp_path / "out"), 0, download)
        return bench.wall()

    assert at_bench(tmp_path, act) < 1_800_000_000 + 120


def test_a_line_that_breaks_leaves_no_file(tmp_path: Path) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield WHOLE[:20]
        raise httpx.ReadError("cut")

    async def act(bench: Bench) -> None:
        bench.bakery.odd.append(("/images/", lambda at_s: httpx.Response(200, content=half())))
        async with bench.provider.download(f"{ADDRESS}/images/x") as download:
            with pytest.raises(Unreachable):
                await bench.lane.store.save(job(tmp_path / "out"), 0, download)

    at_bench(tmp_path, act)
    assert NAME not in there(tmp_path)


def test_the_sidecar_tells_all_but_keys_and_signed_addresses(tmp_path: Path) -> None:
    sources = (SourceRef("url", f"https://cdn.example/a.png?X-Signature={KEY}", "image"),
               SourceRef("file", "0" * 64, "image", "a.png"))
    file = bring(tmp_path)
    made = job(tmp_path / "out", spec=replace(SPEC, sources=sources), remote_ids=("g1",),
               sent_s=1_800_000_000.0)

    async def act(bench: Bench) -> None:
        await bench.lane.store.note(file, sidecar(made, file))

    at_bench(tmp_path, act)
    text = Path(f"{file.path}.json").read_text("utf-8")
    says = json.loads(text)
    assert KEY not in text and "X-Signature" not in text and str(tmp_path) not in text
    assert says["schema_version"] == 1 and says["file"] == NAME
    assert says["sha256"] == file.sha256 and says["prompt"] == "a red kite"
    assert says["sources"][0] == {"kind": "url", "value": "https://cdn.example/a.png"}
    assert says["submitted_at"] == "2027-01-15T08:00:00Z"
    assert there(tmp_path) == [NAME, NAME + ".json"]


def put_back(tmp_path: Path, file: File) -> None:
    fresh = tmp_path / "out" / "fresh.png"
    fresh.parent.mkdir(exist_ok=True)
    fresh.write_bytes(WHOLE)
    found = at_bench(tmp_path, lambda bench: bench.lane.store.put_back(
        replace(file, path=str(fresh)), file.path))
    assert found == file
    assert damage(tmp_path, file) is None


def damage(tmp_path: Path, file: File) -> str | None:
    return at_bench(tmp_path, lambda bench: bench.lane.store.damage(file))


def test_damage_is_seen_and_a_file_is_put_back_beside_what_was_there(tmp_path: Path) -> None:
    file = bring(tmp_path)
    for number in ("", "2"):
        Path(file.path).write_bytes(b"torn")
        assert damage(tmp_path, file) == "its bytes are others"
        put_back(tmp_path, file)
        assert (tmp_path / "out" / NAME.replace(".png", f"~damaged{number}.png")).exists()
    assert len(there(tmp_path)) == 3


def test_a_file_that_is_missing_is_put_back_also_where_its_folder_is_gone(tmp_path: Path) -> None:
    file = bring(tmp_path)
    Path(file.path).unlink()
    assert damage(tmp_path, file) == "missing"
    put_back(tmp_path, file)
    assert there(tmp_path) == [NAME]
    put_back(tmp_path, replace(file, path=str(tmp_path / "gone" / "a.png")))
    assert (tmp_path / "gone" / "a.png").read_bytes() == WHOLE


def test_a_dangling_link_in_the_place_of_a_file_is_set_aside(tmp_path: Path) -> None:
    file = bring(tmp_path)
    Path(file.path).unlink()
    Path(file.path).symlink_to(tmp_path / "nowhere")
    put_back(tmp_path, file)
    assert (tmp_path / "out" / NAME.replace(".png", "~damaged.png")).is_symlink()


@settings(deadline=None, max_examples=50,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(labels=st.dictionaries(st.text(max_size=4), st.text(max_size=200), max_size=5),
       model=st.text(max_size=60), ratio=st.text(max_size=9))
def test_whatever_a_job_is_made_of_its_name_stays_in_its_folder(
        tmp_path: Path, labels: dict[str, str], model: str, ratio: str) -> None:
    spec = replace(SPEC, model=model, aspect_ratio=ratio)
    name = stem(job(Path(), labels=labels, spec=spec))
    assert len(name.encode()) <= 120 and name.isascii()
    assert Path(name).name == name and not name.startswith((".", "-", "~"))
    assert name.casefold() == name
