"""What Kubeez answers to a start of each kind, and what becomes of it.

Goal: an accepted job is never lost for the shape of its answer, and no id is made up.
Method: every published and every plausible shape, and some that name nothing.
"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from providers_far_end import FarEnd, buy, says

from pipeline.core.errors import ReplyLost
from pipeline.core.provider import Broken, Finished, Receipt
from pipeline.core.spec import JobSpec
from pipeline.providers.kubeez_terms import TERMS

LINK = "https://media.kubeez.com/a.mp4"


def start(kind: str, body: Any) -> Any:
    spec = JobSpec("kubeez", kind, "m", "a kite")
    return buy(FarEnd(says(200, body)), spec, () if kind in ("music", "dialogue") else (LINK,))


@pytest.mark.parametrize(("kind", "body", "ids"), [
    ("extend", {"generation_id": "g1", "status": "queued", "source_task_id": "t9",
                "estimated_cost_credits": 75}, ("g1",)),
    ("music", {"generation_id": "g1", "status": "queued", "mode_note": "simple"}, ("g1",)),
    ("dialogue", {"generation_id": "g1", "status": "pending"}, ("g1",)),
    ("separation", {"separation_id": "s1", "status": "queued"}, ("s1",)),
    ("separation", {"separation_id": "s1", "task_id": "t1", "status": "pending"}, ("s1",)),
    ("separation", {"task_id": "t1", "id": 7}, ("t1",)),
    ("separation", {"id": "s1"}, ("s1",)),
    ("separation", {"data": {"separation_id": "s1"}}, ("s1",)),
    ("separation", {"separation_id": None, "generation_id": "g1"}, ("g1",)),
    ("ad-copy", {"project_id": "p1", "generation_ids": ["g1", "g2", "g3"]}, ("g1", "g2", "g3")),
    ("ad-copy", {"project_id": "p1", "generation_ids": ["g1", "g1"]}, ("g1",)),
    ("ad-copy", {"generation_ids": ["g1", 7, None, "a/b"]}, ("g1",)),
    ("ad-copy", {"generation_ids": [], "generation_id": "g1"}, ("g1",)),
    ("ad-copy", {"result": {"generation_ids": ["g1"]}}, ("g1",)),
    ("ad-copy", {"generation_id": "g1"}, ("g1",)),
])
def test_every_id_of_a_start_is_kept(kind: str, body: Any, ids: tuple[str, ...]) -> None:
    assert start(kind, body) == Receipt(ids)


@pytest.mark.parametrize(("kind", "body"), [
    ("extend", {"source_task_id": "t9", "status": "queued"}), ("music", {"status": "queued"}),
    ("music", {"songs": []}), ("dialogue", {"task": "g1"}),
    ("separation", {"separation_id": 7, "status": "queued"}), ("separation", {"songs": ["s1"]}),
    ("ad-copy", {"project_id": "p1"}), ("ad-copy", {"generation_ids": []}),
    ("ad-copy", {"generation_ids": "g1"}), ("ad-copy", {"generation_ids": {"0": "g1"}}),
    ("ad-copy", {"generation_ids": [None, "../x"]}), ("captions", {}), ("captions", []),
    ("captions", {"status": "ok"}), ("captions", {"words": None}), ("captions", {"text": ""}),
])
def test_a_success_that_names_nothing_is_a_doubt(kind: str, body: Any) -> None:
    assert type(start(kind, body)) is ReplyLost


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just("g1")
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["id", "text", "word", "start", "end", "words", "data"]), inner, max_size=4), max_leaves=9)
FIELDS = ("id", "generation_id", "generation_ids", "separation_id", "data", "words", "text", "url",
          "status", "transcript", "audio_duration", "credits_deducted")


@settings(deadline=None)
@given(kind=st.sampled_from(TERMS.kinds),
       body=st.dictionaries(st.sampled_from(FIELDS), odd, max_size=5))
def test_no_answer_whatever_crashes_a_start(kind: str, body: dict[str, Any]) -> None:
    found = start(kind, json.dumps(body))
    assert isinstance(found, Receipt | Finished | Broken | ReplyLost)
    assert isinstance(found, Finished | Broken) <= (kind == "captions")
