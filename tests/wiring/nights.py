"""Manifests that are foretold and rehearsed, and how far apart the two are.

A case is a campaign or several for a number of jobs. The lengths of a rehearsal's jobs scatter, so
that of a few jobs another seed is another night: what a forecast is held against is the mean of
several seeds.
"""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev

import anyio

from pipeline.inputs.catalog_cache import CatalogCache
from pipeline.inputs.settings import read_settings
from pipeline.wiring.planning import Drawing, Wish, draw
from pipeline.wiring.rehearsal import Terms, rehearse

NOW_S = 1_800_000_000.0
SETTINGS = """\
[accounts.sandbox]
provider = "sandbox"
speed = 1
[accounts.sandbox.limits]
media_in_flight = {slots}
[accounts.second]
provider = "sandbox"
speed = 1
[accounts.second.limits]
media_in_flight = {slots}
"""
SLOTS, WIDE = 10, 40
"""As Kubeez has them, and so many that the turns hold the jobs back."""


def _images(name: str, number: int, models: str = "nano-banana-2") -> str:
    return f'{name}, models: [{models}], prompt: "{{{{ t }}}}", {_things(number)}'


def _things(number: int) -> str:
    return f"vars: {{t: {json.dumps([f'thing {n}' for n in range(max(1, number))])}}}"


CASES: Mapping[str, Callable[[int], Sequence[str]]] = {
    "images": lambda n: [_images("hero", n)],
    "images and films": lambda n: [
        _images("hero", n // 3, "nano-banana-2, seedream-v4-5"),
        _images("film", n - 2 * (n // 3), "seedance-1-5-pro-720p-4s")],
    "a chain": lambda n: [
        _images("hero", n // 2),
        'clip, from: hero, models: [kling-2-6-image-to-video-5s], prompt: "slow push-in"'],
    "music": lambda n: [_images("song", n, "V5") + ", params: {instrumental: true}"],
    "two accounts": lambda n: [_images("hero", n) + ", accounts: [sandbox, second]"],
    "many kinds": lambda n: [
        _images("hero", n // 5),
        'clip, from: hero, models: [kling-2-6-image-to-video-5s], prompt: "slow push-in"',
        _images("song", n // 5, "V5") + ", params: {instrumental: true}",
        "stems, from: song, kind: separation",
        _images("voice", n // 5, "text-to-dialogue-v3") + ", params: {voice: Rachel}"],
}


@dataclass(frozen=True, slots=True)
class Held:
    """A forecast held against the nights that then happened, in seconds of the service."""

    case: str
    jobs: int
    forecast_s: float
    nights_s: Sequence[float]
    refused: int
    bottlenecks: tuple[str, str]

    @property
    def mean_s(self) -> float:
        """How long the nights took."""
        return fmean(self.nights_s)

    @property
    def scatter(self) -> float:
        """How far one night is from another, as a share."""
        return pstdev(self.nights_s) / self.mean_s

    @property
    def ratio(self) -> float:
        """Foretold over happened."""
        return self.forecast_s / self.mean_s


def drawn(folder: Path, case: str, jobs: int, slots: int = SLOTS) -> Drawing:
    """The plan of a case."""
    (folder / "pipeline.toml").write_text(SETTINGS.format(slots=slots), encoding="utf-8")
    manifest = folder / "night.yaml"
    campaigns = "".join(f"  - {{name: {words}}}\n" for words in CASES[case](jobs))
    manifest.write_text(f"version: 1\nname: night\naccount: sandbox\ncampaigns:\n{campaigns}",
                        encoding="utf-8")
    settings = read_settings(folder, {**os.environ, "PIPELINE_CONFIG_DIR": str(folder)})

    async def main() -> Drawing:
        drawing = await draw(Wish(manifest, folder / "state"), settings,
                             CatalogCache(folder / "cache"), time.time)
        await drawing.accounts.close()
        return drawing

    return anyio.run(main)


def held(folder: Path, case: str, jobs: int, slots: int, seeds: Sequence[int]) -> Held:
    """Foretell a case, and let it happen once for each seed."""
    drawing = drawn(folder, case, jobs, slots)
    nights = [rehearse(drawing, folder / "state", Terms(seed=seed), NOW_S) for seed in seeds]
    assert all(night.exit_code == 0 for night in nights), case
    return Held(case, jobs, drawing.forecast.seconds, [night.seconds for night in nights],
                sum(night.calls.get("refused", 0) for night in nights),
                (drawing.forecast.bottleneck, nights[0].bottleneck))
