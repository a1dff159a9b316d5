"""Services side by side on the contact sheet: each column names its account, each frame says its
price and how long it took.

Goal: one campaign on several services can be compared by eye (issue 6). Method: sheets of small
runs, on one account and on two, read as text.
"""

from dataclasses import replace
from pathlib import Path

from outputs_samples import (
    NOW_S,
    Listed,
    make_entry,
    make_job,
    make_run,
    make_totals,
    paint,
    with_file,
)

from pipeline.core.job import Job, State
from pipeline.outputs.sheet import write_sheet


def sheet_of(folder: Path, *jobs: Job) -> str:
    entries = [make_entry(number, job) for number, job in enumerate(jobs)]
    page = write_sheet(folder / "report", run=make_run(), rows=Listed(entries),
                       totals=make_totals(entries), outputs=folder, now_s=NOW_S)
    return page.read_text(encoding="utf-8")


def done(folder: Path, model: str, account: str, price: str, took_s: float) -> Job:
    job = replace(make_job(model=model, price=price, state=State.DONE), account=account,
                  sent_s=NOW_S - 300 - took_s)
    return with_file(job, folder, account, paint)


def test_two_accounts_are_told_apart_with_price_and_seconds(tmp_path: Path) -> None:
    text = sheet_of(tmp_path, done(tmp_path, "nano-banana", "kubeez", "7", 42),
                    done(tmp_path, "nano-banana", "mediaengine", "2", 9.5))
    assert "<span>kubeez</span>" in text
    assert "<span>mediaengine</span>" in text
    assert "7 · 42 s" in text
    assert "2 · 9.5 s" in text


def test_on_one_account_a_frame_says_its_price_alone(tmp_path: Path) -> None:
    text = sheet_of(tmp_path, done(tmp_path, "nano-banana", "kubeez", "7", 42),
                    done(tmp_path, "imagen-4", "kubeez", "13", 9.5))
    assert "<span>kubeez</span>" not in text
    assert "42 s" not in text


def test_what_is_not_there_yet_took_no_time(tmp_path: Path) -> None:
    waiting = replace(make_job(model="b", state=State.RUNNING), account="mediaengine")
    text = sheet_of(tmp_path, done(tmp_path, "a", "kubeez", "7", 42), waiting)
    assert text.count(" · 42 s") == 2  # the frame, and its large view
    assert text.count("100 s") == text.count("1 min 40 s") == 0
