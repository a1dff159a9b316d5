"""Services that lie, and files and flags made to harm, met by the program as a person starts it.

Goal: each ends soon, with the right code, in words, and without a traceback (CONTRACT 7, SAFETY 3).
Method: a service on loopback that gives one odd answer to every question; `Place.end` refuses a
traceback and a bug of ours. What each odd answer means to the parts is held by their own tests.
"""

import json
import time
from collections.abc import Iterator

import pytest
from processes_clerk import KEY, Clerk
from processes_kit import Place, Sandbox
from processes_shapes import ERROR, check

ESCAPES = "\x1b[2J\x9b31m\u202e\n\r"
HUGE = 9 * 10**3000
ROW = {"id": "g1", "model": ESCAPES, "prompt": ESCAPES, "status": ESCAPES}

ANSWERS: dict[str, object] = {
    "nothing": b"", "a page": b"<html>sorry</html>", "a list": [], "a number": 5, "null": None,
    "no end": b'{"models": [', "deep": b"[" * 200_000, "twins": b'{"credits": 5, "credits": 6}',
    "exponents": b'{"credits": 1e99999999999999999999, "models": [{"model_id": "m", '
                 b'"cost_per_generation": 1e99999999999999999999}]}',
    "huge": {"credits": HUGE, "assets": [{"name": "a", "size_bytes": HUGE}], "quota_bytes": HUGE,
             "used_bytes": HUGE, "models": [{"model_id": "m", "estimated_time_seconds": HUGE}]},
    "dates": {"generations": [{**ROW, "created_at": "0001-01-01T00:00:00+14:00"},
                              {**ROW, "created_at": "9999-12-31T23:59:59-14:00"}],
              "assets": [{"name": "a", "url_expires_at": "0001-01-01T00:00:00+14:00"}]},
    "escapes": {"generations": [{**ROW, "created_at": "2026-01-02T03:04:05Z"}],
                "assets": [{"name": ESCAPES, "kind": ESCAPES, "mime_type": ESCAPES}],
                "models": [{"model_id": "m", "display_name": ESCAPES, "cost_note": ESCAPES,
                            "model_type": ESCAPES, "voice_allowlist": [ESCAPES],
                            "capabilities": {"aspect_ratio_options": [ESCAPES]}}]},
    "a note": {"models": [{"model_id": "m", "cost_per_generation": 5, "cost_note": "1" * 10**6}]},
    "rows": {"models": [{"model_id": f"m{n}"} for n in range(60_000)], "credits": 5,
             "assets": [{"name": f"a{n}"} for n in range(60_000)],
             "generations": [{"id": f"g{n}", "created_at": "2026-01-02T03:04:05Z"}
                             for n in range(30_000)]},
    "utf-16": '{"credits": 5}'.encode("utf-16"), "nan": b'{"credits": NaN}',
}
COMMANDS = (("balance",), ("history",), ("assets",), ("assets", "--json"), ("models",),
            ("assets", "delete", "name", "--yes"), ("history", "--json"), ("models", "--json"),
            ("doctor",))
ALIVE = {"\x1b", "\x9b", "\u202e", "\r"}


@pytest.fixture
def clerk(place: Place) -> Iterator[Clerk]:
    """A service that does as a test says, and a folder whose account `desk` is there."""
    with Clerk() as clerk:
        place.write("pipeline.toml", clerk.settings)
        place.env["DESK_KEY"] = KEY
        yield clerk


@pytest.mark.parametrize("name", ANSWERS)
def test_no_odd_answer_brings_a_question_down(name: str, place: Place, clerk: Clerk) -> None:
    clerk.answers = {f"{method} /": (200, ANSWERS[name])
                     for method in ("GET", "POST", "DELETE", "PATCH")}
    for words in COMMANDS:
        start_s = time.monotonic()
        said = place.run(*words, "--account", "desk", longest_s=30)
        assert said.code in (0, 1 if words == ("doctor",) else 0, 2, 4, 5), (words, said)
        assert not (set(said.out) | set(said.err)) & ALIVE, words
        assert len(said.out) < 20_000_000
        assert time.monotonic() - start_s < 20, words
    place.small("lamp", account="desk", model="m")
    assert place.run("plan", "small.yaml", longest_s=30).code in (0, 2, 4)
    assert place.run("run", "small.yaml", "--yes", longest_s=30).code in (2, 4)
    assert not [line for line in clerk.asked if line.startswith("POST /v1/generate")]


def chain(links: int, models: str) -> str:
    """A manifest whose every campaign starts from twenty outputs of the one before."""
    lines = ["version: 1", "name: x", "campaigns:"]
    for n in range(links):
        link = f", from: {{campaign: c{n - 1}, outputs: 20}}" if n else ""
        lines.append(f"- {{name: c{n}, models: {models}, prompt: p, variants: 1000{link}}}")
    return "\n".join(lines)


HEAD = "version: 1\nname: x\ncampaigns:\n- {name: a, "
MANIFESTS = {
    "a chain without end": chain(1000, "[imagen-4, nano-banana, flux-2-1K]"),
    "a chain of nine": chain(9, "[imagen-4]"),
    "a key like a mark": "version: 1\nname: x\n(campaigns: []\n",
    "a small fraction": f"{HEAD}kind: dialogue, prompt: hello you, models: [text-to-dialogue-v3], "
                        "params: {voice: Rachel, stability: 1e-999999}}\n",
    "a large text": f"{HEAD}models: [imagen-4], prompt: p, params: {{negative_prompt: "
                    f"{'x' * 900_000}}}}}\n",
    "many variants": f"{HEAD}kind: ad-copy, sources: ['https://e.example/a.png'], "
                     "params: {variant_count: 1000000000000}}\n",
    "a name of a clip with a way out": f"{HEAD}kind: extend, prompt: p, params: "
                                       f"{{source_task_id: '{'../' * 60}'}}}}\n",
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_without_bounds_is_told_in_few_words(name: str, place: Place,
                                                        shared: Sandbox) -> None:
    place.settle_on(shared)
    place.write("m.yaml", MANIFESTS[name])
    said = place.run("run", "m.yaml", "--yes", "--json", longest_s=30)
    assert (said.code, said.out) == (2, ""), said
    check(said.complaint, ERROR)
    assert len(said.err) < 5000
    assert not (place.folder / "state").exists()


@pytest.mark.parametrize(("text", "code"), [
    ("a = " + "[" * 5000, 2), (".".join("a" * 9000) + " = 1", 2), ('state = "a\\u0000b"', 2),
    ('out = "a\\u0000b"', 2), ("".join(f"k{n} = 1\n" for n in range(9000)), 2), ("\x00", 2)])
def test_settings_without_bounds_are_told_by_every_command(text: str, code: int,
                                                           place: Place) -> None:
    place.write("pipeline.toml", text)
    place.small("lamp")
    for words in (("run", "small.yaml", "--yes"), ("plan", "small.yaml"), ("status",), ("runs",),
                  ("doctor",), ("balance",)):
        said = place.run(*words, longest_s=20)
        assert said.code in (code, 1) if words == ("doctor",) else said.code == code, (words, said)
        assert len(said.err) < 40_000


@pytest.mark.parametrize("flag", ["--max-failures", "--max-jobs", "--limit", "--max-credits",
                                  "--max-duration", "--only"])
@pytest.mark.parametrize("value", ["9" * 5000, "-1", "nan", "\u0663", "", "*" * 5000])
def test_a_flag_of_any_value_is_a_wish_or_a_mistake(flag: str, value: str, place: Place,
                                                    shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small("lamp of flags")
    said = place.run("run", "small.yaml", flag, value, "--no-input", longest_s=30)
    assert said.code in (2, 9), said


def test_a_plan_file_of_other_types_is_none(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small("lamp of plans")
    assert place.run("plan", "small.yaml", "-o", "p.json").code == 0
    whole = json.loads((place.folder / "p.json").read_text())
    for name, value in (("limit", "abc"), ("limit", -1), ("max_jobs", [1]), ("account", {})):
        wish = {**whole["wish"], name: value}
        place.write("odd.json", json.dumps({**whole, "wish": wish}))
        said = place.run("run", "odd.json")
        assert said.code == 9, said
    assert place.run("run", "p.json").code == 0


def test_no_name_and_no_word_of_a_service_is_alive_on_the_way_out(
        place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    name = "\x1b[2J\u202e.yaml"
    place.write(name, place.small("lamp of escapes").read_text())
    assert place.run("run", name, "--yes").code == 0
    assert not set(place.run("validate", name).out) & ALIVE
    for file in (place.folder / "outputs").rglob("*.png"):
        file.unlink()
    with Clerk() as clerk:
        clerk.answers = {"GET /": (400, {"error": "invalid_request", "message": ESCAPES})}
        place.write("pipeline.toml", f'[accounts.sandbox]\nbase_url = "{clerk.url}"\n')
        said = [place.run(*words) for words in (
            ("validate", name), ("fetch",), ("status",), ("runs",), ("plan", name),
            ("diff", name), ("report", "--format", "md"))]
    assert said[1].code == 3
    for ended in said:
        assert not (set(ended.out) | set(ended.err)) & ALIVE, ended
