"""Uploads and downloads: what goes in comes back byte by byte."""

from pathlib import Path

import pytest
from sandbox_world import CLIP, World

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


def test_an_upload_comes_back(tmp_path: Path) -> None:
    world = World(folder=tmp_path)
    answer = world.upload(("photo.PNG", PNG, "image/png"))
    body = answer.json()
    assert (answer.status_code, body["success"], body["uploaded"]) == (200, True, 1)
    assert body["urls"][0].startswith("http://sandbox/uploads/")
    back = world.get(body["urls"][0], headers={"X-API-Key": ""})
    assert (back.content, back.headers["content-type"]) == (PNG, "image/png")
    assert [path.read_bytes() for path in (tmp_path / "uploads").iterdir()] == [PNG]


def test_several_files_keep_their_order_and_generic_types_are_guessed() -> None:
    world = World()
    files = [("a.jpg", b"one", "application/octet-stream"), ("b.mp4", b"", "video/mp4"),
             ("no suffix", b"\r\n--three\r\n" * 30_000, "application/octet-stream")]
    urls = world.upload(*files).json()["urls"]
    backs = [world.get(url) for url in urls]
    assert [back.content for back in backs] == [content for _, content, _ in files]
    assert [back.headers["content-type"] for back in backs] == [
        "image/jpeg", "video/mp4", "application/octet-stream"]


def test_an_odd_type_is_replaced_by_a_guess() -> None:
    world = World()
    url = world.upload(("a.png", b"x", "caf\u00e9/\u65e5")).json()["urls"][0]
    assert world.get(url).headers["content-type"] == "image/png"


@pytest.mark.parametrize(("content", "content_type", "code"), [
    (b"hello", "text/plain", "invalid_request"),
    (b"hello", "multipart/form-data", "invalid_request"),
    (b"", "multipart/form-data; boundary=x", "invalid_request"),
    (b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\nhel",
     "multipart/form-data; boundary=x", "invalid_request"),
    (b"--x\r\nContent-Disposition: form-data; name=other\r\n\r\nhel\r\n--x--\r\n",
     "multipart/form-data; boundary=x", "missing_file"),
])
def test_a_broken_form_keeps_nothing(content: bytes, content_type: str, code: str) -> None:
    world = World()
    answer = world.ask("POST", "/v1/upload/media", content=content,
                       headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert world.books.query("SELECT count(*) FROM uploads")[0][0] == 0


def test_a_file_over_the_cap_is_refused() -> None:
    world = World({"limits": {"upload_bytes": 1000}})
    answer = world.upload(("a.png", b"x" * 1001, "image/png"))
    assert (answer.status_code, answer.json()["error"]) == (413, "file_too_large")


def test_an_output_comes_whole_in_ranges_and_by_head() -> None:
    world = World()
    url = world.finished()["outputs"][0]["url"]
    whole = world.get(url)
    assert whole.content.startswith(b"image Brief(prompt='a red kite'")
    assert whole.headers["content-length"] == str(len(whole.content))
    head = world.ask("HEAD", url)
    assert (head.content, head.headers["content-length"]) == (b"", whole.headers["content-length"])
    assert head.headers["etag"] == whole.headers["etag"]
    for asked, expected in (("bytes=0-9", whole.content[:10]), ("bytes=10-", whole.content[10:]),
                            ("bytes=-5", whole.content[-5:])):
        part = world.get(url, headers={"Range": asked, "If-Range": whole.headers["etag"]})
        assert (part.status_code, part.content) == (206, expected)
    stale = world.get(url, headers={"Range": "bytes=0-9", "If-Range": '"old"'})
    assert (stale.status_code, stale.content) == (200, whole.content)
    assert world.get(url, headers={"Range": "bytes=99999-"}).status_code == 416
    assert world.get(url, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304


def test_the_size_is_told_once_the_file_is_made() -> None:
    world = World()
    row = world.finished()
    assert row["outputs"][0]["file_size"] is None
    made = world.get(row["outputs"][0]["url"])
    assert world.status(row["id"])["outputs"][0]["file_size"] == len(made.content)


def test_nothing_can_be_fetched_before_its_time() -> None:
    world = World()
    job_id = world.buy()
    job = world.books.job(job_id)
    assert job is not None
    path = f"/images/{job.output_ids()[0]}.png"
    assert world.get(path).status_code == 404
    world.wait(600)
    assert world.get(path).status_code == 200


def test_a_clip_begins_with_the_picture_it_was_given() -> None:
    world = World()
    made = world.finished()["outputs"][0]["url"]
    uploaded = world.upload(("photo.png", PNG, "image/png")).json()["urls"][0]
    clip = world.finished(model=CLIP, source_media_urls=[uploaded, made])
    content = world.get(clip["outputs"][0]["url"]).content
    assert repr(PNG).encode() in content
    assert repr(world.get(made).content).encode() in content
    thumbnail = world.get(clip["outputs"][0]["thumbnail_url"])
    assert thumbnail.headers["content-type"] == "image/png"


def test_the_same_job_gives_the_same_bytes_after_a_restart(tmp_path: Path) -> None:
    world = World(folder=tmp_path)
    url = world.finished()["outputs"][0]["url"]
    content = world.get(url).content
    world.books.close()
    again = World(folder=tmp_path, clock=world.clock)
    assert again.get(url).content == content
