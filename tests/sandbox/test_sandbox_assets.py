"""The asset library and signed links: what is kept, for how long a link lives, what is refused.

Goal: the asset routes do what llms.txt says. Method: files of the world itself, files of another
server on this machine, links that are forged, altered or too old.
"""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sandbox_world import NOON, World

LOGO = b"\x89PNG\r\n\x1a\n the logo"


def keep(world: World, name: str = "logo", content: bytes = LOGO) -> dict[str, Any]:
    url = world.upload(("logo.png", content, "image/png")).json()["urls"][0]
    answer = world.ask("POST", "/v1/assets", json={"name": name, "url": url})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["asset"]
    return found


def ingest(world: World, url: str, name: str = "logo") -> tuple[int, str]:
    answer = world.ask("POST", "/v1/assets", json={"name": name, "url": url})
    return answer.status_code, answer.json().get("error", "")


def test_a_file_is_kept_under_its_name_with_a_link_of_an_hour(tmp_path: Path) -> None:
    world = World(folder=tmp_path)
    asset = keep(world)
    assert set(asset) == {"id", "name", "kind", "mime_type", "size_bytes", "url", "url_expires_at"}
    assert (asset["name"], asset["kind"], asset["mime_type"], asset["size_bytes"]) == (
        "logo", "image", "image/png", len(LOGO))
    assert datetime.fromisoformat(asset["url_expires_at"]).timestamp() == NOON + 3600
    assert world.file(asset["url"]) == LOGO
    listed = world.get("/v1/assets").json()
    assert (listed["count"], listed["quota_bytes"], listed["used_bytes"]) == (
        1, 50_000_000, len(LOGO))
    assert listed["assets"] == [asset]


def test_a_link_dies_and_the_list_signs_a_new_one() -> None:
    world = World(speed=60)
    asset = keep(world)
    world.wait(3599)
    assert world.file(asset["url"]) == LOGO
    world.wait(1)
    dead = world.get(asset["url"])
    assert (dead.status_code, dead.json()["error"]) == (403, "forbidden")
    fresh = world.get("/v1/assets").json()["assets"][0]
    assert fresh["url"] != asset["url"]
    assert world.file(fresh["url"]) == LOGO


def test_a_forged_link_leads_nowhere() -> None:
    world = World()
    asset = keep(world)
    path, _, query = asset["url"].partition("?")
    expires, signature = query.split("&")
    for forged in ("", expires, f"{expires}0&{signature}", f"{expires}&signature=abc",
                   f"expires=soon&{signature}", f"{expires}&signature=\u00e9"):
        assert world.get(f"{path}?{forged}").status_code == 403
    other = keep(world, "other")["url"].partition("?")[0]
    assert world.get(f"{other}?{query}").status_code == 403
    assert world.get("/library/none.png").status_code == 404


def test_an_asset_is_renamed_and_removed_for_good(tmp_path: Path) -> None:
    world = World(folder=tmp_path)
    asset = keep(world)
    answer = world.ask("PATCH", f"/v1/assets/{asset['id']}", json={"name": "logo-2"})
    assert answer.json()["asset"] == {**asset, "name": "logo-2"}
    keep(world, "logo")
    again = world.ask("PATCH", f"/v1/assets/{asset['id']}", json={"name": "logo"})
    assert (again.status_code, again.json()["error"]) == (409, "name_taken")
    same = world.ask("PATCH", f"/v1/assets/{asset['id']}", json={"name": "logo-2"})
    assert same.status_code == 200
    files = len(list((tmp_path / "uploads").iterdir()))
    assert world.ask("DELETE", f"/v1/assets/{asset['id']}").json() == {"success": True}
    assert world.get(asset["url"]).status_code == 404
    assert len(list((tmp_path / "uploads").iterdir())) == files - 1
    for method in ("PATCH", "DELETE"):
        gone = world.ask(method, f"/v1/assets/{asset['id']}", json={"name": "x"})
        assert (gone.status_code, gone.json()["error"]) == (404, "not_found")
    assert world.get("/v1/assets").json()["count"] == 1


@pytest.mark.parametrize(("name", "code"), [
    ("a" * 64, ""), ("acme-logo_2", ""), ("a" * 65, "invalid_request"), ("Logo", "invalid_request"),
    ("my logo", "invalid_request"), ("logo\n", "invalid_request"), ("", "missing_name"),
    (None, "missing_name"), (7, "invalid_request"),
])
def test_names_keep_to_their_rule(name: Any, code: str) -> None:
    world = World()
    url = world.upload(("a.png", b"x", "image/png")).json()["urls"][0]
    answer = world.ask("POST", "/v1/assets", json={"name": name, "url": url})
    assert answer.json().get("error", "") == code


def test_the_library_and_its_files_have_their_limits() -> None:
    world = World({"limits": {"library_bytes": 2 * len(LOGO), "upload_bytes": 400}})
    keep(world)
    keep(world, "second")
    url = world.upload(("a.png", b"x", "image/png")).json()["urls"][0]
    assert ingest(world, url, "third") == (413, "quota_exceeded")
    assert ingest(world, url, "second") == (409, "name_taken")
    assert world.get("/v1/assets").json()["used_bytes"] == 2 * len(LOGO)


def test_our_own_outputs_and_library_can_be_kept_and_used() -> None:
    world = World()
    made = world.finished()["outputs"][0]["url"]
    assert ingest(world, made) == (200, "")
    asset = world.get("/v1/assets").json()["assets"][0]
    assert world.file(asset["url"]) == world.file(made)
    assert ingest(world, asset["url"], "copy") == (200, "")
    clip = world.finished(model="kling-3-0-std", source_media_urls=[asset["url"]])
    assert repr(world.file(made)).encode() in world.file(clip["outputs"][0]["url"])


def test_a_dead_link_is_no_source() -> None:
    world = World()
    asset = keep(world)
    upload = world.upload(("a.png", b"x", "image/png")).json()["urls"][0]
    world.wait(3600)
    for url in (asset["url"], upload):
        answer = world.start(source_media_urls=[url])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert "expired" in answer.json()["message"]
        assert ingest(world, url, "again") == (502, "fetch_failed")
    assert world.books.charges() == []


@pytest.mark.parametrize("url", [
    "https://example.com/a.png", "http://example.com/a.png", "http://127.0.0.1:1/a.png",
    "http://127.0.0.1:99999/a.png", "http://sandbox/images/none.png", "/uploads/none.png",
    "http://user@10.0.0.1/a", "https://127.0.0.1/a", "http://127.0.0.1:1/\u00e9"])
def test_what_cannot_be_fetched_is_said_so(url: str) -> None:
    assert ingest(World(), url) == (502, "fetch_failed")


@pytest.mark.parametrize("url", ["ftp://example.com/a", "a.png", "http://[", 7, {}])
def test_what_is_no_address_is_refused(url: Any) -> None:
    assert ingest(World(), url)[1] == "invalid_request"
    assert ingest(World(), "")[1] == "missing_url"


class Neighbour(http.server.BaseHTTPRequestHandler):
    """A server beside the sandbox."""

    def do_GET(self) -> None:
        """A logo, something else, or less than it promises."""
        self.send_response(404 if "none" in self.path else 200)
        self.send_header("content-type", "image/png")
        self.send_header("content-length", str(len(LOGO) + ("cut" in self.path)))
        self.end_headers()
        self.wfile.write(LOGO)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def neighbour() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Neighbour) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_file_is_brought_from_a_neighbour_on_this_machine(backend: str) -> None:
    with neighbour() as address:
        world = World(backend=backend)
        assert ingest(world, f"{address}/logo.png?v=2") == (200, "")
        asset = world.get("/v1/assets").json()["assets"][0]
        assert (asset["mime_type"], world.file(asset["url"])) == ("image/png", LOGO)
        for path in ("none", "cut"):
            assert ingest(world, f"{address}/{path}", "other") == (502, "fetch_failed")
        small = World({"limits": {"upload_bytes": 5}}, backend=backend)
        assert ingest(small, f"{address}/logo.png") == (413, "file_too_large")


def test_uploads_are_signed_unless_told_otherwise() -> None:
    world, plain = World(), World({"signed_uploads": False})
    for each, lives in ((world, False), (plain, True)):
        url = each.upload(("a.png", LOGO, "image/png")).json()["urls"][0]
        assert ("signature=" in url) is not lives
        assert each.file(url) == LOGO
        each.wait(3600)
        assert each.get(url).status_code == (200 if lives else 403)
    assert World({"link_lives_s": 5}).upload(("a.png", b"x", "image/png")).json()[
        "urls"][0].partition("expires=")[2].startswith(str(int(NOON) + 5))


def test_the_library_outlives_a_restart(tmp_path: Path) -> None:
    world = World(folder=tmp_path)
    url = keep(world)["url"]
    world.books.close()
    again = World(folder=tmp_path, seed=9, clock=world.clock)
    assert again.file(url) == LOGO
    assert again.get("/v1/assets").json()["count"] == 1
