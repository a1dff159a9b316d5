"""A tree held against a grammar: every problem at its own line, and a model of what is sound.

Law: one mistake hides no other. What is wrong is told, cut out, and the rest is read again.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.core.errors import AuthorError, Position, Problem
from pipeline.inputs.complaints import Loc, called, complain, known_keys, named, nearest
from pipeline.inputs.marked_yaml import Node, plain
from pipeline.inputs.schema import schema_of

MAX_ERRORS = 100
_ROUNDS = 4

Model = TypeVar("Model", bound=BaseModel)
Cut = Callable[[Any, Loc], Loc]
"""Removes a wrong value, or as much around it as the grammar allows; says what it removed."""


class Sound:
    """The problems of one file so far, and the places that were told and cut out."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        self.told: set[Loc] = set()

    def tell(self, problem: Problem) -> None:
        """Add a problem, once; raises `AuthorError` when nobody would read more of them."""
        if problem not in self.problems:
            self.problems.append(problem)
        if len(self.problems) >= MAX_ERRORS:
            self.problems.append(Problem("there are more problems than are shown here"))
            raise self.error()

    def error(self) -> AuthorError:
        """All problems as a reader meets them: this file from top to bottom, then others."""
        def order(problem: Problem) -> tuple[bool, bool, str, int, int]:
            at = problem.at or Position("", 0, 0)
            return not problem.at, at.file != self.file, at.file, at.line, at.column

        return AuthorError(sorted(self.problems, key=order))

    def is_told(self, *loc: str | int) -> bool:
        """Whether this value, or anything around it, already has its problem."""
        return any(loc[:end] in self.told for end in range(len(loc) + 1))


def hold_against(grammar: type[Model], root: Node, cut: Cut, sound: Sound) -> Model:
    """The model of a tree. Problems are added to `sound`; raises `AuthorError` with all of them
    when nothing of the tree can be understood."""
    said = plain(root)
    for loc, node in _nulls(root):
        at = _key_place(root, loc) or node.at
        sound.tell(Problem(f"{called(loc)} has no value", at, "give it one, or leave it out"))
        sound.told.add(cut(said, loc))
    for _ in range(_ROUNDS):
        try:
            return grammar.model_validate(said)
        except ValidationError as error:
            details = error.errors(include_url=False)
        _tell(details, grammar, root, sound)
        if not isinstance(said, dict):
            break
        for detail in details:
            sound.told.add(cut(said, named(detail)))
    raise sound.error()


def _tell(details: list[ErrorDetails], grammar: type[BaseModel], root: Node,
          sound: Sound) -> None:
    schema = schema_of(grammar)
    meant: set[Loc] = set()
    for detail in details[:MAX_ERRORS]:
        loc = named(detail)
        if detail["type"] == "extra_forbidden":
            guess = nearest(str(loc[-1]), known_keys(schema, loc[:-1]))
            meant.add((*loc[:-1], guess))
    sound.told |= meant
    for detail in details[:MAX_ERRORS]:
        loc = named(detail)
        if detail["type"] == "missing" and (loc in meant or sound.is_told(*loc)):
            continue
        message, hint = complain(detail, schema)
        sound.tell(Problem(message, place_of(root, detail), hint))


def place_of(root: Node, detail: ErrorDetails) -> Position:
    """Where an error stands: at the key if the key is wrong, else at the value."""
    loc = named(detail)
    if detail["type"] == "extra_forbidden" or "[key]" in detail["loc"]:
        return _key_place(root, loc) or root.at
    return place(root, loc)


def place(root: Node, loc: Loc) -> Position:
    """The place of a value, or of the nearest thing around it."""
    for end in range(len(loc), -1, -1):
        if node := root.find(*loc[:end]):
            return node.at
    return root.at


def _key_place(root: Node, loc: Loc) -> Position | None:
    node = root.find(*loc[:-1])
    return node.keys.get(str(loc[-1])) if node and loc else None


def _nulls(root: Node) -> list[tuple[Loc, Node]]:
    found: list[tuple[Loc, Node]] = []
    waiting: list[tuple[Loc, Node]] = [((), root)]
    while waiting and len(found) < MAX_ERRORS:
        loc, node = waiting.pop()
        if isinstance(node.value, dict):
            waiting += [((*loc, key), below) for key, below in reversed(node.value.items())]
        elif isinstance(node.value, list):
            waiting += [((*loc, n), below) for n, below in reversed([*enumerate(node.value)])]
        elif node.value is None and loc:
            found.append((loc, node))
    return found

