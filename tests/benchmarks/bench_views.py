"""The views of a large run: what looking at it costs, in time and in memory.

Every command reads a finished run whose jobs each have a file: `status`, `jobs`, the ledger as
JSONL and CSV, and the contact sheet, which is written twice: the first time it brings in the files
(and draws no small picture here), the second time everything is there. Held against the next size,
the time tells whether it grows in line with the rows, and the peak, whether memory stays.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench_planning import fill
from pairing import Contender, race

SIZES = (10_000, 100_000)
LINKS = 50_000
"""So many names may one file have (ext4 allows 65,000), the sheet's own among them."""
ASKED = (("status", "--json"), ("runs", "--json"), ("jobs",), ("jobs", "--in", "failed"),
         ("report", "--format", "jsonl", "-o", "ledger.jsonl"),
         ("report", "--format", "csv", "-o", "ledger.csv"), ("spend", "--by", "model"))
SHEETS = ("report, anew", "report, again")


def main(sizes: Sequence[int], rounds: int) -> None:
    """Race every view at each size against `status`."""
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="bench-views-") as name:
            folder = Path(name)
            subprocess.run([sys.executable, __file__, "fill", str(size), str(folder)], check=True)
            looks = [Contender(" ".join(words), lambda size, words=words: _program(*words),  # type: ignore[misc]
                               folder) for words in ASKED]
            sheets = [Contender(name, lambda size, name=name: (  # type: ignore[misc]
                sys.executable, __file__, name, str(size)), folder) for name in SHEETS]
            race("views", looks, [size], rounds)
            race("sheet", sheets, [size], 1)


def _program(*words: str) -> Sequence[str]:
    return (sys.executable, "-m", "pipeline", *words)


def make(size: int, folder: Path) -> None:
    """A state whose jobs are all done, each with a picture of its own: a link to the same few."""
    fill(folder, size)
    database = sqlite3.connect(folder / "state" / "pipeline.db")
    pictures = folder / "outputs" / "big" / "c"
    pictures.mkdir(parents=True)
    kept = _pictures(folder, 20 + 2 * size // LINKS)
    database.execute("update runs set outputs = 'outputs/big'")
    rows = []
    for number, (key,) in enumerate(database.execute("select key from jobs").fetchall()):
        source = kept[number % len(kept)]
        os.link(source, pictures / f"{key}.png")
        rows.append((json.dumps([{
            "path": f"outputs/big/c/{key}.png", "sha256": key * 2, "bytes": source.stat().st_size,
            "media_type": "image/png", "width": 512, "height": 512}]), key))
    database.executemany("update jobs set files = ?, charged = 10000000 where key = ?", rows)
    database.commit()
    database.close()


def _pictures(folder: Path, most: int) -> list[Path]:
    """So many small pictures, each a little different."""
    from PIL import Image

    found = []
    for number in range(most):
        corners = Image.new("RGB", (2, 2))
        corners.putdata([(number * 12 % 256, 90, 200), (250, number * 9 % 256, 60),
                         (20, 160, number * 11 % 256), (number * 5 % 256, number * 7 % 256, 120)])
        path = folder / f"picture-{number}.png"
        corners.resize((512, 512), Image.Resampling.BICUBIC).save(path)
        found.append(path)
    return found


def sheet(way: str) -> None:
    """The contact sheet, without small pictures: how long these take is the pictures' affair."""
    if way == SHEETS[0]:
        shutil.rmtree("outputs/big/report", ignore_errors=True)
    os.execv(sys.executable, _program("report", "--thumbs", "0", "-q"))


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        make(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        sheet(sys.argv[1])
