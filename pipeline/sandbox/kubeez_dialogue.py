"""The dialogue part of the Kubeez dialect: speech from text, in one voice or in several."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.sandbox.catalog import CatalogRow, SandboxCatalog
from pipeline.sandbox.door import Visit
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.jobs import Order
from pipeline.sandbox.kubeez_desk import Desk, Way
from pipeline.sandbox.kubeez_fields import (
    PROVIDER,
    Fields,
    invalid,
    missing,
    no_model,
    read_fields,
    read_needed,
    read_share,
    read_text,
)

TEXT_CHARS = range(5, 5001)
"""How long the text is, all turns together (docs/limitations)."""

CHARS_PER_S = 14.0
"""How fast the sandbox's voices speak."""

SHARES = ("stability", "similarity_boost", "style")
SLOWEST, FASTEST = 0.7, 1.2
"""Bounds of `speed`. These, and 0 to 1 for the shares, are the sandbox's own: no source of ours
gives any."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one voice says."""

    text: str
    voice: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: Desk

    def start(self, visit: Visit) -> Response:
        """POST /v1/generate/dialogue: speech, polled on the media route."""
        order = read_speech(visit.body, self.desk.catalog, self.desk.service.faults)
        job = self.desk.service.start(order)
        return JSONResponse(self.desk.teller(visit.request).start(job, "flat"))


def read_speech(body: bytes, catalog: SandboxCatalog, faults: Faults) -> Order:
    """The order that a request body makes; raises `Refusal`."""
    fields = read_fields(body)
    row = next((row for row in catalog if row.public.get("voice_allowlist")), None)
    if row is None:
        raise no_model("text-to-dialogue-v3")
    turns = _read_turns(fields, row, faults)
    text = "\n".join(turn.text for turn in turns)
    if len(text) not in TEXT_CHARS:
        raise invalid(f"text must have {TEXT_CHARS.start} to {TEXT_CHARS.stop - 1} characters, "
                      f"got {len(text)}.")
    shares = {name: read_share(fields, name) for name in SHARES}
    speed = read_share(fields, "speed", SLOWEST, FASTEST) or 1.0
    details = {**shares, "speed": speed, "voices": [turn.voice for turn in turns],
               "language_code": read_text(fields, "language_code"),
               "seconds": max(1.0, round(len(text) / CHARS_PER_S / speed, 1))}
    return Order(
        provider=PROVIDER, bucket="dialogue", kind="speech", model=row.id, prompt=text,
        generation_type=str(row.public["generation_types"][0]), details=details,
        charge_micros=row.price(None).micros, typical_s=row.typical_s(None))


def _read_turns(fields: Fields, row: CatalogRow, faults: Faults) -> Sequence[Turn]:
    """The turns of either shape: one text and its voice, or a list of such (3.1, section 4)."""
    several = fields.get("dialogue")
    if several is None or faults.dialogue_shapes == "text":
        if faults.dialogue_shapes == "turns":
            raise missing("dialogue")
        return [_turn(read_needed(fields, "text"), read_needed(fields, "voice"), row)]
    if not isinstance(several, list) or not all(isinstance(turn, dict) for turn in several):
        raise invalid("dialogue must be an array of {text, voice}.")
    if not several:
        raise missing("text")
    first = row.public["voice_allowlist"][0]
    return [_turn(read_needed(turn, "text"), read_text(turn, "voice") or first, row)
            for turn in several]


def _turn(text: str, voice: str, row: CatalogRow) -> Turn:
    allowed = row.public["voice_allowlist"]
    if voice not in allowed:
        raise invalid(f"voice '{voice}' is not supported. Supported: {', '.join(allowed)}.")
    return Turn(text, voice)


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part; its jobs are read on the media route."""
    return [desk.route("POST", "/v1/generate/dialogue", Dialogue(desk).start,
                       Way("start", "dialogue", "generate:speech"))]
