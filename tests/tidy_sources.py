"""The program's own source, read for the tests that hold it to the rules of the house."""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

ROOMS = (("core",), ("media",), ("inputs", "outputs", "ledger", "providers", "sandbox"),
         ("executor",), ("simulation",), ("wiring",), ("cli",))
"""The layers, lowest first; rooms of one line never import each other."""

LAYER = {room: height for height, line in enumerate(ROOMS) for room in line}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Import:
    """One name that a module imports, as `pipeline.core.job` or `anyio`."""

    module: str
    line: int
    inside: bool


@dataclass(slots=True)
class Source:
    """One module of the program."""

    path: str
    text: str
    tree: ast.Module
    prose: set[int] = field(default_factory=set)

    @property
    def module(self) -> str:
        """Its dotted name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        """The room it lies in, "" for the package itself."""
        parts = self.path.split("/")
        return parts[1] if len(parts) > 2 else ""

    @property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.text.splitlines()

    def at(self, node: ast.AST, says: str) -> str:
        """A complaint with its place."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {says}"

    def walk(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        """All nodes of these kinds."""
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))

    def functions(self) -> Iterator[Function]:
        """All functions, methods and inner ones included."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def texts(self) -> Iterator[ast.Constant]:
        """All texts that are no docstring and no comment under a constant."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) \
                    and id(node) not in self.prose:
                yield node

    def imports(self) -> list[Import]:
        """Everything it imports, wherever the import stands."""
        inner = {id(node) for function in self.functions() for node in ast.walk(function)}
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [_resolve(node.module or "", alias.name) for alias in node.names]
            else:
                continue
            found += [Import(name, node.lineno, id(node) in inner) for name in names]
        return found


def _resolve(module: str, name: str) -> str:
    """The module that an imported name is, or lies in."""
    inside = ROOT / f"{module}.{name}".replace(".", "/")
    is_module = inside.with_suffix(".py").exists() or (inside / "__init__.py").exists()
    return f"{module}.{name}" if module.startswith("pipeline") and is_module else module


@cache
def sources() -> tuple[Source, ...]:
    """Every module of the program."""
    found = []
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        source = Source(path.relative_to(ROOT).as_posix(), text, tree)
        source.prose = {id(node.value) for node in ast.walk(tree)
                        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
        found.append(source)
    return tuple(found)


def in_rooms(*rooms: str) -> list[Source]:
    """The modules of some rooms."""
    return [source for source in sources() if source.room in rooms]


def called(node: ast.Call) -> str:
    """What a call calls, as it is written."""
    return ast.unparse(node.func)


def calls(source: Source) -> Iterator[ast.Call]:
    """All calls of a module."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            yield node


def is_stub(function: Function) -> bool:
    """Whether a function only says what others do: a docstring, and `...`."""
    rest = [part for part in function.body
            if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))]
    return not rest


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """What a function itself holds, without the functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def words(identifier: str) -> list[str]:
    """The words of an identifier: `read_JobSpec` is read, job, spec."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", identifier)]


@cache
def tracked() -> tuple[str, ...]:
    """Every text file of the repository that is, or is about to be, kept in it."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(name for name in listed if (ROOT / name).is_file() and _is_text(ROOT / name))


def _is_text(path: Path) -> bool:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True
