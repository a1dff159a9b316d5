"""Choosing a model and looking before a run: `models` with its filters, `doctor` with a manifest.

Goal: what is asked of a catalog is answered exactly, and a scope is called proven only by an answer
to a free question. Method: the program against the sandbox, whose keys have the scopes of a test.
"""

from typing import Any

import pytest
from processes_clerk import KEY, Clerk
from processes_front import Front
from processes_kit import Place, Sandbox, sandbox
from processes_shapes import ERROR, MODELS, check

MIXED = """\
version: 1
name: mixed
account: {account}
campaigns:
  - name: shots
    models: [imagen-4]
    prompt: "a lamp"
  - name: voices
    kind: dialogue
    models: [text-to-dialogue-v3]
    prompt: "This is the quiet part of the morning."
    params: {{voice: [Rachel, Clyde]}}
  - name: song
    kind: music
    models: [V5]
    prompt: "warm folk"
"""

KEYS = """\
keys:
  sk_all: ["*"]
  sk_media: [generate:media, read:balance, read:generations]
  sk_music: [generate:music, read:generations]
  sk_blind: [generate:media, generate:music, generate:speech]
"""

Row = dict[str, Any]


@pytest.fixture
def settled(place: Place, shared: Sandbox) -> Place:
    """A folder on the sandbox that the tests share."""
    place.settle_on(shared)
    return place


def ids(place: Place, *words: str) -> list[str]:
    """The models that answer."""
    said = place.run("models", *words, "--json")
    assert (said.code, said.err) == (0, "")
    check(said.document, MODELS)
    return [model["model"] for model in said.document["models"]]


def test_a_family_is_shown_whole_and_an_id_in_full(settled: Place) -> None:
    family = ids(settled, "seedance-1-5-pro-720p")
    assert len(family) == 6
    assert all(name.startswith("seedance-1-5-pro-720p") for name in family)
    assert ids(settled, "nano-banana-2") == ["nano-banana-2"]
    plain = settled.run("models", "nano-banana-2").out
    assert "Shapes    1:1  16:9" in plain
    assert "See also  nano-banana-2-2K, nano-banana-2-4K" in plain
    assert "6 models of sandbox" in settled.run("models", "seedance-1-5-pro-720p").out


def test_filters_leave_what_they_say(settled: Place) -> None:
    everything = ids(settled)
    assert set(ids(settled, "--search", "kling 10s")) == {
        name for name in everything if name.startswith("kling-2") and "10s" in name}
    cheap = settled.run("models", "--kind", "image", "--max-price", "7", "--json").document
    assert {float(model["price"]["credits"]) for model in cheap["models"]} <= {4, 5, 6, 7}
    assert "imagen-4-fast" in {model["model"] for model in cheap["models"]}
    assert "auto-caption" in ids(settled, "--takes", "audio")
    assert "imagen-4" not in ids(settled, "--takes", "image")
    wrong = settled.run("models", "--max-price", "cheap")
    assert (wrong.code, wrong.out) == (2, "")
    assert "--max-price" in wrong.err


def test_an_operation_is_shown_to_who_names_it_and_never_counted(settled: Place) -> None:
    assert "veo3-1-extend" not in ids(settled)
    assert "veo3-1-extend" not in ids(settled, "veo3-1")
    (row,) = settled.run("models", "--kind", "extend", "--json").document["models"]
    assert row["price"] == {"credits": "75", "per": "job", "by": {
        "extend_model": {"lite": "45", "fast": "75", "quality": "300"}}}
    assert "45 lite · 75 fast · 300 quality" in settled.run("models", "--kind", "extend").out
    assert ids(settled, "veo3-1-extend") == ["veo3-1-extend"]


def test_voices_are_a_name_a_line(settled: Place) -> None:
    said = settled.run("models", "--voices")
    assert said.code == 0
    names = said.out.splitlines()
    assert len(names) == 26
    assert {"Rachel", "Grimblewood"} <= set(names)
    document = settled.run("models", "--voices", "--json").document
    assert (document["schema_version"], document["voices"]) == (1, names)


@pytest.mark.parametrize(("words", "hint"), [
    (("imagen-44",), "did you mean imagen-4"), (("seedance-9-ultra",), "sandbox seedance` lists"),
    (("xyz",), "--account sandbox` lists"), (("imagen-4", "--kind", "video"), "lists"),
    (("--voices", "--kind", "image"), "lists"), (("--max-price", "0.1"), "lists")])
def test_nothing_found_is_said_with_what_comes_nearest(settled: Place, words: tuple[str, ...],
                                                       hint: str) -> None:
    said = settled.run("models", *words, "--json")
    assert (said.code, said.out) == (2, "")
    check(said.complaint, ERROR | {"code": "no_model"})
    assert hint in said.complaint["message"]


def test_a_price_that_moved_since_the_last_run_is_told_in_the_plan(place: Place,
                                                                   shared: Sandbox) -> None:
    with Front(shared.url) as front:
        place.write("pipeline.toml", f'[accounts.sandbox]\nbase_url = "{front.url}"\nspeed = 600\n')
        place.small("moved lamp")
        assert place.run("run", "small.yaml", "--yes").code == 0
        assert place.run("plan", "small.yaml", "--json").document["notices"] == []
        front.prices["imagen-4"] = 17
        (notice,) = place.run("plan", "small.yaml", "--json").document["notices"]
        assert notice.startswith("imagen-4 ")
        assert "17" in notice
        assert f"Changed  {notice}" in place.run("plan", "small.yaml").out


def desk(url: str) -> str:
    """Settings with a keyed account at a sandbox."""
    return f'[accounts.desk]\nprovider = "kubeez"\napi_key_env = "DESK_KEY"\nbase_url = "{url}"\n'


def checks(place: Place, key: str, *words: str, code: int = 0) -> list[Row]:
    """What the doctor says with this key."""
    said = place.run("doctor", *words, "--account", "desk", "--json", env={"DESK_KEY": key})
    assert said.code == code, said.out
    assert not key or key not in said.out
    rows: list[Row] = said.document["checks"]
    assert said.document["ok"] is (code == 0)
    return rows


def scopes(rows: list[Row]) -> dict[str, tuple[bool, bool]]:
    """By scope, whether it is all right and whether it is proven."""
    return {row["scope"]: (row["ok"], row["proven"]) for row in rows if row["check"] == "scope"}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A sandbox whose keys have scopes of their own."""
    with sandbox(tmp_path_factory.mktemp("keyed"), faults=KEYS, credits="70") as served:
        yield served


@pytest.fixture
def mixed(place: Place, keyed: Sandbox) -> Place:
    """A manifest of three kinds on an account at that sandbox."""
    place.write("pipeline.toml", desk(keyed.url))
    place.write("mixed.yaml", MIXED.format(account="desk"))
    return place


def test_scopes_that_a_free_read_proves_are_told_from_those_that_none_can(mixed: Place,
                                                                          keyed: Sandbox) -> None:
    rows = checks(mixed, "sk_all", "mixed.yaml")
    assert scopes(rows) == {
        "read:balance": (True, True), "read:generations": (True, True),
        "generate:media": (True, True), "generate:speech": (True, False),
        "generate:music": (True, False)}
    plain = mixed.run("doctor", "mixed.yaml", "--account", "desk", env={"DESK_KEY": "sk_all"}).out
    assert "?    scope     generate:speech cannot be asked without paying; see the key's page  " \
           "(dialogue)" in plain
    assert "ok   scope     generate:media is there: the library was read  (image)" in plain
    assert keyed.books()["jobs"] == 0


def test_a_key_without_a_scope_is_found_where_a_read_can_tell(mixed: Place) -> None:
    rows = checks(mixed, "sk_music", "mixed.yaml", code=5)
    assert scopes(rows)["generate:media"] == (False, False)
    assert scopes(rows)["read:generations"] == (True, True)
    assert scopes(rows)["read:balance"] == (True, False)
    assert next(row for row in rows if row.get("scope") == "read:balance")["warning"] is True
    assert scopes(checks(mixed, "sk_blind", "mixed.yaml", code=5))["read:generations"] == (
        False, False)


def test_by_itself_an_account_is_asked_what_is_free(mixed: Place) -> None:
    assert scopes(checks(mixed, "sk_media")) == {
        "read:balance": (True, True), "read:generations": (True, True),
        "generate:media": (True, True)}
    music = checks(mixed, "sk_music")
    assert scopes(music)["generate:media"] == (True, False)
    assert any(row.get("warning") for row in music)


def test_a_balance_that_does_not_reach_is_a_warning(mixed: Place) -> None:
    (balance,) = [row for row in checks(mixed, "sk_all", "mixed.yaml")
                  if row["check"] == "balance"]
    assert balance["message"] == "70 credits, plan expects 74, worst 74: too little"
    assert (balance["ok"], balance["warning"]) == (True, True)
    one = MIXED.format(account="desk").partition("  - name: voices")[0]
    mixed.write("one.yaml", one)
    (balance,) = [row for row in checks(mixed, "sk_all", "one.yaml") if row["check"] == "balance"]
    assert balance["message"] == "70 credits, plan expects 13, worst 13"
    assert "warning" not in balance


def test_a_manifest_with_problems_is_one_of_the_things_that_stop_a_run(mixed: Place) -> None:
    mixed.write("bad.yaml", MIXED.format(account="desk").replace("imagen-4]", "imagen-44]"))
    rows = checks(mixed, "sk_all", "bad.yaml", code=2)
    (manifest,) = [row for row in rows if row["check"] == "manifest"]
    assert "1 problem, the first: desk has no model 'imagen-44'" in manifest["message"]
    assert "pipeline validate bad.yaml" in manifest["message"]
    assert {"balance", "clock", "catalog"} <= {row["check"] for row in rows}
    assert checks(mixed, "sk_all", "nowhere.yaml", code=2)
    assert [row["check"] for row in checks(mixed, "", "mixed.yaml", code=5)
            if not row["ok"]] == ["key"]


def test_two_accounts_of_one_manifest_are_both_examined(mixed: Place, shared: Sandbox) -> None:
    mixed.write("pipeline.toml", (mixed.folder / "pipeline.toml").read_text()
                + f'[accounts.sandbox]\nbase_url = "{shared.url}"\nspeed = 600\n')
    text = MIXED.format(account="desk").replace(
        "models: [imagen-4]", "models: [{account: sandbox, model: imagen-4}]")
    mixed.write("both.yaml", text)
    said = mixed.run("doctor", "both.yaml", "--json", env={"DESK_KEY": "sk_all"})
    assert said.code == 0
    balances = {row["account"]: row["message"] for row in said.document["checks"]
                if row["check"] == "balance"}
    assert balances["desk"].startswith("desk: 70 credits, plan expects 61")
    assert balances["sandbox"].endswith("plan expects 13, worst 13")
    asked = {row["account"]: row["for"] for row in said.document["checks"]
             if row.get("scope") == "generate:media"}
    assert asked == {"sandbox": ["image"]}


def test_no_paid_route_is_ever_tried_for_a_scope(place: Place) -> None:
    with Clerk() as clerk:
        clerk.answers |= {
            "GET /v1/models": (200, {"models": []}), "GET /v1/balance": (200, {"credits": 5}),
            "GET /v1/generations": (200, {"generations": []}),
            "GET /v1/assets": (403, {"error": "missing_scope", "message": "needs generate:media"})}
        place.write("pipeline.toml", clerk.settings)
        said = place.run("doctor", "--account", "desk", "--json", env={"DESK_KEY": KEY})
        assert said.code == 0
        assert scopes(said.document["checks"])["generate:media"] == (True, False)
        assert {line.partition(" ")[0] for line in clerk.asked} == {"GET"}


def test_what_is_uploaded_and_what_lies_in_the_library_needs_a_scope_too(
        mixed: Place) -> None:
    (mixed.folder / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    text = MIXED.format(account="desk").replace(
        'models: [imagen-4]\n    prompt: "a lamp"',
        'models: [nano-banana-2]\n    prompt: "a lamp"\n'
        '    sources: [./logo.png, "asset:acme-logo"]')
    mixed.write("sources.yaml", text)
    rows = checks(mixed, "sk_all", "sources.yaml")
    (media,) = [row for row in rows if row.get("scope") == "generate:media"]
    assert media["for"] == ["image", "library", "upload"]
