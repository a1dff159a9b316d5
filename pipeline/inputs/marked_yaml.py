"""YAML 1.2 as a tree of nodes that know where they stand.

Law: `16:9`, `no` and dates are text, a fraction stays the text that was written, and nothing that
a file holds can take more than a second: depth, size and aliases have a bound, checked on libyaml's
events, because its composer crashes the process on deep nesting.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import yaml

from pipeline.core.errors import AuthorError, Position, Problem
from pipeline.inputs.complaints import did_you_mean
from pipeline.inputs.text_file import check_text, refuse
from pipeline.inputs.yaml_syntax import explain

MAX_BYTES = 2**20
MAX_NODES = 50_000
"""Counted with every alias written out."""
MAX_DEPTH = 20
MAX_PROBLEMS = 50
LARGEST_INT = 2**53

_INT = re.compile(r"[-+]?[0-9]+\Z")
_NO_KEYS: Mapping[str, Position] = {}

Scalar = str | int | bool | None
Plain = Scalar | list["Plain"] | dict[str, "Plain"]


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place; of a mapping, `keys` are the places of its keys.

    `size` and `height` count with every alias written out.
    """

    value: "Scalar | list[Node] | dict[str, Node]"
    at: Position
    keys: Mapping[str, Position] = field(default_factory=dict)
    size: int = 1
    height: int = 0

    def find(self, *path: str | int) -> "Node | None":
        """The node at a path of keys and indexes, or None."""
        node = self
        for step in path:
            below = node.value
            try:
                if isinstance(below, dict):
                    node = below[str(step)]
                elif isinstance(below, list):
                    node = below[int(step)]
                else:
                    return None
            except (LookupError, ValueError):
                return None
        return node


def read_yaml(text: str, file: str, problems: list[Problem] | None = None) -> Node:
    """Read one document. Raises `AuthorError` with every problem that does not hide the next.

    A caller that has more to check passes `problems`: then what the tree survives (a key given
    twice, a tag, a merge key) is added there, and only what leaves no tree is raised.
    """
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        raise refuse(f"this file is larger than {MAX_BYTES:,} bytes", Position(file))
    text = check_text(text, file)
    found: list[Problem] = []
    tree = _Tree(file, found)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            tree.take(event)
    except AuthorError as error:
        raise AuthorError(found + error.problems) from None
    except yaml.YAMLError as error:
        raise AuthorError([*found, explain(error, text, file)]) from None
    if found and problems is None:
        raise AuthorError(found)
    if problems is not None:
        problems += found
    return tree.root


def plain(node: Node) -> Plain:
    """The bare value: dicts, lists, text, whole numbers, booleans and None."""
    value = node.value
    if isinstance(value, dict):
        return {key: plain(below) for key, below in value.items()}
    if isinstance(value, list):
        return [plain(below) for below in value]
    return value


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet."""

    at: Position
    anchor: str | None
    value: list[Node] | dict[str, Node]
    keys: dict[str, Position] = field(default_factory=dict)
    key: str | None = None
    is_merge: bool = False
    size: int = 1
    height: int = 0


class _Tree:
    """Takes libyaml's events one by one and puts the tree together, without recursion."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        self.root = Node(None, Position(file))
        self.open: list[_Open] = []
        self.anchors: dict[str, Node] = {}
        self.documents = 0
        self.size = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise refuse("a second document begins here", self._at(event),
                             "one file is one document: remove this --- line")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        at = self._at(event)
        self._check_tag(event, at)
        parent = self.open[-1] if self.open else None
        if parent and isinstance(parent.value, dict) and parent.key is None:
            if event.anchor:
                self.anchors[event.anchor] = Node(event.value, at)
            self._key(parent, event, at)
            return
        value: Scalar = event.value
        if event.implicit[0] and (not event.value or event.value[0] in "tfn~-+0123456789"):
            value = self._resolve(event.value, at)
        self._add(Node(value, at, _NO_KEYS), event.anchor)

    def _resolve(self, text: str, at: Position) -> Scalar:
        if text in ("true", "false"):
            return text == "true"
        if text in ("", "~", "null"):
            return None
        if not _INT.match(text):
            return text
        if len(text) > 17 or abs(int(text)) > LARGEST_INT:
            self._tell(f"this number has {len(text)} digits, too many" if len(text) > 17
                       else "this number is too large", at, "put it in quotes if it is a text")
            return 1
        return int(text)

    def _key(self, parent: _Open, event: yaml.ScalarEvent, at: Position) -> None:
        key = event.value
        parent.is_merge = key == "<<" and event.implicit[0]
        if parent.is_merge:
            self._tell("merge keys (<<) are not supported", at,
                       "write the keys out, or use an alias for a whole value")
        elif key in parent.keys:
            self._tell(f"key {key[:60]!r} is given twice, first in line {parent.keys[key].line}",
                       at, "keep one of them")
        parent.key = key
        if not parent.is_merge:
            parent.keys.setdefault(key, at)

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = event.anchor or ""
        at = self._at(event)
        if any(frame.anchor == name for frame in self.open):
            raise refuse(f"alias *{name[:60]} contains itself", at)
        if name not in self.anchors:
            raise refuse(f"unknown alias *{name[:60]}", at,
                         did_you_mean(name, self.anchors) or "an alias comes after its anchor (&)")
        target = self.anchors[name]
        if self.open and isinstance(self.open[-1].value, dict) and self.open[-1].key is None:
            raise refuse("an alias cannot be a key", at)
        self._check_depth(len(self.open) + target.height, at)
        self._add(replace(target, at=at), None)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        at = self._at(event)
        self._check_tag(event, at)
        if self.open and isinstance(self.open[-1].value, dict) and self.open[-1].key is None:
            raise refuse("a key has to be a text", at, "a list or mapping cannot be a key")
        self._check_depth(len(self.open) + 1, at)
        is_map = isinstance(event, yaml.MappingStartEvent)
        self.open.append(_Open(at, event.anchor, {} if is_map else []))

    def _end(self) -> None:
        done = self.open.pop()
        self.size -= done.size - 1
        self._add(Node(done.value, done.at, done.keys, done.size, done.height), done.anchor)

    def _add(self, node: Node, anchor: str | None) -> None:
        self.size += node.size
        if self.size > MAX_NODES:
            raise refuse(f"this file has more than {MAX_NODES:,} values, aliases written out",
                         node.at)
        if anchor:
            self.anchors[anchor] = node
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if isinstance(parent.value, list):
            parent.value.append(node)
        elif parent.key is not None:
            if not parent.is_merge:
                parent.value[parent.key] = node
            parent.key = None

    def _check_tag(self, event: yaml.NodeEvent, at: Position) -> None:
        if tag := getattr(event, "tag", None):
            name = tag.replace("tag:yaml.org,2002:", "!!")
            self._tell(f"tags such as {name[:60]} are not supported", at, "leave the tag out")

    def _check_depth(self, depth: int, at: Position) -> None:
        if depth > MAX_DEPTH:
            raise refuse(f"nested more than {MAX_DEPTH} levels deep", at)

    def _tell(self, message: str, at: Position, hint: str) -> None:
        self.problems.append(Problem(message, at, hint))
        if len(self.problems) >= MAX_PROBLEMS:
            raise refuse("there are more problems than can be told", at)

    def _at(self, event: yaml.Event) -> Position:
        mark = event.start_mark
        return Position(self.file, mark.line + 1, mark.column + 1) if mark else self.root.at
