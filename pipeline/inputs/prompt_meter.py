"""What a prompt may use up while it is rendered, and the operations that could grow without bound.

Law: whatever can multiply (a loop, a call, an output, a repeated or joined text) is charged before
it happens, so that a template ends within about a second and a few megabytes, or with a clean
error. The templates are the author's own: this stops accidents and plain bombs, and is no prison
for code of strangers.
"""

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Undefined

MAX_CHARS = 100_000
"""Of a finished prompt, and of any text or list on the way to it."""
MAX_SOURCE = 50_000
"""Characters of a template with all that it includes; compiling more takes too long."""
MAX_WORK = 1_000_000
MAX_CPU_S = 0.5
MAX_NUMBER = 10_000
"""Of a width, a precision or the end of a range."""
MAX_INT_BITS = 4096

_WIDE = re.compile(r"%[^a-zA-Z%]*(\*|[0-9]{3})")


class TooMuch(TemplateRuntimeError):
    """A template would use more than a prompt may."""


class Meter:
    """The work left to one rendering: a step of a loop, a call, a character are one each."""

    def __init__(self) -> None:
        self.left = MAX_WORK
        self.deadline_s = time.thread_time() + MAX_CPU_S

    def burn(self, work: int) -> None:
        """Take this much; raises `TooMuch` when nothing is left."""
        self.left -= work
        if self.left < 0 or time.thread_time() > self.deadline_s:
            raise TooMuch("the template does too much work for a prompt")


def size_of(value: object) -> int:
    """How many characters or entries a value has; a number is one."""
    return len(value) if isinstance(value, str | list | tuple | dict | range) else 1


def bounded(size: int) -> None:
    """Refuse a text or list that would be larger than any prompt."""
    if size > MAX_CHARS:
        raise TooMuch(f"the template makes a text of more than {MAX_CHARS:,} characters")


def printable(value: object) -> Any:
    """What may be printed into a prompt: a text or a number, but no list, row or function."""
    if isinstance(value, str | int | float | Undefined):
        return value
    if isinstance(value, Mapping):
        raise TemplateRuntimeError(f"this prints a whole row; name a column of it: "
                                   f"{', '.join(map(str, list(value)[:8]))}")
    if isinstance(value, list | tuple):
        raise TemplateRuntimeError("this prints a list; write {{ … | join(', ') }}")
    what = "nothing" if value is None else "what is no text"
    raise TemplateRuntimeError(f"this prints {what}")


def replaced(text: object, old: object, new: object, count: int | None = None) -> str:
    """`text` with every `old`, or the first `count`, as `new`."""
    said, gone, come = (str(printable(part)) for part in (text, old, new))
    times = len(said) // max(1, len(gone)) + 1
    times = times if count is None else min(times, max(0, count))
    if len(said) + times * len(come) > MAX_CHARS:
        bounded(len(said) + said.count(gone) * len(come))
    return said.replace(gone, come, -1 if count is None else count)


def joined(parts: Iterable[object], between: object = "") -> str:
    """The texts of a list as one."""
    glue = str(printable(between))
    size, texts = 0, []
    for part in parts:
        texts.append(str(printable(part)))
        size += len(texts[-1]) + len(glue)
        bounded(size - len(glue))
    return glue.join(texts)


def check_operands(operator: str, left: Any, right: Any) -> None:
    """Refuse an operation whose outcome would be out of all bounds, before it is done."""
    if isinstance(left, bool | int) and isinstance(right, bool | int):
        _check_ints(operator, int(left), int(right))
    elif operator == "+":
        bounded(size_of(left) + size_of(right))
    elif operator == "*":
        for whole, times in ((left, right), (right, left)):
            if isinstance(whole, str | list | tuple) and isinstance(times, int):
                bounded(len(whole) * max(0, times))
    elif operator == "%" and isinstance(left, str):
        _check_format(left, right)


def _check_ints(operator: str, left: int, right: int) -> None:
    bits = {"*": left.bit_length() + right.bit_length(),
            "**": left.bit_length() * abs(right)}.get(operator, 0)
    if bits > MAX_INT_BITS:
        raise TooMuch("this number is too large for a prompt")


def _check_format(form: str, filling: object) -> None:
    if _WIDE.search(form):
        raise TooMuch("a width in this format is too large")
    parts = filling if isinstance(filling, tuple) else (filling,)
    longest = max((len(str(printable(part))) for part in parts), default=0)
    bounded(len(form) + form.count("%") * (longest + 100))
