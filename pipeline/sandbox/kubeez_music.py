"""The music part of the Kubeez dialect: songs, in simple and in advanced mode, two at a time."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.sandbox.catalog import CatalogRow, SandboxCatalog
from pipeline.sandbox.door import Visit
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.jobs import COMPLETED, PROCESSING, Order, RemoteJob
from pipeline.sandbox.kubeez_answers import Teller
from pipeline.sandbox.kubeez_desk import Desk, Way
from pipeline.sandbox.kubeez_fields import (
    PROVIDER,
    Fields,
    invalid,
    missing,
    no_model,
    read_choice,
    read_fields,
    read_flag,
    read_needed,
    read_share,
    read_text,
)
from pipeline.sandbox.kubeez_streams import stream_status
from pipeline.sandbox.pieces import COVER, STREAM, path_of

SIMPLE_CHARS = 400
"""The longest prompt of simple mode (docs/tools-music)."""

SONGS = 2
"""How many songs one job makes; clients download every one (facts/kubeez.md 3.3)."""

WEB_ONLY = "suno-"
"""How the ids begin of rows that no endpoint runs (facts/kubeez.md 3.7)."""

ADVANCED = ("title", "style", "lyrics", "song_description")
SHARES = ("style_weight", "weirdness_constraint", "audio_weight")
"""From 0 to 1; the bounds are the sandbox's own, no source gives any."""

MODE_NOTE = ("An advanced song with only a description is made in simple mode; "
             "send lyrics to have them sung.")
TITLE_WORDS = 4


@dataclass(frozen=True, slots=True)
class Music:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: Desk

    def start(self, visit: Visit) -> Response:
        """POST /v1/generate/music: two songs from a prompt, or from lyrics and a style."""
        service = self.desk.service
        order = read_song(visit.body, self.desk.catalog, service.faults)
        job = service.start(order)
        answer = self.desk.teller(visit.request).start(job, "flat", "music")
        note = {"mode_note": MODE_NOTE} if job.details["mode"] == "described" else {}
        return JSONResponse({**answer, **note})

    def status(self, visit: Visit) -> Response:
        """GET /v1/generate/music/{id}: the songs, as far as they are."""
        job = self.desk.find_job(visit, ("music",))
        return JSONResponse(self._tell(visit, job))

    def stream(self, visit: Visit) -> Response:
        """GET /v1/generate/music/{id}/stream: the same as events."""
        job = self.desk.find_job(visit, ("music",))
        return stream_status(self.desk, visit, job, lambda job: self._tell(visit, job))

    def _tell(self, visit: Visit, job: RemoteJob) -> dict[str, Any]:
        teller = self.desk.teller(visit.request)
        phase = job.phase(teller.now)
        streams = teller.faults.music_streaming and job.is_streaming(teller.now)
        if streams and phase == PROCESSING:
            phase = "streaming"
        shown = streams or phase == COMPLETED
        songs = [_song(teller, job, output_id) for output_id in job.output_ids() if shown]
        failed = {"error_message": error} if (error := teller.error(job)) else {}
        return {"id": job.id, "status": teller.word(phase), "songs": songs, **failed}


def _song(teller: Teller, job: RemoteJob, output_id: str) -> dict[str, Any]:
    return {
        "title": job.details["title"], "audio_url": teller.link(job, output_id),
        "stream_url": teller.root + path_of(job, output_id, STREAM),
        "cover_image_url": teller.link(job, output_id, COVER),
    }


def read_song(body: bytes, catalog: SandboxCatalog, faults: Faults) -> Order:
    """The order that a request body makes; raises `Refusal`."""
    fields = read_fields(body)
    row = _find_row(fields, catalog, faults)
    if any(read_text(fields, name) for name in ADVANCED):
        prompt, details = _read_advanced(fields, faults)
    else:
        prompt, details = _read_simple(fields)
    return Order(
        provider=PROVIDER, bucket="music", kind="music", model=row.id, prompt=prompt,
        generation_type=str(row.public["generation_types"][0]), outputs=SONGS,
        details={**details, "instrumental": read_flag(fields, "instrumental")},
        charge_micros=row.price(None).micros, typical_s=row.typical_s(None))


def _find_row(fields: Fields, catalog: SandboxCatalog, faults: Faults) -> CatalogRow:
    """The engine of this name, or the newest, which is the last in the catalog."""
    name = read_text(fields, "model")
    if name.startswith(WEB_ONLY):
        raise invalid(f"Model '{name}' does not run on this endpoint.")
    engines = {row.id: row for row in catalog
               if row.kind == "music" and not row.id.startswith(WEB_ONLY)}
    strict = name and faults.unknown_music_model == "refuse"
    if not engines or (strict and name not in engines):
        raise no_model(name)
    return engines.get(name) or list(engines.values())[-1]


def _read_simple(fields: Fields) -> tuple[str, Mapping[str, object]]:
    prompt = read_needed(fields, "prompt")
    if len(prompt) > SIMPLE_CHARS:
        raise invalid(f"prompt is too long: {len(prompt)} characters, maximum {SIMPLE_CHARS}.")
    return prompt, {"mode": "simple", "title": title_of(prompt)}


def _read_advanced(fields: Fields, faults: Faults) -> tuple[str, Mapping[str, object]]:
    title, style = read_needed(fields, "title"), read_needed(fields, "style")
    lyrics, described = read_text(fields, "lyrics"), read_text(fields, "song_description")
    if lyrics and described:
        raise invalid("Send either lyrics or song_description, not both.")
    if not lyrics and not described:
        raise missing("lyrics")
    rerouted = bool(described) and faults.music_mode_note
    return lyrics or described, {
        "mode": "described" if rerouted else "advanced", "title": title, "style": style,
        "vocal_gender": read_choice(fields, "vocal_gender", ("m", "f", "random")) or "random",
        "negative_tags": read_text(fields, "negative_tags"),
        **{name: read_share(fields, name) for name in SHARES}}


def title_of(prompt: str) -> str:
    """A title from the first words of a prompt.

    >>> title_of("slow rain on a tin roof, piano")
    'Slow Rain On A'
    """
    return " ".join(re.findall(r"\w+", prompt)[:TITLE_WORDS]).title() or "Untitled"


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part."""
    music, path = Music(desk), "/v1/generate/music"
    reads = Way("status", "reads", "read:generations")
    return [
        desk.route("POST", path, music.start, Way("start", "music", "generate:music")),
        desk.route("GET", path + "/{id}", music.status, reads),
        desk.route("GET", path + "/{id}/stream", music.stream, reads),
    ]
