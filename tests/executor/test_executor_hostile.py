"""Files on their way to a place that is not what it was, and in which order they become lasting.

Goal: no file of anybody is written over, whatever a folder is replaced by; no name is given to
bytes that a power cut could take back (SAFETY F71, F72, F73, F78). Method: real folders and links;
the system calls of one delivery, noted in their order, and every prefix of them played back.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from executor_bench import ADDRESS, Bench, at_bench, blob, png

from pipeline.core.errors import Vanished
from pipeline.core.job import File, Job
from pipeline.core.money import Money
from pipeline.core.pricing import Quote
from pipeline.core.provider import Output
from pipeline.core.spec import JobSpec, SourceRef
from pipeline.executor.sidecar import sidecar
from pipeline.media.examine import NotWhole

SPEC = JobSpec("sandbox", "image", "kite-1", "a red kite", "16:9")
WHOLE = png()


def job(folder: Path, **more: Any) -> Job:
    made = Job(SPEC.key(), "sandbox", SPEC, Quote(Money(0), Money(0), ""), folder=str(folder))
    return replace(made, **more)


def bring(tmp_path: Path, folder: Path, content: bytes = WHOLE, url: str = "/images/x") -> File:
    async def act(bench: Bench) -> File:
        bench.bakery.odd.append(("/images/", lambda at_s: blob(content)))
        async with bench.provider.download(f"{ADDRESS}{url}") as download:
            file = await bench.lane.store.save(job(folder), 0, download)
        await bench.lane.store.note(file, sidecar(job(folder), file))
        return file

    return at_bench(tmp_path, act)


def test_a_folder_that_became_a_link_is_written_over_nothing(tmp_path: Path) -> None:
    first = bring(tmp_path, tmp_path / "out")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    theirs = elsewhere / Path(first.path).name
    theirs.write_bytes(b"theirs")
    (tmp_path / "out").rename(tmp_path / "was")
    (tmp_path / "out").symlink_to(elsewhere)
    second = bring(tmp_path, tmp_path / "out")
    assert theirs.read_bytes() == b"theirs"
    assert Path(second.path).name != theirs.name
    assert Path(second.path).read_bytes() == WHOLE


def test_bytes_on_their_way_lie_beside_their_name(tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    """So that giving the name never crosses from one disk to another."""
    calls = _noted(monkeypatch)
    bring(tmp_path, tmp_path / "out")
    links = [paths for name, paths in calls if name in ("link", "rename", "replace")]
    assert links
    assert all(Path(source).parent == Path(target).parent for source, target in links)


@pytest.mark.parametrize("content", [b"<html>gone</html>", b'{"error": "gone"}', WHOLE[:40], b""])
def test_what_is_no_file_stays_aside_under_no_name_of_ours(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(NotWhole):
        bring(tmp_path, tmp_path / "out", content)
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".part"]


def _noted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """The calls that make bytes and names, in order: what was written, synced, named."""
    calls: list[tuple[str, Any]] = []

    def note(name: str, real: Callable[..., Any], what: Callable[..., Any]) -> None:
        def noting(*args: Any, **more: Any) -> Any:
            calls.append((name, what(*args)))
            return real(*args, **more)

        monkeypatch.setattr(os, name, noting)

    def path_of(descriptor: int) -> str:
        return str(Path(f"/dev/fd/{descriptor}").readlink())

    note("fsync", os.fsync, path_of)
    note("link", os.link, lambda source, target, *rest: (str(source), str(target)))
    note("rename", os.rename, lambda source, target, *rest: (str(source), str(target)))
    note("replace", os.replace, lambda source, target, *rest: (str(source), str(target)))
    return calls


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="descriptors are named in /proc")
def test_a_power_cut_after_any_call_leaves_no_name_for_bytes_that_are_not_there(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _noted(monkeypatch)
    file = bring(tmp_path, tmp_path / "out")
    own = [(name, what) for name, what in calls if "/out" in str(what)]
    synced: set[str] = set()
    named: dict[str, bool] = {}
    for name, what in own:
        if name == "fsync":
            synced.add(what)
            if Path(what) == tmp_path / "out":
                named = dict.fromkeys(named, True)
        else:
            assert what[0] in synced, f"{what[1]} was named before its bytes were synced"
            named[what[1]] = False
    assert named == {file.path: True, f"{file.path}.json": True}, own


def test_a_sidecar_has_no_part_of_an_address_behind_its_path(tmp_path: Path) -> None:
    file = bring(tmp_path, tmp_path / "out")
    for address in ("https://e.example/a.png?sig=abc123", "https://e.example/a.png#token=abc123",
                    "https://e.example/a.png?sig=abc123#x"):
        spec = replace(SPEC, sources=(SourceRef("url", address),))
        says = sidecar(job(tmp_path, spec=spec, outputs=(Output(address),)), file)
        assert "abc123" not in str(says)
        assert says["sources"] == [{"kind": "url", "value": "https://e.example/a.png"}]


@pytest.mark.parametrize("url", ["http://10.0.0.1/images/x", "https://127.0.0.2@e.example/x",
                                 "file:///etc/passwd", "data:text/html;base64,AA=="])
def test_a_link_that_leads_inside_brings_no_file(url: str, tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        async with bench.provider.download(url) as download:
            await bench.lane.store.save(job(tmp_path / "out"), 0, download)

    with pytest.raises(Vanished):
        at_bench(tmp_path, act)
    assert not (tmp_path / "out").exists()
