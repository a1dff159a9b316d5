"""One campaign held against the catalogs of its accounts: from combinations to cells.

Law: all problems are found in one go, each where its author can mend it, and none twice.
"""

from collections.abc import Mapping
from dataclasses import replace

from pipeline.core.catalog import Catalog, Model
from pipeline.core.cells import Cell, Expansion, Offer, Skipped
from pipeline.core.chains import Base, as_ref, fit_extend, meant
from pipeline.core.errors import AuthorError, Position, Problem
from pipeline.core.manifest import Campaign, Manifest, ModelRef
from pipeline.core.matrix import ALONE, Combo, multiply
from pipeline.core.offer import Misfit, fit_params, fit_prompt, fit_ratio, fit_whole
from pipeline.core.origins import fit_sources
from pipeline.core.params import Setting
from pipeline.core.pricing import Unpriced, length_of, price
from pipeline.core.spec import JobSpec, SourceRef


class Grower:
    """One campaign's way from combinations to cells."""

    def __init__(self, campaign: Campaign, manifest: Manifest, offers: Mapping[str, Offer],
                 bases: list[Base], into: Expansion) -> None:
        self.accounts = campaign.accounts or (manifest.account,)
        self.campaign = _with_model(campaign, offers[self.accounts[0]].catalog)
        self.offers = offers
        self.bases = bases
        self.into = into
        self.blind = bool(campaign.source_campaign) and not bases
        self.prompts: dict[tuple[str, ...], str] = {}
        self.files = tuple(as_ref(source) for source in campaign.sources)
        self.told: set[tuple[Position | None, str]] = set()

    def grow(self) -> list[Cell]:
        """The campaign's cells. What starts from a campaign that has none of its own, because it is
        unknown or has problems, is checked as far as it can be, and has none either."""
        offer = self.offers[self.accounts[0]]
        if not self._can_buy(self.campaign.kind, offer, self.campaign.at("kind")):
            return []
        if not self.campaign.models:
            self._tell(self.campaign.at("kind"), f"{self.accounts[0]} lists no model for "
                       f"{self.campaign.kind}", "name one under `models`")
            return []
        matrix = multiply(self.campaign, [base.cell.vars for base in self.bases] or ALONE)
        if not self.blind:
            self.into.excluded += matrix.excluded
            self.into.problems += matrix.problems
        cells = (self._cell(number, combo) for number, combo in enumerate(matrix.combos))
        return [cell for cell in cells if cell is not None]

    def _cell(self, number: int, combo: Combo) -> Cell | None:
        account = combo.ref.account or self.accounts[number % len(self.accounts)]
        if self.campaign.kind == "extend" and self.bases:
            account = self.bases[combo.base].cell.account  # only its own account can go on from it
        offer = self.offers[account]
        model = meant(combo.ref.model, self.campaign.kind, offer.catalog)
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
        found = [fit_ratio(combo.aspect_ratio, model),
                 None if prompt is None else fit_prompt(prompt, model)]
        if not misfits:
            found.append(fit_whole(params, prompt, model))
        found.append(self._fit_origin(combo, params, sources, model))
        misfits += [misfit for misfit in found if misfit]
        if prompt is None:
            return None, misfits
        spec = JobSpec(provider, model.kind, model.id, prompt, ratio, params, sources,
                       combo.variant)
        return spec, misfits

    def _fit_origin(self, combo: Combo, params: Mapping[str, Setting],
                    sources: tuple[SourceRef, ...], model: Model) -> Misfit | None:
        """Whether it can start from what it is given."""
        if model.kind == "extend" and not self.blind:
            base = self.bases[combo.base] if self.bases else None
            return fit_extend(base, params, model)
        return fit_sources(sources, model)

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
        if self.blind:
            return (SourceRef("job", ""), *self.files)
        if self.bases:
            return (self.bases[combo.base].ref, *self.files)
        return self.files

    def _inherited_ratio(self, combo: Combo, model: Model) -> str | None:
        """A campaign that starts from another keeps its shape where the model can."""
        if not self.campaign.source_campaign or self.blind:
            return None
        ratio = self.bases[combo.base].cell.spec.aspect_ratio
        return ratio if ratio in model.capability.aspect_ratios else None

    def _priced(self, combo: Combo, spec: JobSpec, model: Model, account: str) -> Cell | None:
        quote = price(spec, model, own=self.offers[account].prices.get(model.id),
                      max_price=self.campaign.max_price)
        if isinstance(quote, Unpriced):
            path = ("max_price",) if self.campaign.max_price else ("models",)
            self._tell(self._at(path, combo), quote.message, quote.hint)
            return None
        longest_s = length_of(spec, model)
        return Cell(self.campaign.name, account, spec, spec.key(), quote, combo.vars,
                    model.typical_s, self.campaign.max_paid_attempts, self.campaign.tags,
                    None if longest_s is None else float(longest_s))

    def _unknown_model(self, combo: Combo, account: str, offer: Offer) -> Misfit:
        near = offer.catalog.nearest(combo.ref.model, self.campaign.kind)
        hint = f"did you mean {', '.join(near)}?" if near else (
            f"`pipeline models --account {account}` lists what there is")
        told = offer.gone.get(combo.ref.model, f"{account} has no model {combo.ref.model!r}")
        return Misfit(("models",), told, hint)

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


def _with_model(campaign: Campaign, catalog: Catalog) -> Campaign:
    """The campaign, with the model that it means where it names none."""
    if campaign.models or not campaign.kind:
        return campaign
    model = catalog.unnamed(campaign.kind)
    refs = () if model is None else (ModelRef(model.id, at=campaign.at("kind")),)
    return replace(campaign, models=refs)
