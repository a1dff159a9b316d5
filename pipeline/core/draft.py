"""One cut on one account, held against the catalog: all that can be known before its prompt is.

Law: a draft is made once and serves every cell of its cut, so nothing here looks at variables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.core.catalog import Model
from pipeline.core.cells import Offer, Pattern
from pipeline.core.chains import as_output, fit_extend, meant
from pipeline.core.manifest import Campaign
from pipeline.core.offer import Misfit, fit_params, fit_prompt, fit_ratio, fit_whole
from pipeline.core.origins import fit_sources
from pipeline.core.params import Setting
from pipeline.core.pricing import Quote, Unpriced, length_of, price
from pipeline.core.rules import Cut
from pipeline.core.spec import JobSpec, SourceRef, key_tail
from pipeline.core.wording import Author


@dataclass(slots=True)
class Fit:
    """The model that a cut means, and what is sent to it.

    `spec` has no prompt and no variant; `whole` says whether its parameters are each right, `tail`
    is that of the keys where all cells have the same sources. `number` is that of the pattern in
    the campaign's cells, None as long as nothing was grown of it.
    """

    model: Model
    spec: JobSpec
    whole: bool
    tail: bytes
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a cut comes to. `before` and `after` are its misfits, as they are told around those of a
    prompt; `refusal` is what no `unsupported: skip` helps against."""

    fit: Fit | None = None
    before: Sequence[Misfit] = ()
    after: Sequence[Misfit] = ()
    refusal: Misfit | None = None

    def misfits(self, prompt: str | None) -> list[Misfit]:
        """Everything that does not fit, with this prompt; None is one that cannot be known."""
        found = [*self.before]
        if (fit := self.fit) is not None:
            if prompt is not None and (misfit := fit_prompt(prompt, fit.model)):
                found.append(misfit)
            if fit.whole and (misfit := fit_whole(fit.spec.params, prompt, fit.model)):
                found.append(misfit)
        found += self.after
        return found


class Drafter:
    """Makes the drafts of one campaign."""

    def __init__(self, campaign: Campaign, offers: Mapping[str, Offer],
                 files: tuple[SourceRef, ...]) -> None:
        self.campaign = campaign
        self.offers = offers
        self.files = files

    def draft(self, cut: Cut, account: str, base: Pattern | None) -> Draft:
        """A cut on an account, starting from an output of cells of the pattern `base`."""
        offer = self.offers[account]
        model = meant(cut.ref.model, self.campaign.kind, offer.catalog,
                      str(cut.params.get("tool", "")))
        if model is None:
            return Draft(before=[self._unknown(cut, account, offer)])
        if refusal := unbuyable(model.kind, offer):
            return Draft(refusal=replace(refusal, path=("models",)))
        if self.campaign.kind and self.campaign.kind != model.kind:
            return Draft(refusal=Misfit(("kind",), f"{model.id} makes {model.kind}, and this "
                                                   f"campaign's kind is {self.campaign.kind}"))
        return self._fitted(cut, model, offer.provider, base)

    def _fitted(self, cut: Cut, model: Model, provider: str, base: Pattern | None) -> Draft:
        ratio = cut.aspect_ratio or self._inherited(base, model)
        sources = self._sources(base)
        params, before = fit_params(cut.params, model)
        whole = not before
        before += filter(None, [fit_ratio(cut.aspect_ratio, model)])
        origin = self._fit_origin(base, params, sources, model)
        spec = JobSpec(provider, model.kind, model.id, "", ratio, params, sources, 0)
        fit = Fit(model, spec, whole, key_tail(ratio, params, sources))
        return Draft(fit, before, [origin] if origin else [])

    def _inherited(self, base: Pattern | None, model: Model) -> str | None:
        """A campaign that starts from another keeps its shape where the model can."""
        ratio = base.spec.aspect_ratio if base else None
        return ratio if ratio in model.capability.aspect_ratios else None

    def _sources(self, base: Pattern | None) -> tuple[SourceRef, ...]:
        if base is not None:
            return (as_output(base, ""), *self.files)
        return (SourceRef("job", ""), *self.files) if self.campaign.source_campaign else self.files

    def _fit_origin(self, base: Pattern | None, params: Mapping[str, Setting],
                    sources: tuple[SourceRef, ...], model: Model) -> Misfit | None:
        """Whether it can start from what it is given."""
        if model.kind == "extend" and (base or not self.campaign.source_campaign):
            return fit_extend(base, params, model)
        return fit_sources(sources, model)

    def _unknown(self, cut: Cut, account: str, offer: Offer) -> Misfit:
        near = offer.catalog.nearest(cut.ref.model, self.campaign.kind)
        hint = f"did you mean {', '.join(near)}?" if near else (
            f"`pipeline models --account {account}` lists what there is")
        told = offer.gone.get(cut.ref.model, f"{account} has no model {cut.ref.model!r}")
        return Misfit(("models",), told, hint)

    def price(self, fit: Fit, account: str) -> Quote | Unpriced:
        """The quote of what fits, or why there is none."""
        return price(fit.spec, fit.model, own=self.offers[account].prices.get(fit.model.id),
                     max_price=self.campaign.max_price)

    def pattern(self, fit: Fit, cut: Cut, account: str, quote: Quote, author: Author) -> Pattern:
        """What all cells of a fit have in common."""
        longest_s = length_of(fit.spec, fit.model)
        return Pattern(self.campaign.name, account, fit.spec, quote, fit.model.typical_s,
                       self.campaign.max_paid_attempts, self.campaign.tags,
                       None if longest_s is None else float(longest_s), cut.ref.model, author,
                       bool(fit.spec.waits_for))


def unbuyable(kind: str, offer: Offer) -> Misfit | None:
    """Why this kind cannot be bought there, None where it can."""
    if not kind or kind in offer.kinds:
        return None
    return Misfit(("kind",), f"this version cannot buy {kind} from {offer.provider}",
                  "it buys " + " and ".join(offer.kinds))
