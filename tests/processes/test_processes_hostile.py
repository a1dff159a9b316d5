"""What a hostile or unlucky user does: strange files, places that cannot be written, odd words.

Every command here goes through `Place.run`, which refuses a traceback and a bug of ours.
"""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes_books import check_books, rows
from processes_kit import FULL, Place, Sandbox, sandbox, wait_for
from processes_shapes import ERROR, check

UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") \
    if os.geteuid() == 0 else ()
ESCAPE = "\x1b["


def asked(shared: Sandbox, words: str) -> int:
    """How many jobs were sold whose prompt has these words."""
    return sum(words in row["prompt"] for row in shared.books()["rows"])


@pytest.fixture
def humble() -> tuple[str, ...]:
    """Words before a command that take root's blindness for permissions away."""
    if UNPRIVILEGED and not shutil.which("setpriv"):
        pytest.skip("root cannot be humble here without setpriv")
    return UNPRIVILEGED


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of its own, where this process may mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
                          capture_output=True, check=False)
    if done.returncode:
        pytest.skip("only root may mount a small disk, and not everywhere")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until the disk is full."""
    filler = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(filler, b"x" * 512)
    except OSError as error:
        assert error.errno == errno.ENOSPC
    finally:
        os.close(filler)


MANIFESTS = {
    "empty.yaml": b"", "blank.yaml": b"\n\n  \n", "null.yaml": b"~\n", "list.yaml": b"- a\n",
    "binary.yaml": bytes(range(256)) * 20, "zeros.yaml": b"\0" * 500, "text.yaml": b"hello there",
    "two.yaml": b"version: 1\n---\nversion: 1\n", "html.yaml": b"<!DOCTYPE html><title>x</title>",
    "deep.yaml": b"[" * 5000, "big.yaml": b"a: " + b"9" * 6000 + b"\n",
    "bomb.yaml": b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
        b"%c: &%c [" % (98 + n, 98 + n) + b", ".join([b"*%c" % (97 + n)] * 9) + b"]\n"
        for n in range(9)),
    "tag.yaml": b"!!python/object/apply:os.system ['true']\n",
    "nan.yaml": b"version: 1\nname: a\nbudget: {credits: .nan}\ncampaigns: []\n",
    "huge-matrix.yaml": b"version: 1\nname: a\naccount: sandbox\ncampaigns:\n- name: a\n"
                        b"  prompt: x\n  models: [imagen-4]\n  variants: 1000000000\n",
}


@pytest.mark.parametrize("names", [list(MANIFESTS)[n::3] for n in range(3)])
def test_no_file_that_is_given_for_a_manifest_brings_it_down(place: Place, shared: Sandbox,
                                                            names: list[str]) -> None:
    place.settle_on(shared)
    for name in names:
        (place.folder / name).write_bytes(MANIFESTS[name])
        said = place.run("plan", name, longest_s=15)
        assert (said.code, said.out) == (2, ""), (name, said)
        said = place.run("run", "--yes", "--json", name, longest_s=15)
        assert (said.code, said.out) == (2, ""), (name, said)
        check(said.complaint, ERROR)
    assert not (place.folder / "state").exists()


def test_a_folder_a_device_and_an_unreadable_file_are_no_manifests(
        place: Place, humble: tuple[str, ...]) -> None:
    (place.folder / "folder.yaml").mkdir()
    place.small().chmod(0)
    os.mkfifo(place.folder / "pipe.yaml")
    for name in ("folder.yaml", ".", "/dev/null", "nowhere/at/all.yaml", "x" * 300):
        assert place.run("plan", name).code == 2, name
    said = place.run("plan", "small.yaml", before=humble)
    assert said.code == 2
    assert "readable" in said.err or "Permission" in said.err


def test_names_that_look_like_flags_or_come_from_everywhere(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    text = place.small("odd names").read_text()
    place.write("-x.yaml", text)
    place.write("kä se/ünïcödé Ω 🎈.yaml", text)
    assert place.run("plan", "-x.yaml").code == 2
    assert place.run("plan", "--", "-x.yaml").code == 0
    said = place.run("run", "kä se/ünïcödé Ω 🎈.yaml", "--yes", "--json", "--out", "áus gabe",
                     "--state", "st/ä")
    assert (said.code, said.document["outputs"]) == (0, "áus gabe/small")
    assert list((place.folder / "áus gabe").rglob("*.png"))
    report = place.run("report", "--state", "st/ä")
    assert (place.folder / report.out.strip()).is_file()
    assert asked(shared, "odd names") == 1
    odd = os.fsdecode(b"\xff\xfe.yaml")
    (place.folder / odd).write_text(text)
    assert place.run("plan", odd).code in (0, 2)
    assert place.run("run", "-q", "./-x.yaml", "--yes", "--out", odd, "--state", "two").code == 2


def test_another_locale_and_an_optimised_interpreter_change_nothing(place: Place,
                                                                   shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small("chaise · été")
    spoken = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONOPTIMIZE": "1",
              "PYTHONHASHSEED": "77", "TZ": "Pacific/Kiritimati"}
    for words in (("run", "small.yaml", "--yes"), ("jobs",)):
        said = place.run(*words, env=spoken, before=("/usr/bin/env",))
        assert said.code == 0, said
    lines = place.run("jobs", "--json", env=spoken, before=("/usr/bin/env",)).out
    assert "chaise · été" in lines
    assert asked(shared, "chaise · été") == 1


def test_no_color_and_a_dumb_terminal_get_plain_text(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small("plain")
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {}):
        for words in (("run", "small.yaml", "--yes"), ("status",), ("jobs",)):
            said = place.run(*words, env=env)
            assert said.code == 0
            assert ESCAPE not in said.out + said.err


def test_nothing_hostile_in_a_prompt_reaches_the_terminal_or_the_sheet_alive(
        place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    place.write("small.yaml", """\
version: 1
name: small
account: sandbox
campaigns:
  - name: shots
    models: [imagen-4]
    aspect_ratios: ["1:1"]
    prompt: "=cmd|' /C calc'!A0 <script>alert(1)</script> \\e[2J \\u202e ../../etc {{ x }}"
    vars: {x: ["@SUM(1)", "../../../x"]}
""")
    assert place.run("run", "small.yaml", "--yes").code == 0
    assert check_inside(place.folder / "outputs")
    assert ESCAPE not in place.run("jobs").out + place.run("show", key(place)).out
    page = (place.folder / place.run("report").out.strip()).read_text()
    assert "<script>alert" not in page
    table = place.run("report", "--format", "csv").out
    assert ESCAPE not in table
    assert '"=cmd' not in table
    assert "\n=cmd" not in table
    assert ",=cmd" not in table


def key(place: Place) -> str:
    """The key of the first job."""
    return str(rows(place, "select key from jobs")[0]["key"])


def check_inside(folder: Path) -> bool:
    """Whether there are files, all below the folder and named without tricks."""
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return bool(names) and all(".." not in name.parts and "\x1b" not in str(name)
                               for name in names)


def test_a_manifest_of_no_job_ends_well_and_buys_nothing(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    manifest = place.small("nobody wants it")
    manifest.write_text(manifest.read_text() + "    exclude: [{model: imagen-4}]\n")
    assert place.run("plan", "small.yaml", "--json").document["jobs"]["total"] == 0
    said = place.run("run", "small.yaml", "--json")
    assert (said.code, said.document["jobs"]["total"]) == (0, 0)
    assert place.run("status").code == place.run("jobs").code == place.run("resume").code == 0
    assert place.run("report").code == 0
    assert asked(shared, "nobody wants it") == 0


def test_places_that_cannot_be_written_are_told_before_anything_is_bought(
        place: Place, shared: Sandbox, humble: tuple[str, ...]) -> None:
    place.settle_on(shared)
    place.small("no place")
    (place.folder / "shut").mkdir(mode=0o500)
    for words in (("--state", "shut"), ("--state", "/dev/null"), ("--out", "shut"),
                  ("--out", "/dev/null"), ("--out", "shut/below"), ("--state", "shut/below")):
        if "below" in words[1] and not FULL:
            continue
        before = humble if "shut" in words[1] else ()
        said = place.run("run", "small.yaml", "--yes", *words, before=before)
        assert (said.code, said.out) == (2, ""), (words, said)
        assert words[1] in said.err
    place.write("blocked", "a file")
    assert place.run("run", "small.yaml", "--yes", "--out", "blocked").code == 2
    assert asked(shared, "no place") == 0
    assert place.run("plan", "small.yaml", "-o", "shut/plan.json", before=humble).code == 2
    assert place.run("run", "small.yaml", "--yes").code == 0


def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(place: Place, shared: Sandbox,
                                                             humble: tuple[str, ...]) -> None:
    place.settle_on(shared)
    place.small("no cache")
    (place.folder / "cache").mkdir(mode=0o500)
    assert place.run("run", "small.yaml", "--yes", before=humble).code == 0
    (place.folder / "cache").chmod(0o700)
    (place.folder / "cache").rmdir()
    place.write("cache", "a file")
    assert place.run("plan", "small.yaml").code == 0


def test_a_disk_without_room_for_the_files_is_told_before_anything_is_bought(
        place: Place, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "40m") as disk, sandbox(tmp_path / "books") as served:
        place.settle_on(served)
        place.small("lamp", "chair")
        said = place.run("run", "small.yaml", "--yes", "--json", "--out", str(disk))
        assert (said.code, said.document["jobs"]["pending"]) == (2, 2)
        assert "MiB left, and what is under way may need 48 MiB" in said.err
        assert served.books()["jobs"] == 0
        assert place.run("resume", "--out", "outputs").code == 0


def test_a_disk_that_fills_up_under_the_files_loses_none(place: Place, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "80m") as disk, \
            sandbox(tmp_path / "books", speed=20) as served:
        place.settle_on(served, speed=20)
        place.small("lamp", "chair")
        run = place.start("run", "small.yaml", "--yes", "--out", str(disk))
        wait_for(lambda: served.books()["jobs"] == 2, "both are sold")
        fill(disk / "filler")
        said = place.end(run)
        assert said.code == 2
        assert "No space left" in said.err
        assert "resume --out" in said.err
        again = place.run("resume", "--json", "--out", "outputs")
        assert (again.code, again.document["outputs"]) == (0, "outputs/small")
        assert check_books(place, served) == 2


def test_a_disk_that_fills_up_under_the_ledger_buys_nothing_more_and_brings_all_home(
        place: Place, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "32m") as disk, \
            sandbox(tmp_path / "books", speed=20) as served:
        place.settle_on(served, speed=20, more="[accounts.sandbox.limits]\nmedia_in_flight = 4\n")
        place.small(*[f"thing {number}" for number in range(12)])
        place.env["PIPELINE_STATE"] = str(disk / "state")
        run = place.start("run", "small.yaml", "--yes", "--json")
        wait_for(lambda: served.books()["jobs"] >= 3, "three are sold")
        fill(disk / "filler")
        said = place.end(run)
        jobs = said.document["jobs"]
        assert said.code == 2, said
        assert (jobs["done"], jobs["done"] + jobs["pending"]) == (served.books()["jobs"], 12)
        assert jobs["pending"], said
        assert "nothing more is bought until that is mended" in said.err
        (disk / "filler").unlink()
        again = place.run("run", "small.yaml", "--yes", "--json")
        assert (again.code, again.document["jobs"]["done"]) == (0, 12), again
        (place.folder / "state").symlink_to(disk / "state")
        assert check_books(place, served) == 12
        assert place.run("run", "small.yaml", "--state", "state").code == 2


def test_a_state_folder_that_is_no_place_for_it_is_refused(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small("nowhere to remember")
    (place.folder / "real").mkdir()
    (place.folder / "link").symlink_to(place.folder / "real")
    (place.folder / "open").mkdir()
    (place.folder / "open").chmod(0o777)
    for name, why in (("link", "is a link"), ("open", "can be written by everybody")):
        said = place.run("run", "small.yaml", "--yes", "--json", "--state", name)
        assert (said.code, said.complaint["code"]) == (2, "state_place")
        assert why in said.complaint["message"]
    assert not list((place.folder / "real").iterdir())
    assert asked(shared, "nowhere to remember") == 0


def test_files_that_lie_there_already_are_never_written_over(place: Place,
                                                             shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small("precious")
    assert place.run("run", "small.yaml", "--yes").code == 0
    file = next((place.folder / "outputs").rglob("*.png"))
    whole = file.read_bytes()
    shutil.rmtree(place.folder / "state")
    file.write_bytes(b"precious")
    assert place.run("run", "small.yaml", "--yes").code == 0
    assert file.read_bytes() == b"precious"
    other = file.with_name(f"{file.stem}~2.png")
    assert other.stat().st_size > len(whole) // 2
    shutil.rmtree(place.folder / "state")
    target = place.write("elsewhere.txt", "mine")
    file.unlink()
    file.symlink_to(target)
    assert place.run("run", "small.yaml", "--yes").code == 0
    assert target.read_text() == "mine"


def test_settings_that_make_no_sense_are_told_with_their_place(place: Place,
                                                               shared: Sandbox) -> None:
    place.small()
    for text in ("accounts = 3", "[accounts.sandbox]\nspeed = 'fast'", "= broken", "\x00",
                 "[accounts.sandbox]\napi_key = 'abc'", "[accounts.x]\nprovider = 'nobody'",
                 "[accounts.sandbox]\nbase_url = 'http://example.com'",
                 "[accounts.sandbox]\nbase_url = 'https://user:pass@example.com'"):
        place.write("pipeline.toml", text)
        said = place.run("plan", "small.yaml")
        assert (said.code, said.out) == (2, ""), text
        assert "pipeline.toml" in said.err
        assert "abc" not in said.err
    place.settle_on(shared)
    for name, value in (("PIPELINE_MAX_JOBS", "many"), ("PIPELINE_SANDBOX_SPEED", "-1"),
                        ("PIPELINE_ACCOUNT", "nobody")):
        said = place.run("plan", "small.yaml", env={name: value})
        assert said.code == 2, name
