"""Jinja2 as prompts may use it: sandboxed, metered, and the same text every time.

Law: a prompt is part of a job's key, so nothing in it may be random, and nothing may print what is
no text (a whole row, a function, an address in memory).
"""

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import BuiltinFunctionType
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, nodes, pass_context
from jinja2.exceptions import TemplateRuntimeError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext, Macro, TemplateReference, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from pipeline.inputs.complaints import did_you_mean, meant_or_known, show
from pipeline.inputs.prompt_meter import (
    MAX_NUMBER,
    Meter,
    TooMuch,
    check_operands,
    joined,
    printable,
    replaced,
    size_of,
)

TEXT_FILTERS = ("abs", "capitalize", "float", "int", "lower", "round", "string", "title", "trim",
                "truncate", "upper", "wordcount")
LIST_FILTERS = ("count", "dictsort", "first", "groupby", "items", "last", "length", "list", "map",
                "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "sort",
                "unique")
OTHER_FILTERS = ("d", "default")
TEXT_METHODS = frozenset({
    "capitalize", "casefold", "count", "endswith", "find", "isalpha", "isdigit", "islower",
    "isupper", "join", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace",
    "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase",
    "title", "upper",
})
ROW_METHODS = frozenset({"get", "items", "keys", "values"})
_EACH, _SPEND = "$each", "$spend"
"""Filters that no author can write: they are put around loops and outputs."""


class Missing(StrictUndefined):
    """A name that nothing gives; its words tell the nearest, after a line break."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        name, whole = str(self._undefined_name), self._undefined_obj
        if isinstance(whole, Mapping):
            return (f"the row has no column {show(name)}\n"
                    f"{meant_or_known(name, map(str, whole))}")
        if type(whole).__module__ == "jinja2.utils":
            return f"unknown variable {show(name)}"
        return f"{_called(whole)} has no {show(name)}"


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Compiles prompts. `meter` is set anew for each rendering."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, loader: BaseLoader | None = None) -> None:
        super().__init__(loader=loader, undefined=Missing, autoescape=False, auto_reload=False,
                         finalize=self._printed)
        self.meter = Meter()
        self.globals = {"range": range, "namespace": Namespace}
        self.filters = {
            **{name: self._metered(FILTERS[name], of_text=True) for name in TEXT_FILTERS},
            **{name: self._metered(FILTERS[name]) for name in LIST_FILTERS},
            **{name: FILTERS[name] for name in OTHER_FILTERS},
            "join": self._metered(joined), "replace": self._metered(replaced),
            "tojson": self._metered(_json), _EACH: self._each, _SPEND: self._spend,
        }

    def _generate(self, source: nodes.Template, name: str | None, filename: str | None,
                  defer_init: bool = False) -> str:
        return super()._generate(_Metering().visit(source), name, filename, defer_init)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operation, if its outcome stays small."""
        if not isinstance(left, Undefined) and not isinstance(right, Undefined):
            check_operands(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Only what is listed here; every other object has no attributes."""
        if isinstance(obj, str):
            return attr in TEXT_METHODS
        if isinstance(obj, Mapping):
            return attr in ROW_METHODS
        if isinstance(obj, tuple):
            return attr in ("grouper", "list")
        return (isinstance(obj, LoopContext | Macro | TemplateReference | Namespace)
                or type(obj).__name__ == "TemplateModule"
                ) and super().is_safe_attribute(obj, attr, value)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """What stands for an attribute that is not offered."""
        return self.undefined(f"{_called(obj)} has no {show(attribute)} in a prompt",
                              name=attribute, obj=obj)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A column of a row before a method of the mapping that it is."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """None: `format` has widths without bound, and is refused like any other attribute."""
        return None

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A call, charged."""
        self.meter.burn(1 + sum(map(size_of, args)))
        if obj is range or isinstance(obj, BuiltinFunctionType):
            _check_numbers((*args, *kwargs.values()))
        whole = getattr(obj, "__self__", None)
        if isinstance(whole, str) and obj.__name__ in ("replace", "join"):
            done = replaced if obj.__name__ == "replace" else _joined_by
            return done(whole, *args)
        return super().call(context, obj, *args, **kwargs)

    def _printed(self, value: Any) -> Any:
        text = printable(value)
        if isinstance(text, Undefined):
            return text
        self.meter.burn(len(text := str(text)))
        return text

    def _metered(self, filter_: Callable[..., Any], *, of_text: bool = False
                 ) -> Callable[..., Any]:
        whole = 1 if hasattr(filter_, "jinja_pass_arg") else 0

        @functools.wraps(filter_)
        def measured(*args: Any, **kwargs: Any) -> Any:
            said = args[whole:]
            self.meter.burn(1 + sum(map(size_of, said)))
            if of_text:
                _check_numbers((*said[1:], *kwargs.values()))
                printable(said[0])
            outcome = filter_(*args, **kwargs)
            self.meter.burn(size_of(outcome))
            return outcome

        return measured

    @pass_context
    def _each(self, context: Context, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self.meter.burn(1)
            yield value

    @pass_context
    def _spend(self, context: Context, work: int) -> None:
        self.meter.burn(work)


class _Metering(NodeTransformer):
    """Puts the meter into a parsed template: around loops, before outputs, into `~`."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, _EACH, [], [], None, None, lineno=node.lineno)
        return node

    def visit_Output(self, node: nodes.Output) -> list[nodes.Node]:  # noqa: N802
        self.generic_visit(node)
        chars = sum(len(part.data) for part in node.nodes if isinstance(part, nodes.TemplateData))
        work = nodes.Const(1 + chars, lineno=node.lineno)
        spent = nodes.Filter(work, _SPEND, [], [], None, None, lineno=node.lineno)
        return [nodes.ExprStmt(spent, lineno=node.lineno), node]

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "join", [], [], None, None, lineno=node.lineno)


def _joined_by(glue: str, parts: Iterable[object]) -> str:
    return joined(parts, glue)


def _check_numbers(args: Iterable[Any]) -> None:
    for value in args:
        if isinstance(value, int | float) and abs(value) > MAX_NUMBER:
            raise TooMuch(f"{value} is too large here, at most {MAX_NUMBER:,}")


def _json(value: object) -> str:
    """A text, number or row as JSON, for models that are told in JSON."""
    cells = value.values() if isinstance(value, Mapping) else (value,)
    if not all(isinstance(cell, str | int | float) for cell in cells):
        raise TemplateRuntimeError("only a text, a number or a row becomes JSON")
    return json.dumps(dict(value) if isinstance(value, Mapping) else value, ensure_ascii=False)


def _called(value: object) -> str:
    if isinstance(value, str):
        return "a text"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list | tuple) else "this"


def unknown_filter(words: str, known: Iterable[str]) -> tuple[str, str]:
    """Jinja2's "No filter named 'x'" as message and hint."""
    name = words.partition("'")[2].partition("'")[0]
    names = [other for other in known if not other.startswith("$")]
    return f"unknown filter {show(name)}", did_you_mean(name, names) or (
        "such as upper, lower, title, trim, replace, join, default")
