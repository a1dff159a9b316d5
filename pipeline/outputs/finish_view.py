"""When a plan will be done, as a person reads it and as JSON: a part of other views."""

from collections.abc import Iterable

from rich.text import Text

from pipeline.core.forecast import LATENCY, Forecast, WhatIf
from pipeline.core.reach import Reach
from pipeline.outputs.phrases import about, count, priced, span
from pipeline.outputs.printable import visible

LISTED, SHOWN = 12, 4
"""So many campaigns are named with their ends, and with what holds them back."""


def forecast_document(found: Forecast | None, reach: Reach | None) -> dict[str, object] | None:
    """The `forecast` of the contract; `campaigns`, what more would give, and what `fits` into the
    time that was asked for are added."""
    if found is None:
        return None
    return {
        **_finish(found.seconds, found.bottleneck),
        "campaigns": {name: _finish(one.seconds, one.bottleneck)
                      for name, one in found.campaigns.items()},
        "twice_the_limit": _what_if("limit", found.twice),
        "second_key": _what_if("account", found.second_key),
        "fits": None if reach is None or reach.longest_s is None else {
            "within_seconds": reach.longest_s, "jobs": sum(lot.buys for lot in reach.rows.lots),
            "left_out": reach.late.jobs, "left_out_worst": str(reach.late.worst)},
    }


def _finish(seconds: float, bottleneck: str) -> dict[str, object]:
    return {"seconds": round(seconds, 1), "bottleneck": bottleneck}


def _what_if(name: str, found: WhatIf | None) -> dict[str, object] | None:
    return {name: found.name, "seconds": round(found.seconds, 1)} if found else None


def finish_lines(found: Forecast, *, listed: bool) -> Iterable[tuple[str, Text]]:
    """When all is done and what holds it back, campaigns that another limit holds back, and what
    more would give; the end of each campaign where they are `listed`."""
    yield "Finish", Text.assemble("in about ", (about(found.seconds), "bold"),
                                  _held(found.bottleneck))
    if listed and len(found.campaigns) > 1:
        ends = [f"{visible(name, 64)} {about(one.seconds)}"
                for name, one in list(found.campaigns.items())[:LISTED]]
        if others := len(found.campaigns) - len(ends):
            ends.append(f"and {others} more")
        yield "", Text(", ".join(ends), "dim")
    held: dict[str, list[str]] = {}
    for name, one in found.campaigns.items():
        if one.bottleneck not in (found.bottleneck, LATENCY):
            held.setdefault(one.bottleneck, []).append(visible(name, 64))
    for limit, names in held.items():
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield "", Text(f"{', '.join(names[:SHOWN])}{more}: held back by {limit}", "dim")
    if found.twice and found.second_key:
        yield "", Text(f"with a second key for {visible(found.second_key.name, 40)} "
                       f"{about(found.second_key.seconds)}, with twice {found.twice.name} "
                       f"{about(found.twice.seconds)}", "dim")


def _held(bottleneck: str) -> str:
    return "" if bottleneck == LATENCY else f", held back by {bottleneck}"


def late_lines(reach: Reach) -> Iterable[tuple[str, Text]]:
    """What waits for another night, where there is a limit on the time."""
    if reach.longest_s is not None:
        late = reach.late
        fit = sum(lot.buys for lot in reach.rows.lots)
        time = span(reach.longest_s).removesuffix(" 00 s").removesuffix(" 00 min")
        yield "Time", Text(f"{count(fit, 'job')} {'fits' if fit == 1 else 'fit'} into {time}")
        if late.jobs:
            yield "", Text(f"{count(late.jobs, 'job')} for {priced(late.worst)} "
                           f"{'does' if late.jobs == 1 else 'do'} not, and "
                           f"{'waits' if late.jobs == 1 else 'wait'} for another night", "yellow")
