"""Kubeez's catalog rows to models (facts/kubeez.md 3.7 and 6.3)."""

from collections.abc import Mapping
from decimal import Decimal

from pydantic import ValidationError

from pipeline.core.catalog import Capability, Catalog, Model
from pipeline.core.errors import Unreachable
from pipeline.core.money import Money
from pipeline.core.price_rule import read_price_rule
from pipeline.providers.kubeez_rows import ID, ModelRow

KINDS = {"image": "image", "video": "video", "music": "music", "speech": "dialogue",
         "separation": "separation"}


def read_catalog(payload: object, fetched_at: str, *, provider: str) -> Catalog:
    """The catalog; a row that cannot be read is left out. Raises `Unreachable` for no catalog."""
    rows = payload.get("models") if isinstance(payload, Mapping) else None
    if not isinstance(rows, list):
        raise Unreachable("the answer is no catalog")
    models = {}
    for raw in rows:
        try:
            row = ModelRow.model_validate(raw)
        except ValidationError:
            continue
        if ID.match(row.model_id):
            models[row.model_id] = _model(row)
    return Catalog(provider, fetched_at, models)


def _model(row: ModelRow) -> Model:
    seconds = row.estimated_time_seconds
    return Model(
        id=row.model_id, kind=_kind(row), name=row.display_name or row.model_id,
        price=read_price_rule(_money(row.cost_per_generation), row.cost_note),
        price_note=row.cost_note, typical_s=float(seconds) if seconds else None,
        generation_types=row.generation_types, capability=_capability(row))


def _kind(row: ModelRow) -> str:
    if row.model_id.startswith("auto-caption"):
        return "captions"
    if row.model_id.startswith("ad-copy"):
        return "ad-copy"
    return KINDS.get(row.model_type, row.model_type or "image")


def _capability(row: ModelRow) -> Capability:
    says = row.capabilities
    sound = {"toggle_via_sound_param": "toggle"}.get(says.video_audio, says.video_audio)
    if not sound and says.supports_sound:
        sound = "toggle"
    return Capability(
        prompt_max_chars=says.prompt_max_chars, aspect_ratios=says.aspect_ratio_options,
        durations=says.duration_options,
        resolutions=says.resolution_options or says.resolution,
        qualities=says.quality_options, voices=row.voice_allowlist,
        max_images=says.max_input_images, max_videos=says.max_input_videos,
        max_audios=says.max_input_audios, needs_source=bool(row.requires_input_media),
        sound=sound, negative_prompt=says.supports_negative_prompt)


def _money(amount: Decimal | None) -> Money | None:
    try:
        return Money.from_number(amount) or None
    except ValueError:
        return None
