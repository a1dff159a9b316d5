"""A world drawn from a seed: first which things go wrong in it, then how badly.

Law: all faults on all the time would hide what needs calm in between, so most worlds have few. What
is drawn stays inside the provider's sheet: nothing arrives later, or lags longer, than it says.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from pipeline.core.money import Money
from pipeline.core.terms import Terms
from pipeline.providers.registry import PROVIDERS, SANDBOX_TERMS
from pipeline.sandbox.chance import stream
from pipeline.simulation.demand import PICTURES, Demand, expanded
from pipeline.simulation.wire import Weather
from pipeline.simulation.world import Kill, Script

LARGEST = 12
"""Jobs of the largest demand."""
SHORTEST_LIST = 8
"""Rows of the shortest list: a doubt keeps some of them free."""

RECOVERING = (8, 24)
"""About these effects of its own a process takes up what an earlier one left."""

DOWN_S = ((0.1, 0.1), (0.1, 2.0), (2.0, 60.0), (60.0, 3600.0), (3600.0, 12 * 3600.0),
          (86_400.0, 10 * 86_400.0))
"""From one process to the next: at once, or after a while, or after a holiday."""

Draw = Callable[[Random], object]

CALLS = ("start", "upload", "reads", "all")
FAULTS: Mapping[str, Draw] = {
    "lost_request": lambda r: {"rate": r.uniform(0.05, 0.4), "calls": r.choice(CALLS)},
    "lost_reply": lambda r: {"rate": r.uniform(0.05, 0.4), "calls": r.choice(CALLS)},
    "error_before_charge": lambda r: {"rate": r.uniform(0.05, 0.3), "calls": r.choice(CALLS),
                                      "status": r.choice((500, 502, 503, 504, 520)),
                                      "body": r.choice(("json", "html"))},
    "error_after_charge": lambda r: {"rate": r.uniform(0.05, 0.3), "calls": r.choice(CALLS),
                                     "status": r.choice((500, 502, 503, 504, 524)),
                                     "body": r.choice(("json", "html"))},
    "html_edge_page": lambda r: {"rate": r.uniform(0.02, 0.2), "calls": r.choice(CALLS)},
    "throttle": lambda r: {"rate": r.uniform(0.05, 0.3), "seconds": r.uniform(1, 30),
                           "header": r.choice(("seconds", "date", "none")),
                           "in_body": r.random() < 0.5},
    "slow_reply": lambda r: {"rate": r.uniform(0.05, 0.3), "seconds": r.uniform(2, 150),
                             "calls": r.choice(CALLS)},
    "late_links": lambda r: {"rate": r.uniform(0.2, 1), "seconds": r.uniform(2, 400)},
    "status_404": lambda r: {"rate": r.uniform(0.2, 1), "times": r.randint(1, 4)},
    "late_end": lambda r: {"rate": r.uniform(0.2, 1), "times": r.randint(1, 4)},
    "null_links": lambda r: {"rate": r.uniform(0.2, 1), "times": r.randint(1, 4)},
    "media_404": lambda r: {"rate": r.uniform(0.2, 1), "times": r.randint(1, 3)},
    "fail": lambda r: {"rate": r.uniform(0.1, 0.5), "refund": r.random() < 0.3},
    "moderation": lambda r: {"words": ["subject 0"], "refund": r.random() < 0.5},
    "broken_download": lambda r: {"rate": r.uniform(0.1, 0.4), "kind": r.choice(
        ("truncated", "wrong_length", "html", "reset", "empty"))},
    "insufficient": lambda r: r.uniform(0.05, 0.2),
}
"""What goes wrong, and how badly."""

HABITS: Mapping[str, object] = {
    "insufficient_as_400": True, "validation_as_422": True, "relative_urls": True,
    "windows": "fixed", "concurrency": "queue", "first_status": "pending", "streams": True,
    "music_in_history": False, "captions_in_history": True, "separation_in_history": True,
    "music_mode_note": True, "music_streaming": False, "captions_times": "milliseconds",
    "captions_burned": True, "separation_task_id": True, "upload_answer": "url",
    "signed_uploads": False, "completed_word": "success",
}
"""What is only different. Left out are prices that the catalog does not tell of (by the second)."""

LINKS_LIVE_S = (150.0, 3600.0)
"""How long the address of an upload lives, as it says itself."""

CHAINS = (("song", "stems"), ("anthem",), ("speech", "words"), ("opener", "longer"), ("ads",))
"""Extras that are drawn together; of a chain perhaps only the beginning."""


def draw_script(seed: int, demand: Demand | None = None) -> Script:
    """The world of this seed; a demand that is given is not drawn."""
    chance = stream("world", seed)
    terms = _terms(chance)
    demand = demand or _demand(chance)
    names = chance.sample(sorted(FAULTS), chance.choice((0, 1, 1, 2, 2, 3, 4, 6)))
    faults = {name: FAULTS[name](chance) for name in names}
    faults |= {name: HABITS[name] for name in HABITS if chance.random() < 0.15}
    if chance.random() < 0.3:
        faults["history_lag_s"] = chance.uniform(0.0, terms.list_lag_s)
    if chance.random() < 0.3:
        faults["link_lives_s"] = chance.uniform(*LINKS_LIVE_S)
    return Script(
        seed=seed, demand=demand, faults=faults, terms=terms, limits=_limits(chance),
        weather=_weather(chance, terms), kills=_kills(chance, demand, terms),
        cap=_cap(chance, demand), reruns=chance.random() < 0.4)


def _terms(chance: Random) -> Terms:
    terms = SANDBOX_TERMS
    if chance.random() < 0.3:
        terms = replace(PROVIDERS["kubeez"].terms, provider=terms.provider)
    if chance.random() < 0.3:
        terms = replace(terms, list_rows=chance.randint(SHORTEST_LIST, terms.list_rows))
    return terms


def _demand(chance: Random) -> Demand:
    extras = _extras(chance) if chance.random() < 0.35 else ()
    while True:
        demand = Demand(
            models=PICTURES[:chance.choice((1, 1, 2))],
            ratios=chance.choice((("1:1",), ("16:9",), ("1:1", "16:9"), ("1:1", "16:9", "9:16"))),
            subjects=chance.randint(1, 4), variants=chance.choice((1, 1, 2, 3)),
            clips=chance.random() < 0.4, max_paid_attempts=chance.choice((1, 2)),
            extras=extras)
        if demand.jobs <= LARGEST:
            return demand


def _extras(chance: Random) -> tuple[str, ...]:
    """Some chains, each to a part of its length."""
    chains = chance.sample(CHAINS, chance.randint(1, len(CHAINS)))
    return tuple(name for chain in chains for name in chain[:chance.choice((1, 2, 2))])


def _limits(chance: Random) -> dict[str, int]:
    if chance.random() < 0.6:
        return {}
    return {"media_per_minute": chance.randint(2, 12), "media_in_flight": chance.randint(1, 6)}


def _weather(chance: Random, terms: Terms) -> Weather:
    slowest_s = chance.choice((0.3, 0.3, 1.0, 8.0))
    late_s = terms.linger_s + terms.ingest_max_s - slowest_s
    return Weather(
        slowest_s=slowest_s, refused=chance.choice((0.0, 0.0, 0.1, 0.4)),
        late=chance.choice((0.0, 0.0, 0.1, 0.4)), late_s=max(0.0, late_s))


def _kills(chance: Random, demand: Demand, terms: Terms) -> tuple[Kill, ...]:
    skew_s = chance.choice((0.0, 0.0, 0.0, terms.skew_s / 2))
    return tuple(_kill(chance, demand, skew_s, first=number == 0)
                 for number in range(chance.choice((0, 1, 1, 2, 3, 5))))


def _kill(chance: Random, demand: Demand, skew_s: float, *, first: bool) -> Kill:
    effect = 1 + int(chance.expovariate(1 / (15 * (1 + demand.jobs))))
    if not first and chance.random() < 0.4:
        effect = chance.randint(*RECOVERING)
    clock_s = chance.uniform(-skew_s, skew_s)
    down_s = chance.uniform(*chance.choice(DOWN_S))
    if chance.random() < 0.1:
        return Kill(0, down_s, leave_s=chance.expovariate(1 / 60.0), clock_s=clock_s)
    return Kill(effect, down_s, fails=chance.random() < 0.2, clock_s=clock_s)


def _cap(chance: Random, demand: Demand) -> Money | None:
    if chance.random() < 0.6:
        return None
    worst = sum(cell.quote.worst.micros for cell in expanded(demand).cells)
    return Money(int(worst * chance.uniform(0.2, 1.1)))
