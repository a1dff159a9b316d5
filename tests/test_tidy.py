"""The architecture as a test: which room may know which, what is pure, and who may do what.

Goal: the house stays as DESIGN drew it, and whoever breaks a rule is told what to do instead.
Method: every module's syntax tree is searched; exceptions are listed here, each with its reason.
"""

import ast
import re
import sys
from graphlib import CycleError, TopologicalSorter

import pytest
from tidy_sources import (
    LAYER,
    Import,
    Source,
    called,
    calls,
    in_rooms,
    is_stub,
    own_nodes,
    sources,
)

OUTSIDE = {
    "core": set(),
    "media": {"PIL", "tinytag"},
    "inputs": {"yaml", "pydantic", "pydantic_core", "jinja2", "platformdirs"},
    "outputs": {"rich", "jinja2", "PIL", "av", "markupsafe"},
    "ledger": {"anyio", "sqlite_utils"},
    "providers": {"aiohttp", "anyio", "httpx", "httpx2", "pydantic", "mcp"},
    "sandbox": {"anyio", "starlette", "uvicorn", "PIL", "av", "yaml"},
    "executor": {"anyio", "starlette", "uvicorn"},
    "simulation": {"anyio", "httpx", "starlette"},
    "wiring": {"anyio", "keyring"},
    "cli": {"anyio", "click"},
}
"""The packages that each room may take from outside."""

LATE_IMPORTS = {
    ("pipeline/ledger/connection.py", "pipeline.ledger.schema"):
        "sqlite_utils costs 0.3 s, which a command that only looks does not pay",
    ("pipeline/providers/http.py", "pipeline.providers.lines"):
        "aiohttp costs 0.1 s, which a plan that calls nobody does not pay",
    ("pipeline/providers/mcp_extra.py", "pipeline.providers.mcp_line"):
        "the MCP library is an extra, and costs a second",
    ("pipeline/wiring/vault.py", "keyring"): "an extra, for whoever has signed in",
    ("pipeline/wiring/vault.py", "keyring.errors"): "the same",
}

PURE = {
    "time": "take the moment as an argument", "datetime.now": "take the moment as an argument",
    "datetime.utcnow": "take the moment as an argument", "date.today": "take it as an argument",
    "random": "take the choice as an argument", "secrets": "take the tag as an argument",
    "uuid": "take the tag as an argument", "os": "settings come from wiring",
    "pathlib": "paths belong to inputs and executor", "open": "files belong to inputs and executor",
    "socket": "the network belongs to providers", "subprocess": "processes belong to wiring",
    "threading": "threads belong to the asset store", "asyncio": "waiting belongs to executor",
    "logging": "return what happened", "tempfile": "files belong to executor",
    "sys": "the process belongs to cli", "sqlite3": "the database belongs to ledger",
}

PROVIDER_NAMES = re.compile(r"kubeez|artificial_?studio|media_?engine", re.I)
NAMERS = {
    "pipeline/inputs/settings_grammar.py": "the closed set of providers a settings file may name",
    "pipeline/wiring/accounts.py": "concrete things meet here",
    "pipeline/wiring/starter.py": "the example that `init` writes",
    "pipeline/wiring/still.py": "stands in for the sandbox's own dialect",
    "pipeline/simulation/drawing.py": "the simulated world speaks one dialect",
    "pipeline/cli/sandbox.py": "a flag says which service to be",
}

SQL_WRITES = re.compile(
    r"\b(insert\s+(or\s+\w+\s+)?into|replace\s+into|update\s+\w+\s+set|delete\s+from"
    r"|create\s+(unique\s+)?(table|index|view|trigger)|drop\s+(table|index)|alter\s+table)\b", re.I)

READY_AT_ONCE = {
    ("pipeline/executor/assets.py", "in_place"): "an `Aside` is awaited, whatever it does",
    ("pipeline/providers/lines.py", "aclose"): "a stream that is closed is awaited",
    ("pipeline/providers/kubeez_mcp.py", "follow"): "the port awaits it; there is no stream",
    ("pipeline/providers/mediaengine.py", "balance"): "the port awaits it; there is none",
    ("pipeline/providers/mediaengine.py", "upload"): "the port awaits it; there is none",
    ("pipeline/providers/mediaengine.py", "follow"): "the port awaits it; there is no stream",
    ("pipeline/providers/mcp_wire.py", "_trace"): "httpcore2 awaits its trace",
    ("pipeline/sandbox/mcp_desk.py", "receive"): "ASGI awaits `receive`",
    ("pipeline/wiring/still.py", "fetch_catalog"): "the port awaits it; there is no server",
    ("pipeline/wiring/still.py", "balance"): "the port awaits it; there is no server",
    ("pipeline/providers/studio.py", "follow"): "the port awaits it; there is no stream",
    ("pipeline/providers/studio_mcp.py", "upload"): "a surface awaits it; MCP takes no file",
    ("pipeline/simulation/wire.py", "take"): "ASGI awaits `send`",
    ("pipeline/simulation/wire.py", "receive"): "ASGI awaits `receive`",
    ("pipeline/simulation/wire.py", "aclose"): "httpx awaits a stream's end",
}

MCP_CLIENTS = ("pipeline/providers/mcp_line.py", "pipeline/providers/mcp_wire.py")
HTTP_CLIENTS = ("pipeline/providers/http.py", "pipeline/providers/lines.py", "pipeline/simulation/")
THREADS = {
    "pipeline/executor/assets.py": "the real asset store syncs files beside the loop",
    "pipeline/sandbox/gallery.py": "pictures are drawn beside the loop",
}


def outside_of(source: Source) -> list[Import]:
    return [found for found in source.imports() if not found.module.startswith("pipeline")]


def inside_of(source: Source) -> list[Import]:
    return [found for found in source.imports() if found.module.startswith("pipeline.")]


def test_imports_go_down_only() -> None:
    wrong = []
    for source in sources():
        for found in inside_of(source):
            target = found.module.split(".")[1]
            allowed = source.room in ("", target) or LAYER[target] < LAYER[source.room]
            if not allowed:
                wrong.append(f"{source.path}:{found.line}: {source.room} may not know "
                             f"{target}; hand in what it needs, from wiring")
    assert not wrong, "\n".join(wrong)


def test_every_room_has_its_place_in_the_layers() -> None:
    assert {source.room for source in sources()} - {""} == set(LAYER)


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {source.module: {found.module for found in inside_of(source)} - {source.module}
             for source in sources()}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_imports_stand_at_the_top_of_the_file() -> None:
    wrong = []
    for source in sources():
        for found in source.imports():
            if not found.inside or (source.path, found.module) in LATE_IMPORTS:
                continue
            if source.room != "cli":
                wrong.append(f"{source.path}:{found.line}: import {found.module} at the top")
            elif not _gives_reason(source, found.line):
                wrong.append(f"{source.path}:{found.line}: say in a comment why {found.module} "
                             "is imported so late")
    assert not wrong, "\n".join(wrong)


def _gives_reason(source: Source, line: int) -> bool:
    """A comment on the line, or above the block of imports that it stands in."""
    while "#" not in source.lines[line - 1]:
        line -= 1
        if not source.lines[line - 1].lstrip().startswith(("import", "from", "#")):
            return False
    return True


def test_late_imports_that_are_allowed_exist() -> None:
    late = {(source.path, found.module) for source in sources()
            for found in source.imports() if found.inside}
    assert set(LATE_IMPORTS) <= late


def test_a_room_takes_from_outside_only_what_it_is_for() -> None:
    wrong = []
    for source in sources():
        for found in outside_of(source):
            package = found.module.partition(".")[0]
            known = package in sys.stdlib_module_names or package == "pipeline"
            if not known and package not in OUTSIDE.get(source.room, set()):
                wrong.append(f"{source.path}:{found.line}: {package} is not for {source.room}")
            if package == "httpx" and not source.path.startswith(HTTP_CLIENTS):
                wrong.append(f"{source.path}:{found.line}: only the HTTP client's files know httpx")
            if package in ("mcp", "httpx2") and source.path not in MCP_CLIENTS:
                wrong.append(f"{source.path}:{found.line}: only providers/mcp_line.py knows MCP")
    assert not wrong, "\n".join(wrong)


def test_core_knows_no_clock_no_chance_no_disk_and_no_environment() -> None:
    wrong = []
    for source in in_rooms("core"):
        for found in outside_of(source):
            if instead := PURE.get(found.module.partition(".")[0]):
                wrong.append(f"{source.path}:{found.line}: no {found.module} in core; {instead}")
        for call in calls(source):
            name = called(call)
            if instead := PURE.get(name) or PURE.get(".".join(name.split(".")[-2:])):
                wrong.append(source.at(call, f"no {name}() in core; {instead}"))
    assert not wrong, "\n".join(wrong)


def test_nothing_in_core_waits() -> None:
    wrong = [source.at(function, f"{function.name} waits; core decides, executor waits")
             for source in in_rooms("core") for function in source.functions()
             if isinstance(function, ast.AsyncFunctionDef) and not is_stub(function)]
    assert not wrong, "\n".join(wrong)


def test_async_means_that_it_may_wait() -> None:
    waits = (ast.Await, ast.AsyncWith, ast.AsyncFor, ast.Yield)
    wrong = [source.at(function, f"{function.name} never waits; make it a plain function")
             for source in sources() for function in source.functions()
             if isinstance(function, ast.AsyncFunctionDef) and not is_stub(function)
             and (source.path, function.name) not in READY_AT_ONCE
             and not any(isinstance(node, waits) for node in own_nodes(function))]
    assert not wrong, "\n".join(wrong)


def test_threads_are_for_the_disk_and_for_pictures() -> None:
    wrong = [source.at(call, "work on the loop; threads tear simulated time")
             for source in sources() for call in calls(source)
             if "to_thread" in called(call) and source.path not in THREADS]
    assert not wrong, "\n".join(wrong)


def test_only_the_ledger_and_the_sandbox_write_sql() -> None:
    wrong = [source.at(text, "SQL that writes belongs to ledger/")
             for source in sources() if source.room not in ("ledger", "sandbox")
             for text in source.texts() if SQL_WRITES.search(str(text.value))]
    assert not wrong, "\n".join(wrong)


def test_only_providers_and_their_wiring_name_a_provider() -> None:
    wrong = []
    for source in sources():
        if source.room in ("providers", "sandbox") or source.path in NAMERS:
            continue
        named: list[tuple[ast.AST, str]] = [(text, str(text.value)) for text in source.texts()]
        named += [(node, getattr(node, "id", getattr(node, "attr", "")))
                  for node in source.walk(ast.Name, ast.Attribute)]
        wrong += [source.at(node, f"{says[:40]!r} names a provider; whatever differs is a term")
                  for node, says in named if PROVIDER_NAMES.search(says)]
    assert not wrong, "\n".join(wrong)


def test_only_the_machine_gives_a_job_a_new_state() -> None:
    wrong = []
    for source in sources():
        if source.path == "pipeline/core/job.py":
            continue
        for call in calls(source):
            names = {keyword.arg for keyword in call.keywords}
            stored = source.path == "pipeline/ledger/codec.py" and called(call) == "Job"
            if "state" in names and called(call) in ("replace", "Job") and not stored:
                wrong.append(source.at(call, "a state comes from core.job.apply, with an event"))
    assert not wrong, "\n".join(wrong)


def test_nothing_is_recorded_on_the_way_out() -> None:
    wrong = []
    for source in sources():
        for attempt in source.walk(ast.Try, ast.TryStar):
            assert isinstance(attempt, ast.Try | ast.TryStar)
            final = [node for part in attempt.finalbody for node in ast.walk(part)]
            wrong += [source.at(node, "stopping is crashing: record nothing in a finally")
                      for node in final if isinstance(node, ast.Call)
                      and called(node).endswith(".record")]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_printed_past_the_screens() -> None:
    wrong = [source.at(call, "results go through outputs/, documents through print_json")
             for source in sources() for call in calls(source) if called(call) == "print"]
    assert not wrong, "\n".join(wrong)
