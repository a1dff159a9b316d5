"""The JSON documents of CONTRACT section 6, key by key."""

import re
from collections.abc import Mapping
from typing import Any

CREDITS = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]*[1-9])?\Z")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")
HEX = re.compile(r"[0-9a-f]{64}\Z")
MARK = re.compile(r"sha256:[0-9a-f]{64}\Z")

STATES = ("pending", "submitting", "in_doubt", "running", "produced", "done", "failed",
          "cancelled")
JOBS = {"total": int, **dict.fromkeys(STATES, int), "kept": int}
MONEY = {"charged": CREDITS, "held": CREDITS, "in_doubt": CREDITS, "refunded": CREDITS}

PLAN: Mapping[str, Any] = {
    "schema_version": 1, "manifest": str, "fingerprint": MARK, "account": str,
    "catalog": {"models": int, "fetched_at": MOMENT},
    "jobs": dict.fromkeys(("total", "new", "keep", "retry", "held", "excluded"), int),
    "credits": {"expected": CREDITS, "worst": CREDITS}, "balance": CREDITS,
    "budget": {"credits": CREDITS, "left": CREDITS},
    "forecast": {"seconds": float, "bottleneck": str},
    "campaigns": [{"name": str, "kind": str, "jobs": int, "expected": CREDITS,
                   "worst": CREDITS}],
    "problems": [{"severity": str, "file": str, "line": int, "column": int, "message": str,
                  "hint": str}],
}
STATUS: Mapping[str, Any] = {
    "schema_version": 1, "run": str, "manifest": str, "jobs": JOBS, "credits": MONEY,
    "seconds": float, "outputs": str, "exit_code": int,
}
MODELS: Mapping[str, Any] = {
    "schema_version": 1, "account": str, "fetched_at": MOMENT,
    "models": [{"model": str, "kind": str, "name": str, "typical_seconds": (int, float, None),
                "price": ({"credits": CREDITS, "per": str}, None),
                "capabilities": {"aspect_ratios": [str], "durations": [object],
                                 "resolutions": [str], "max_sources": (int, None),
                                 "prompt_max_chars": (int, None)}}],
}
JOB: Mapping[str, Any] = {
    "job": str, "run": str, "campaign": str, "state": str, "kind": str, "account": str,
    "model": str, "aspect_ratio": (str, None), "vars": dict, "variant": int, "prompt": str,
    "remote_id": (str, None), "attempts": int, "quoted": CREDITS, "charged": CREDITS,
    "files": [{"path": str, "sha256": HEX, "bytes": int, "media_type": str, "width": int,
               "height": int}],
    "cause": (str, None), "created_at": MOMENT, "submitted_at": (MOMENT, None),
    "finished_at": (MOMENT, None),
}
ERROR: Mapping[str, Any] = {"code": str, "message": str, "problems": [dict]}


def check(said: Any, shape: Any, at: str = "") -> None:
    """Every key of the shape is there, with a value of its kind; more keys may be."""
    if isinstance(shape, tuple):
        _check_choice(said, shape, at)
    elif isinstance(shape, Mapping):
        assert isinstance(said, dict), f"{at}: {said!r} is no object"
        for name, below in shape.items():
            assert name in said, f"{at} has no {name}"
            check(said[name], below, f"{at}.{name}")
    elif isinstance(shape, list):
        assert isinstance(said, list), f"{at}: {said!r} is no list"
        for number, one in enumerate(said):
            check(one, shape[0], f"{at}[{number}]")
    elif isinstance(shape, re.Pattern):
        assert isinstance(said, str), f"{at}: {said!r} is no text"
        assert shape.match(said), f"{at}: {said!r}"
    elif isinstance(shape, type):
        kinds = (int, float) if shape is float else shape
        assert isinstance(said, kinds), f"{at}: {said!r} is no {shape.__name__}"
        assert isinstance(said, bool) is (shape is bool) or shape is object, f"{at}: {said!r}"
    else:
        assert said == shape, f"{at}: {said!r} is not {shape!r}"


def _check_choice(said: Any, shapes: tuple[Any, ...], at: str) -> None:
    if said is None:
        assert None in shapes, f"{at} is null"
        return
    complaints = []
    for shape in shapes:
        try:
            check(said, shape, at)
        except AssertionError as error:
            complaints.append(str(error))
        else:
            return
    raise AssertionError("; ".join(complaints))
