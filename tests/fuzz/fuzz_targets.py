"""Every reader of bytes that we did not write, as a function that a fuzzer can drive.

Goal: a value of the documented kind, or the documented failure; anything else is a finding.
Method: each target reads one input and asserts what must hold of every outcome. Two drivers use
them: `test_fuzz_targets.py` with drawn inputs, in the suite; `fuzz_guided.py` with a
coverage-guided fuzzer, by command.
"""

import json
import shutil
import tempfile
from atexit import register
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import anyio
from fuzz_seeds import BODIES, CSV, EVENTS, JINJA, JSON_WORDS, MANIFEST, PLAN, TIMES, TOML

from pipeline.core.captions import read_words
from pipeline.core.catalog import KINDS
from pipeline.core.errors import AuthorError, Exit, Halt, ProviderFailure, ReplyLost, Unreachable
from pipeline.core.library import LibraryFile
from pipeline.core.money import Money
from pipeline.core.naming import slug
from pipeline.core.price_rule import read_own_price, read_price_rule
from pipeline.core.provider import Broken, Finished, Receipt
from pipeline.core.signed import signed_until_s
from pipeline.inputs.catalog_cache import CatalogCache
from pipeline.inputs.folders import ProjectFolder
from pipeline.inputs.manifest import read_manifest
from pipeline.inputs.prompts import PromptShelf
from pipeline.inputs.settings import read_settings
from pipeline.inputs.tables import read_table
from pipeline.ledger.receipts import START, Receipts
from pipeline.media.examine import NotWhole, examine, media_of
from pipeline.outputs.ledger_export import guard
from pipeline.outputs.library_view import asset_row
from pipeline.outputs.models_view import models_document
from pipeline.outputs.phrases import iso, moment
from pipeline.outputs.printable import as_json, visible
from pipeline.providers.downloads import DataFile
from pipeline.providers.kubeez_answers import (
    MOST_FILES,
    MOST_IDS,
    read_rows,
    read_sighting,
    read_status,
    read_upload,
)
from pipeline.providers.kubeez_bodies import STARTS
from pipeline.providers.kubeez_catalog import read_catalog
from pipeline.providers.kubeez_refusals import refusal_of_read, refusal_of_start
from pipeline.providers.kubeez_rows import ID, ShelfRow
from pipeline.providers.listening import Event, Events
from pipeline.providers.reply import Reply, http_date_s, iso_date_s, parse_json
from pipeline.wiring.plan_file import SavedPlan

STATUSES = (200, 201, 400, 401, 402, 403, 404, 409, 410, 413, 422, 429, 500, 502)
TABLES = ("csv", "json", "jsonl", "yaml")
LONGEST_WORDS = 400


@dataclass(frozen=True, slots=True)
class Target:
    """One reader. `seeds` are whole inputs, `words` what inputs of its kind are made of."""

    act: Callable[[bytes], None]
    seeds: tuple[bytes, ...] = ()
    words: tuple[str, ...] = ()


@cache
def folder() -> Path:
    """A place for inputs that have to be files; it goes when the process ends."""
    place = Path(tempfile.mkdtemp(prefix="fuzz"))
    register(shutil.rmtree, place, ignore_errors=True)
    return place


def a_file(name: str, content: bytes) -> Path:
    path = folder() / name
    path.write_bytes(content)
    return path


def text_of(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def picked(content: bytes, choices: tuple[str, ...]) -> tuple[str, bytes]:
    """A choice by the first byte, and the rest."""
    return choices[(content[0] if content else 0) % len(choices)], content[1:]


def reply(content: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    body, is_json = parse_json(content)
    return Reply(status, headers or {}, body, is_json, not content.strip(), content=content)


def fuzz_manifest(content: bytes) -> None:
    try:
        read_manifest(a_file("m.yaml", content))
    except AuthorError as error:
        assert 0 < len(error.problems) < 500
        assert all(problem.message for problem in error.problems)


def fuzz_settings(content: bytes) -> None:
    a_file("pipeline.toml", content)
    try:
        read_settings(folder(), {"PIPELINE_CONFIG_DIR": str(folder() / "none")})
    except AuthorError as error:
        assert 0 < len(error.problems) < 500


def fuzz_table(content: bytes) -> None:
    kind, rest = picked(content, TABLES)
    try:
        rows = read_table(a_file(f"t.{kind}", rest))
    except AuthorError as error:
        assert 0 < len(error.problems) < 500
        return
    assert rows
    assert all(isinstance(cell, str | int) for row in rows for cell in row.values())


def fuzz_template(content: bytes) -> None:
    try:
        prompt = PromptShelf(ProjectFolder(folder())).inline(text_of(content), None)
        said = prompt.render({"x": "a", "row": {"city": "Oslo"}, "n": 3, "words": ["a", "b"]})
    except AuthorError:
        return
    assert len(said) <= 100_000


def fuzz_plan(content: bytes) -> None:
    try:
        plan = SavedPlan(a_file("p.json", content), Path("state"))
    except Halt as halt:
        assert halt.exit_code is Exit.STALE_PLAN
        return
    assert isinstance(plan.wish.limit, int | None) and isinstance(plan.wish.max_jobs, int | None)


def fuzz_start(content: bytes) -> None:
    kind, rest = picked(content, KINDS)
    try:
        found = STARTS[kind].read(reply(rest), str)
    except ReplyLost:
        return
    if isinstance(found, Receipt):
        assert 0 < len(found.remote_ids) <= MOST_IDS
        assert all(ID.match(each) for each in found.remote_ids)
    if isinstance(found, Finished):
        fuzz_outputs(found)


def fuzz_outputs(made: Finished) -> None:
    """Every file of a transcript can be opened, and is a text that is delivered as such."""
    for output in made.outputs:
        if output.url and output.url.startswith("data:"):
            path = a_file("caption", anyio.run(_whole, DataFile(output.url)))
            assert path.stat().st_size == output.bytes
            assert media_of(examine(path).media_type) == "text"


async def _whole(file: DataFile) -> bytes:
    return b"".join([piece async for piece in file.chunks()])


def fuzz_refusal(content: bytes) -> None:
    status = STATUSES[(content[0] if content else 0) % len(STATUSES)]
    headers = {"retry-after": text_of(content[1:20]), "date": "Fri, 15 Jan 2027 08:00:00 GMT"}
    answer = reply(content[1:], status, headers)
    for failure in (refusal_of_start(answer), refusal_of_read(answer)):
        assert isinstance(failure, ProviderFailure | None)
        assert failure is None or len(failure.message) <= LONGEST_WORDS


def fuzz_status(content: bytes) -> None:
    kind, rest = picked(content, KINDS)
    try:
        news = read_status(parse_json(rest)[0], "g1", kind, str)
    except Unreachable:
        return
    if isinstance(news, Finished):
        assert len(news.outputs) <= MOST_FILES
        assert news.made_in_s is None or 0 < news.made_in_s <= 86_400
        assert all(0 <= (size or 0) < 2**53 for output in news.outputs
                   for size in (output.width, output.height, output.bytes))
    if isinstance(news, Broken):
        assert len(news.message) <= LONGEST_WORDS


def fuzz_history(content: bytes) -> None:
    body = parse_json(content)[0]
    with suppress(Unreachable):
        read_upload(body)
    try:
        rows = read_rows(body)
    except Unreachable:
        return
    for row in filter(None, rows):
        if sighting := read_sighting(row, str):
            assert iso(sighting.created_s) and moment(sighting.created_s)


def fuzz_library(content: bytes) -> None:
    body = parse_json(content)[0]
    if isinstance(body, dict):
        shelf = ShelfRow.model_validate(body)
        for row in shelf.assets:
            file = LibraryFile(row.id, row.name, row.kind, row.mime_type, row.size_bytes, row.url,
                               iso_date_s(row.url_expires_at))
            assert as_json(asset_row(file))


def fuzz_catalog(content: bytes) -> None:
    try:
        catalog = read_catalog(parse_json(content)[0], "2026-01-02T03:04:05Z", provider="p")
    except Unreachable:
        return
    assert catalog.digest().startswith("sha256:")
    assert json.dumps(models_document("a", catalog), allow_nan=False)


def fuzz_cache(content: bytes) -> None:
    a_file("catalog-a.json", content)
    CatalogCache(folder()).read("a")


def fuzz_events(content: bytes) -> None:
    whole = _events(content, len(content) or 1)
    assert _events(content, 1) == whole and _events(content, 3) == whole


def _events(content: bytes, size: int) -> list[Event] | None:
    events, found = Events(largest=1000), []
    try:
        for start in range(0, len(content), size):
            found += events.feed(content[start:start + size])
    except Unreachable:
        return None
    return found


def fuzz_media(content: bytes) -> None:
    try:
        facts = examine(a_file("a.part", content))
    except NotWhole as error:
        assert 0 < len(str(error)) < 200
        return
    assert facts.seconds is None or facts.seconds >= 0


def fuzz_receipts(content: bytes) -> None:
    log = Receipts(a_file("receipts.jsonl", content))
    try:
        log.open(0, START)
    except Halt as halt:
        assert halt.exit_code is Exit.DAMAGED
    finally:
        log.close()


def fuzz_text(content: bytes) -> None:
    text = text_of(content)
    for read in (http_date_s, iso_date_s, signed_until_s):
        said_s = read(text)
        assert said_s is None or iso(said_s)
    read_price_rule(Money.parse("14"), text)
    for parse in (read_own_price, Money.parse):
        with suppress(ValueError):
            assert parse(text) is not None
    assert len(slug(text, 24)) <= 25
    assert "\x1b" not in visible(text) + guard(text) + as_json(text)
    read_words({"words": [{"text": text, "start": 0, "end": 1}]})


TARGETS: Mapping[str, Target] = {
    "manifest": Target(fuzz_manifest, MANIFEST.seeds, MANIFEST.words),
    "settings": Target(fuzz_settings, TOML.seeds, TOML.words),
    "table": Target(fuzz_table, CSV.seeds, CSV.words),
    "template": Target(fuzz_template, JINJA.seeds, JINJA.words),
    "plan": Target(fuzz_plan, PLAN, JSON_WORDS),
    "start": Target(fuzz_start, BODIES["start"], JSON_WORDS),
    "refusal": Target(fuzz_refusal, BODIES["refusal"], JSON_WORDS),
    "status": Target(fuzz_status, BODIES["status"], JSON_WORDS),
    "history": Target(fuzz_history, BODIES["history"], JSON_WORDS),
    "library": Target(fuzz_library, BODIES["library"], JSON_WORDS),
    "catalog": Target(fuzz_catalog, BODIES["catalog"], JSON_WORDS),
    "cache": Target(fuzz_cache, BODIES["cache"], JSON_WORDS),
    "events": Target(fuzz_events, EVENTS.seeds, EVENTS.words),
    "media": Target(fuzz_media),
    "receipts": Target(fuzz_receipts, (b"0" * 16 + b' {"what":"intent"}\n',), JSON_WORDS),
    "text": Target(fuzz_text, TIMES.seeds, TIMES.words),
}
