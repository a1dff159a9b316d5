"""A campaign's axes multiplied: every combination the author asked for, in the author's order.

Law: the number of combinations is known before the first is built, and a rule that matches
nothing is an error, because it is a rule that does not say what its author meant. Combinations
stream: what is kept of one is a number, from which its variables can be told again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from pipeline.core.errors import Problem
from pipeline.core.manifest import Axis, Campaign, ModelRef, Rule, Value
from pipeline.core.rules import (
    Cut,
    Variables,
    fits_base,
    matches_cut,
    matches_vars,
    whole_rows,
)

ALONE: tuple[Variables, ...] = ({},)
"""The bases of a campaign that starts from no other: one, with no variables."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One set of variables and the cuts that are wanted of it, each in every variant.

    `base` counts the cells of the campaign that this one starts `from:`, whose variables it has;
    `Matrix.vars(number)` tells the variables again.
    """

    number: int
    base: int
    vars: Variables
    cuts: Sequence[Cut]


class Matrix:
    """The strips of a campaign. How many cells the excludes removed, and which rules are useless,
    is known once all strips were walked through."""

    def __init__(self, campaign: Campaign, bases: Sequence[Variables] = ALONE) -> None:
        self.campaign = campaign
        self.excluded = 0
        self.problems: list[Problem] = []
        self._blocks: list[_Block] = []
        start = 0
        for rule in (Rule(), *(whole_rows(campaign, rule) for rule in campaign.include)):
            block = _Block(campaign, rule, bases, start)
            self._blocks.append(block)
            start += block.size

    def __iter__(self) -> Iterator[Strip]:
        """What the excludes leave, then what the includes add."""
        self.excluded, self.problems = 0, []
        seen = _Seen()
        for strip in self._left_over():
            if self.campaign.include:
                seen.missing(strip)
            yield strip
        for block in self._blocks[1:]:
            yield from self._added(block, seen)

    def vars(self, number: int) -> Variables:
        """The variables of a strip."""
        return self._of(number).vars(number)

    def base(self, number: int) -> int:
        """The base of a strip."""
        return self._of(number).base(number)

    def _of(self, number: int) -> "_Block":
        return next(block for block in reversed(self._blocks) if block.start <= number)

    def _left_over(self) -> Iterator[Strip]:
        block, rules = self._blocks[0], self.campaign.exclude
        reach = [[cut for cut in block.cuts if matches_cut(rule, cut)] for rule in rules]
        hits: set[int] = set()
        for strip in block.strips():
            matching = [n for n, rule in enumerate(rules)
                        if reach[n] and matches_vars(rule, strip.vars)]
            if not matching:
                yield strip
                continue
            hits.update(matching)
            gone = {cut for n in matching for cut in reach[n]}
            self.excluded += len(gone) * self.campaign.variants
            left = [cut for cut in strip.cuts if cut not in gone]
            yield Strip(strip.number, strip.base, strip.vars, left)
        self.problems += [
            Problem("this exclude matches no cell", rule.at, _axes_hint(self.campaign))
            for n, rule in enumerate(rules) if n not in hits]

    def _added(self, block: "_Block", seen: "_Seen") -> Iterator[Strip]:
        added = False
        for strip in block.strips():
            if cuts := seen.missing(strip):
                added = True
                yield Strip(strip.number, strip.base, strip.vars, cuts)
        if not added:
            self.problems.append(Problem(
                "this include adds no cell: all of its cells are there already", block.rule.at,
                _axes_hint(self.campaign)))


class _Block:
    """The product of a campaign's axes as one rule narrows or widens them."""

    def __init__(self, campaign: Campaign, rule: Rule, bases: Sequence[Variables],
                 start: int) -> None:
        self.rule = rule
        self.start = start
        self.cuts = _cuts(campaign, rule)
        self._bases = bases
        self._fixed = campaign.vars
        self._axes: list[tuple[str, Sequence[Value], int]] = []
        self._each = 1
        for axis in reversed(campaign.axes):
            values = rule.vars.get(axis.name, axis.values)
            self._axes.insert(0, (axis.name, values, self._each))
            self._each *= len(values)
        self.size = self._each * len(bases)

    def base(self, number: int) -> int:
        """Which base the strip of this number is on."""
        return (number - self.start) // self._each

    def vars(self, number: int) -> Variables:
        """What a strip says: its base's variables, the campaign's, and its place on every axis."""
        base, place = divmod(number - self.start, self._each)
        return {**self._bases[base], **self._fixed,
                **{name: values[place // step % len(values)] for name, values, step in self._axes}}

    def strips(self) -> Iterator[Strip]:
        """All strips on the bases that the rule fits, with all cuts."""
        for base in range(len(self._bases)):
            if self.rule.vars and not fits_base(self.rule, self._bases[base]):
                continue
            first = self.start + base * self._each
            for number in range(first, first + self._each):
                yield Strip(number, base, self.vars(number), self.cuts)


class _Seen:
    """The cells that are there already, for includes."""

    def __init__(self) -> None:
        self._cuts: dict[tuple[object, ...], set[object]] = {}

    def missing(self, strip: Strip) -> list[Cut]:
        """The cuts of a strip that were not there; from now on they are."""
        there = self._cuts.setdefault((strip.base, _frozen(strip.vars)), set())
        fresh = []
        for cut in strip.cuts:
            identity = (cut.ref.model, cut.ref.account, cut.aspect_ratio, _frozen(cut.params))
            if identity not in there:
                there.add(identity)
                fresh.append(cut)
        return fresh


def count_combos(campaign: Campaign, bases: int = 1) -> int:
    """How many combinations there are at most: the product of all axes, includes added."""
    counts = [_count(campaign, whole_rows(campaign, rule)) for rule in (Rule(), *campaign.include)]
    return bases * sum(counts)


def _count(campaign: Campaign, rule: Rule) -> int:
    ratios = len(rule.aspect_ratios or campaign.aspect_ratios) or 1
    axes = [len(rule.vars.get(axis.name, axis.values)) for axis in campaign.axes]
    params = [len(rule.params.get(axis.name, axis.values)) for axis in campaign.param_axes]
    models = len(rule.models or campaign.models) or 1  # a kind that names none means one
    return models * ratios * prod(axes) * prod(params) * campaign.variants


def _cuts(campaign: Campaign, rule: Rule) -> list[Cut]:
    """Models outermost, then shapes, then parameters."""
    known = {ref.model: ref.account for ref in campaign.models}
    refs = tuple(ModelRef(name, known.get(name, ""), rule.at) for name in rule.models) \
        or campaign.models
    ratios = rule.aspect_ratios or campaign.aspect_ratios or (None,)
    axes = [Axis(a.name, rule.params.get(a.name, a.values)) for a in campaign.param_axes]
    tuned = [{**campaign.params, **dict(zip((a.name for a in axes), values, strict=True))}
             for values in product(*(axis.values for axis in axes))]
    return [Cut(ref, ratio, params) for ref in refs for ratio in ratios for params in tuned]


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
