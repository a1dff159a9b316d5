"""What the author said, already valid in itself and not yet held against a catalog.

Every value remembers where it stood, so that a later check can point at the line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.core.errors import Position
from pipeline.core.money import Money

Value = str | int | bool | Mapping[str, object]
"""One value of an axis: a scalar, or a row of a table. Fractions stay the text that was written."""


class Prompt(Protocol):
    """A prompt template, compiled. `names` are the variables it reads."""

    names: frozenset[str]
    label: str

    def render(self, variables: Mapping[str, object]) -> str:
        """The finished prompt; raises `AuthorError` that names the template's line."""
        ...


@dataclass(frozen=True, slots=True)
class Axis:
    """A named list of values that multiplies the jobs of a campaign."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model by the service's id, and the account that runs it ("" is the campaign's own)."""

    model: str
    account: str = ""
    at: Position | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern over cells (`exclude`, `include`): for each axis named, the values that match."""

    models: tuple[str, ...] = ()
    aspect_ratios: tuple[str, ...] = ()
    vars: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    params: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    at: Position | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A file that a job starts from. For a local file `digest` is the sha256 of its content, and
    `seconds` the length of a film or a sound, where it tells one."""

    text: str
    path: str = ""
    digest: str = ""
    media: str = ""
    bytes: int = 0
    at: Position | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """Caps in credits; None is no cap. Days and months are those of UTC; `campaigns` are the most
    that a run may take for each of them."""

    credits: Money | None = None
    per_day: Money | None = None
    per_month: Money | None = None
    campaigns: Mapping[str, Money] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One matrix: what to say, which models say it, in which shapes, and how often.

    `source_outputs` is how many outputs of each job of `source_campaign` it starts from, None for
    all that are counted on.
    """

    name: str
    prompt: Prompt | None
    models: tuple[ModelRef, ...]
    kind: str = ""
    accounts: tuple[str, ...] = ()
    aspect_ratios: tuple[str, ...] = ()
    vars: Mapping[str, Value] = field(default_factory=dict)
    axes: tuple[Axis, ...] = ()
    params: Mapping[str, Value] = field(default_factory=dict)
    param_axes: tuple[Axis, ...] = ()
    variants: int = 1
    exclude: tuple[Rule, ...] = ()
    include: tuple[Rule, ...] = ()
    skip_unsupported: bool = False
    sources: tuple[Source, ...] = ()
    source_campaign: str = ""
    source_outputs: int | None = None
    max_price: Money | None = None
    max_paid_attempts: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)
    spans: Mapping[str, Position] = field(default_factory=dict)

    def at(self, *path: str) -> Position | None:
        """Where a value stood, or the nearest thing around it: `at("params", "duration")`."""
        for end in range(len(path), -1, -1):
            if span := self.spans.get(".".join(path[:end])):
                return span
        return None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One YAML file: its campaigns in the author's order, and the caps of their runs."""

    name: str
    file: str
    account: str
    campaigns: Sequence[Campaign]
    budget: Budget = field(default_factory=Budget)
