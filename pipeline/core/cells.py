"""The cells of a manifest: every wanted job with its spec, its key and its quote.

Law: a cell is told from its columns whenever it is asked for, so that a million of them take the
memory of their keys and a few numbers each.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Protocol

from pipeline.core.catalog import Catalog
from pipeline.core.errors import Problem
from pipeline.core.manifest import Value
from pipeline.core.money import Money
from pipeline.core.price_rule import PriceRule
from pipeline.core.pricing import Quote
from pipeline.core.spec import KEY_BYTES, JobSpec, SourceRef
from pipeline.core.terms import Terms
from pipeline.core.told import Told

AT_ONCE = 20_000
"""So many keys, about, are compared at once, which bounds the memory that takes."""
ROUNDS = 4
"""How often all keys are gone through for that."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What one account can be asked for: its provider's catalog, its own prices, and the kinds that
    can be bought there. `gone` are models of the last run that the catalog has no more, in words;
    `terms` its limits, where they are known.
    """

    provider: str
    catalog: Catalog
    prices: Mapping[str, PriceRule] = field(default_factory=dict)
    kinds: tuple[str, ...] = ("image", "video")
    gone: Mapping[str, str] = field(default_factory=dict)
    terms: Terms | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One job that a manifest wants, with the place it takes in its campaign's matrix.

    `longest_s` is how long its film or sound can be at most, in seconds; None if nothing tells.
    """

    campaign: str
    account: str
    spec: JobSpec
    key: str
    quote: Quote
    vars: Mapping[str, Value]
    typical_s: float | None
    max_paid_attempts: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)
    longest_s: float | None = None


class Wording(Protocol):
    """What the cells of a campaign say beside their patterns, by the number of their strip."""

    def vars(self, strip: int) -> Mapping[str, Value]:
        """The variables."""
        ...

    def prompt(self, strip: int, pattern: "Pattern") -> str:
        """The finished prompt."""
        ...

    def sources(self, strip: int) -> tuple[SourceRef, ...]:
        """What the job starts from."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """What cells have in common that differ only in variables, prompt, sources and variant.

    `spec` has no prompt and no variant; `model` is the model's name as the author wrote it. Those
    of one `pool` in a campaign are of one cut on several accounts; 0 stays on its own.
    """

    campaign: str
    account: str
    spec: JobSpec
    quote: Quote
    typical_s: float | None
    max_paid_attempts: int
    tags: Mapping[str, str]
    longest_s: float | None
    model: str
    wording: Wording
    chained: bool = False
    pool: int = 0

    @property
    def worst(self) -> Money:
        """The most that one of them can take, paid second tries included."""
        return self.quote.worst * self.max_paid_attempts

    def cell(self, strip: int, variant: int, key: str) -> Cell:
        """One cell of this pattern."""
        words = self.wording
        spec = replace(self.spec, prompt=words.prompt(strip, self), variant=variant,
                       sources=words.sources(strip))
        return Cell(self.campaign, self.account, spec, key, self.quote, words.vars(strip),
                    self.typical_s, self.max_paid_attempts, self.tags, self.longest_s)


class Cells(Told[Cell]):
    """Cells in columns: the pattern, the strip, the variant and the key of each."""

    def __init__(self) -> None:
        self.patterns: list[Pattern] = []
        self.pattern = array("I")
        self.strip = array("I")
        self.variant = array("I")
        self.digests = bytearray()

    @classmethod
    def of(cls, cells: Sequence[Cell]) -> "Cells":
        """These cells in columns."""
        if isinstance(cells, Cells):
            return cells
        made = cls()
        words = _Given(cells)
        for number, cell in enumerate(cells):
            made.patterns.append(Pattern(
                cell.campaign, cell.account, cell.spec, cell.quote, cell.typical_s,
                cell.max_paid_attempts, cell.tags, cell.longest_s, cell.spec.model, words,
                bool(cell.spec.waits_for)))
            made.add(number, number, (cell.spec.variant,), bytes.fromhex(cell.key))
        return made

    def add(self, pattern: int, strip: int, variants: Sequence[int], digests: bytes) -> None:
        """Variants of one strip in one pattern, and their keys in bytes."""
        times = len(variants)
        self.pattern.extend((pattern,) * times)
        self.strip.extend((strip,) * times)
        self.variant.extend(variants)
        self.digests += digests

    def append(self, more: "Cells") -> None:
        """Those of another campaign after these; the first ones are taken over as they are."""
        if not self.patterns:
            self.patterns, self.pattern, self.strip = more.patterns, more.pattern, more.strip
            self.variant, self.digests = more.variant, more.digests
            return
        start = len(self.patterns)
        self.patterns += more.patterns
        self.pattern.extend(number + start for number in more.pattern)
        self.strip.extend(more.strip)
        self.variant.extend(more.variant)
        self.digests += more.digests

    def again(self) -> "Cells":
        """The same cells, for one who may give some of them other patterns."""
        copied = copy(self)
        copied.pattern = self.pattern[:]
        return copied

    def only(self, numbers: Sequence[int]) -> "Cells":
        """Some of these cells."""
        part = Cells()
        part.patterns = self.patterns
        for mine, its in ((self.pattern, part.pattern), (self.strip, part.strip),
                          (self.variant, part.variant)):
            its.extend(mine[number] for number in numbers)
        for number in numbers:
            part.digests += self.digests[number * KEY_BYTES:(number + 1) * KEY_BYTES]
        return part

    def keys(self, start: int = 0, end: int | None = None) -> list[str]:
        """The keys of a stretch of the cells."""
        end = len(self) if end is None else min(end, len(self))
        part = self.digests[start * KEY_BYTES:end * KEY_BYTES]
        return part.hex(" ", KEY_BYTES).split()

    def places(self) -> dict[str, int]:
        """The number of each cell by its key."""
        return {key: number for number, key in enumerate(self.keys())}

    def repeated(self) -> list[int]:
        """The numbers of the cells whose key another one has as well."""
        halves = memoryview(self.digests).cast("Q")[::2]
        number = 1 + len(halves) // (AT_ONCE * ROUNDS)
        twice: set[int] = set()
        for round_ in range(ROUNDS):
            parts = [array("Q") for _ in range(number)]
            for half in halves:
                if half % ROUNDS == round_:
                    parts[half // ROUNDS % number].append(half)
            for part in parts:
                if len(set(part)) < len(part):
                    twice.update(half for half, times in Counter(part).items() if times > 1)
        return [number for number, half in enumerate(halves) if half in twice] if twice else []

    def __len__(self) -> int:
        return len(self.pattern)

    def at(self, number: int) -> Cell:
        """The cell of this number."""
        return self.patterns[self.pattern[number]].cell(
            self.strip[number], self.variant[number],
            self.digests[number * KEY_BYTES:(number + 1) * KEY_BYTES].hex())


class _Given:
    """The words of cells that were made one by one."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells = cells

    def vars(self, strip: int) -> Mapping[str, Value]:
        return self._cells[strip].vars

    def prompt(self, strip: int, pattern: Pattern) -> str:
        return self._cells[strip].spec.prompt

    def sources(self, strip: int) -> tuple[SourceRef, ...]:
        return self._cells[strip].spec.sources


@dataclass(frozen=True, slots=True)
class Skipped:
    """A cell left out because the catalog does not offer it (`unsupported: skip`)."""

    campaign: str
    model: str
    aspect_ratio: str | None
    why: str


@dataclass(slots=True)
class Expansion:
    """All cells in the author's order, what was left out, and every problem."""

    cells: Sequence[Cell] = ()
    excluded: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

