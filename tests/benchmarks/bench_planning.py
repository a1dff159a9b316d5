"""Planning: a manifest expanded, checked, priced and counted, beside the obvious way to do it.

The obvious way is what one writes first: render every prompt, validate every row, digest its JSON,
keep one dict a row. Both do it for prompts × 20 models × 5 shapes × 10 variants. `ours` is what
`pipeline plan` does once the catalog is there; `ours, all kept` finds every job in a ledger.
"""

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pairing import Contender, race

ROUNDS = 3
SIZES = (1_000, 10_000, 100_000, 1_000_000)
MODELS, RATIOS, VARIANTS = 20, ("1:1", "16:9", "9:16", "4:3", "3:4"), 10
TEXT = ("a {{ thing }} on a plinth in evening light, three quarter view, soft shadows, "
        "seamless backdrop, honest colours, no props, no text")


def main(sizes: Sequence[int], rounds: int) -> None:
    """Race the two at every size."""
    race("planning", [Contender("ours", _child("ours")), Contender("the obvious way",
                                                                  _child("obvious"))],
         sizes, rounds)
    kept = [size for size in sizes if size <= 1_000_000]
    race("planning anew", [Contender("nothing known", _child("ours")),
                           Contender("all kept", _child("kept"))], kept, min(rounds, 3))


def _child(way: str) -> Callable[[int], Sequence[str]]:
    return lambda size: (sys.executable, __file__, way, str(size))


def _things(size: int) -> list[str]:
    return [f"thing number {n}" for n in range(max(1, size // (MODELS * len(RATIOS) * VARIANTS)))]


def obvious(size: int) -> dict[str, float]:
    """One dict a row."""
    from jinja2 import Environment
    from pydantic import BaseModel

    class Row(BaseModel):
        model: str
        aspect_ratio: str
        variant: int
        prompt: str
        credits: float

    prices = {f"model-{n}": 10 + n for n in range(MODELS)}
    template = Environment(autoescape=False).from_string(TEXT)
    began_s, rows, total = _clock(), {}, 0.0
    for thing in _things(size):
        for model, price in prices.items():
            for ratio in RATIOS:
                for variant in range(1, VARIANTS + 1):
                    row = Row(model=model, aspect_ratio=ratio, variant=variant, credits=price,
                              prompt=template.render(thing=thing)).model_dump()
                    key = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
                    rows[key] = row
                    total += row["credits"]
    return _told(began_s, len(rows))


def ours(size: int, state: str = "") -> dict[str, float]:
    """What `plan` does: read the manifest, expand, check, price, compare, forecast, count."""
    from pipeline.core.expansion import expand
    from pipeline.core.forecast import forecast
    from pipeline.core.plan import draw_plan
    from pipeline.inputs.manifest import survey_manifest
    from pipeline.outputs.plan_view import plan_document
    from pipeline.outputs.proposal import Proposal
    from pipeline.providers.kubeez_terms import TERMS

    offers = {"sandbox": _offer()}
    with tempfile.TemporaryDirectory() as folder:
        path = _manifest(Path(folder), size)
        began_s = _clock()
        manifest, told = survey_manifest(path)
        found = expand(manifest, offers, max_jobs=10_000_000)
        assert told is None and not found.problems, (told, found.problems)
        plan = draw_plan(manifest.name, manifest.file, "sandbox", found,
                         known=_recall(Path(state)) if state else lambda keys: {},
                         catalogs={}, budget=manifest.budget)
        finish = forecast(plan.rows, {"sandbox": TERMS})
        document = plan_document(Proposal(plan, forecast=finish))
    if state:
        assert plan.buys == 0, document["jobs"]
    return _told(began_s, len(plan.rows))


def kept(size: int) -> dict[str, float]:
    """The same with a ledger that has every job done; making the ledger does not count."""
    with tempfile.TemporaryDirectory() as state:
        fill(Path(state), size)
        return ours(size, state)


def fill(state: Path, size: int) -> dict[str, float]:
    """A ledger with the jobs of the manifest, all of them delivered; what admitting them took."""
    from pipeline.core.caps import Caps
    from pipeline.core.expansion import expand
    from pipeline.core.plan import draw_plan
    from pipeline.core.report import RunInfo
    from pipeline.inputs.manifest import survey_manifest
    from pipeline.ledger.ledger import Ledger

    manifest, _ = survey_manifest(_manifest(state, size))
    found = expand(manifest, {"sandbox": _offer()}, max_jobs=10_000_000)
    plan = draw_plan("big", "big.yaml", "sandbox", found, known=lambda keys: {}, catalogs={},
                     budget=manifest.budget)
    ledger = Ledger(state / "state", lambda: 1_800_000_000.0)
    began_s = _clock()
    ledger.begin(RunInfo("20270115-080000-aaaa", "big", "big.yaml", "sandbox", 1_800_000_000.0),
                 plan, Caps(), "outputs")
    took = {"wall_s": time.perf_counter() - began_s[0],
            "cpu_s": time.process_time() - began_s[1]}
    ledger.connection.execute("update jobs set state = 'done'")
    ledger.close()
    return took


def _recall(state: Path) -> Callable[[Sequence[str]], object]:
    from pipeline.ledger.connection import open_for_reading
    from pipeline.ledger.recall import Recall

    connection = open_for_reading(state / "state")
    assert connection is not None
    return Recall(connection)


def _offer():  # type: ignore[no-untyped-def] # its class is what the late import saves
    from pipeline.core.catalog import Capability, Catalog, Model
    from pipeline.core.cells import Offer
    from pipeline.core.money import Money
    from pipeline.core.price_rule import Flat

    models = {f"model-{n}": Model(f"model-{n}", "image", f"Model {n}", Flat(Money(10**7 + n)),
                                  typical_s=30.0, capability=Capability(aspect_ratios=RATIOS))
              for n in range(MODELS)}
    return Offer("sandbox", Catalog("sandbox", "2027-01-15T08:00:00Z", models))


def _manifest(folder: Path, size: int) -> Path:
    path = folder / "big.yaml"
    campaign = {"name": "c", "models": [f"model-{n}" for n in range(MODELS)],
                "aspect_ratios": RATIOS, "variants": VARIANTS, "prompt": TEXT,
                "vars": {"thing": _things(size)}}
    path.write_text(json.dumps({"version": 1, "name": "big", "account": "sandbox",
                                "campaigns": [campaign]}), encoding="utf-8")
    return path


def _clock() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _told(began_s: tuple[float, float], rows: int) -> dict[str, float]:
    took_s = time.perf_counter() - began_s[0]
    return {"wall_s": took_s, "cpu_s": time.process_time() - began_s[1],
            "rows_per_s": rows / took_s}


if __name__ == "__main__":
    way = {"ours": ours, "obvious": obvious, "kept": kept}[sys.argv[1]]
    sys.stdout.write(json.dumps(way(int(sys.argv[2]))) + "\n")
