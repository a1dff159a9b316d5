"""A run as its reviewer reads it: what was promised, what was paid, and every cell in its place.

The contact sheet keeps the campaign's own axes: a row is a set of prompt variables, a column is a
model in a shape. Nothing is added up here that the ledger does not hold.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.core.job import Job, State
from pipeline.core.manifest import Value
from pipeline.core.money import NOTHING, Money
from pipeline.core.spec import JobSpec


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a run: the job, and the place that the run's manifest gives it."""

    seq: int
    campaign: str
    job: Job
    vars: Mapping[str, Value] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    kept: bool = False
    chosen: bool = True


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run in the ledger. Times are seconds of UTC; `ended_s` is None until it is at rest."""

    id: str
    manifest: str
    file: str
    account: str
    started_s: float
    ended_s: float | None = None
    exit_code: int | None = None
    outputs: str = ""
    caps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Totals:
    """The figures of a run as the ledger keeps them. `states` has every state, zeros included."""

    states: Mapping[State, int]
    kept: int = 0
    charged: Money = NOTHING
    held: Money = NOTHING
    in_doubt: Money = NOTHING
    refunded: Money = NOTHING

    @property
    def total(self) -> int:
        """How many rows the run has."""
        return sum(self.states.values())

    def after(self, before: Job, now: Job) -> "Totals":
        """These figures once a job of the run has moved."""
        states = dict(self.states)
        states[before.state] -= 1
        states[now.state] += 1
        doubts = (self.in_doubt + _doubted(now)).less(_doubted(before))
        return replace(self, states=states, held=(self.held + now.held).less(before.held),
                       charged=(self.charged + now.charged).less(before.charged), in_doubt=doubts)


def _doubted(job: Job) -> Money:
    return job.held if job.state is State.IN_DOUBT else NOTHING


@dataclass(frozen=True, slots=True)
class Column:
    """One model in one shape, with the parameters that set it apart."""

    model: str
    aspect_ratio: str
    settings: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the sheet: its variables in words, its prompt, its cells under the columns.

    A prompt that differs from column to column is given in all its forms, a blank line between.
    """

    label: str
    prompt: str
    cells: Sequence[tuple[Entry, ...]]


@dataclass(frozen=True, slots=True)
class Section:
    """One campaign of the sheet. `promised` is what its rows were quoted, `paid` what they took."""

    campaign: str
    kind: str
    columns: Sequence[Column]
    lines: Sequence[Line]
    promised: Money
    paid: Money
    states: Mapping[State, int]


@dataclass(slots=True)
class Survey:
    """What all rows of a campaign have to say together, taken one by one and not kept: a part of
    them, a page, is laid out by it. `rows` counts neighbours with the same variables as one."""

    campaign: str
    kind: str
    rows: int = 0
    promised: Money = NOTHING
    paid: Money = NOTHING
    states: dict[State, int] = field(default_factory=lambda: dict.fromkeys(State, 0))
    _first: Mapping[str, Value] = field(default_factory=dict)
    _last: Mapping[str, Value] | None = None
    _varying: set[str] = field(default_factory=set)
    _shared: set[tuple[str, object]] = field(default_factory=set)
    _kinds: dict[tuple[object, ...], JobSpec] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """One more row."""
        job, spec = entry.job, entry.job.spec
        if self._last is None:
            self._first, self._shared = entry.vars, set(spec.params.items())
        if entry.vars != self._last:
            self._last = entry.vars
            self.rows += 1
            self._varying.update(name for name, value in self._first.items()
                                 if entry.vars.get(name) != value)
        shape = (spec.model, spec.aspect_ratio, tuple(spec.params.items()), job.account)
        if shape not in self._kinds:
            self._kinds[shape] = spec
            self._shared &= set(spec.params.items())
        self.promised += job.quote.expected
        self.paid += job.charged
        self.states[job.state] += 1

    def columns(self) -> list[Column]:
        """The columns, in the order of their first rows. Parameters that every job has alike say
        nothing in a column's head."""
        return list(dict.fromkeys(self._column(spec, str(shape[-1]))
                                  for shape, spec in self._kinds.items()))

    def column(self, entry: Entry) -> Column:
        """The column of a row."""
        return self._column(entry.job.spec, entry.job.account)

    def _column(self, spec: JobSpec, account: str) -> Column:
        own = [f"{name} {value}" for name, value in spec.params.items()
               if (name, value) not in self._shared]
        return Column(spec.model, spec.aspect_ratio or "", ", ".join(own), account)

    def label(self, variables: Mapping[str, Value]) -> str:
        """What tells a row from the others; a variable that is the same in all is no label."""
        return " · ".join(describe(variables[name]) for name in self._first
                          if name in self._varying and name in variables)


def survey(entries: Iterable[Entry], found: dict[str, Survey]) -> dict[str, Survey]:
    """Add rows to what is known of their campaigns."""
    for entry in entries:
        if entry.campaign not in found:
            found[entry.campaign] = Survey(entry.campaign, entry.job.spec.kind)
        found[entry.campaign].take(entry)
    return found


def tally(entries: Iterable[Entry], known: Mapping[str, Survey] | None = None) -> list[Section]:
    """The sections of a contact sheet, campaigns in the author's order; of a part of the rows where
    what all of them say is `known`."""
    campaigns: dict[str, list[Entry]] = {}
    for entry in entries:
        campaigns.setdefault(entry.campaign, []).append(entry)
    return [_section((known or survey(group, {}))[name], group)
            for name, group in campaigns.items()]


def _section(said: Survey, entries: list[Entry]) -> Section:
    columns = said.columns()
    grid: dict[str, dict[Column, list[Entry]]] = {}
    for entry in entries:
        cells = grid.setdefault(said.label(entry.vars), {})
        cells.setdefault(said.column(entry), []).append(entry)
    lines = [Line(label, _prompts(cells.values()),
                  [tuple(cells.get(column, ())) for column in columns])
             for label, cells in grid.items()]
    return Section(said.campaign, said.kind, columns, lines, said.promised, said.paid, said.states)


def count_states(states: Iterable[State]) -> dict[State, int]:
    """How many of each state, zeros included."""
    counts = dict.fromkeys(State, 0)
    for state in states:
        counts[state] += 1
    return counts


def _prompts(cells: Iterable[list[Entry]]) -> str:
    said = dict.fromkeys(entry.job.spec.prompt for cell in cells for entry in cell)
    return "\n\n".join(said)


def describe(value: object) -> str:
    """A value of an axis in few words; a row of a table by its fields.

    >>> describe({"city": "Oslo", "age": "30"})
    'Oslo, 30'
    """
    if isinstance(value, Mapping):
        return ", ".join(describe(part) for part in value.values())
    return str(value)
