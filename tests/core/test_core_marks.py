"""A seed as the mark of an attempt, where the list gives nothing else of ours back.

Goal: a row with our seed is ours alone; a seed that an author chose proves nothing; and a list that
shows seeds is not taken for one that shows a mark for every job. Method: lists judged by eye.
"""

from dataclasses import replace

import pytest
from core_samples import NOW_S, TERMS, make_job, make_spec

from pipeline.core.evidence import Doubt, absent, adopt
from pipeline.core.job import Accepted, Deferred, State
from pipeline.core.marks import seed_mark, seed_of
from pipeline.core.offer import LARGEST_SEED
from pipeline.core.provider import Scan, Sighting, Working

OWNED = {"ours": NOW_S - 60}
OURS = Sighting("ours", "fox", "a boat", NOW_S - 50, Working(), seed_mark(7))


def doubt(tag: str, ratio: str = "1:1", **params: int) -> Doubt:
    spec = make_spec(ratio=ratio, variant=len(tag), **params)
    return Doubt(replace(make_job(State.IN_DOUBT, spec=spec), tag=tag), last_byte_s=NOW_S)


def row(remote_id: str, mark: str, shape: str = "") -> Sighting:
    return Sighting(remote_id, "fox", "a kite", NOW_S + 1, Working(), mark, shape)


def adopted(doubts: list[Doubt], *rows: Sighting) -> dict[str, str]:
    events = adopt(doubts, Scan([OURS, *rows], complete=False), OWNED, TERMS)
    tags = {found.job.key: found.job.tag for found in doubts}
    return {tags[key]: event.remote_ids[0] for key, event in events.items()
            if isinstance(event, Accepted)}


def gone(found: Doubt, *rows: Sighting) -> bool:
    events = absent([found], Scan([OURS, *rows], complete=False), NOW_S + TERMS.quiet_s + 1, OWNED,
                    TERMS)
    return isinstance(events.get(found.job.key), Deferred)


def test_seeds_of_tags_differ_and_fit_into_31_bits() -> None:
    seeds = {seed_of(f"tag-{number}") for number in range(2000)}
    assert len(seeds) == 2000
    assert all(0 <= seed <= LARGEST_SEED for seed in seeds)


def test_each_of_many_alike_finds_the_row_of_its_own_seed() -> None:
    doubts = [doubt("a"), doubt("bb"), doubt("ccc")]
    rows = [row(tag * 2, seed_mark(seed_of(tag))) for tag in ("ccc", "a", "bb")]
    assert adopted(doubts, *rows, row("x", seed_mark(5))) == {"a": "aa", "bb": "bbbb",
                                                             "ccc": "cccccc"}


def test_a_row_with_the_seed_of_somebody_else_is_not_ours_and_hides_nothing() -> None:
    stranger = row("x", seed_mark(seed_of("another")))
    assert adopted([doubt("a")], stranger) == {}
    assert gone(doubt("a"), stranger)


@pytest.mark.parametrize("mark", ["", seed_mark(42)])
def test_a_seed_that_the_author_chose_leaves_a_row_to_its_likeness(mark: str) -> None:
    chosen = doubt("a", seed=42)
    assert adopted([chosen], row("x", mark)) == {"a": "x"}
    assert not gone(chosen, row("x", mark))
    assert adopted([chosen], row("x", seed_mark(43))) == {}


def test_a_model_without_a_seed_is_found_beside_others_that_show_theirs() -> None:
    assert adopted([doubt("a")], row("x", "")) == {"a": "x"}
    assert not gone(doubt("a"), row("x", ""))


def test_shapes_that_the_rows_name_tell_alike_jobs_apart() -> None:
    doubts = [doubt("a", "1:1"), doubt("bb", "3:2")]
    assert adopted(doubts, row("y", "", "3:2"), row("x", "", "1:1")) == {"a": "x", "bb": "y"}
