"""Prompt templates in Jinja2, compiled once: from a file, or written in the manifest.

Law: every problem names the line of the template, and `names` holds every variable that the prompt
reads, also through the files it includes; so no include may be computed.
"""

import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import BaseLoader, Environment, Template, TemplateNotFound, nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.meta import find_undeclared_variables

from pipeline.core.errors import AuthorError, Position
from pipeline.inputs.complaints import meant_or_known
from pipeline.inputs.folders import ProjectFolder
from pipeline.inputs.prompt_language import PromptEnvironment, unknown_filter
from pipeline.inputs.prompt_meter import MAX_CHARS, MAX_SOURCE, Meter
from pipeline.inputs.text_file import read_text, refuse

INLINE = "inline"
MAX_FILES = 100
_INLINE_FILE = "<template>"
_BROKEN = (TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError, NameError,
           RuntimeError, TypeError, ValueError)
"""All that the author's expressions can raise; a `RecursionError` is a `RuntimeError`."""
_UNREADABLE = (TemplateError, RecursionError, MemoryError, SyntaxError, ValueError,
               OverflowError)

Files = nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends


@dataclass(slots=True)
class CompiledPrompt:
    """A prompt, ready to be rendered many times; see `core.manifest.Prompt`."""

    names: frozenset[str]
    label: str
    template: Template = field(repr=False)
    environment: PromptEnvironment = field(repr=False)
    at: Position | None

    def render(self, variables: Mapping[str, object]) -> str:
        """The finished prompt without the white space around it; raises `AuthorError`."""
        self.environment.meter = Meter()
        try:
            text = self.template.render(variables).strip()
        except _BROKEN as error:
            message, hint = _words(error, self.environment, variables)
            raise refuse(message, self._line_of(error), hint) from None
        if len(text) > MAX_CHARS:
            raise refuse(f"the prompt has more than {MAX_CHARS:,} characters", self.at)
        return text

    def _line_of(self, error: BaseException) -> Position | None:
        """The innermost line of a template that an exception passed through."""
        if self.label == INLINE:
            return self.at
        place = self.at
        for frame, line in traceback.walk_tb(error.__traceback__):
            if "__jinja_exception__" in frame.f_globals:
                place = Position(frame.f_code.co_filename, line)
        return place


class PromptShelf:
    """Compiles the prompts of one manifest; a file is read and compiled once."""

    def __init__(self, folder: ProjectFolder) -> None:
        self.folder = folder
        self.loaded: dict[str, CompiledPrompt] = {}
        self.inline_language = PromptEnvironment()
        self.language = PromptEnvironment(_Shelf(folder))

    def inline(self, text: str, at: Position | None) -> CompiledPrompt:
        """A prompt written in the manifest at `at`. Raises `AuthorError`."""
        if not text.strip():
            raise refuse("the prompt is empty", at, "give it some text")
        if len(text) > MAX_SOURCE:
            raise refuse(f"the prompt has more than {MAX_SOURCE:,} characters", at)
        tree, names = _parsed(self.inline_language, text, lambda line: at)
        for node in _files_in(tree):
            raise refuse("a prompt in the manifest cannot include files", at,
                         f"move it to a file in templates/ and name that "
                         f"(line {node.lineno} of the prompt)")
        return _compiled(self.inline_language, tree, names=names, label=INLINE, at=at)

    def template(self, name: str, at: Position | None) -> CompiledPrompt:
        """A prompt in a file, named at `at`. Raises `AuthorError`."""
        if name not in self.loaded:
            names: set[str] = set()
            path, tree = self._gather(name, at, names, {})
            self.loaded[name] = _compiled(self.language, tree, names=names, label=name,
                                          at=Position(str(path)))
        return self.loaded[name]

    def _gather(self, name: str, at: Position | None, names: set[str],
                seen: dict[str, int]) -> tuple[Path, nodes.Template]:
        """The variables that a template and all that it includes read."""
        path = self.folder.template(name, at)
        file = str(path)
        text = read_text(path, limit=4 * MAX_SOURCE, at=at)
        seen[name] = len(text)
        if sum(seen.values()) > MAX_SOURCE or len(seen) > MAX_FILES:
            raise refuse(f"a template, with what it includes, has at most {MAX_SOURCE:,} "
                         f"characters in {MAX_FILES} files", at)
        tree, own = _parsed(self.language, text, lambda line: Position(file, line))
        names |= own
        for node in _files_in(tree):
            place = Position(file, node.lineno)
            optional = isinstance(node.template, nodes.List | nodes.Tuple) or getattr(
                node, "ignore_missing", False)
            for other in _named(node, place):
                if other not in seen and not (
                        optional and self.folder.find_template(other, place) is None):
                    self._gather(other, place, names, seen)
        return path, tree


class _Shelf(BaseLoader):
    """Finds the templates that a template includes, by the rules of the manifest."""

    def __init__(self, folder: ProjectFolder) -> None:
        self.folder = folder

    def get_source(self, environment: Environment,
                   template: str) -> tuple[str, str, Callable[[], bool]]:
        try:
            path = self.folder.template(template, None)
            return read_text(path, limit=4 * MAX_SOURCE), str(path), lambda: True
        except AuthorError:
            raise TemplateNotFound(template) from None


def _parsed(language: PromptEnvironment, text: str,
            place: Callable[[int], Position | None]) -> tuple[nodes.Template, set[str]]:
    """The tree of a template and the variables that it reads."""
    try:
        tree = language.parse(text)
        return tree, find_undeclared_variables(tree)
    except TemplateSyntaxError as error:
        message, hint = _words(error, language, {})
        raise refuse(message, place(error.lineno), hint) from None
    except _UNREADABLE as error:
        raise refuse(f"this template cannot be compiled: {_lower(error)}", place(1)) from None


def _compiled(language: PromptEnvironment, tree: nodes.Template, *, names: set[str], label: str,
              at: Position | None) -> CompiledPrompt:
    language.meter = Meter()
    file = at.file if at and label != INLINE else _INLINE_FILE
    try:
        code = language.compile(tree, label, file)
        template = Template.from_code(language, code, language.make_globals(None))
    except TemplateSyntaxError as error:
        message, hint = _words(error, language, {})
        raise refuse(message, at if label == INLINE else Position(file, error.lineno),
                     hint) from None
    except _UNREADABLE as error:
        raise refuse(f"this template cannot be compiled: {_lower(error)}", at) from None
    given = frozenset(names.difference(language.globals))
    return CompiledPrompt(given, label, template, language, at)


def _files_in(tree: nodes.Template) -> Iterator[Files]:
    return tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends))


def _named(node: Files, place: Position) -> list[str]:
    """The files that a node names; a computed name would hide variables from the job's key."""
    said = node.template
    parts = said.items if isinstance(said, nodes.List | nodes.Tuple) else [said]
    names = [part.value for part in parts if isinstance(part, nodes.Const)]
    texts = [name for name in names if isinstance(name, str)]
    if len(texts) < len(parts):
        raise refuse("an included file has to be named as a plain text", place,
                     'such as {% include "style.j2" %}')
    return texts


def _words(error: BaseException, language: PromptEnvironment,
           variables: Mapping[str, object]) -> tuple[str, str]:
    raw = _lower(error)
    if raw.startswith("no filter named"):
        return unknown_filter(raw, language.filters)
    if found := re.search(r"looking for the following tags: ([^.]*)", raw):
        return f"a block of this template has no end: {found.group(1)} is missing", ""
    if isinstance(error, UndefinedError):
        message, _, hint = raw.partition("\n")
        if found := re.match(r"unknown variable '(.*)'", message):
            return message, meant_or_known(found.group(1), sorted(variables))
        return message, hint
    if isinstance(error, RecursionError):
        return "this template includes or calls itself without end", ""
    return raw if isinstance(error, TemplateError) else f"the template failed: {raw}", ""


def _lower(error: BaseException) -> str:
    said = getattr(error, "msg", None) or getattr(error, "message", None) or error
    text = str(said) or type(error).__name__
    return text[:1].lower() + text[1:].rstrip(".")
