"""`rehearse`: the real executor on a plan, in virtual time.

Goal: it tells what a run would take, and touches nothing. Method: real processes on small
manifests; what it foretells is held against the run that then happens.
"""

from pathlib import Path

import pytest
from processes_kit import Place, Sandbox

CHAIN = """\
  - name: clips
    from: shots
    models: [kling-2-6-image-to-video-5s]
    prompt: "slow push-in"
  - name: words
    from: clips
    kind: captions
"""


def files_of(folder: Path) -> dict[str, bytes]:
    """What a person would lose: the delivered files, the database, the receipts."""
    kept = [*(folder / "outputs").rglob("*"), *(folder / "state").glob("*.db"),
            *(folder / "state").glob("*.log")]
    return {str(path): path.read_bytes() for path in kept if path.is_file()}


def test_it_foretells_the_cost_and_buys_nothing(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small()
    before = shared.books()["jobs"]
    told = place.run("rehearse", "small.yaml", "--json")
    assert told.code == 0, told.err
    assert (told.document["jobs"]["done"], told.document["exit_code"]) == (3, 0)
    assert told.document["calls"]["paid"] == 3 and not told.document["calls"]["refused"]
    assert told.document["seconds"] > 0 and told.document["forecast"]["seconds"] > 0
    assert shared.books()["jobs"] == before
    assert not (place.folder / "state" / "pipeline.db").exists()
    assert not (place.folder / "outputs").exists()
    bought = place.run("run", "small.yaml", "--yes", "--json")
    assert bought.document["credits"]["charged"] == told.document["credits"]["charged"]


def test_what_is_there_is_started_from_and_not_bought(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    manifest = place.small("lamp")
    assert place.run("run", "small.yaml", "--yes").code == 0
    manifest.write_text(manifest.read_text() + CHAIN)
    before = files_of(place.folder)
    told = place.run("rehearse", "small.yaml", "--json")
    assert told.code == 0, told.err
    assert (told.document["calls"]["paid"], told.document["credits"]["charged"]) == (2, "90.5")
    assert told.document["calls"]["uploads"] == 2
    assert files_of(place.folder) == before


def test_a_night_too_short_and_things_that_go_wrong(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared, speed=1)
    place.small()
    (place.folder / "faults.yaml").write_text("fail: true\n")
    told = place.run("rehearse", "small.yaml", "--faults", "faults.yaml", "--json")
    assert (told.document["exit_code"], told.document["jobs"]["failed"]) == (3, 3)
    short = place.run("rehearse", "small.yaml", "--max-duration", "5s", "--json")
    assert short.document["exit_code"] == 10 and short.document["jobs"]["done"] < 3
    capped = place.run("rehearse", "small.yaml", "--max-jobs", "1", "--json")
    assert (capped.document["exit_code"], capped.document["jobs"]["done"]) == (8, 1)


@pytest.mark.parametrize(("text", "says"), [
    ("bogus: true\n", "unknown switch 'bogus'"), ("[1", "not YAML"), ("- a\n", "mapping"),
    (None, "cannot be read")])
def test_switches_that_are_none_are_told(place: Place, shared: Sandbox, text: str | None,
                                         says: str) -> None:
    place.settle_on(shared)
    place.small()
    if text is not None:
        (place.folder / "faults.yaml").write_text(text)
    told = place.run("rehearse", "small.yaml", "--faults", "faults.yaml")
    assert told.code == 2 and says in told.err


def test_the_same_seed_is_the_same_night(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared, speed=1)
    place.small()
    first, again, other = (place.run("rehearse", "small.yaml", "--seed", seed, "--json").document
                           for seed in ("1", "1", "2"))
    assert first["seconds"] == again["seconds"] != other["seconds"]
    assert {name: first[name] for name in ("jobs", "credits", "calls")} == {
        name: again[name] for name in ("jobs", "credits", "calls")}
