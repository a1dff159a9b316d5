"""The books: what survives, what is written when, and that two processes may share them."""

import hashlib
import sqlite3
from pathlib import Path

import pytest
from sandbox_world import World

from pipeline.core.money import Money
from pipeline.sandbox.books import Books


def test_jobs_and_bills_survive_a_death(tmp_path: Path) -> None:
    world = World(folder=tmp_path)
    job_id = world.buy()
    before = world.books.job(job_id)
    charges = world.books.charges()
    world.books.close()
    world.clock.now += 3600
    again = World(folder=tmp_path, granted="5", seed=9, clock=world.clock)
    assert again.books.job(job_id) == before
    assert again.books.charges() == charges
    assert again.status(job_id)["status"] == "completed"
    assert str(again.service.balance()) == "9986"


def test_reading_changes_no_byte(tmp_path: Path) -> None:
    world = World(folder=tmp_path)
    job_id = world.buy()
    world.upload(("a.png", b"x", "image/png"))
    world.books.close()

    def state() -> dict[str, tuple[int, str]]:
        return {str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
                for path in sorted(tmp_path.rglob("*")) if path.is_file()}

    before = state()
    again = World(folder=tmp_path, clock=world.clock)
    again.wait(600)
    for path in ("/v1/balance", "/v1/generations", "/v1/models", "/sandbox/books",
                 f"/v1/generate/media/{job_id}"):
        assert again.get(path).status_code == 200
    assert again.get(again.status(job_id)["outputs"][0]["url"]).status_code == 200
    assert state() == before
    again.books.close()
    assert state() == before


OLD_TABLES = ("rings", "assets", "served")
OLD_COLUMNS = ("late_ends", "null_links", "charged_late")


def test_books_of_an_earlier_version_are_brought_up_to_date(tmp_path: Path) -> None:
    world = World(folder=tmp_path)
    job_id = world.buy()
    world.wait(600)
    row = world.status(job_id)
    world.books.close()
    with sqlite3.connect(tmp_path / "books.db") as old:
        old.execute("DROP INDEX jobs_late")
        for column in OLD_COLUMNS:
            old.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
        for table in OLD_TABLES:
            old.execute(f"DROP TABLE {table}")
    old.close()
    again = World(folder=tmp_path, clock=world.clock)
    assert again.status(job_id) == row
    assert str(again.service.balance()) == "9986"
    assert again.get("/v1/assets").json()["count"] == 0
    again.buy()
    again.books.close()
    assert len(World(folder=tmp_path, clock=world.clock).books.charges()) == 2


def test_only_the_first_read_of_a_sound_is_written_down(tmp_path: Path) -> None:
    world = World(folder=tmp_path)
    job_id = world.begin("music", prompt="rain")
    world.wait(600)
    url = world.status(job_id, "music")["songs"][0]["audio_url"]
    db = tmp_path / "books.db"
    before = db.read_bytes()
    content = world.file(url)
    known = db.read_bytes()
    assert known != before
    world.books.close()
    again = World(folder=tmp_path, clock=world.clock)
    assert again.file(url) == content
    assert db.read_bytes() == known
    digest = hashlib.sha256(content).hexdigest()
    assert again.books.output_of(digest) in url
    assert again.books.output_of("x") == ""


def test_a_start_is_one_commit_and_a_refusal_none(tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    connect = sqlite3.connect

    def traced(*args: object, **more: object) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*args, **more)  # type: ignore[call-overload]
        db.set_trace_callback(statements.append)
        return db

    monkeypatch.setattr(sqlite3, "connect", traced)
    world = World(folder=tmp_path)

    def commits() -> int:
        count = sum(text.startswith("COMMIT") for text in statements)
        statements.clear()
        return count

    assert commits() == 1
    job_id = world.buy()
    assert commits() == 1
    world.status(job_id)
    world.start(prompt="")
    world.get("/v1/balance")
    assert commits() == 0
    world.upload(("a.png", b"x", "image/png"), ("b.png", b"y", "image/png"))
    assert commits() == 1


def test_two_processes_share_one_file(tmp_path: Path) -> None:
    one = World(folder=tmp_path)
    two = World(folder=tmp_path, clock=one.clock)
    ids = [world.buy() for world in (one, two, one, two)]
    assert len(set(ids)) == 4
    assert two.status(ids[0])["id"] == ids[0]
    assert str(one.service.balance()) == str(two.service.balance()) == "9944"
    assert [charge.job for charge in one.books.charges()] == ids
    for world in (one, two):
        for _ in range(3):
            world.buy()
    assert one.start().status_code == two.start().status_code == 429


def test_a_start_that_breaks_half_way_leaves_nothing(tmp_path: Path) -> None:
    books = Books.open(tmp_path)
    with pytest.raises(ZeroDivisionError), books.writing():
        books.bump("x", 5)
        assert 1 // 0
    assert books.query("SELECT count(*) FROM counters")[0][0] == 0
    assert books.balance_micros(0.0) == Money.parse("10000").micros


def test_a_counter_stops_at_its_ceiling() -> None:
    books = Books.open()
    assert [books.bump("x", 2) for _ in range(4)] == [1, 2, 3, 3]
    assert books.query("SELECT n FROM counters")[0][0] == 2


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "books.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        Books.open(tmp_path)
