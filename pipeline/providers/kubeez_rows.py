"""The shapes of Kubeez's JSON, read leniently (facts/kubeez.md section 3).

Law: a field of the wrong type is a missing field, and an unknown field is passed over.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
"""An id is taken only if it looks like one, because it becomes part of an address."""


LARGEST = 2**53
"""A number from here on is no size, no count and no length of anything."""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(v) for v in value if isinstance(v, str | int)) \
        if isinstance(value, list) else ()


def _count(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < LARGEST else None  # type: ignore[operator,return-value]


def _number(value: object) -> Decimal | None:
    ok = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return Decimal(value) if ok and abs(value) < LARGEST else None  # type: ignore[arg-type]


def _objects(value: object) -> list[object]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


Text = Annotated[str, BeforeValidator(_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Count = Annotated[int | None, BeforeValidator(_count)]
Number = Annotated[Decimal | None, BeforeValidator(_number)]
Flag = Annotated[bool | None, BeforeValidator(_flag)]


class Row(BaseModel):
    """A lenient reader: unknown fields are passed over."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, protected_namespaces=())


class Capabilities(Row):
    prompt_max_chars: Count = None
    aspect_ratio_options: Texts = ()
    duration_options: Texts = ()
    resolution_options: Texts = ()
    resolution: Texts = ()
    quality_options: Texts = ()
    max_input_images: Count = None
    max_input_videos: Count = None
    max_input_audios: Count = None
    video_audio: Text = ""
    supports_sound: Flag = None
    supports_negative_prompt: Flag = None


class ModelRow(Row):
    model_id: str
    display_name: Text = ""
    model_type: Text = ""
    cost_per_generation: Number = None
    cost_note: Text = ""
    estimated_time_seconds: Number = None
    generation_types: Texts = ()
    requires_input_media: Flag = None
    input_media_types: Texts = ()
    capabilities: Annotated[Capabilities, BeforeValidator(
        lambda value: value if isinstance(value, Mapping) else {})] = Capabilities()
    voice_allowlist: Texts = ()


class OutputRow(Row):
    media_type: Text = ""
    url: Text = ""
    width: Count = None
    height: Count = None
    file_size: Count = None


class SongRow(Row):
    audio_url: Text = ""


class GenerationRow(Row):
    id: str
    status: Text = ""
    model: Text = ""
    prompt: Text = ""
    created_at: Text = ""
    processing_time_ms: Number = None
    credits_deducted: Number = None
    error_message: Text = ""
    error: Text = ""
    source_task_id: Text = ""
    outputs: Annotated[list[OutputRow], BeforeValidator(_objects)] = []
    result_url: Text = ""
    songs: Annotated[list[SongRow], BeforeValidator(_objects)] = []
    vocals_url: Text = ""
    instrumental_url: Text = ""


class AssetRow(Row):
    id: Text = ""
    name: Text = ""
    kind: Text = ""
    mime_type: Text = ""
    size_bytes: Count = None
    url: Text = ""
    url_expires_at: Text = ""


class ShelfRow(Row):
    assets: Annotated[list[AssetRow], BeforeValidator(_objects)] = []
    quota_bytes: Count = None
    used_bytes: Count = None
