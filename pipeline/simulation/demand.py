"""What is wanted in a simulated world: a manifest in a few numbers, and the plan it makes."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from pipeline.core.cells import Expansion, Offer
from pipeline.core.errors import AuthorError
from pipeline.core.expansion import expand
from pipeline.core.manifest import Axis, Campaign, Manifest, ModelRef
from pipeline.core.plan import Known, Plan, draw_plan
from pipeline.providers.kubeez_catalog import read_catalog
from pipeline.providers.registry import SANDBOX_TERMS
from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.sandbox.kubeez_answers import show_models

ACCOUNT = PROVIDER = "sandbox"
PICTURES = ("nano-banana", "imagen-4")
CLIPS = "kling-2-6-image-to-video-5s"
SONGS, VOICES, FILMS = "V5", "text-to-dialogue-v3", "veo3-1-fast-text-to-video"
UNNAMED = ("mvsep-40", "auto-caption", "ad-copy")
"""The models of the kinds that have one each."""
FETCHED = "2027-01-15T08:00:00Z"


class Words:
    """A prompt without a template engine: fixed words, and the values of its variables."""

    def __init__(self, words: str, *names: str) -> None:
        self.label = self.words = words
        self.names = frozenset(names)

    def render(self, variables: Mapping[str, object]) -> str:
        """The finished prompt."""
        return " ".join([self.words, *(str(variables[name]) for name in sorted(self.names))])


EXTRAS: Mapping[str, Campaign] = {campaign.name: campaign for campaign in (
    Campaign("song", Words("a song about", "subject"), (ModelRef(SONGS),)),
    Campaign("stems", None, (), "separation", source_campaign="song"),
    Campaign("anthem", None, (ModelRef(SONGS),), params={
        "title": "Anthem", "style": "brass", "song_description": "all together now"}),
    Campaign("speech", Words("a word about", "subject"), (ModelRef(VOICES),),
             params={"voice": "Rachel"}),
    Campaign("words", None, (), "captions", source_campaign="speech"),
    Campaign("opener", Words("morning light on", "subject"), (ModelRef(FILMS),),
             aspect_ratios=("16:9",)),
    Campaign("longer", Words("it goes on"), (), "extend", source_campaign="opener"),
    Campaign("ads", None, (), "ad-copy", source_campaign="pictures",
             params={"variant_count": 2}),
)}
"""What may be wanted beside pictures and clips: every other kind that the service makes, each after
the one that it starts from."""


@dataclass(frozen=True, slots=True)
class Demand:
    """So many pictures: models × ratios × subjects × variants; `clips` starts one from each.

    `extras` are names of `EXTRAS`: one of each for every subject, or for what it starts from.
    """

    models: tuple[str, ...] = PICTURES[:1]
    ratios: tuple[str, ...] = ("1:1",)
    subjects: int = 1
    variants: int = 1
    clips: bool = False
    max_paid_attempts: int = 1
    extras: tuple[str, ...] = ()

    @property
    def jobs(self) -> int:
        """How many jobs it makes."""
        return len(expanded(self).cells)

    def manifest(self) -> Manifest:
        """The demand as its author might have written it."""
        pictures = Campaign("pictures", Words("a picture of", "subject"),
                            tuple(ModelRef(name) for name in self.models),
                            aspect_ratios=self.ratios, variants=self.variants)
        clips = Campaign("clips", Words("slow push-in"), (ModelRef(CLIPS),),
                         source_campaign="pictures")
        wanted = [*[pictures] * bool(self.models), *[clips] * self.clips,
                  *(EXTRAS[name] for name in self.extras)]
        return Manifest("simulated", "simulated.yaml", ACCOUNT,
                        [self._spread(campaign) for campaign in wanted])

    def _spread(self, campaign: Campaign) -> Campaign:
        """The campaign for every subject, where its words name one."""
        subjects = Axis("subject", tuple(f"subject {n}" for n in range(self.subjects)))
        names = campaign.prompt.names if campaign.prompt else ()
        return replace(campaign, axes=(subjects,) if subjects.name in names else (),
                       max_paid_attempts=self.max_paid_attempts)


@cache
def offer() -> Offer:
    """The catalog of the simulated service, as its dialect's adapter reads it."""
    rows = show_models(row for row in small_catalog())
    payload = json.loads(json.dumps(rows), parse_float=Decimal)
    return Offer(PROVIDER, read_catalog(payload, FETCHED, provider=PROVIDER),
                 kinds=SANDBOX_TERMS.kinds)


@cache
def small_catalog() -> SandboxCatalog:
    """The rows that demands name, and no more: reading them all takes longer than a small world."""
    every = SandboxCatalog.load()
    names = (*PICTURES, CLIPS, SONGS, VOICES, FILMS, *UNNAMED)
    return SandboxCatalog({name: row for name in names if (row := every.find(name)) is not None})


@cache
def expanded(demand: Demand) -> Expansion:
    """Every cell of a demand; raises `AuthorError` for one that the catalog cannot serve."""
    expansion = expand(demand.manifest(), {ACCOUNT: offer()})
    if expansion.problems:
        raise AuthorError(expansion.problems)
    return expansion


def plan_of(demand: Demand, known: Callable[[Sequence[str]], Mapping[str, Known]]) -> Plan:
    """The plan of a demand, given what the ledger knows."""
    expansion = expanded(demand)
    manifest = demand.manifest()
    return draw_plan(manifest.name, manifest.file, ACCOUNT, expansion,
                     known=known, catalogs={ACCOUNT: FETCHED}, budget=manifest.budget)
