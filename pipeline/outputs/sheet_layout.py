"""A page of the contact sheet before it is drawn: sections with their columns, rows and frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipeline.core.report import Entry, Section, tally
from pipeline.outputs.printable import visible, visible_lines
from pipeline.outputs.shapes import SIDE_BY_SIDE, Shape, Span, measures_name, shape_of
from pipeline.outputs.sheet_pages import Chapter, Contents
from pipeline.outputs.shelf import Placed
from pipeline.outputs.tiles import Archive, Tile, frame_number, tiles_of

PROMPT_CHARS = 20_000
LONG_PROMPT_CHARS = 180
"""From this length on a prompt is folded."""

LARGE_LOOKS = frozenset({"picture", "flipbook"})
"""The looks that have a large view."""

Shelved = Mapping[tuple[str, int], Placed]


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head."""

    model: str
    aspect_ratio: str
    settings: str
    account: str
    span: Span


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring columns of one model."""

    model: str
    heads: Sequence[Head]


@dataclass(frozen=True, slots=True)
class Row:
    """One set of variables: its label, its prompt, its frames under each head."""

    label: str
    prompt: str
    cells: Sequence[Sequence[Tile]]

    @property
    def folded(self) -> bool:
        """Whether the prompt is too long to stand open."""
        return len(self.prompt) > LONG_PROMPT_CHARS


@dataclass(frozen=True, slots=True)
class Table:
    """One campaign, or the part of it that is on a page."""

    section: Section
    name: str
    number: int
    rows_in_all: int
    continued: bool
    heads: Sequence[Head]
    rows: Sequence[Row]

    @property
    def groups(self) -> list[Group]:
        """The heads under their models."""
        return [Group(model, list(heads))
                for model, heads in groupby(self.heads, key=lambda head: head.model)]

    @property
    def solo(self) -> bool:
        """Whether one column is all there is: its rows then stand beside each other as cards."""
        return len(self.heads) == 1

    @property
    def views(self) -> list[tuple[Row, Tile]]:
        """The frames that open large, in reading order, each with its row."""
        return [(row, tile) for row in self.rows for cell in row.cells for tile in cell
                if tile.look in LARGE_LOOKS]

    @property
    def style(self) -> str:
        """The class that knows its measures."""
        return measures_name(self.spans)

    @property
    def spans(self) -> list[Span]:
        """The places of its columns."""
        return [head.span for head in self.heads]


def lay_out(entries: Sequence[Entry], bases: Sequence[Entry], contents: Contents, page: int,
            placed: Shelved) -> list[Table]:
    """The tables of a page, a campaign each, in the author's order. `bases` are rows of other pages
    that these start from."""
    stills = {key: found for (key, index), found in placed.items()
              if index == 0 and found.thumb and found.width}
    frames = {entry.job.key: frame_number(entry) for entry in (*bases, *entries)}
    several = contents.several_accounts
    archive = Archive(placed, stills, frames, several)
    return [_table(section, contents.chapters[section.campaign], page, archive, several)
            for section in tally(entries, contents.said)]


def _table(section: Section, chapter: Chapter, page: int, archive: Archive,
           several_accounts: bool) -> Table:
    rows = [Row(visible(line.label), visible_lines(line.prompt, PROMPT_CHARS),
                [[tile for entry in cell for tile in tiles_of(entry, column, archive)]
                 for column, cell in zip(section.columns, line.cells, strict=True)])
            for line in section.lines]
    heads = [Head(visible(column.model, 80), visible(column.aspect_ratio, 20),
                  visible(column.settings, 160),
                  visible(column.account, 64) if several_accounts else "",
                  Span(_shape(section, index, archive.placed),
                       min(SIDE_BY_SIDE, max(1, *(len(row.cells[index]) for row in rows)))))
             for index, column in enumerate(section.columns)]
    in_all = chapter.said.rows if len(chapter.leaves) > 1 else len(rows)
    return Table(section, chapter.name, chapter.number, in_all, page > chapter.page, heads, rows)


def _shape(section: Section, index: int, placed: Shelved) -> Shape:
    """The shape of a column, by its ratio or by the files that came."""
    files = (placed[entry.job.key, 0] for line in section.lines for entry in line.cells[index]
             if (entry.job.key, 0) in placed)
    return shape_of(section.columns[index].aspect_ratio,
                    ((file.width, file.height) for file in files), section.kind)
