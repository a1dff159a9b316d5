"""Kubeez's answers to what they say of a job (facts/kubeez.md 3.1, 3.2, 3.4, 3.8)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from pipeline.core.errors import Unreachable
from pipeline.core.money import Money
from pipeline.core.provider import Broken, Finished, News, Output, Sighting, Working
from pipeline.providers.kubeez_refusals import WORDS_SHOWN, is_moderation
from pipeline.providers.kubeez_rows import ID, GenerationRow

MADE = frozenset({"completed", "complete", "success", "succeeded", "ready", "done", "finished"})
BROKEN = frozenset({"failed", "error", "failure"})
CALLED_OFF = frozenset({"cancelled", "canceled"})


def read_start(body: object) -> str | None:
    """The id of a started generation, also one level down, where some answers put it."""
    if not isinstance(body, Mapping):
        return None
    for place in (body, *(body.get(name) for name in ("data", "result", "generation", "job"))):
        if isinstance(place, Mapping):
            for name in ("generation_id", "id", "generationId"):
                found = place.get(name)
                if isinstance(found, str) and ID.match(found):
                    return found
    return None


def read_rows(body: object) -> list[GenerationRow | None]:
    """The rows of a history, None for one that cannot be read: it may be any job."""
    raws = body.get("generations") if isinstance(body, Mapping) else None
    if not isinstance(raws, list):
        raise Unreachable("the answer is no history")
    return [read_row(raw) for raw in raws]


def read_row(raw: object) -> GenerationRow | None:
    """One generation, None for what is none."""
    try:
        row = GenerationRow.model_validate(raw)
    except ValidationError:
        return None
    return row if ID.match(row.id) else None


def read_news(row: GenerationRow, absolute: Callable[[str], str]) -> News:
    """What a row says of its job. An unknown status word is no end."""
    status = row.status.lower()
    if status in MADE:
        return Finished(_outputs(row, absolute), _charge(row), _seconds(row))
    if status in BROKEN:
        cause = "content_refused" if is_moderation(row.error_message) else "generation_failed"
        return Broken(cause, row.error_message[:WORDS_SHOWN], _charge(row))
    if status in CALLED_OFF:
        return Broken("cancelled_there", row.error_message[:WORDS_SHOWN], _charge(row))
    return Working(status or "unknown")


def read_sighting(row: GenerationRow, absolute: Callable[[str], str]) -> Sighting | None:
    """A row of the history as evidence; None for one without a time."""
    try:
        created = datetime.fromisoformat(row.created_at)
    except ValueError:
        return None
    if created.tzinfo is None:
        created = created.replace(tzinfo=UTC)
    return Sighting(row.id, row.model, row.prompt, created.timestamp(), read_news(row, absolute))


def read_asset(body: Any, name: str) -> str | None:
    """The address of the library's file of this name."""
    assets = body.get("assets") if isinstance(body, Mapping) else None
    for asset in assets if isinstance(assets, list) else []:
        if isinstance(asset, Mapping) and asset.get("name") == name:
            url = asset.get("url")
            return url if isinstance(url, str) and url else None
    return None


def read_upload(body: Any) -> str:
    """The address of an uploaded file: `urls[0]`, or `url` as older answers had it."""
    urls = body.get("urls") if isinstance(body, Mapping) else None
    url = urls[0] if isinstance(urls, list) and urls else \
        body.get("url") if isinstance(body, Mapping) else None
    if not isinstance(url, str) or not url:
        raise Unreachable("the upload's answer names no address")
    return url


def _outputs(row: GenerationRow, absolute: Callable[[str], str]) -> tuple[Output, ...]:
    outputs = [Output(absolute(o.url) if o.url else None, o.media_type, o.width, o.height,
                      o.file_size) for o in row.outputs]
    if not outputs and row.result_url:
        outputs.append(Output(absolute(row.result_url)))
    return tuple(outputs)


def _charge(row: GenerationRow) -> Money | None:
    try:
        return Money.from_number(row.credits_deducted)
    except ValueError:
        return None


def _seconds(row: GenerationRow) -> float | None:
    return float(row.processing_time_ms) / 1000 if row.processing_time_ms else None
