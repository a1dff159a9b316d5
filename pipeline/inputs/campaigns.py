"""One campaign of a manifest: from its grammar to what the core works with."""

from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from pipeline.core.errors import Position
from pipeline.core.manifest import Axis, Campaign, ModelRef, Value
from pipeline.inputs.complaints import Loc
from pipeline.inputs.desk import Desk, spans_of
from pipeline.inputs.grammar import (
    WITHOUT_MODELS,
    WITHOUT_PROMPT,
    CampaignGrammar,
    LinkGrammar,
    ModelGrammar,
    TableGrammar,
)
from pipeline.inputs.prompts import CompiledPrompt
from pipeline.inputs.rules import read_rules, split_axes

Variables = Mapping[str, Value | Axis]


def read_variables(desk: Desk, said: Mapping[str, Any], loc: Loc) -> dict[str, Value | Axis]:
    """Variables or parameters: a value is fixed, a list or a table is an axis."""
    found: dict[str, Value | Axis] = {}
    for name, value in said.items():
        if isinstance(value, TableGrammar):
            rows = desk.table(value.source, desk.at(*loc, name, "from"))
            found[name] = Axis(name, tuple(rows))
        elif isinstance(value, list):
            desk.check_repeats(*loc, name)
            found[name] = Axis(name, tuple(value))
        else:
            found[name] = value
    return found


def linked(said: CampaignGrammar) -> str:
    """The name of the campaign that this one starts from, or ""."""
    return said.source.campaign if isinstance(said.source, LinkGrammar) else said.source or ""


def read_campaign(desk: Desk, said: CampaignGrammar, index: int, *, shared: Variables,
                  spans: dict[str, Position], inherited: frozenset[str]) -> Campaign:
    """One campaign. `shared` are the variables of the manifest, and `spans` their places; a
    campaign that starts from another has them, like all others in `inherited`, through the cell
    that it starts from."""
    loc: Loc = ("campaigns", index)
    own = read_variables(desk, said.vars, (*loc, "vars"))
    params, param_axes = split_axes(read_variables(desk, said.params, (*loc, "params")))
    fixed, axes = split_axes(own if linked(said) else {**shared, **own})
    known = {"vars": desk.keys(*loc, "vars") | inherited | desk.keys("vars"),
             "params": desk.keys(*loc, "params")}
    rules = read_rules(desk, said, loc, known=known, fixed={
        "vars": fixed.keys(), "params": params.keys()})
    for key in ("aspect_ratios", "accounts", "models"):
        desk.check_repeats(*loc, key)
    return Campaign(
        said.name, _prompt(desk, said, loc), _models(desk, said, loc), kind=said.kind,
        accounts=tuple(said.accounts), aspect_ratios=tuple(said.aspect_ratios), vars=fixed,
        axes=axes, params=params, param_axes=param_axes, variants=said.variants,
        exclude=rules["exclude"], include=rules["include"],
        skip_unsupported=said.unsupported == "skip",
        sources=tuple(desk.source(text, desk.at(*loc, "sources", n))
                      for n, text in enumerate(said.sources)),
        source_campaign=linked(said),
        source_outputs=said.source.outputs if isinstance(said.source, LinkGrammar) else None,
        max_price=said.max_price,
        max_paid_attempts=said.max_paid_attempts, tags=dict(said.tags),
        spans=ChainMap(spans_of(desk.root.find(*loc)), spans))


def _models(desk: Desk, said: CampaignGrammar, loc: Loc) -> tuple[ModelRef, ...]:
    if not said.models and said.kind not in WITHOUT_MODELS and not _told(desk, loc, "models"):
        desk.tell("models is missing" if desk.root.find(*loc, "models") is None
                  else "models is empty", desk.at(*loc, "models"),
                  f"a list of model ids; only the kinds {', '.join(WITHOUT_MODELS)} need none")
    return tuple(
        ModelRef(model.model, model.account, desk.at(*loc, "models", n))
        if isinstance(model, ModelGrammar) else ModelRef(model, at=desk.at(*loc, "models", n))
        for n, model in enumerate(said.models))


def _prompt(desk: Desk, said: CampaignGrammar, loc: Loc) -> CompiledPrompt | None:
    if said.prompt is not None and said.template is not None:
        desk.tell("a campaign has a prompt or a template, not both", desk.at(*loc, "template"),
                  "keep one of them")
    if said.prompt is None and said.template is None and not _told(
            desk, loc, "prompt", "template", "kind"):
        _miss_prompt(desk, said, loc)
    prompt = None
    if said.prompt is not None:
        prompt = desk.inline(said.prompt, desk.at(*loc, "prompt"))
    if said.template is not None:
        prompt = desk.template(said.template, desk.at(*loc, "template"))
    return prompt


def _miss_prompt(desk: Desk, said: CampaignGrammar, loc: Loc) -> None:
    if said.kind not in WITHOUT_PROMPT:
        desk.tell("a prompt is missing", desk.at(*loc),
                  "`template: FILE` or `prompt: TEXT`; kinds that need none are named by `kind`")
    elif said.kind == "music" and not said.params:
        desk.tell("music needs a prompt, or params that describe it", desk.at(*loc),
                  "`prompt: TEXT`, or title, style and lyrics under `params`")


def _told(desk: Desk, loc: Loc, *keys: str) -> bool:
    return any(desk.sound.is_told(*loc, key) for key in keys)
