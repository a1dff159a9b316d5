"""When a plan will finish under its accounts' limits, and which limit holds it back.

Arithmetic, no simulation of a service: the schedule is played with typical lengths drawn a few
times over, always the same; of a large plan a part is played, and the rest goes on at its pace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.core.habits import HABITS, Habits
from pipeline.core.loads import Lengths, loads_of
from pipeline.core.plan import Row, Rows
from pipeline.core.schedule import Course, Load, play
from pipeline.core.terms import Terms

LATENCY = "latency"
BUDGET = "budget"
SAMPLE = 2000
"""About so many jobs are played for a forecast, the same ones several times if there are few."""
MOST_PLAYS = 100
LEAST_SHARE = 0.1
"""A limit that held jobs back for less of the time than this is not what holds them back; a
rehearsal judges by the same (`core/rehearsed.py`)."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Seconds from the start of the run to the last file, and what holds it back: the name of a
    limit (`media_per_minute`, `media_in_flight`), or `latency`."""

    seconds: float
    bottleneck: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The seconds that the whole would take if more were allowed of this: a limit, an account."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """The finish of a run, and of each of its campaigns; `bottleneck` may also be `budget`.

    `twice` is with twice the limit that holds it back, `second_key` with another key like that of
    the account which is done last; None where no limit holds it back.
    """

    seconds: float
    bottleneck: str
    campaigns: Mapping[str, Finish] = field(default_factory=dict)
    twice: WhatIf | None = None
    second_key: WhatIf | None = None


def forecast(rows: Sequence[Row], terms: Mapping[str, Terms], lengths: Lengths | None = None,
             habits: Habits = HABITS) -> Forecast:
    """The finish of all rows that would be bought; `terms` are by account."""
    loads = loads_of(wanted := Rows.of(rows), terms, lengths or {})
    if not loads:
        return Forecast(0.0, LATENCY)
    played = Played(loads, terms, habits)
    campaigns = dict.fromkeys(lot.pattern.campaign for lot in wanted.lots if lot.buys)
    found = Forecast(played.end_s, played.bottleneck(played.last), {
        name: Finish(played.ends_s[name], played.bottleneck(played.last_of(name)))
        for name in campaigns})
    if found.bottleneck == LATENCY:
        return found
    account = loads[played.last].account

    def seconds(*limits: str) -> float:
        wider = {**terms, account: _twice(terms[account], limits)}
        return Played(loads, wider, habits).end_s

    return replace(found, twice=WhatIf(found.bottleneck, seconds(found.bottleneck)),
                   second_key=WhatIf(account, seconds()))


def finish_s(loads: Sequence[Load], terms: Mapping[str, Terms], habits: Habits = HABITS) -> float:
    """When all of these loads are done."""
    return Played(loads, terms, habits).end_s if loads else 0.0


class Played:
    """Loads whose schedule was played: when each of them is done, and what held it back."""

    def __init__(self, loads: Sequence[Load], terms: Mapping[str, Terms], habits: Habits) -> None:
        self.loads = loads
        total = sum(load.number for load in loads)
        times = max(1, min(MOST_PLAYS, SAMPLE // max(1, total))) if habits.spread else 1
        if total <= SAMPLE:
            plays = [play(loads, terms, habits, turn) for turn in range(times)]
        else:
            plays = [_prolonged(loads, terms, habits, total)]
        self.ends_s: dict[str, float] = {}
        self.end_s = 0.0
        self._courses = [Course() for _ in loads]
        for courses in plays:
            self._count(courses, len(plays))

    def _count(self, courses: Sequence[Course], plays: int) -> None:
        """One play of several."""
        ends_s: dict[str, float] = {}
        for load, course, total in zip(self.loads, courses, self._courses, strict=True):
            ends_s[load.campaign] = max(ends_s.get(load.campaign, 0.0), course.end_s)
            total.end_s += course.end_s / plays
            for limit, held_s in course.held_s.items():
                total.held_s[limit] = total.held_s.get(limit, 0.0) + held_s / plays
        for campaign, end_s in ends_s.items():
            self.ends_s[campaign] = self.ends_s.get(campaign, 0.0) + end_s / plays
        self.end_s += max(ends_s.values()) / plays

    @property
    def last(self) -> int:
        """The load that is done last."""
        return max(range(len(self.loads)), key=lambda at: self._courses[at].end_s)

    def last_of(self, campaign: str) -> int:
        """That of a campaign."""
        return max((at for at, load in enumerate(self.loads) if load.campaign == campaign),
                   key=lambda at: self._courses[at].end_s)

    def bottleneck(self, at: int) -> str:
        """What held a load back longest, or those that it waited for."""
        held_s = self._held_s(at)
        name = max(held_s, key=lambda limit: held_s[limit], default=LATENCY)
        enough_s = LEAST_SHARE * self._courses[at].end_s
        return name if held_s.get(name, 0.0) >= enough_s else LATENCY

    def _held_s(self, at: int) -> dict[str, float]:
        held_s = dict(self._courses[at].held_s)
        if after := self.loads[at].after:
            source = max(after, key=lambda number: self._courses[number].end_s)
            for limit, seconds in self._held_s(source).items():
                held_s[limit] = held_s.get(limit, 0.0) + seconds
        return held_s


def _prolonged(loads: Sequence[Load], terms: Mapping[str, Terms], habits: Habits,
               total: int) -> list[Course]:
    """The courses of many jobs: those of a part, and of twice as many, and so on at that pace."""
    part, more = (_part(loads, terms, times, SAMPLE / 3 / total) for times in (1, 2))
    courses = play(more, terms, habits)
    for load, few, many, before, course in zip(loads, part, more, play(part, terms, habits),
                                               courses, strict=True):
        if many.number > few.number:
            steps = (load.number - many.number) / (many.number - few.number)
            longer = 1.0 + steps * max(0.0, 1.0 - before.end_s / course.end_s)
            course.end_s *= longer
            for limit in course.held_s:
                course.held_s[limit] *= longer
    return courses


def _part(loads: Sequence[Load], terms: Mapping[str, Terms], times: int,
          share: float) -> list[Load]:
    """About this share of each load, some `times` over: whole windows of turns for each bucket, so
    that twice as many take as many windows more."""
    totals: dict[tuple[str, str], int] = {}
    for load in loads:
        place = load.account, load.bucket
        totals[place] = totals.get(place, 0) + load.number
    seen: dict[tuple[str, str], int] = {}
    found = []
    for load in loads:
        place = load.account, load.bucket
        limit = terms[load.account].starts.get(load.bucket)
        calls = limit.calls if limit else 1
        most = times * calls * max(1, round(share * totals[place] / calls))
        before = seen.get(place, 0)
        seen[place] = after = before + load.number
        all_ = max(1, totals[place])
        number = after * most // all_ - before * most // all_
        found.append(replace(load, number=min(load.number, max(1, number))))
    return found


def _twice(terms: Terms, limits: Sequence[str]) -> Terms:
    """The sheet with twice these limits; with none, all of them: another key of the same kind."""
    all_ = {**{f"{name}_per_minute": limit.calls for name, limit in terms.starts.items()},
            **{f"{name}_in_flight": number for name, number in terms.in_flight.items()},
            "upload_per_minute": terms.uploads.calls, "reads_per_minute": terms.reads.calls}
    return terms.with_limits({name: 2 * all_[name] for name in limits or all_})
