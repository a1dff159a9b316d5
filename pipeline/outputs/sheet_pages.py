"""The pages of a contact sheet: where each begins and what is on it, before any is drawn.

Law: no more than the rows of one page are ever held, however many the run has. A page ends where a
row ends; only a row with more frames than a page has goes on over it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Protocol

from pipeline.core.job import AT_REST, State
from pipeline.core.manifest import Value
from pipeline.core.report import Entry, Survey, survey
from pipeline.outputs.printable import shorten, visible
from pipeline.outputs.tiles import frame_number

ROWS_A_PAGE = 400
FRAMES_A_PAGE = 1_000
"""What a browser shows at once without a pause, large views included."""

BEGINS_CHARS = 60


class Rows(Protocol):
    """The rows of a run, as often as they are asked for."""

    def __iter__(self) -> Iterator[Entry]:
        """All of them, in the plan's order."""
        ...

    def find(self, keys: Collection[str]) -> Iterable[Entry]:
        """Those of these jobs; a job that the run does not have is left out."""
        ...


@dataclass(frozen=True, slots=True)
class Leaf:
    """A campaign's part of a page, as the contents tell of it: its frames from and to, the
    variables of its first row, how many of its jobs failed or are in doubt, how many are not at
    rest."""

    page: int
    frames: tuple[str, str]
    first: Mapping[str, Value]
    troubled: int
    open: int


@dataclass(slots=True)
class Chapter:
    """One campaign in the contents."""

    number: int
    name: str
    said: Survey
    leaves: list[Leaf] = field(default_factory=list)

    @property
    def page(self) -> int:
        """Where it begins."""
        return self.leaves[0].page

    def begins(self, leaf: Leaf) -> str:
        """The label of a part's first row."""
        return shorten(visible(self.said.label(leaf.first)), BEGINS_CHARS)


@dataclass(slots=True)
class Contents:
    """A sheet as its first reading gives it."""

    chapters: dict[str, Chapter] = field(default_factory=dict)
    pages: int = 0

    @property
    def said(self) -> Mapping[str, Survey]:
        """What is known of each campaign as a whole."""
        return {name: chapter.said for name, chapter in self.chapters.items()}

    @property
    def several_accounts(self) -> bool:
        """Whether jobs of more than one account stand side by side."""
        return len({column.account for said in self.said.values()
                    for column in said.columns()}) > 1


def read_contents(entries: Iterable[Entry]) -> Contents:
    """What is on which page, and what each campaign amounts to: the rows, gone through once."""
    contents = Contents()
    said: dict[str, Survey] = {}
    for page in into_pages(entries):
        contents.pages += 1
        survey(page, said)
        for name in dict.fromkeys(entry.campaign for entry in page):
            chapter = contents.chapters.setdefault(
                name, Chapter(len(contents.chapters) + 1, visible(name, 80), said[name]))
            chapter.leaves.append(
                _leaf(contents.pages, [entry for entry in page if entry.campaign == name]))
    return contents


def _leaf(page: int, part: Sequence[Entry]) -> Leaf:
    states = [entry.job.state for entry in part]
    return Leaf(page, (frame_number(part[0]), frame_number(part[-1])), part[0].vars,
                sum(state in (State.FAILED, State.IN_DOUBT) for state in states),
                sum(state not in AT_REST for state in states))


def into_pages(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The rows, a page at a time."""
    page: list[Entry] = []
    rows = 0
    for row in _rows(entries):
        if page and (rows == ROWS_A_PAGE or len(page) + len(row) > FRAMES_A_PAGE):
            yield page
            page, rows = [], 0
        page += row
        rows += 1
    if page:
        yield page


def _rows(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Neighbours of one campaign and the same variables; no more of them than fit on a page."""
    for _, group in groupby(entries, key=lambda entry: (entry.campaign, entry.vars)):
        while part := list(islice(group, FRAMES_A_PAGE)):
            yield part
