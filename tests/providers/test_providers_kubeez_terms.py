"""Kubeez's sheet: every kind has its limits and its scope, at the real speed and at a sandbox's.

Goal: no kind is bought that nobody counts, and a fast sandbox is never waited for less than a
network needs. Method: the sheet is held against the kinds and against itself.
"""

from pipeline.core.catalog import KINDS
from pipeline.providers.kubeez_terms import SCOPES, TERMS
from pipeline.providers.registry import PROVIDERS, SANDBOX_TERMS


def test_every_kind_can_be_bought_and_counts_under_a_limit() -> None:
    assert TERMS.kinds == KINDS == SANDBOX_TERMS.kinds
    assert {TERMS.bucket(kind) for kind in KINDS} == set(TERMS.starts)
    assert set(TERMS.bucket_of) == set(KINDS) <= set(SCOPES)
    assert TERMS.bucket("captions") == TERMS.bucket("separation") == "media"


def test_only_what_the_list_surely_shows_can_be_proved_absent() -> None:
    assert set(KINDS) - set(TERMS.listed) == {"music", "captions", "separation"}


def test_a_call_that_brings_its_outcome_is_waited_for_at_any_speed() -> None:
    assert [SANDBOX_TERMS.at_speed(speed).at_once_s["captions"] for speed in (0.5, 1, 6, 60, 600)] \
        == [1800.0, 900.0, 150.0, 60.0, 60.0]


def test_the_sandbox_and_the_service_are_one_adapter_with_their_own_names() -> None:
    assert {name: entry.terms.provider for name, entry in PROVIDERS.items()
            if entry.terms in (TERMS, SANDBOX_TERMS)} == {"sandbox": "sandbox", "kubeez": "kubeez"}
