"""`--only` and `--limit`: which rows of a plan a person asked for.

Goal: a row is chosen with everything it starts from, and a slip of the hand never means "all".
"""


import pytest
from bounded import within
from core_samples import make_cell, make_spec

from pipeline.core.errors import Exit, Halt
from pipeline.core.plan import Plan, Row, Status
from pipeline.core.selection import select
from pipeline.core.spec import SourceRef


def plan() -> Plan:
    hero = make_cell(make_spec("hero", ratio="16:9"), product="ear", place={"city": "Oslo"})
    box = make_cell(make_spec("box", model="owl", variant=2), product="box", take=3)
    clip = make_cell(make_spec("clip", kind="video", ratio=None,
                               sources=(SourceRef("job", hero.key),)), campaign="teaser")
    last = make_cell(make_spec("last", sources=(SourceRef("job", clip.key),)), campaign="last")
    return Plan("spring", "m.yaml", "acme", [
        Row(last, Status.NEW), Row(hero, Status.KEEP), Row(box, Status.NEW), Row(clip, Status.NEW)])


def chosen(only: str, limit: int | None = None) -> list[str]:
    return [row.cell.spec.prompt for row in select(plan(), only, limit).rows]


@pytest.mark.parametrize(("only", "prompts"), [
    ("", ["last", "hero", "box", "clip"]), ("campaign=hero", ["hero", "box"]),
    ("model=o*", ["box"]), ("model=?wl", ["box"]), ("kind=video", ["hero", "clip"]),
    ("aspect_ratio=16:9", ["hero"]), ("aspect_ratio=", ["hero", "clip"]),
    ("variant=2", ["box"]), ("status=keep", ["hero"]), ("product=ear", ["hero"]),
    ("place=Oslo", ["hero"]), ("take=3", ["box"]), ("account=acme,product=b*", ["box"]),
    (" campaign = hero , product=box ", ["box"]), ("campaign=last", ["last", "hero", "clip"])])
def test_rows_that_match_everything_come_with_what_they_start_from(only: str,
                                                                   prompts: list[str]) -> None:
    assert chosen(only) == prompts


@pytest.mark.parametrize(("only", "limit", "prompts"), [
    ("", 1, ["last", "hero", "clip"]), ("campaign=hero", 1, ["hero"]), ("", 99, ["last", "hero",
                                                                              "box", "clip"])])
def test_a_limit_counts_the_rows_that_were_asked_for(only: str, limit: int,
                                                     prompts: list[str]) -> None:
    assert chosen(only, limit) == prompts


@pytest.mark.parametrize("only", ["campain=hero", "hero", "=hero", "campaign=hero,x",
                                  "campaign:hero", "key=1"])
def test_an_expression_that_cannot_be_read_is_refused_with_the_fields(only: str) -> None:
    with pytest.raises(Halt, match="is not field=pattern") as told:
        chosen(only)
    assert told.value.exit_code is Exit.USAGE
    assert "campaign, model" in told.value.hint
    assert "product" in told.value.hint


@pytest.mark.parametrize("only", ["campaign=nobody", "model=OWL", "product=[",
                                  "campaign=hero,take=9"])
def test_an_expression_that_matches_nothing_is_refused(only: str) -> None:
    with pytest.raises(Halt, match="matches no job") as told:
        chosen(only)
    assert told.value.exit_code is Exit.USAGE


def test_the_whole_plan_is_the_same_plan() -> None:
    whole = plan()
    assert select(whole, "", None) is whole


def test_a_large_plan_is_read_once() -> None:
    rows = [Row(make_cell(make_spec(f"kite {n}"), number=n), Status.NEW) for n in range(20_000)]
    large = Plan("spring", "m.yaml", "acme", rows)
    with within(2):
        assert len(select(large, "number=1999?", None).rows) == 10
