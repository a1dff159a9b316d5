"""A run as its reviewer reads it: columns, lines, sums, and figures that follow every event.

Goal: every job is in exactly one cell, and nothing is added up that the ledger does not hold.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from core_samples import NOW_S, cr, make_job, make_spec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.job import Doubted, Event, Intended, Job, Produced, Saved, State, apply
from pipeline.core.money import NOTHING
from pipeline.core.report import Entry, Totals, count_states, describe, tally

PLACES = ({"city": "Oslo"}, {"city": "Rome"})


def entry(seq: int, job: Job, campaign: str = "hero", **variables: Any) -> Entry:
    return Entry(seq, campaign, job, variables)


def job_of(prompt: str = "a kite", state: State = State.DONE, **more: Any) -> Job:
    return make_job(state, spec=make_spec(prompt, **more))


def test_a_line_is_a_set_of_variables_and_a_column_a_model_in_a_shape() -> None:
    jobs = [(product, model, ratio) for product in ("ear", "box") for model in ("fox", "owl")
            for ratio in ("1:1", "16:9")]
    [section] = tally(
        entry(n, job_of(product, model=model, ratio=ratio), product=product, brand="A")
        for n, (product, model, ratio) in enumerate(jobs))
    assert [(c.model, c.aspect_ratio) for c in section.columns] == [
        ("fox", "1:1"), ("fox", "16:9"), ("owl", "1:1"), ("owl", "16:9")]
    assert [(line.label, line.prompt) for line in section.lines] == [("ear", "ear"), ("box", "box")]
    assert all(len(cell) == 1 for line in section.lines for cell in line.cells)


def test_variants_share_a_cell_and_holes_stay_empty() -> None:
    [section] = tally([entry(0, job_of(variant=1), product="ear"),
                       entry(1, job_of(variant=2), product="ear"),
                       entry(2, job_of(model="owl"), product="box")])
    assert [[len(cell) for cell in line.cells] for line in section.lines] == [[2, 0], [0, 1]]


def test_a_parameter_that_sets_jobs_apart_is_in_the_head_and_a_shared_one_is_not() -> None:
    [section] = tally([entry(0, job_of(resolution="1K", seed=7)),
                       entry(1, job_of(resolution="2K", seed=7))])
    assert [column.settings for column in section.columns] == ["resolution 1K", "resolution 2K"]


def test_a_prompt_that_differs_by_column_is_given_in_all_its_forms() -> None:
    [section] = tally([entry(0, job_of("wide", ratio="16:9")),
                       entry(1, job_of("tall", ratio="1:1"))])
    assert [line.prompt for line in section.lines] == ["wide\n\ntall"]
    assert section.lines[0].label == ""


def test_campaigns_keep_the_authors_order() -> None:
    entries = [entry(0, job_of("a"), "teaser"), entry(1, job_of("b"), "hero"),
               entry(2, job_of("c"), "teaser")]
    assert [section.campaign for section in tally(entries)] == ["teaser", "hero"]
    assert tally([]) == []


def test_what_was_promised_stands_beside_what_was_paid() -> None:
    [section] = tally([entry(0, job_of("a")), entry(1, job_of("b", State.FAILED)),
                       entry(2, replace(job_of("c"), charged=cr("25")))])
    assert (str(section.promised), str(section.paid)) == ("30", "35")
    assert section.states[State.DONE] == 2
    assert set(section.states) == set(State)


@given(st.lists(st.tuples(st.sampled_from(["ear", "box"]), st.sampled_from(PLACES),
                          st.sampled_from(["fox", "owl"]), st.sampled_from(["1:1", "16:9"]),
                          st.sampled_from(["hero", "teaser"])), max_size=20))
def test_every_job_is_in_exactly_one_cell(wishes: list[tuple[Any, ...]]) -> None:
    entries = [entry(n, job_of(product, model=model, ratio=ratio, variant=n + 1), campaign,
                     product=product, place=place)
               for n, (product, place, model, ratio, campaign) in enumerate(wishes)]
    sections = tally(entries)
    shown = [found.seq for section in sections for line in section.lines
             for cell in line.cells for found in cell]
    assert Counter(shown) == Counter(range(len(wishes)))
    for section in sections:
        assert all(len(line.cells) == len(section.columns) for line in section.lines)
        assert len({line.label for line in section.lines}) == len(section.lines)


def test_a_value_is_described_by_its_fields() -> None:
    assert describe({"city": "Oslo", "row": {"age": 30}}) == "Oslo, 30"
    assert describe(True) == "True"


def figures(jobs: list[Job]) -> Totals:
    return Totals(count_states(job.state for job in jobs),
                  charged=sum((job.charged for job in jobs), NOTHING),
                  held=sum((job.held for job in jobs), NOTHING),
                  in_doubt=sum((job.held for job in jobs if job.state is State.IN_DOUBT), NOTHING))


def test_the_figures_follow_every_event_without_counting_anew() -> None:
    jobs = [make_job(State.PENDING, spec=make_spec(f"kite {n}")) for n in range(3)]
    totals = figures(jobs)
    story: list[tuple[int, Event]] = [
        (0, Intended("a", cr("10"))), (1, Intended("b", cr("10"))), (0, Doubted("reply_lost")),
        (1, Produced((), cr("12"))), (0, Produced(())), (1, Saved(())), (2, Intended("c", cr("1")))]
    for n, event in story:
        before = jobs[n]
        jobs[n] = apply(before, event, NOW_S)
        totals = totals.after(before, jobs[n])
        assert totals == figures(jobs)
    assert (totals.total, str(totals.charged), str(totals.held)) == (3, "22", "1")
