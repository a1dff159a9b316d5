"""One campaign held against the catalogs of its accounts: from strips and cuts to cells.

Law: all problems are found in one go, each where its author can mend it, and none twice. What does
not change from cell to cell is done once: a cut is checked and priced once an account, a prompt
rendered once a strip, a key's digest continued from what its neighbours share.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pipeline.core.catalog import Catalog
from pipeline.core.cells import Cells, Expansion, Offer, Pattern, Skipped
from pipeline.core.chains import Bases, as_ref, may_move
from pipeline.core.draft import Draft, Drafter, Fit, unbuyable
from pipeline.core.errors import AuthorError, Position, Problem
from pipeline.core.manifest import Campaign, Manifest, ModelRef
from pipeline.core.matrix import ALONE, Matrix, Strip
from pipeline.core.offer import Misfit
from pipeline.core.pricing import Quote, Unpriced
from pipeline.core.rules import Cut
from pipeline.core.sharing import round_of, starts_per_s
from pipeline.core.spec import key_digests, key_head, key_tail
from pipeline.core.wording import Author


class Grower:
    """One campaign's way from combinations to cells."""

    def __init__(self, campaign: Campaign, manifest: Manifest, offers: Mapping[str, Offer],
                 bases: Bases | None, into: Expansion) -> None:
        self.accounts = campaign.accounts or (manifest.account,)
        self.home = _home(campaign, self.accounts[0])
        self.campaign = _with_model(campaign, offers[self.home].catalog)
        self.offers = offers
        self.bases = bases or None
        self.into = into
        self.blind = bool(campaign.source_campaign) and not bases
        self.matrix = Matrix(self.campaign, ALONE if self.bases is None else self.bases)
        files = tuple(as_ref(source) for source in campaign.sources)
        self.author = Author(self.campaign, self.matrix, self.bases, files)
        self.drafter = Drafter(self.campaign, offers, files)
        self.drafts: dict[tuple[Cut, str, Pattern | None], Draft] = {}
        self.cells = Cells()
        self.may_move = len(self.accounts) > 1 and may_move(self.campaign, manifest, offers)
        self.rounds: dict[tuple[Cut, Pattern | None], Sequence[int]] = {}
        self.dealt: dict[str, int] = {}
        self.pools: dict[tuple[Cut, Pattern | None], int] = {}
        self.told: set[tuple[Position | None, str]] = set()

    def grow(self) -> Cells:
        """The campaign's cells. What starts from a campaign that has none of its own, because it is
        unknown or has problems, is checked as far as it can be, and has none either."""
        if refusal := unbuyable(self.campaign.kind, self.offers[self.home]):
            self._tell(self.campaign.at("kind"), refusal)
        elif not self.campaign.models:
            self._tell(self.campaign.at("kind"), Misfit(
                (), f"{self.home} lists no model for {self.campaign.kind}",
                "name one under `models`"))
        else:
            here = len(self.into.problems)
            for strip in self.matrix:
                self._grow_strip(strip)
            if not self.blind:
                self.into.excluded += self.matrix.excluded
                self.into.problems[here:here] = self.matrix.problems
        return self.cells

    def _grow_strip(self, strip: Strip) -> None:
        starts: dict[tuple[str, str, str, str], hashlib._Hash] = {}
        prompt, varies = None, self.author.varies(strip.vars)
        for cut in strip.cuts:
            for account, variants in self._shared_out(cut, strip):
                draft = self._draft(cut, account, strip)
                if varies or prompt is None:
                    prompt = self._prompt(strip, cut, draft)
                fit = draft.fit
                if not self._fits(draft, cut, prompt, len(variants)) or prompt is None \
                        or fit is None:
                    continue
                if (number := self._pattern(fit, cut, account, strip)) is None:
                    continue
                head = fit.spec.provider, fit.spec.kind, fit.spec.model, prompt
                if (start := starts.get(head)) is None:
                    start = starts[head] = hashlib.sha256(key_head(*head))
                digests = key_digests(start, self._tail(fit, strip), variants)
                self.cells.add(number, strip.number, variants, digests)

    def _shared_out(self, cut: Cut, strip: Strip) -> Iterator[tuple[str, Sequence[int]]]:
        """Which account buys which variants: they go round, unless the author names one."""
        variants = range(1, self.campaign.variants + 1)
        account = cut.ref.account or (self.accounts[0] if len(self.accounts) == 1 else "")
        if self.campaign.kind == "extend" and self.bases is not None:
            account = self.bases.pattern(strip.base).account  # only its own can go on from it
        if account:
            yield account, variants
            return
        base = self._base(strip)
        if (turns := self.rounds.get((cut, base))) is None:
            turns = self.rounds[cut, base] = self._round(cut, strip)
        dealt = self.dealt.setdefault(cut.ref.model, len(self.dealt))
        self.dealt[cut.ref.model] = dealt + len(variants)
        for variant in variants:
            yield self.accounts[turns[(dealt + variant - 1) % len(turns)]], (variant,)

    def _round(self, cut: Cut, strip: Strip) -> Sequence[int]:
        """Whose turn it is, by what each account can do of this cut."""
        weights = []
        for account in self.accounts:
            fit = self._draft(cut, account, strip).fit
            kind, typical_s = (fit.spec.kind, fit.model.typical_s) if fit else ("", None)
            weights.append(starts_per_s(self.offers[account].terms, kind, typical_s))
        return round_of(weights)

    def _draft(self, cut: Cut, account: str, strip: Strip) -> Draft:
        base = self._base(strip)
        found = self.drafts.get((cut, account, base))
        if found is None:
            found = self.drafts[cut, account, base] = self.drafter.draft(cut, account, base)
        return found

    def _base(self, strip: Strip) -> Pattern | None:
        return None if self.bases is None else self.bases.pattern(strip.base)

    def _prompt(self, strip: Strip, cut: Cut, draft: Draft) -> str | None:
        """The prompt; None if it cannot be known, or not be rendered, which is told."""
        if self.blind or draft.fit is None:
            return None
        try:
            return self.author.say(strip.vars, cut.ref.model, draft.fit.spec.aspect_ratio)
        except AuthorError as error:
            for problem in error.problems:
                self._tell(problem.at, Misfit((), problem.message, problem.hint))
            return None

    def _fits(self, draft: Draft, cut: Cut, prompt: str | None, times: int) -> bool:
        """Whether the cut can be bought with this prompt; why not is told."""
        if draft.refusal is not None:
            self._tell(self._at(draft.refusal.path, cut), draft.refusal)
            return False
        misfits = draft.misfits(prompt)
        for misfit in misfits:
            self._unfit(cut, misfit, times)
        return not misfits

    def _pattern(self, fit: Fit, cut: Cut, account: str, strip: Strip) -> int | None:
        """The number of the pattern, which is priced once; None without a price, which is told."""
        if fit.number is None:
            quote = self.drafter.price(fit, account)
            if isinstance(quote, Unpriced):
                path = ("max_price",) if self.campaign.max_price else ("models",)
                self._tell(self._at(path, cut), Misfit(path, quote.message, quote.hint))
                return None
            here = cut, self._base(strip)
            pool = 0
            if self.may_move and not cut.ref.account and here not in self.pools:
                pool = self.pools[here] = len(self.pools) + 1
            self._add(fit, self.drafter.pattern(fit, cut, account, quote, self.author), pool)
            if pool:
                self._add_others(fit, cut, strip, pool)
        return fit.number

    def _add(self, fit: Fit, pattern: Pattern, pool: int) -> None:
        fit.number = len(self.cells.patterns)
        self.cells.patterns.append(replace(pattern, pool=pool))

    def _add_others(self, first: Fit, cut: Cut, strip: Strip, pool: int) -> None:
        """The same on every other account that offers just this, whether it is given any or not."""
        for account in self.accounts:
            draft = self._draft(cut, account, strip)
            fit = draft.fit
            if fit is None or fit.number is not None or draft.misfits(None) \
                    or fit.model.capability != first.model.capability:
                continue
            quote = self.drafter.price(fit, account)
            if isinstance(quote, Quote):
                self._add(fit, self.drafter.pattern(fit, cut, account, quote, self.author), pool)

    def _tail(self, fit: Fit, strip: Strip) -> bytes:
        """The end of the keys; what starts from another job has that job's key in it."""
        if self.bases is None:
            return fit.tail
        sources = self.author.sources(strip.number)
        return key_tail(fit.spec.aspect_ratio, fit.spec.params, sources)

    def _unfit(self, cut: Cut, misfit: Misfit, times: int) -> None:
        if self.campaign.skip_unsupported:
            skipped = Skipped(self.campaign.name, cut.ref.model, cut.aspect_ratio, misfit.message)
            self.into.skipped += [skipped] * times
        else:
            self._tell(self._at(misfit.path, cut), misfit)

    def _at(self, path: tuple[str, ...], cut: Cut) -> Position | None:
        """The place of the very value of this cell, where the path names a list."""
        if path == ("models",):
            return cut.ref.at or self.campaign.at("models")
        if path == ("aspect_ratios",) and cut.aspect_ratio in self.campaign.aspect_ratios:
            index = self.campaign.aspect_ratios.index(cut.aspect_ratio)
            return self.campaign.at("aspect_ratios", str(index))
        if path[0] == "params":
            axis = next((a for a in self.campaign.param_axes if a.name == path[1]), None)
            value = cut.params.get(path[1])
            if axis and value in axis.values:
                return self.campaign.at(*path, str(axis.values.index(value)))
        if path == ("prompt",) and "prompt" not in self.campaign.spans:
            return self.campaign.at("template")
        return self.campaign.at(*path)

    def _tell(self, at: Position | None, misfit: Misfit) -> None:
        if (at, misfit.message) not in self.told:
            self.told.add((at, misfit.message))
            self.into.problems.append(Problem(misfit.message, at, misfit.hint))


def _home(campaign: Campaign, account: str) -> str:
    """The campaign's own account, or its first model's where every model names one of its own."""
    own = [ref.account for ref in campaign.models]
    return own[0] if own and all(own) else account


def _with_model(campaign: Campaign, catalog: Catalog) -> Campaign:
    """The campaign, with the model that it means where it names none."""
    if campaign.models or not campaign.kind:
        return campaign
    model = catalog.unnamed(campaign.kind)
    refs = () if model is None else (ModelRef(model.id, at=campaign.at("kind")),)
    return replace(campaign, models=refs)
