"""What the campaigns of one manifest share while they are read: the tree, the files, the problems.

Law: reading goes on after a problem, and each file is read once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pipeline.core.errors import AuthorError, Position, Problem
from pipeline.core.manifest import Source
from pipeline.inputs.complaints import show
from pipeline.inputs.folders import ProjectFolder
from pipeline.inputs.marked_yaml import Node
from pipeline.inputs.prompts import CompiledPrompt, PromptShelf
from pipeline.inputs.sources import read_source
from pipeline.inputs.tables import read_table
from pipeline.inputs.validation import Sound, place

Read = TypeVar("Read")
Rows = list[Mapping[str, object]]


@dataclass(slots=True)
class Desk:
    """A manifest under reading."""

    folder: ProjectFolder
    root: Node
    sound: Sound
    shelf: PromptShelf
    tables: dict[str, Rows] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    def keys(self, *loc: str | int) -> frozenset[str]:
        """The keys of a mapping as they are written, wrong ones too."""
        node = self.root.find(*loc)
        return frozenset(node.value) if node and isinstance(node.value, dict) else frozenset()

    def at(self, *loc: str | int) -> Position:
        """Where a value stands, or the nearest thing around it."""
        return place(self.root, loc)

    def tell(self, message: str, at: Position, hint: str = "") -> None:
        """Add a problem and go on."""
        self.sound.tell(Problem(message, at, hint))

    def attempt(self, read: Callable[[], Read], otherwise: Read) -> Read:
        """What `read` gives, or, its problems told, `otherwise`."""
        try:
            return read()
        except AuthorError as error:
            for problem in error.problems:
                self.sound.tell(problem)
            return otherwise

    def table(self, name: str, at: Position) -> Rows:
        """The rows of a table; none if it has a problem."""
        def read() -> Rows:
            return read_table(self.folder.table(name, at), at)

        if name not in self.tables:
            self.tables[name] = self.attempt(read, [])
        return self.tables[name]

    def source(self, text: str, at: Position) -> Source:
        """A source file; its content is looked at once."""
        if text not in self.sources:
            self.sources[text] = self.attempt(
                lambda: read_source(text, self.folder.folder, at), Source(text))
        return replace(self.sources[text], at=at)

    def template(self, name: str, at: Position) -> CompiledPrompt | None:
        """The prompt of a template; None if it has a problem."""
        return self.attempt(lambda: self.shelf.template(name, at), None)

    def inline(self, text: str, at: Position) -> CompiledPrompt | None:
        """The prompt that stands in the manifest; None if it has a problem."""
        return self.attempt(lambda: self.shelf.inline(text, at), None)

    def check_repeats(self, *loc: str | int) -> None:
        """Tell every value that a list holds for the second time."""
        node = self.root.find(*loc)
        if node is None or not isinstance(node.value, list):
            return
        first: dict[tuple[type, object], Node] = {}
        for below in node.value:
            if isinstance(below.value, list | dict | None):
                continue
            twin = first.setdefault((type(below.value), below.value), below)
            if twin is not below:
                self.tell(f"{show(below.value)} is in this list twice, first in line "
                          f"{twin.at.line}", below.at, "keep one of them")


def spans_of(node: Node | None, name: str = "") -> dict[str, Position]:
    """The place of every value of a tree, by its dotted path; `name` is that of the root."""
    spans: dict[str, Position] = {}
    waiting = [(name, node)] if node else []
    while waiting:
        path, below = waiting.pop()
        spans[path] = below.at
        inside = path + "." if path else ""
        if isinstance(below.value, dict):
            waiting += [(inside + key, part) for key, part in below.value.items()]
        elif isinstance(below.value, list):
            waiting += [(f"{inside}{n}", part) for n, part in enumerate(below.value)]
    return spans
