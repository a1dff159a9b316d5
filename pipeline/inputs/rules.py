"""The `exclude` and `include` rules of a campaign, held against the axes that it has.

Law: a rule names something, and only names that exist. An include chooses the values of axes; what
is fixed has one value, and an include that seems to change it would buy another job than it says.
"""

from collections.abc import Mapping, Set
from typing import Any

from pipeline.core.manifest import Axis, Rule, Value
from pipeline.inputs.complaints import Loc, meant_or_known, show
from pipeline.inputs.desk import Desk
from pipeline.inputs.grammar import CampaignGrammar, RuleGrammar

Names = Mapping[str, Set[str]]
"""Of `vars` and of `params`."""


def read_rules(desk: Desk, said: CampaignGrammar, loc: Loc, *, known: Names,
               fixed: Names) -> dict[str, tuple[Rule, ...]]:
    """The rules under `exclude` and `include`, their problems told. `fixed` are those of the
    `known` names that are no axis."""
    rules = {"exclude": said.exclude, "include": said.include}
    for word, patterns in rules.items():
        for n, pattern in enumerate(patterns):
            _check(desk, pattern, (*loc, word, n), known, fixed)
    return {word: tuple(_rule(desk, pattern, (*loc, word, n))
                        for n, pattern in enumerate(patterns))
            for word, patterns in rules.items()}


def _rule(desk: Desk, said: RuleGrammar, loc: Loc) -> Rule:
    return Rule(_many(said.model), _many(said.aspect_ratio),
                {name: _many(value) for name, value in said.vars.items()},
                {name: _many(value) for name, value in said.params.items()},
                desk.at(*loc))


def _many(said: Any) -> tuple[Any, ...]:
    if said is None:
        return ()
    return tuple(said) if isinstance(said, list) else (said,)


def _check(desk: Desk, said: RuleGrammar, loc: Loc, known: Names, fixed: Names) -> None:
    if not (said.model or said.aspect_ratio or said.vars or said.params):
        desk.tell(f"this {loc[-2]} names nothing", desk.at(*loc),
                  "model, aspect_ratio, vars or params")
    for part, values in (("vars", said.vars), ("params", said.params)):
        what = "variable" if part == "vars" else "parameter"
        for name in values:
            at = desk.at(*loc, part, name)
            if desk.sound.is_told(*loc[:2], part):
                continue
            if name not in known[part]:
                desk.tell(f"unknown {what} {show(name)}", at,
                          meant_or_known(name, sorted(known[part])))
            elif name in fixed[part] and loc[-2] == "include":
                desk.tell(f"{what} {show(name)} is no axis, so an include cannot choose it", at,
                          f"make it a list under {part}, or write a campaign of its own")


def split_axes(values: Mapping[str, Value | Axis]) -> tuple[dict[str, Value], tuple[Axis, ...]]:
    """What is fixed, and what multiplies."""
    fixed = {name: value for name, value in values.items() if not isinstance(value, Axis)}
    return fixed, tuple(value for value in values.values() if isinstance(value, Axis))
