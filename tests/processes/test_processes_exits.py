"""The exit codes of CONTRACT section 7, each brought about for real."""

import json
import sqlite3
from pathlib import Path

import pytest
from processes_books import check_books, rows
from processes_front import Front
from processes_kit import FULL, Place, Sandbox, sandbox, wait_for
from processes_shapes import ERROR, STATUS, check


def test_1_never_and_2_for_what_the_author_wrote_or_typed(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small()
    for words in (("bogus",), ("plan",), ("plan", "nowhere.yaml"), ("run", "small.yaml", "--what"),
                  ("run", "small.yaml", "--max-credits", "many"), ("status",), ("resume",),
                  ("run", "small.yaml", "--max-duration", "soon"), ("jobs", "--in", "limbo"),
                  ("run", "small.yaml", "--max-failures", "some"), ("fetch",), ("cancel",),
                  ("run", "small.yaml", "--account", "nobody")):
        said = place.run(*words)
        assert (said.code, said.out) == (2, ""), words
        assert said.err.startswith("error: "), words
    assert not (place.folder / "state").exists()


def test_3_where_jobs_failed_and_retry_buys_them_again(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", faults="fail: {nth: [2]}") as served:
        place.settle_on(served)
        place.small()
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert said.code == 3
        assert said.document["exit_code"] == 3
        assert (said.document["jobs"]["done"], said.document["jobs"]["failed"]) == (2, 1)
        assert said.document["credits"]["charged"] == "39"
        again = place.run("run", "small.yaml", "--yes", "--json")
        assert (again.code, again.document["credits"]["charged"]) == (3, "0")
        assert place.run("status", "--json").document["exit_code"] == 3
        unasked = place.run("retry", "--failed", "--json")
        assert (unasked.code, unasked.out) == (9, "")
        assert served.books()["jobs"] == 3
        retried = place.run("retry", "--failed", "--yes", "--json")
        assert retried.code == 0
        check(retried.document, STATUS)
        assert retried.document["jobs"]["done"] == 3
        nothing = place.run("retry", "--failed", "--yes", "--json")
        assert nothing.code == 0
        check(nothing.document, STATUS)
        assert check_books(place, served) == 4


def test_3_in_a_chain_and_retry_buys_both(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", faults="fail: {nth: [1]}") as served:
        place.settle_on(served)
        manifest = place.small("lamp")
        manifest.write_text(manifest.read_text() + """\
  - name: clips
    from: shots
    models: [kling-2-6-image-to-video-5s]
    prompt: "slow push-in"
""")
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert said.code == 3
        assert (said.document["jobs"]["failed"], said.document["jobs"]["cancelled"]) == (1, 1)
        clip = json.loads(place.run("jobs", "--json", "--in", "cancelled").out)
        assert (clip["campaign"], clip["cause"], clip["charged"]) == ("clips", "source_failed", "0")
        assert served.books()["jobs"] == 1
        again = place.run("retry", "--failed", "--yes", "--json")
        assert again.code == 0
        assert again.document["jobs"]["done"] == 2
        assert check_books(place, served) == 3


def test_4_where_nothing_answers(place: Place) -> None:
    place.write("pipeline.toml", '[accounts.sandbox]\nbase_url = "http://127.0.0.1:9"\n')
    place.small()
    for words in (("plan", "small.yaml"), ("run", "small.yaml", "--yes"), ("models",),
                  ("balance",), ("history",)):
        said = place.run(*words, "--json")
        assert (said.code, said.out) == (4, ""), words
        check(said.complaint, ERROR)
    assert place.run("doctor").code == 4
    assert not (place.folder / "state").exists()


def test_5_where_the_key_is_missing_or_wrong(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", faults="keys: {right: ['*'], narrow: ['read:balance']}",
                 ) as served:
        place.env["KUBEEZ_BASE_URL"] = served.url
        place.small(account="kubeez")
        assert place.run("plan", "small.yaml").code == 0
        said = place.run("run", "small.yaml", "--yes")
        assert (said.code, said.out) == (5, "")
        assert "KUBEEZ_API_KEY" in said.err
        assert not (place.folder / "state").exists()
        for key in ("wrong", "narrow"):
            place.env["KUBEEZ_API_KEY"] = key
            said = place.run("run", "small.yaml", "--yes", "--json")
            assert said.code == 5
            if said.out:
                assert said.document["jobs"]["pending"] == 3
            else:
                check(said.complaint, ERROR)
        assert served.books()["jobs"] == 0
        place.env["KUBEEZ_API_KEY"] = "right\u00e9"
        assert place.run("run", "small.yaml", "--yes").code == 5


@pytest.mark.parametrize("faults", ["", "insufficient_as_400: true"])
def test_7_where_the_credits_run_out_and_resume_after_a_top_up(place: Place, tmp_path: Path,
                                                              faults: str) -> None:
    with sandbox(tmp_path / "books", faults=faults, credits="20") as served:
        place.settle_on(served)
        place.small()
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert said.code == 7
        assert (said.document["jobs"]["done"], said.document["jobs"]["pending"]) == (1, 2)
        assert place.run("resume", "--json").code == 7
        books = sqlite3.connect(served.folder / "books.db")
        books.execute("update account set granted_micros = granted_micros + 100000000")
        books.commit()
        books.close()
        topped = place.run("resume", "--json")
        assert topped.code == 0
        assert topped.document["jobs"]["done"] == 3
        assert check_books(place, served) == 3


@pytest.mark.parametrize("cap", [("--max-jobs", "2"), ("--max-credits", "30"), ()])
def test_8_names_what_a_cap_left_out_in_the_manifests_order(place: Place, shared: Sandbox,
                                                           cap: tuple[str, ...]) -> None:
    place.settle_on(shared)
    names = [f"{name} {'-'.join(cap) or 'budget'}" for name in ("a", "b", "c", "d")]
    manifest = place.small(*names)
    if not cap:
        manifest.write_text(manifest.read_text().replace(
            "campaigns:", "budget: {credits: 30.5}\ncampaigns:"))
    said = place.run("run", "small.yaml", "--yes", *cap)
    assert said.code == 8
    assert "2 left out" in said.err
    assert [json.loads(line)["vars"]["product"] for line in place.run(
        "jobs", "--json", "--in", "pending").out.splitlines()] == names[2:]
    assert [row["prompt"] for row in shared.books()["rows"] if names[2] in row["prompt"]] == []
    again = place.run("resume", "--json")
    assert (again.code, again.document["credits"]["charged"]) == (8, "26")
    if cap:
        wide = place.run("resume", "--json", cap[0], "100")
        assert (wide.code, wide.document["jobs"]["done"]) == (0, 4)


CAPPED = """\
version: 1
name: capped
account: sandbox
campaigns:
  - name: hero
    models: [imagen-4]
    aspect_ratios: ["1:1"]
    prompt: "{{ product }} for a capped campaign"
    vars: {product: [lamp, chair, table]}
    budget: {credits: 27}
  - name: teaser
    models: [imagen-4]
    aspect_ratios: ["1:1"]
    prompt: "another capped one"
"""


def test_8_where_one_campaign_has_spent_its_own_and_the_others_go_on(place: Place,
                                                                   shared: Sandbox) -> None:
    place.settle_on(shared)
    manifest = place.write("capped.yaml", CAPPED)
    plan = place.run("plan", "capped.yaml", "--json").document
    assert [row["budget"] for row in plan["campaigns"]] == ["27", None]
    assert plan["beyond"] == {"jobs": 1, "worst": "13"}
    assert "27 for hero" in place.run("plan", "capped.yaml").out
    said = place.run("run", "capped.yaml", "--yes")
    assert said.code == 8
    assert "1 left out" in said.err
    left = [json.loads(line) for line in place.run("jobs", "--json", "--in", "pending"
                                                   ).out.splitlines()]
    assert [(job["campaign"], job["vars"]["product"]) for job in left] == [("hero", "table")]
    assert place.run("resume", "--json").document["credits"]["charged"] == "39"
    assert rows(place, "select charged from totals where scope like 'campaign:%:hero'"
                )[0]["charged"] == 26_000_000
    manifest.write_text(CAPPED.replace("credits: 27", "credits: 39"))
    wide = place.run("run", "capped.yaml", "--yes", "--json")
    assert (wide.code, wide.document["jobs"]["done"]) == (0, 4)


@pytest.mark.parametrize("words", [("--max-jobs", "0"), ("--max-credits", "12.999999"),
                                   ("--max-credits", "0")][:3 if FULL else 2])
def test_8_where_the_cap_reaches_for_nothing(place: Place, shared: Sandbox,
                                             words: tuple[str, ...]) -> None:
    place.settle_on(shared)
    place.small(f"nothing {'-'.join(words)}")
    said = place.run("run", "small.yaml", "--yes", "--json", *words)
    assert said.code == 8
    assert said.document["jobs"]["pending"] == 1
    assert said.document["credits"]["charged"] == "0"


def test_9_without_a_yes_and_with_a_plan_that_is_stale(place: Place, shared: Sandbox) -> None:
    with Front(shared.url) as front:
        place.write("pipeline.toml", f'[accounts.sandbox]\nbase_url = "{front.url}"\nspeed = 600\n')
        manifest = place.small("stale lamp", "stale chair")
        said = place.run("run", "small.yaml")
        assert (said.code, said.out) == (9, "")
        assert "--yes" in said.err
        assert place.run("run", "nowhere.json").code == 9
        place.write("broken.json", '{"fingerprint": "no"}')
        assert place.run("run", "broken.json").code == 9
        assert not (place.folder / "state").exists()
        assert place.run("plan", "small.yaml", "-o", "plan.json").code == 0
        text = manifest.read_text()
        manifest.write_text(text.replace("stale chair", "stale sofa"))
        edited = place.run("run", "plan.json", "--json")
        assert (edited.code, edited.complaint["code"]) == (9, "stale_plan")
        assert "1 jobs are new" in edited.complaint["message"]
        manifest.write_text(text)
        front.prices["imagen-4"] = 15
        dearer = place.run("run", "plan.json", "--json")
        assert (dearer.code, dearer.complaint["code"]) == (9, "stale_plan")
        assert "another price" in dearer.complaint["message"]
        assert not (place.folder / "state").exists()
        del front.prices["imagen-4"]
        front.prices["nano-banana-2"] = 99
        elsewhere = place.run("run", "plan.json", "--json")
        assert (elsewhere.code, elsewhere.complaint["code"]) == (9, "stale_plan")
        front.prices.clear()
        assert place.run("run", "plan.json").code == 0
        assert len([row for row in shared.books()["rows"] if "stale" in row["prompt"]]) == 2


def test_9_where_the_price_moved_before_a_resume(place: Place, shared: Sandbox) -> None:
    with Front(shared.url) as front:
        place.write("pipeline.toml", f'[accounts.sandbox]\nbase_url = "{front.url}"\nspeed = 600\n')
        place.small("moved lamp", "moved chair")
        assert place.run("run", "small.yaml", "--yes", "--max-jobs", "1").code == 8
        front.prices["imagen-4"] = 14
        dearer = place.run("resume", "--max-jobs", "9", "--json")
        assert (dearer.code, dearer.complaint["code"]) == (9, "stale_plan")
        assert len([row for row in shared.books()["rows"] if "moved" in row["prompt"]]) == 1
        front.prices["imagen-4"] = 12
        assert place.run("resume", "--max-jobs", "9").code == 0


def test_10_at_the_time_limit_and_resume_goes_on(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", speed=15) as served:
        place.settle_on(served, speed=120)  # it is slower than it is believed to be
        place.small()
        said = place.run("run", "small.yaml", "--yes", "--json", "--max-duration", "1s")
        assert said.code == 10
        assert said.document["jobs"]["running"] == 3
        place.settle_on(served, speed=15)
        again = place.run("resume", "--json")
        assert (again.code, again.document["jobs"]["done"]) == (0, 3)
        assert check_books(place, served) == 3


def test_10_where_not_all_fits_into_the_time_and_the_rest_is_not_lost(place: Place,
                                                                      tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", speed=60) as served:
        place.settle_on(served, speed=60)
        place.small(*(f"thing-{n}" for n in range(30)))  # rounds of ten, 0.7 s each
        short = ("--max-duration", "1.6s")
        plan = place.run("plan", "small.yaml", "--json", *short).document["forecast"]
        fits = plan["fits"]
        assert 10 <= fits["jobs"] < 30 and fits["jobs"] + fits["left_out"] == 30
        assert plan["seconds"] <= fits["within_seconds"] == 1.6
        assert "wait for another night" in place.run("plan", "small.yaml", *short).out
        said = place.run("run", "small.yaml", "--yes", "--json", *short)
        jobs = said.document["jobs"]
        assert (said.code, jobs["total"]) == (10, 30)
        assert 0 < jobs["done"] + jobs["running"] <= fits["jobs"] < 30
        assert jobs["pending"] >= fits["left_out"]
        told = [json.loads(line) for line in place.run("jobs", "--json").out.splitlines()]
        names = [job["vars"]["product"] for job in told if job["state"] != "pending"]
        assert set(names) <= {f"thing-{n}" for n in range(fits["jobs"])}
        none = place.run("resume", "--json", "--max-duration", "0.1s")
        assert none.code == 10
        again = place.run("resume", "--json")
        assert (again.code, again.document["jobs"]["done"]) == (0, 30)
        assert check_books(place, served) == 30


def test_a_saved_plan_keeps_the_time_that_it_was_made_for(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared, speed=1)
    place.small()
    assert place.run("plan", "small.yaml", "-o", "p.json", "--max-duration", "5s").code == 0
    before = shared.books()["jobs"]
    said = place.run("run", "p.json", "--json")
    assert (said.code, said.document["jobs"]["pending"]) == (10, 3)
    assert shared.books()["jobs"] == before


def test_12_where_only_a_person_can_tell(place: Place, tmp_path: Path) -> None:
    faults = "lost_reply: {nth: [2]}\nhistory_lag_s: 1000000\n"
    with sandbox(tmp_path / "books", faults=faults) as served:
        place.settle_on(served)
        place.small()
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert said.code == 12
        assert (said.document["jobs"]["done"], said.document["jobs"]["in_doubt"]) == (2, 1)
        assert said.document["credits"] == {"charged": "26", "held": "13", "in_doubt": "13",
                                            "refunded": "0"}
        assert served.books()["jobs"] == 3
        again = place.run("run", "small.yaml", "--yes", "--json", "--max-duration", "2s")
        assert again.code == 12
        assert served.books()["jobs"] == 3
        retried = place.run("retry", "--failed", "--yes", "--max-duration", "1s")
        assert retried.code in (0, 12)
        assert served.books()["jobs"] == 3
        assert "in doubt" in place.run("status").out


def damage(path: Path, how: str) -> None:
    """Break a database file."""
    if how == "gone":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:9000])
    elif how == "text":
        path.write_bytes(b"this is no database" * 1000)
    else:
        content = bytearray(path.read_bytes())
        content[5000:9000] = b"\xff" * 4000
        path.write_bytes(content)


@pytest.mark.parametrize("how", ["gone", "cut", "flipped", "empty", "text"][:5 if FULL else 3])
def test_13_where_the_database_is_damaged(place: Place, shared: Sandbox, how: str) -> None:
    place.settle_on(shared)
    place.small(f"damage {how}")
    assert place.run("run", "small.yaml", "--yes").code == 0
    sold = len([row for row in shared.books()["rows"] if f"damage {how}" in row["prompt"]])
    for name in ("pipeline.db-wal", "pipeline.db-shm"):
        (place.folder / "state" / name).unlink(missing_ok=True)
    damage(place.folder / "state/pipeline.db", how)
    for words in (("run", "small.yaml", "--yes"), ("fetch",)):
        said = place.run(*words, "--json")
        assert (said.code, said.out) == (13, ""), words
        check(said.complaint, ERROR)
    looked = place.run("status", "--json")
    assert looked.code in ((13,) if how in ("cut", "text") else (2, 13, 0)), looked
    assert sold == len([row for row in shared.books()["rows"]
                        if f"damage {how}" in row["prompt"]]) == 1


def test_13_where_the_receipts_were_cut_edited_or_are_newer(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small("receipt lamp")
    assert place.run("run", "small.yaml", "--yes").code == 0
    log = place.folder / "state/receipts.log"
    whole = log.read_bytes()
    for damaged in (b"", whole.replace(b"accepted", b"excepted"), whole[:-2] + b"}\n"):
        log.write_bytes(damaged)
        said = place.run("run", "small.yaml", "--yes", "--json")
        if said.code == 0:
            assert damaged[:20] == whole[:20]
            continue
        assert said.code == 13
        check(said.complaint, ERROR)
    log.write_bytes(whole)
    assert place.run("run", "small.yaml", "--yes").code == 0


def test_cancel_idle_and_under_way(place: Place, tmp_path: Path) -> None:
    faults = "limits: {media_in_flight: 1}\n"
    with sandbox(tmp_path / "books", speed=200, faults=faults) as served:
        place.settle_on(served, speed=200,
                        more="[accounts.sandbox.limits]\nmedia_in_flight = 1\n")
        place.small("one", "two", "three", "four")
        run = place.start("run", "small.yaml", "--yes", "--json")
        wait_for(lambda: served.books()["jobs"], "the first job is bought")
        assert place.run("cancel").code == 0
        said = place.end(run)
        sold = served.books()["jobs"]
        assert sold < 4
        states = said.document["jobs"]
        assert (states["done"], states["cancelled"]) == (sold, 4 - sold)
        assert said.code == 3
        assert check_books(place, served, failed=4 - sold) == sold
        idle = place.run("cancel", "--json")
        assert idle.code == 3
        assert served.books()["jobs"] == sold
        wanted = place.run("run", "small.yaml", "--yes", "--json")
        assert (wanted.code, wanted.document["jobs"]["done"]) == (0, 4)
        assert check_books(place, served) == 4


def test_cancel_while_idle_leaves_nothing_to_buy(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small("idle a", "idle b", "idle c")
    assert place.run("run", "small.yaml", "--yes", "--max-jobs", "1").code == 8
    said = place.run("cancel", "--json")
    assert (said.code, said.document["jobs"]["done"], said.document["jobs"]["cancelled"]) == (
        3, 1, 2)
    assert [row["state"] for row in rows(place, "select state from jobs")].count("done") == 1
    assert len([row for row in shared.books()["rows"] if "idle" in row["prompt"]]) == 1
