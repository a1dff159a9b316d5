"""Sizes and words as a test: what a file may be called, how long it may be, how it begins.

Goal: files are short, named by a noun of the domain, and speak one word for one thing.
Method: names and lengths are counted; exceptions are listed here, each with its reason.
"""

import ast
import re

import pytest
from tidy_sources import ROOT, Function, Source, in_rooms, sources, tracked, words

LONGEST_FUNCTION = 40
LONGEST_FILE = 250
LONGEST_LINE = 100
MOST_POSITIONAL = 5

BANNED_FILES = frozenset({"utils", "util", "common", "helpers", "helper", "misc", "base", "models",
                          "types", "manager", "service"})
NAMED_SO = {"pipeline/sandbox/service.py": "it is one: the remote service"}

BANNED_WORDS = {
    "task": "job", "tasks": "jobs", "item": "row, cell or job", "items": "rows, cells or jobs",
    "batch": "group, page or campaign", "worker": "lane", "workers": "lanes",
    "token": "slot or turn", "tokens": "slots or turns", "permit": "slot or turn",
    "estimate": "quote", "estimates": "quotes", "result": "outcome, reply or asset",
    "results": "outcomes, replies or assets", "artifact": "asset", "artifacts": "assets",
    "cost": "quote, hold or charge", "costs": "quotes, holds or charges", "callback": "act or news",
    "handler": "step", "helper": "say what it does", "manager": "say what it does",
    "dimension": "axis", "backend": "provider", "project": "manifest",
}
WORDS_OF_OTHERS = frozenset({"TaskGroup", "create_task_group", "task_id"})
"""anyio's own words, and what services call a thing of theirs."""

TESTS_OPEN = ("Goal:", "Method:")

HOSTS = tuple(re.compile(left + right, re.I) for left, right in (
    ("py", r"pi\.org"), ("python", r"hosted\.org"), ("npm", r"js\.org"), ("crates", r"\.io")))
MACHINE_PATHS = re.compile(r"(?<![\w.:/-])/(?:" + "|".join(("ro" + "ot", "ho" + "me", "wo" + "rk",
                                                            "Use" + "rs")) + r")/")


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_functions_are_short() -> None:
    wrong = [source.at(function, f"{function.name} has {length(function)} lines; say it in parts")
             for source in sources() for function in source.functions()
             if length(function) > LONGEST_FUNCTION]
    assert not wrong, "\n".join(wrong)


def test_files_are_short() -> None:
    wrong = [f"{source.path}: {len(source.lines)} lines; there are two nouns in it"
             for source in sources() if len(source.lines) > LONGEST_FILE]
    assert not wrong, "\n".join(wrong)


def test_lines_are_short() -> None:
    wrong = [f"{source.path}:{number}: {len(line)} characters" for source in sources()
             for number, line in enumerate(source.lines, 1) if len(line) > LONGEST_LINE]
    assert not wrong, "\n".join(wrong)


def test_few_arguments_go_by_position() -> None:
    wrong = []
    for source in sources():
        for function in source.functions():
            names = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)
                     if arg.arg not in ("self", "cls")]
            if len(names) > MOST_POSITIONAL:
                wrong.append(source.at(function, f"{function.name} takes {len(names)} by "
                                                 "position; name those after a `*`"))
    assert not wrong, "\n".join(wrong)


def test_every_module_opens_with_one_line_of_purpose() -> None:
    wrong = []
    for source in sources():
        first, _, rest = (ast.get_docstring(source.tree) or "").partition("\n")
        if not first.endswith((".", "!", "?")) or (rest and not rest.startswith("\n")):
            wrong.append(f"{source.path}: its docstring opens with one whole sentence, alone")
    assert not wrong, "\n".join(wrong)


def test_every_public_name_says_what_it_is() -> None:
    wrong = []
    for source in sources():
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) \
                    and not node.name.startswith("_") and not ast.get_docstring(node) \
                    and not _is_row(source, node):
                wrong.append(source.at(node, f"{node.name} has no docstring"))
    assert not wrong, "\n".join(wrong)


def _is_row(source: Source, node: ast.AST) -> bool:
    """A shape of JSON whose fields are all there is to say."""
    return isinstance(node, ast.ClassDef) and source.path.endswith("_rows.py")


def test_files_are_named_by_a_noun_of_the_domain() -> None:
    wrong = [source.path for source in sources()
             if source.path.rpartition("/")[2].removesuffix(".py") in BANNED_FILES
             and source.path not in NAMED_SO]
    assert not wrong, wrong


@pytest.mark.parametrize("room", ["core", "ledger", "executor"])
def test_one_word_stands_for_one_thing(room: str) -> None:
    wrong = []
    for source in in_rooms(room):
        for node, name in _coined(source):
            for word in words(name):
                if word in BANNED_WORDS and name not in WORDS_OF_OTHERS:
                    wrong.append(source.at(node, f"{name}: the word here is {BANNED_WORDS[word]}"))
    assert not wrong, "\n".join(wrong)


def _coined(source: Source) -> list[tuple[ast.AST, str]]:
    """Every name that a module gives to something."""
    found: list[tuple[ast.AST, str]] = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append((node, node.name))
        elif isinstance(node, ast.arg):
            found.append((node, node.arg))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.append((node, node.id))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.append((node, node.attr))
    return found


def test_nothing_is_left_to_do() -> None:
    marks = re.compile("TO" + "DO|FIX" + "ME|X" + "XX")
    wrong = [f"{source.path}:{number}: {line.strip()}" for source in sources()
             for number, line in enumerate(source.lines, 1) if marks.search(line)]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_imported_by_a_star() -> None:
    wrong = [source.at(node, "name what is imported") for source in sources()
             for node in source.walk(ast.ImportFrom)
             if any(alias.name == "*" for alias in getattr(node, "names", ()))]
    assert not wrong, "\n".join(wrong)


def test_no_file_names_a_package_index_or_a_place_on_somebodys_machine() -> None:
    wrong = []
    for name in tracked():
        for number, line in enumerate((ROOT / name).read_text("utf-8").splitlines(), 1):
            if any(host.search(line) for host in HOSTS) or MACHINE_PATHS.search(line):
                wrong.append(f"{name}:{number}: {line.strip()[:80]}")
    assert not wrong, "\n".join(wrong)


def test_test_modules_open_with_a_docstring_and_have_names_of_their_own() -> None:
    names = [name for name in tracked() if name.startswith("tests/") and name.endswith(".py")]
    bare = [name for name in names if not ast.get_docstring(ast.parse((ROOT / name).read_text()))]
    short = [name.rpartition("/")[2] for name in names]
    assert not bare, bare
    assert len(set(short)) == len(short), sorted(n for n in short if short.count(n) > 1)
