"""A rehearsal as a person reads it: how long, how much, what held it back, and as JSON."""

from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.core.forecast import Forecast
from pipeline.core.plan import Plan
from pipeline.core.reach import Reach
from pipeline.core.rehearsed import Rehearsed
from pipeline.outputs.console import foreign
from pipeline.outputs.finish_view import forecast_document, late_lines
from pipeline.outputs.phrases import count, priced, span
from pipeline.outputs.status_document import jobs_document

CALLS = {"paid": "paid calls", "uploads": "uploads", "reads": "reads", "files": "downloads"}
LEAST_SHARE = 0.01
"""A wait that took less of the run is not worth a line."""


def rehearsal_document(plan: Plan, found: Rehearsed, forecast: Forecast | None,
                       reach: Reach | None = None) -> dict[str, object]:
    """`rehearse --json`. `seconds` are virtual, `took_seconds` those of the person."""
    return {
        "schema_version": 1, "manifest": plan.manifest, "jobs": jobs_document(found.totals),
        "credits": {"charged": str(found.charged), "expected": str(plan.expected),
                    "worst": str(plan.worst)},
        "seconds": round(found.seconds, 1), "bottleneck": found.bottleneck,
        "waits": {name: round(seconds, 1) for name, seconds in sorted(found.waits_s.items())},
        "forecast": forecast_document(forecast, reach),
        "calls": {**{name: found.calls.get(name, 0) for name in CALLS},
                  "refused": found.calls.get("refused", 0)},
        "exit_code": int(found.exit_code), "took_seconds": round(found.took_s, 1),
    }


def show_rehearsal(console: Console, plan: Plan, found: Rehearsed, forecast: Forecast | None,
                   reach: Reach | None = None) -> None:
    """Print what would happen, and what stood in its way."""
    console.print(Text.assemble(foreign(plan.manifest, "bold"), "  rehearsed in ",
                                span(found.took_s)))
    console.print()
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    for name, text in (*_facts(plan, found, forecast), *(late_lines(reach) if reach else ())):
        facts.add_row(name, text)
    console.print(Padding(facts, (0, 0, 0, 2)))


def _facts(plan: Plan, found: Rehearsed,
           forecast: Forecast | None) -> Iterable[tuple[str, Text]]:
    yield "Takes", Text.assemble((span(found.seconds), "bold"), _against(found, forecast))
    yield "Costs", Text(f"{priced(found.charged)}, of {priced(plan.expected)} expected")
    told = [f"{number:,} {state.value.replace('_', ' ')}"
            for state, number in found.totals.states.items() if number]
    yield "Jobs", Text(", ".join(told) or "none")
    yield from _waits(found)
    yield "Calls", Text(", ".join(f"{found.calls.get(name, 0):,} {words}"
                                  for name, words in CALLS.items()))
    refused = found.calls.get("refused", 0)
    yield "", Text(f"{count(refused, 'call')} refused for coming too fast" if refused
                   else "none refused for coming too fast", "yellow" if refused else "")
    yield "Exit", Text(str(int(found.exit_code)))


def _against(found: Rehearsed, forecast: Forecast | None) -> str:
    if forecast is None or not found.seconds:
        return ""
    return f" (the plan's forecast: {span(forecast.seconds)})"


def _waits(found: Rehearsed) -> Iterable[tuple[str, Text]]:
    waits = sorted(found.waits_s.items(), key=lambda item: -item[1])
    shown = [(name, seconds) for name, seconds in waits if seconds >= LEAST_SHARE * found.seconds]
    for number, (name, seconds) in enumerate(shown):
        yield "" if number else "Held by", Text(f"{name} for {span(seconds)}")
    if not shown:
        yield "Held by", Text("nothing but the time that the jobs take")
