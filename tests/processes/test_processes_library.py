"""The library of an account: list, add, rename, delete.

Goal: what the service says no to is told in words with a way out, nothing is deleted that nobody
agreed to, and no signed address is ever shown. Method: the program against the sandbox, and against
a service on loopback that says what a test wrote down.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from processes_clerk import KEY, SIGNATURE, Answer, Clerk, asset, shelf
from processes_kit import Ended, Place, Sandbox, wait_for
from processes_shapes import ERROR, MOMENT, check

ASSET = {"id": str, "name": str, "kind": str, "media_type": str, "bytes": int,
         "url_expires_at": MOMENT}
LIBRARY = {"schema_version": 1, "account": str, "count": int, "quota_bytes": int,
           "used_bytes": int, "assets": [ASSET]}


@pytest.fixture
def clerk(place: Place) -> Iterator[Clerk]:
    """A service that does as a test says, and a folder whose account `desk` is there."""
    with Clerk() as clerk:
        place.write("pipeline.toml", clerk.settings)
        yield clerk


def ask(place: Place, *words: str, **options: Any) -> Ended:
    """A command about the library of the account `desk`."""
    said = place.run("assets", *words, "--account", "desk", env={"DESK_KEY": KEY}, **options)
    for text in (said.out, said.err):
        assert SIGNATURE not in text
        assert KEY not in text
    return said


def paint(path: Path, size: int = 64) -> Path:
    """A small picture."""
    Image.new("RGB", (size, size), "teal").save(path)
    return path


def test_a_file_comes_is_renamed_used_and_goes(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    paint(place.folder / "logo.png")
    added = place.run("assets", "add", "acme-logo", "logo.png")
    assert added.code == 0
    assert "asset:acme-logo" in added.out
    said = place.run("assets", "--json")
    assert (said.code, said.err) == (0, "")
    check(said.document, LIBRARY)
    assert [file["name"] for file in said.document["assets"]] == ["acme-logo"]
    assert said.document["count"] == 1
    assert said.document["used_bytes"] == (place.folder / "logo.png").stat().st_size
    assert "http" not in said.out
    assert place.run("assets", "rename", "acme-logo", "brand").out == "acme-logo is now brand\n"
    manifest = place.small("library lamp", model="nano-banana-2")
    manifest.write_text(manifest.read_text() + '    sources: ["asset:brand"]\n')
    assert place.run("run", "small.yaml", "--yes").code == 0
    gone = place.run("assets", "delete", "brand", "--yes", "--json").document
    check(gone, {"schema_version": 1, "account": "sandbox", "deleted": ASSET})
    assert place.run("assets", "list", "--json").document["count"] == 0
    assert "the library is empty" in place.run("assets").out


def test_an_address_is_handed_on_and_not_fetched_here(place: Place, clerk: Clerk) -> None:
    clerk.answers["POST /v1/assets"] = 200, {"asset": asset("hero")}
    said = ask(place, "add", "hero", "https://cdn.example.com/hero.png?token=abc", "--json")
    assert said.code == 0
    check(said.document, {"schema_version": 1, "account": "desk", "asset": ASSET})
    assert clerk.asked == ["GET /v1/assets", "POST /v1/assets"]
    assert clerk.bodies[1] == {"name": "hero", "url": "https://cdn.example.com/hero.png?token=abc"}


def test_a_local_file_is_uploaded_first_and_its_address_added(place: Place, clerk: Clerk) -> None:
    paint(place.folder / "hero.png")
    address = f"https://media.example.com/u/1.png?s={SIGNATURE}"
    clerk.answers |= {"POST /v1/upload": (200, {"success": True, "urls": [address]}),
                      "POST /v1/assets": (200, {"asset": asset("hero")})}
    assert ask(place, "add", "hero", "hero.png").code == 0
    assert [line.partition("?")[0] for line in clerk.asked] == [
        "GET /v1/assets", "POST /v1/upload/media", "POST /v1/assets"]
    assert clerk.bodies[2] == {"name": "hero", "url": address}


@pytest.mark.parametrize("name", ["Hero", "a b", "ä", "", "x" * 65, "a/b", "hero\n"])
@pytest.mark.parametrize("words", [["add", "NAME", "https://example.com/a.png"],
                                   ["rename", "hero", "NAME"]])
def test_a_name_that_no_library_takes_is_refused_here(place: Place, clerk: Clerk, name: str,
                                                      words: list[str]) -> None:
    said = ask(place, *[name if word == "NAME" else word for word in words], "--json")
    assert (said.code, said.out) == (2, "")
    check(said.complaint, ERROR | {"code": "bad_name"})
    assert "lowercase letters, digits, _ and -" in said.complaint["message"]
    assert clerk.asked == []


@pytest.mark.parametrize(("source", "words"), [
    ("http://cdn.example.com/a.png", "must be https"), ("nowhere.png", "no file nowhere.png"),
    (".", "no file ."), ("ftp://cdn.example.com/a.png", "no file ftp:")])
def test_a_source_that_is_neither_address_nor_file(place: Place, clerk: Clerk, source: str,
                                                   words: str) -> None:
    said = ask(place, "add", "hero", source)
    assert said.code == 2
    assert words in said.err
    assert clerk.asked == []


def test_what_finds_no_room_is_not_uploaded(place: Place, clerk: Clerk) -> None:
    paint(place.folder / "hero.png", 400)
    clerk.answers["GET /v1/assets"] = shelf(asset("old-film", 900), asset("logo", 50), quota=1000,
                                            used=950)
    said = ask(place, "add", "hero", "hero.png", "--json")
    assert said.code == 4
    assert said.complaint["code"] == "quota_exceeded"
    for words in ("50 B are left", "pipeline assets delete", "old-film (900 B), logo (50 B)"):
        assert words in said.complaint["message"]
    assert clerk.asked == ["GET /v1/assets"]


@pytest.mark.parametrize("words", [["add", "logo", "https://example.com/a.png"],
                                   ["rename", "film", "logo"]])
def test_a_name_that_is_taken_is_known_before_anything_is_sent(place: Place, clerk: Clerk,
                                                               words: list[str]) -> None:
    clerk.answers["GET /v1/assets"] = shelf(asset("logo"), asset("film"))
    said = ask(place, *words, "--json")
    assert (said.code, said.complaint["code"]) == (4, "name_taken")
    assert "pipeline assets rename" in said.complaint["message"]
    assert clerk.asked == ["GET /v1/assets"]


@pytest.mark.parametrize(("answer", "code", "name", "words"), [
    ((409, {"error": "name_taken", "message": "there is one"}), 4, "name_taken", "another name"),
    ((413, {"error": "quota_exceeded", "message": "full"}), 4, "quota_exceeded", "assets delete"),
    ((413, {"error": "file_too_large", "message": "too big"}), 4, "too_large", "smaller file"),
    ((502, {"error": "fetch_failed", "message":
            f"no https://a.example/b?s={SIGNATURE} there"}), 4, "fetch_failed", "is the address "
     "public"),
    ((400, {"error": "invalid_request", "message": "no"}), 4, "invalid_request", "does not accept"),
    ((429, {"error": "rate_limit_exceeded", "message": "slow down"}), 4, "unreachable", "slow"),
    ((500, {"error": "oops", "message": "broken"}), 4, "unreachable", "does not answer"),
    ((401, {"error": "unauthorized", "message": "no such key"}), 5, "bad_key", "no such key"),
    ((403, {"error": "missing_scope", "message": "needs generate:media"}), 5, "missing_scope",
     "needs generate:media"),
    ((402, {"error": "insufficient_credits", "message": "top up"}), 7, "insufficient_credits",
     "top up"),
])
def test_every_refusal_is_told_with_its_cause_and_a_way_out(
        place: Place, clerk: Clerk, answer: Answer, code: int, name: str, words: str) -> None:
    clerk.answers["POST /v1/assets"] = answer
    said = ask(place, "add", "hero", "https://example.com/a.png", "--json")
    assert (said.code, said.out) == (code, "")
    check(said.complaint, ERROR | {"code": name})
    assert words in said.complaint["message"]


def test_a_name_that_is_not_there_is_met_with_the_nearest(place: Place, clerk: Clerk) -> None:
    clerk.answers["GET /v1/assets"] = shelf(asset("acme-logo"), asset("voice"))
    for words in (["rename", "acme-lgo", "new"], ["delete", "acme-lgo", "--yes"]):
        said = ask(place, *words)
        assert said.code == 2
        assert "did you mean acme-logo?" in said.err
    assert set(clerk.asked) == {"GET /v1/assets"}


def test_what_went_meanwhile_is_no_bug(place: Place, clerk: Clerk) -> None:
    clerk.answers["GET /v1/assets"] = shelf(asset("logo"))
    for words in (["rename", "logo", "new"], ["delete", "logo", "--yes"]):
        said = ask(place, *words, "--json")
        assert (said.code, said.complaint["code"]) == (2, "no_asset")


def test_nothing_is_deleted_where_nobody_can_be_asked(place: Place, clerk: Clerk) -> None:
    clerk.answers["GET /v1/assets"] = shelf(asset("logo"))
    for flags in ([], ["--no-input"]):
        said = ask(place, "delete", "logo", *flags, "--json")
        assert (said.code, said.complaint["code"]) == (9, "not_approved")
        assert "--yes" in said.complaint["message"]
    assert set(clerk.asked) == {"GET /v1/assets"}


@pytest.mark.parametrize(("typed", "code"), [(b"y\n", 0), (b"n\n", 9), (b"\n", 9)])
def test_a_person_is_asked_before_a_file_goes(place: Place, clerk: Clerk, typed: bytes,
                                              code: int) -> None:
    clerk.answers |= {"GET /v1/assets": shelf(asset("logo", 1234)),
                      "DELETE /v1/assets/id-logo": (200, {"success": True})}
    ours, theirs = os.openpty()
    process = place.start("assets", "delete", "logo", "--account", "desk",
                          env={"DESK_KEY": KEY}, stdin=theirs)
    os.close(theirs)
    wait_for(lambda: "for good?" in place.said(process)[1], "the question")
    assert "DELETE /v1/assets/id-logo" not in clerk.asked
    os.write(ours, typed)
    said = place.end(process)
    os.close(ours)
    assert said.code == code
    assert "Delete logo (1 kB) in the library of desk for good?" in said.err
    assert ("DELETE /v1/assets/id-logo" in clerk.asked) is (code == 0)


def test_without_a_key_or_a_service_nothing_is_pretended(place: Place, clerk: Clerk) -> None:
    said = place.run("assets", "--account", "desk", "--json")
    assert (said.code, said.complaint["code"]) == (5, "key_missing")
    assert clerk.asked == []
    place.write("pipeline.toml", clerk.settings.replace(clerk.url, "http://127.0.0.1:9"))
    assert ask(place).code == 4
    assert ask(place, "add", "hero", "https://example.com/a.png").code == 4


def test_list_need_not_be_said_and_a_wrong_word_is_no_name(place: Place, clerk: Clerk) -> None:
    clerk.answers["GET /v1/assets"] = shelf(asset("logo"))
    assert ask(place).out == ask(place, "list").out
    assert "logo  image  image/png  1 kB" in ask(place).out
    assert "2 kB of 50.0 MB" in ask(place).out
    wrong = ask(place, "lst")
    assert wrong.code == 2
    assert "lst" in wrong.err
    for words in (["--help"], ["-h"], ["add", "--help"]):
        assert place.run("assets", *words).out.startswith("Usage: pipeline assets ")
