"""The pipeline's ledger held against the service's own books, job for job."""

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from processes_kit import Place, Sandbox

from pipeline.core.money import Money
from pipeline.sandbox.books import Books


def books_of(folder: Path) -> list[tuple[str, str, str]]:
    """Every job the service sold: id, model, credits."""
    books = Books.open(folder)
    try:
        return [(line.job, line.model, str(line.credits)) for line in books.charges()]
    finally:
        books.close()


def rows(place: Place, query: str, *values: Any) -> list[sqlite3.Row]:
    """What the ledger says to a query."""
    ledger = sqlite3.connect(f"{(place.folder / 'state/pipeline.db').as_uri()}?mode=ro", uri=True)
    ledger.row_factory = sqlite3.Row
    try:
        return ledger.execute(query, values).fetchall()
    finally:
        ledger.close()


def check_books(place: Place, served: Sandbox | None = None, *, failed: int = 0) -> int:
    """Charges equal job for job, every file is there; how many jobs were sold."""
    sold = books_of(served.folder if served else place.folder / "state/sandbox")
    paid = {}
    for row in rows(place, "select jobs.model, settled, attempts.state as state, "
                           "(select group_concat(remote_id) from remotes where "
                           " remotes.tag = attempts.tag) as ids "
                           "from attempts join jobs on jobs.key = attempts.job"):
        assert row["state"] in ("paid", "free"), dict(row)
        if row["state"] == "paid":
            paid[row["ids"]] = (row["model"], str(Money(row["settled"])))
    assert paid == {name: (model, credit) for name, model, credit in sold}
    check_sums(place, sum((Money.parse(credit) for _, _, credit in sold), Money(0)))
    check_files(place, failed)
    return len(sold)


def check_sums(place: Place, charged: Money) -> None:
    """Nothing is held, and every run's charges add up to what the service took."""
    runs = rows(place, "select * from totals where scope like 'run:%'")
    assert [row["held"] for row in runs] == [0] * len(runs)
    assert Money(sum(row["charged"] - row["refunded"] for row in runs)) == charged
    assert Money(sum(row["charged"] for row in rows(place, "select charged from jobs"))) == charged


def check_files(place: Place, failed: int = 0) -> None:
    """Every job is done (or one of the failed ones), with its files and their hashes."""
    jobs = rows(place, "select * from jobs")
    assert len([job for job in jobs if job["state"] != "done"]) == failed
    delivered = set()
    for job in jobs:
        for file in json.loads(job["files"]):
            path = place.folder / file["path"]
            assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]
            note = json.loads(Path(f"{path}.json").read_text())
            assert (note["sha256"], note["job"]) == (file["sha256"], job["key"])
            delivered |= {path, Path(f"{path}.json")}
    there = {path for path in (place.folder / "outputs").rglob("*")
             if path.is_file() and "report" not in path.parts}
    assert there == delivered
