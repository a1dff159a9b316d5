"""Kubeez's answers to what they say of a job (facts/kubeez.md 3.1 to 3.4, and 3.8)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from pydantic import ValidationError

from pipeline.core.errors import ReplyLost, Unreachable
from pipeline.core.money import Money
from pipeline.core.provider import (
    Broken,
    Finished,
    News,
    Output,
    Receipt,
    Scan,
    Sighting,
    Working,
)
from pipeline.providers.kubeez_refusals import in_words, is_moderation
from pipeline.providers.kubeez_rows import ID, GenerationRow
from pipeline.providers.reply import Reply, iso_date_s

MADE = frozenset({"completed", "complete", "success", "succeeded", "ready", "done", "finished"})
BROKEN = frozenset({"failed", "error", "failure"})
CALLED_OFF = frozenset({"cancelled", "canceled"})

PLACES = ("data", "result", "generation", "job")
"""Where some answers put what others say at the top (facts/kubeez.md 3.1)."""
NAMES = ("id", "generation_id", "separation_id", "task_id")
"""What a status may call the generation that it is about; songs and separations may not say."""

MOST_IDS = 100
MOST_FILES = 100
"""Of one start and of one job: Kubeez makes at most 20 of either (facts/kubeez.md 4, ad-copy)."""
LONGEST_S = 86_400.0
"""A job that took a day was not at work all the while."""
STATUS_SHOWN = 40
TASK_CHARS = 128

Absolute = Callable[[str], str]
"""Makes a link of an answer one that can be followed."""


def read_receipt(reply: Reply, absolute: Absolute) -> Receipt | None:
    """The id of a started generation."""
    return _receipt(reply.body, ("generation_id", "id", "generationId"))


def read_separation_receipt(reply: Reply, absolute: Absolute) -> Receipt | None:
    """The id of a started separation; newer answers name a `task_id` beside it."""
    return _receipt(reply.body, ("separation_id", "task_id", "id", "generation_id"))


def read_receipts(reply: Reply, absolute: Absolute) -> Receipt | None:
    """The ids of all generations that one start made; raises `ReplyLost` for more than it can."""
    for place in _places(reply.body):
        found = place.get("generation_ids")
        ids = dict.fromkeys(filter(_is_id, found)) if isinstance(found, list) else {}
        if len(ids) > MOST_IDS:
            raise ReplyLost(f"the answer names {len(ids)} generations, more than a start makes")
        if ids:
            return Receipt(tuple(ids))
    return read_receipt(reply, absolute)


def _receipt(body: object, names: Sequence[str]) -> Receipt | None:
    found = (place.get(name) for place in _places(body) for name in names)
    return next((Receipt((each,)) for each in found if _is_id(each)), None)


def _places(body: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(body, Mapping):
        yield body
        for name in PLACES:
            if isinstance(place := body.get(name), Mapping):
                yield place


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(ID.match(value))


def read_status(body: object, remote_id: str, kind: str, absolute: Absolute) -> News:
    """News from a status of this generation; raises `Unreachable` for one about another."""
    about = body if isinstance(body, Mapping) else {}
    named = [about[name] for name in NAMES if isinstance(about.get(name), str)]
    nameless = kind in ("music", "separation") and not named
    row = read_row({**about, "id": remote_id}) if nameless or remote_id in named else None
    if row is None:
        raise Unreachable("the answer is not about this generation")
    return read_news(row, absolute, kind)


def read_rows(body: object) -> list[GenerationRow | None]:
    """The rows of a history, None for one that cannot be read: it may be any job."""
    raws = body.get("generations") if isinstance(body, Mapping) else None
    if not isinstance(raws, list):
        raise Unreachable("the answer is no history")
    return [read_row(raw) for raw in raws]


def read_scan(body: object, absolute: Absolute, *, most: int, skew_s: float) -> Scan:
    """One reading of the history, which shows at most so many rows."""
    rows = read_rows(body)
    sightings = [found for row in rows if row and (found := read_sighting(row, absolute))]
    return Scan(sightings, complete=len(rows) < most, skew_s=skew_s,
                unread=len(rows) - len(sightings))


def read_credits(body: Any) -> Money | None:
    """What is left on the account; None where the answer does not say."""
    try:
        return Money.from_number(body["credits"])
    except (KeyError, TypeError, ValueError):
        return None


def read_row(raw: object) -> GenerationRow | None:
    """One generation, None for what is none."""
    try:
        row = GenerationRow.model_validate(raw)
    except ValidationError:
        return None
    return row if ID.match(row.id) else None


def read_news(row: GenerationRow, absolute: Absolute, kind: str = "") -> News:
    """What a row says of its job. An unknown status word, such as `streaming`, is no end."""
    status, charge = row.status.lower(), charge_of(row.credits_deducted)
    words = row.error_message or row.error
    if status in MADE:
        files = _outputs(row, absolute, kind)
        note = "" if len(files) <= MOST_FILES else (
            f"the service names {len(files):,} files; the first {MOST_FILES} are taken")
        return Finished(files[:MOST_FILES], charge, _seconds(row), _task(row), note)
    if status in BROKEN:
        cause = "content_refused" if is_moderation(words) else "generation_failed"
        return Broken(cause, in_words(words), charge)
    if status in CALLED_OFF:
        return Broken("cancelled_there", in_words(words), charge)
    return Working(status[:STATUS_SHOWN] or "unknown")


def read_sighting(row: GenerationRow, absolute: Absolute) -> Sighting | None:
    """A row of the history as evidence; None for one without a time."""
    created_s = iso_date_s(row.created_at)
    if created_s is None:
        return None
    return Sighting(row.id, row.model, row.prompt, created_s, read_news(row, absolute))


def read_upload(body: Any) -> str:
    """The address of an uploaded file: `urls[0]`, or `url` as older answers had it."""
    urls = body.get("urls") if isinstance(body, Mapping) else None
    url = urls[0] if isinstance(urls, list) and urls else \
        body.get("url") if isinstance(body, Mapping) else None
    if not isinstance(url, str) or not url:
        raise Unreachable("the upload's answer names no address")
    return url


def _outputs(row: GenerationRow, absolute: Absolute, kind: str) -> tuple[Output, ...]:
    """The files of a made row; a song's stream is never one, it is cut short while it is made."""
    def link(url: str) -> str | None:
        return absolute(url) if url else None

    if kind == "separation" or row.vocals_url or row.instrumental_url:
        return (Output(link(row.vocals_url), "audio", label="vocals"),
                Output(link(row.instrumental_url), "audio", label="instrumental"))
    if row.songs:
        return tuple(Output(link(song.audio_url), "audio") for song in row.songs)
    if not row.outputs and row.result_url:
        return (Output(absolute(row.result_url)),)
    return tuple(Output(link(o.url), o.media_type, o.width, o.height, o.file_size)
                 for o in row.outputs)


def charge_of(amount: object) -> Money | None:
    """What the service says it took; None where it does not say."""
    try:
        return Money.from_number(amount)
    except ValueError:
        return None


def _seconds(row: GenerationRow) -> float | None:
    seconds = float(row.processing_time_ms or 0) / 1000
    return seconds if 0 < seconds <= LONGEST_S else None


def _task(row: GenerationRow) -> str:
    """The name under which the service goes on from a clip, which is sent back as it came."""
    name = row.source_task_id
    return name if len(name) <= TASK_CHARS and name.isprintable() and name.strip() else ""
