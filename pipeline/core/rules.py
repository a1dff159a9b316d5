"""Rules over cells, `exclude` and `include`: which values of which axes they mean."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.core.manifest import Campaign, ModelRef, Rule, Value

Variables = Mapping[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One model in one shape with its parameters: the axes of a cell that are no variables."""

    ref: ModelRef
    aspect_ratio: str | None
    params: Mapping[str, Value]


def whole_rows(campaign: Campaign, rule: Rule) -> Rule:
    """A rule whose partial table rows are replaced by the whole rows that they match."""
    whole = {}
    for axis in campaign.axes:
        wanted = rule.vars.get(axis.name)
        if wanted is not None and any(isinstance(value, Mapping) for value in wanted):
            whole[axis.name] = tuple(v for v in axis.values if any(_same(w, v) for w in wanted))
    return Rule(rule.models, rule.aspect_ratios, {**rule.vars, **whole}, rule.params, rule.at)


def fits_base(rule: Rule, base: Variables) -> bool:
    """Whether the rule can mean cells that have these variables of what they start from."""
    return all(any(_same(wanted, base[name]) for wanted in values)
               for name, values in rule.vars.items() if name in base)


def matches_cut(rule: Rule, cut: Cut) -> bool:
    """Whether model, shape and parameters are, where the rule names them, what it names."""
    return (
        (not rule.models or cut.ref.model in rule.models)
        and (not rule.aspect_ratios or cut.aspect_ratio in rule.aspect_ratios)
        and all(any(_same(wanted, cut.params.get(name)) for wanted in values)
                for name, values in rule.params.items())
    )


def matches_vars(rule: Rule, variables: Variables) -> bool:
    """Whether every variable that the rule names has a value that it names."""
    return all(any(_same(wanted, variables.get(name)) for wanted in values)
               for name, values in rule.vars.items())


def _same(wanted: object, value: object) -> bool:
    """Equal, or, for a row of a table, equal in every field that the rule names.

    A cell of a CSV is text, so a field is compared as it would be written.
    """
    if isinstance(wanted, Mapping) and isinstance(value, Mapping):
        return all(name in value and str(value[name]) == str(part)
                   for name, part in wanted.items())
    return wanted == value and type(wanted) is type(value)
