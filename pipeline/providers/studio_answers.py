"""Artificial Studio's records to what they say of a job (facts/media_apis.md 1.1 and 1.2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pipeline.core.errors import Unreachable
from pipeline.core.marks import seed_mark
from pipeline.core.provider import Broken, Finished, News, Output, Receipt, Sighting, Working
from pipeline.providers.kubeez_refusals import in_words, is_moderation
from pipeline.providers.reply import iso_date_s
from pipeline.providers.studio_form import MEDIA, NAMES, SIZES
from pipeline.providers.studio_rows import Record

MADE, BROKEN = "success", "error"
MOST_FILES = 20
LONGEST_PAUSE_S = 60.0
LONGEST_ETA_S = 86_400.0
STATUS_SHOWN = 40

Absolute = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a generation was asked for: its tool, and the input as it was sent."""

    tool: str
    input: Mapping[str, Any]

    def text(self, word: str) -> str:
        """The field that our word means, as a text; "" where it has none."""
        found = next((self.input[name] for name in NAMES[word] if name in self.input), "")
        return str(found) if isinstance(found, str | int) else ""

    @property
    def shape(self) -> str:
        """The aspect ratio."""
        said = self.text("aspect_ratio")
        return SIZES.get(said, said)

    @property
    def mark(self) -> str:
        """What its seed says of its attempt."""
        seed = self.input.get("seed")
        return seed_mark(seed) if isinstance(seed, int) and not isinstance(seed, bool) else ""


def read_record(raw: object) -> Record | None:
    """One generation; None for what is none."""
    try:
        found = Record.model_validate(raw)
    except ValidationError:
        return None
    return found if found.name else None


def read_receipt(body: object) -> Receipt | None:
    """The id of an accepted start, and how long it is to take."""
    found = read_record(body)
    if found is None:
        return None
    eta_s = float(found.eta_seconds or 0)
    return Receipt((found.name,), eta_s if 0 < eta_s <= LONGEST_ETA_S else None)


def read_about(body: object, remote_id: str) -> Record:
    """A record of this very generation; raises `Unreachable` for one of another."""
    found = read_record(body)
    if found is None or found.name != remote_id:
        raise Unreachable("the answer is not about this generation")
    return found


def asked_of(record: Record) -> Asked | None:
    """What it was asked for, where the record shows it."""
    shown = record.payload
    if not isinstance(shown, Mapping) or not shown:
        return None
    inner = shown.get("input")
    return Asked(record.tool, inner if isinstance(inner, Mapping) else shown)


def read_news(record: Record, absolute: Absolute) -> News:
    """What a record says of its job. `done` decides where it is there; else the status does."""
    status = record.status.lower()
    ended = status in (MADE, BROKEN) if record.done is None else record.done
    if not ended:
        pause_s = min(float(record.poll_after_seconds or 0), LONGEST_PAUSE_S)
        return Working(status[:STATUS_SHOWN] or "unknown", pause_s)
    if status == BROKEN or (record.error and status != MADE):
        cause = "content_refused" if is_moderation(record.error) else "generation_failed"
        return Broken(cause, in_words(record.error))
    links = record.output if isinstance(record.output, list) else [record.output]
    medium = record.type if record.type in MEDIA else ""
    return Finished(tuple(Output(absolute(link) if isinstance(link, str) and link else None,
                                 medium) for link in links[:MOST_FILES]) or (Output(None),))


def read_sighting(record: Record, asked: Asked | None, model: str,
                  absolute: Absolute) -> Sighting | None:
    """A row of the list as evidence; None for one without a time. One whose input is not known
    shows nothing that could be held against a job."""
    created_s = iso_date_s(record.createdAt)
    if created_s is None:
        return None
    news = read_news(record, absolute)
    if asked is None:
        return Sighting(record.name, "", "", created_s, news)
    return Sighting(record.name, model, asked.text("prompt"), created_s, news, asked.mark,
                    asked.shape)


def read_rows(body: object) -> tuple[list[Record | None], bool]:
    """The rows of a list, None for one that cannot be read, and whether it is all there is."""
    said = body if isinstance(body, Mapping) else {}
    raws, pages = said.get("data"), said.get("pagination")
    if not isinstance(raws, list):
        raise Unreachable("the answer is no list of generations")
    more = pages.get("hasMore") if isinstance(pages, Mapping) else None
    return [read_record(raw) for raw in raws], more is False
