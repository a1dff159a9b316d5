"""What is wanted in a simulated world: a manifest in a few numbers, and the plan it makes."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from pipeline.core.cells import Expansion, Offer
from pipeline.core.errors import AuthorError
from pipeline.core.expansion import expand
from pipeline.core.manifest import Axis, Campaign, Manifest, ModelRef
from pipeline.core.plan import Known, Plan, draw_plan
from pipeline.providers.kubeez_catalog import read_catalog
from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.sandbox.kubeez_answers import show_models

ACCOUNT = PROVIDER = "sandbox"
PICTURES = ("nano-banana", "imagen-4")
CLIPS = "kling-2-6-image-to-video-5s"
FETCHED = "2027-01-15T08:00:00Z"


class Words:
    """A prompt without a template engine: fixed words, and the values of its variables."""

    def __init__(self, words: str, *names: str) -> None:
        self.label = self.words = words
        self.names = frozenset(names)

    def render(self, variables: Mapping[str, object]) -> str:
        """The finished prompt."""
        return " ".join([self.words, *(str(variables[name]) for name in sorted(self.names))])


@dataclass(frozen=True, slots=True)
class Demand:
    """So many pictures: models × ratios × subjects × variants; `clips` starts one from each."""

    models: tuple[str, ...] = PICTURES[:1]
    ratios: tuple[str, ...] = ("1:1",)
    subjects: int = 1
    variants: int = 1
    clips: bool = False
    max_paid_attempts: int = 1

    @property
    def jobs(self) -> int:
        """How many jobs it makes."""
        pictures = len(self.models) * len(self.ratios) * self.subjects * self.variants
        return pictures * (1 + self.clips)

    def manifest(self) -> Manifest:
        """The demand as its author might have written it."""
        subjects = tuple(f"subject {n}" for n in range(self.subjects))
        pictures = Campaign(
            "pictures", Words("a picture of", "subject"),
            tuple(ModelRef(name) for name in self.models), aspect_ratios=self.ratios,
            axes=(Axis("subject", subjects),), variants=self.variants,
            max_paid_attempts=self.max_paid_attempts)
        clips = Campaign("clips", Words("slow push-in"), (ModelRef(CLIPS),),
                         source_campaign="pictures", max_paid_attempts=self.max_paid_attempts)
        return Manifest("simulated", "simulated.yaml", ACCOUNT,
                        [pictures, clips] if self.clips else [pictures])


@cache
def offer() -> Offer:
    """The catalog of the simulated service, as its dialect's adapter reads it."""
    rows = show_models(row for row in small_catalog())
    payload = json.loads(json.dumps(rows), parse_float=Decimal)
    return Offer(PROVIDER, read_catalog(payload, FETCHED, provider=PROVIDER))


@cache
def small_catalog() -> SandboxCatalog:
    """The rows that demands name, and no more: reading them all takes longer than a small world."""
    every = SandboxCatalog.load()
    rows = {name: row for name in (*PICTURES, CLIPS) if (row := every.find(name)) is not None}
    return SandboxCatalog(rows)


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
                     known=known([cell.key for cell in expansion.cells]),
                     catalogs={ACCOUNT: FETCHED}, budget=manifest.budget)
