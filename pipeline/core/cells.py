"""One campaign held against the catalogs of its accounts: every cell with spec, key and quote.

Law: all problems are found in one go, each where its author can mend it, and none twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.core.catalog import Catalog, Model
from pipeline.core.errors import AuthorError, Position, Problem
from pipeline.core.manifest import Campaign, Manifest, Value
from pipeline.core.matrix import ALONE, Combo, multiply
from pipeline.core.offer import Misfit, fit_params, fit_prompt, fit_ratio, fit_sources
from pipeline.core.price_rule import PriceRule
from pipeline.core.pricing import Quote, Unpriced, price
from pipeline.core.spec import JobSpec, SourceRef


@dataclass(frozen=True, slots=True)
class Offer:
    """What one account can be asked for: its provider's catalog, its own prices, and the kinds that
    can be bought there."""

    provider: str
    catalog: Catalog
    prices: Mapping[str, PriceRule] = field(default_factory=dict)
    kinds: tuple[str, ...] = ("image", "video")


@dataclass(frozen=True, slots=True)
class Cell:
    """One job that a manifest wants, with the place it takes in its campaign's matrix."""

    campaign: str
    account: str
    spec: JobSpec
    key: str
    quote: Quote
    vars: Mapping[str, Value]
    typical_s: float | None
    max_paid_attempts: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A cell left out because the catalog does not offer it (`unsupported: skip`)."""

    campaign: str
    model: str
    aspect_ratio: str | None
    why: str


@dataclass(slots=True)
class Expansion:
    """All cells in the author's order, what was left out, and every problem."""

    cells: list[Cell] = field(default_factory=list)
    excluded: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Grower:
    """One campaign's way from combinations to cells."""

    def __init__(self, campaign: Campaign, manifest: Manifest, offers: Mapping[str, Offer],
                 bases: list[Cell], into: Expansion) -> None:
        self.campaign = campaign
        self.accounts = campaign.accounts or (manifest.account,)
        self.offers = offers
        self.bases = bases
        self.into = into
        self.blind = bool(campaign.source_campaign) and not bases
        self.prompts: dict[tuple[str, ...], str] = {}
        self.told: set[tuple[Position | None, str]] = set()

    def grow(self) -> list[Cell]:
        """The campaign's cells. What starts from a campaign that has none of its own, because it is
        unknown or has problems, is checked as far as it can be, and has none either."""
        offer = self.offers[self.accounts[0]]
        if not self._can_buy(self.campaign.kind, offer, self.campaign.at("kind")):
            return []
        matrix = multiply(self.campaign, [cell.vars for cell in self.bases] or ALONE)
        if not self.blind:
            self.into.excluded += matrix.excluded
            self.into.problems += matrix.problems
        cells = (self._cell(number, combo) for number, combo in enumerate(matrix.combos))
        return [cell for cell in cells if cell is not None]

    def _cell(self, number: int, combo: Combo) -> Cell | None:
        account = combo.ref.account or self.accounts[number % len(self.accounts)]
        offer = self.offers[account]
        model = offer.catalog.models.get(combo.ref.model)
        if model is None:
            self._unfit(combo, self._unknown_model(combo, account, offer))
            return None
        if not self._can_buy(model.kind, offer, combo.ref.at):
            return None
        if self.campaign.kind and self.campaign.kind != model.kind:
            self._tell(self._at(("kind",), combo), f"{model.id} makes {model.kind}, "
                       f"and this campaign's kind is {self.campaign.kind}")
            return None
        spec, misfits = self._spec(combo, model, offer.provider)
        for misfit in misfits:
            self._unfit(combo, misfit)
        return None if spec is None or misfits else self._priced(combo, spec, model, account)

    def _can_buy(self, kind: str, offer: Offer, at: Position | None) -> bool:
        if not kind or kind in offer.kinds:
            return True
        self._tell(at, f"this version cannot buy {kind} from {offer.provider}",
                   "it buys " + " and ".join(offer.kinds))
        return False

    def _spec(self, combo: Combo, model: Model,
              provider: str) -> tuple[JobSpec | None, list[Misfit]]:
        ratio = combo.aspect_ratio or self._inherited_ratio(combo, model)
        prompt = None if self.blind else self._rendered(combo, ratio)
        sources = self._sources(combo)
        params, misfits = fit_params(combo.params, model)
        found = (fit_ratio(combo.aspect_ratio, model),
                 None if prompt is None else fit_prompt(prompt, model),
                 fit_sources(sources, model))
        misfits += [misfit for misfit in found if misfit]
        if prompt is None:
            return None, misfits
        spec = JobSpec(provider, model.kind, model.id, prompt, ratio, params, sources,
                       combo.variant)
        return spec, misfits

    def _rendered(self, combo: Combo, ratio: str | None) -> str | None:
        """The prompt; None if it cannot be, which is told."""
        try:
            return self._prompt(combo, ratio)
        except AuthorError as error:
            for problem in error.problems:
                self._tell(problem.at, problem.message, problem.hint)
            return None

    def _prompt(self, combo: Combo, ratio: str | None) -> str:
        if self.campaign.prompt is None:
            return ""
        known = {"model": combo.ref.model, "aspect_ratio": ratio or "",
                 "campaign": self.campaign.name, **combo.vars}
        names = sorted(self.campaign.prompt.names)
        said = tuple(repr(known.get(name)) for name in names)
        if said not in self.prompts:
            self.prompts[said] = self.campaign.prompt.render(known)
        return self.prompts[said]

    def _sources(self, combo: Combo) -> tuple[SourceRef, ...]:
        sources = []
        if self.blind:
            sources.append(SourceRef("job", ""))
        elif self.campaign.source_campaign:
            base = self.bases[combo.base]
            sources.append(SourceRef("job", base.key, base.spec.kind))
        for source in self.campaign.sources:
            kind, value = ("file", source.digest) if source.digest else ("url", source.text)
            if source.text.startswith("asset:"):
                kind, value = "asset", source.text.removeprefix("asset:")
            sources.append(SourceRef(kind, value, source.media, source.path))
        return tuple(sources)

    def _inherited_ratio(self, combo: Combo, model: Model) -> str | None:
        """A campaign that starts from another keeps its shape where the model can."""
        if not self.campaign.source_campaign or self.blind:
            return None
        ratio = self.bases[combo.base].spec.aspect_ratio
        return ratio if ratio in model.capability.aspect_ratios else None

    def _priced(self, combo: Combo, spec: JobSpec, model: Model, account: str) -> Cell | None:
        quote = price(spec, model, own=self.offers[account].prices.get(model.id),
                      max_price=self.campaign.max_price)
        if isinstance(quote, Unpriced):
            path = ("max_price",) if self.campaign.max_price else ("models",)
            self._tell(self._at(path, combo), quote.message, quote.hint)
            return None
        return Cell(self.campaign.name, account, spec, spec.key(), quote, combo.vars,
                    model.typical_s, self.campaign.max_paid_attempts, self.campaign.tags)

    def _unknown_model(self, combo: Combo, account: str, offer: Offer) -> Misfit:
        near = offer.catalog.nearest(combo.ref.model, self.campaign.kind)
        hint = f"did you mean {', '.join(near)}?" if near else (
            f"`pipeline models --account {account}` lists what there is")
        return Misfit(("models",), f"{account} has no model {combo.ref.model!r}", hint)

    def _unfit(self, combo: Combo, misfit: Misfit) -> None:
        if self.campaign.skip_unsupported:
            self.into.skipped.append(Skipped(self.campaign.name, combo.ref.model,
                                             combo.aspect_ratio, misfit.message))
        else:
            self._tell(self._at(misfit.path, combo), misfit.message, misfit.hint)

    def _at(self, path: tuple[str, ...], combo: Combo) -> Position | None:
        """The place of the very value of this cell, where the path names a list."""
        if path == ("models",):
            return combo.ref.at or self.campaign.at("models")
        if path == ("aspect_ratios",) and combo.aspect_ratio in self.campaign.aspect_ratios:
            index = self.campaign.aspect_ratios.index(combo.aspect_ratio)
            return self.campaign.at("aspect_ratios", str(index))
        if path[0] == "params":
            axis = next((a for a in self.campaign.param_axes if a.name == path[1]), None)
            value = combo.params.get(path[1])
            if axis and value in axis.values:
                return self.campaign.at(*path, str(axis.values.index(value)))
        if path == ("prompt",) and "prompt" not in self.campaign.spans:
            return self.campaign.at("template")
        return self.campaign.at(*path)

    def _tell(self, at: Position | None, message: str, hint: str = "") -> None:
        if (at, message) not in self.told:
            self.told.add((at, message))
            self.into.problems.append(Problem(message, at, hint))
