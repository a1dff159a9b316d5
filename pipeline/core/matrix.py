"""A campaign's axes multiplied: every combination the author asked for, in the author's order.

Law: the number of combinations is known before the first is built, and a rule that matches
nothing is an error, because it is a rule that does not say what its author meant.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from pipeline.core.errors import Problem
from pipeline.core.manifest import Axis, Campaign, ModelRef, Rule, Value


@dataclass(frozen=True, slots=True)
class Combo:
    """One combination of a campaign's axes, before it is held against a catalog.

    `base` counts the cells of the campaign that this one starts `from:`, whose variables it has.
    """

    ref: ModelRef
    aspect_ratio: str | None
    vars: Mapping[str, Value]
    params: Mapping[str, Value]
    variant: int
    base: int = 0


@dataclass(frozen=True, slots=True)
class Matrix:
    """The combinations of a campaign, how many the excludes removed, and its useless rules."""

    combos: list[Combo]
    excluded: int
    problems: list[Problem]


Variables = Mapping[str, Value]
ALONE: tuple[Variables, ...] = ({},)
"""The bases of a campaign that starts from no other: one, with no variables."""


def count_combos(campaign: Campaign, bases: int = 1) -> int:
    """How many combinations there are at most: the product of all axes, includes added."""
    counts = [_count(campaign, _resolved(campaign, rule)) for rule in (Rule(), *campaign.include)]
    return bases * sum(counts)


def _count(campaign: Campaign, rule: Rule) -> int:
    ratios = len(rule.aspect_ratios or campaign.aspect_ratios) or 1
    axes = [len(rule.vars.get(axis.name, axis.values)) for axis in campaign.axes]
    params = [len(rule.params.get(axis.name, axis.values)) for axis in campaign.param_axes]
    models = len(rule.models or campaign.models) or 1  # a kind that names none means one
    return models * ratios * prod(axes) * prod(params) * campaign.variants


def multiply(campaign: Campaign, bases: Sequence[Variables] = ALONE) -> Matrix:
    """Every combination left after the excludes, then what the includes add."""
    hits = [0] * len(campaign.exclude)
    kept: list[Combo] = []
    excluded = 0
    for combo in _product(campaign, Rule(), bases):
        matching = [n for n, rule in enumerate(campaign.exclude) if matches(rule, combo)]
        for n in matching:
            hits[n] += 1
        if matching:
            excluded += 1
        else:
            kept.append(combo)
    problems = [Problem("this exclude matches no cell", rule.at, _axes_hint(campaign))
                for rule, hit in zip(campaign.exclude, hits, strict=True) if not hit]
    problems += _include(campaign, kept, bases)
    return Matrix(kept, excluded, problems)


def _include(campaign: Campaign, kept: list[Combo],
             bases: Sequence[Variables]) -> list[Problem]:
    problems = []
    seen = {_identity(combo) for combo in kept} if campaign.include else set()
    for rule in campaign.include:
        added = 0
        for combo in _product(campaign, _resolved(campaign, rule), bases):
            if (identity := _identity(combo)) not in seen:
                seen.add(identity)
                kept.append(combo)
                added += 1
        if not added:
            problems.append(Problem("this include adds no cell: all of its cells are there already",
                                    rule.at, _axes_hint(campaign)))
    return problems


def _resolved(campaign: Campaign, rule: Rule) -> Rule:
    """A rule whose partial table rows are replaced by the whole rows that they match."""
    whole = {}
    for axis in campaign.axes:
        wanted = rule.vars.get(axis.name)
        if wanted is not None and any(isinstance(value, Mapping) for value in wanted):
            whole[axis.name] = tuple(v for v in axis.values if any(_same(w, v) for w in wanted))
    return Rule(rule.models, rule.aspect_ratios, {**rule.vars, **whole}, rule.params, rule.at)


def _product(campaign: Campaign, rule: Rule, bases: Sequence[Variables]) -> Iterator[Combo]:
    for number, base in enumerate(bases):
        if _fits_base(rule, base):
            yield from _product_on(campaign, rule, base, number)


def _fits_base(rule: Rule, base: Variables) -> bool:
    return all(any(_same(wanted, base[name]) for wanted in values)
               for name, values in rule.vars.items() if name in base)


def _product_on(campaign: Campaign, rule: Rule, base: Variables, number: int) -> Iterator[Combo]:
    known = {ref.model: ref.account for ref in campaign.models}
    refs = tuple(ModelRef(name, known.get(name, ""), rule.at) for name in rule.models) \
        or campaign.models
    ratios = rule.aspect_ratios or campaign.aspect_ratios or (None,)
    axes = [Axis(a.name, rule.vars.get(a.name, a.values)) for a in campaign.axes]
    params = [Axis(a.name, rule.params.get(a.name, a.values)) for a in campaign.param_axes]
    for said in product(*(axis.values for axis in axes)):
        variables = {**base, **campaign.vars,
                     **dict(zip((a.name for a in axes), said, strict=True))}
        for ref, ratio in product(refs, ratios):
            for tuned in product(*(axis.values for axis in params)):
                settings = {**campaign.params,
                            **dict(zip((a.name for a in params), tuned, strict=True))}
                for variant in range(1, campaign.variants + 1):
                    yield Combo(ref, ratio, variables, settings, variant, number)


def matches(rule: Rule, combo: Combo) -> bool:
    """Whether every axis that the rule names has, in this combination, a value that it names."""
    return (
        (not rule.models or combo.ref.model in rule.models)
        and (not rule.aspect_ratios or combo.aspect_ratio in rule.aspect_ratios)
        and all(any(_same(wanted, combo.vars.get(name)) for wanted in values)
                for name, values in rule.vars.items())
        and all(any(_same(wanted, combo.params.get(name)) for wanted in values)
                for name, values in rule.params.items())
    )


def _same(wanted: object, value: object) -> bool:
    """Equal, or, for a row of a table, equal in every field that the rule names.

    A cell of a CSV is text, so a field is compared as it would be written.
    """
    if isinstance(wanted, Mapping) and isinstance(value, Mapping):
        return all(name in value and str(value[name]) == str(part)
                   for name, part in wanted.items())
    return wanted == value and type(wanted) is type(value)


def _identity(combo: Combo) -> tuple[object, ...]:
    return (combo.base, combo.ref.model, combo.ref.account, combo.aspect_ratio, _frozen(combo.vars),
            _frozen(combo.params), combo.variant)


def _frozen(value: object) -> object:
    if isinstance(value, Mapping):
        return tuple(sorted((name, _frozen(part)) for name, part in value.items()))
    return (type(value).__name__, str(value))


def _axes_hint(campaign: Campaign) -> str:
    parts = ["model: " + ", ".join(ref.model for ref in campaign.models[:6])]
    if campaign.aspect_ratios:
        parts.append("aspect_ratio: " + ", ".join(campaign.aspect_ratios))
    parts += [f"{axis.name}: {_sample(axis)}" for axis in (*campaign.axes, *campaign.param_axes)]
    return "the axes are " + "; ".join(parts)


def _sample(axis: Axis) -> str:
    shown = [str(value) for value in axis.values[:4] if not isinstance(value, Mapping)]
    return ", ".join(shown) or f"{len(axis.values)} rows"
