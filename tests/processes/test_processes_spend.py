"""What was spent, as `spend` tells it, held against the service's own books.

Goal: every group adds up to what really left the account, and asking changes nothing.
Method: two campaigns on two models with a failure in them, bought for real from a sandbox process.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from processes_kit import Place, Sandbox, sandbox
from processes_shapes import CREDITS, ERROR, check

from pipeline.core.spending import GROUPS

SUMS = {"jobs": int, "charged": CREDITS, "held": CREDITS, "in_doubt": CREDITS,
        "refunded": CREDITS}
TWO = """\
version: 1
name: {name}
account: sandbox
campaigns:
  - name: shots
    models: [imagen-4, nano-banana-2]
    aspect_ratios: ["1:1"]
    prompt: "a {{{{ product }}}} on stone"
    vars: {{product: [lamp, {name}]}}
    tags: {{client: acme, season: spring}}
  - name: more
    models: [imagen-4]
    aspect_ratios: ["1:1"]
    prompt: "a {{{{ product }}}} in the rain"
    vars: {{product: [{name}]}}
    tags: {{client: other}}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A service that fails the second job that it is paid for."""
    with sandbox(tmp_path_factory.mktemp("books"), faults="fail: {nth: [2]}") as served:
        yield served


@pytest.fixture(scope="module")
def bought(tmp_path_factory: pytest.TempPathFactory, served: Sandbox) -> Place:
    """Two manifests that want some of the same, bought one after the other."""
    place = Place(tmp_path_factory.mktemp("spend"))
    place.settle_on(served)
    for name, codes in (("spring", (3,)), ("autumn", (0, 3))):  # the failed one may be of both
        place.write(f"{name}.yaml", TWO.format(name=name))
        assert place.run("run", f"{name}.yaml", "--yes").code in codes
    return place


def spent(place: Place, *words: str) -> Any:
    """The document of `spend`."""
    said = place.run("spend", *words, "--json")
    assert (said.code, said.err) == (0, "")
    check(said.document, {"schema_version": 1, "by": [str], "rows": [SUMS], "total": SUMS})
    return said.document


@pytest.mark.parametrize("by", [*GROUPS, "tag:client", "campaign,model", "manifest,day,tag:season"])
def test_every_group_adds_up_to_what_the_service_took(bought: Place, served: Sandbox,
                                                      by: str) -> None:
    found = spent(bought, "--by", by)
    assert found["by"] == by.split(",")
    assert all(set(found["by"]) < set(row) for row in found["rows"])
    charged = [Decimal(row["charged"]) for row in found["rows"]]
    assert sum(charged) == Decimal(found["total"]["charged"]) == Decimal(
        served.books()["charged"])
    assert found["total"]["jobs"] == served.books()["jobs"] == 8


def test_what_two_manifests_want_counts_for_the_one_that_bought_it(bought: Place) -> None:
    jobs = {row["manifest"]: row["jobs"] for row in spent(bought, "--by", "manifest")["rows"]}
    assert jobs == {"spring": 5, "autumn": 3}
    tags = {row["tag"]: row["jobs"] for row in spent(bought, "--by", "tag")["rows"]}
    assert tags == {"client=acme, season=spring": 6, "client=other": 2}


def test_the_campaign_is_what_it_is_told_by_unless_asked(bought: Place) -> None:
    rows = spent(bought)["rows"]
    assert [row["campaign"] for row in rows] == ["shots", "more"]
    one = spent(bought, "--manifest", "autumn")
    assert {row["campaign"]: row["jobs"] for row in one["rows"]} == {"shots": 2, "more": 1}


def test_since_a_day(bought: Place) -> None:
    assert spent(bought, "--since", "2026-01-01")["total"]["jobs"] == 8
    later = spent(bought, "--since", "2999-01-01")
    assert (later["rows"], later["total"]["charged"]) == ([], "0")


def test_a_person_reads_a_table_with_its_sum(bought: Place) -> None:
    said = bought.run("spend", "--by", "model")
    assert (said.code, said.err) == (0, "")
    head, *lines = said.out.splitlines()
    assert head.split()[:3] == ["model", "jobs", "charged"]
    assert [line.split()[0] for line in lines] == ["imagen-4", "nano-banana-2", "total"]
    assert lines[-1].split()[1] == "8"


@pytest.mark.parametrize(("words", "hint"), [
    (("--by", "modell"), "did you mean model"), (("--by", "tag:"), "tag:NAME"),
    (("--since", "yesterday"), "2026-03-01"), (("--manifest", "winter"), "autumn, spring")])
def test_what_cannot_be_meant_is_refused(bought: Place, words: tuple[str, str], hint: str) -> None:
    said = bought.run("spend", *words, "--json")
    assert (said.code, said.out) == (2, "")
    check(said.complaint, ERROR)
    assert hint in said.complaint["message"]


def test_before_the_first_run_nothing_was_spent(tmp_path: Path) -> None:
    place = Place(tmp_path)
    said = place.run("spend")
    assert (said.code, said.out.strip(), said.err) == (0, "nothing was spent", "")
    assert spent(place, "--by", "day")["rows"] == []
    assert not (place.folder / "state").exists()
