"""Kubeez's catalog rows to models (facts/kubeez.md 3.7 and 6.3)."""

from collections.abc import Mapping
from decimal import Decimal

from pydantic import ValidationError

from pipeline.core.catalog import Capability, Catalog, Model
from pipeline.core.errors import Unreachable
from pipeline.core.money import Money
from pipeline.core.price_rule import ByOption, read_price_rule
from pipeline.providers.kubeez_rows import ID, ModelRow

KINDS = {"image": "image", "video": "video", "music": "music", "speech": "dialogue",
         "separation": "separation"}

NO_ROUTE = ("suno-", "sonilo-", "elevenlabs-dubbing")
"""Families that the web site and MCP run, and no documented REST route (facts 3.7, 6.2, 7). The
music route would take any such name, make a song of another model, and charge for it (3.5)."""

SIMPLE_SONG_CHARS = 400
"""The longest prompt of a song in simple mode, which no row names (facts 4, tools-music)."""
DIALOGUE_CHARS = (5, 5000)
"""The least and the most text of a dialogue (facts 4, limitations)."""
MOTION_SECONDS = (3, 30)
CAPTION_SECONDS = (1, 1800)
"""Lengths of a source: of motion control (facts 3.8), of captions (facts 7, "at most 30 min")."""
MOTION_BYTES = 100_000_000
IMAGE_BYTES = 10_000_000
"""The largest sources that models take, far below the 500 MB of an upload (facts 3.8)."""

EXTEND = Model(
    id="veo3-1-extend", kind="extend", name="Veo 3.1 extend",
    price=ByOption("extend_model", {"lite": Money.parse("45"), "fast": Money.parse("75"),
                                    "quality": Money.parse("300")}, "fast"),
    typical_s=60.0,
    capability=Capability(needs_source=True, extends="veo3-1", extends_not=("1080p",)))
"""Documented and priced by llms.txt (`POST /v1/generate/media/extend`), and in no row."""


MOST_MODELS = 10_000
"""Rows; Kubeez has some 110, and every one of them is looked at for every name that is mistyped."""
LONGEST_S = 86_400


def read_catalog(payload: object, fetched_at: str, *, provider: str) -> Catalog:
    """The catalog; a row that cannot be read is left out. Raises `Unreachable` for no catalog."""
    rows = payload.get("models") if isinstance(payload, Mapping) else None
    if not isinstance(rows, list):
        raise Unreachable("the answer is no catalog")
    if len(rows) > MOST_MODELS:
        raise Unreachable(f"the catalog has more than {MOST_MODELS:,} rows")
    models = {}
    for raw in rows:
        try:
            row = ModelRow.model_validate(raw)
        except ValidationError:
            continue
        if ID.match(row.model_id):
            models[row.model_id] = _model(row)
    return Catalog(provider, fetched_at, models, beside={EXTEND.id: EXTEND})


def _model(row: ModelRow) -> Model:
    seconds = row.estimated_time_seconds or 0
    kind = _kind(row)
    return Model(
        id=row.model_id, kind=kind, name=row.display_name or row.model_id,
        price=read_price_rule(_money(row.cost_per_generation), row.cost_note),
        price_note=row.cost_note, typical_s=float(seconds) if 0 < seconds <= LONGEST_S else None,
        generation_types=row.generation_types, capability=_capability(row, kind))


def _kind(row: ModelRow) -> str:
    """Our kind; some rows run on a route of their own, or on none."""
    name = row.model_id.lower()
    if "caption" in name:
        return "captions"
    if name.startswith("ad-copy"):
        return "ad-copy"
    if name.startswith(NO_ROUTE):
        return "other"
    return KINDS.get(row.model_type, row.model_type or "image")


def _capability(row: ModelRow, kind: str) -> Capability:
    """What the row says, and what the documents say where it is silent."""
    says = row.capabilities
    least, most = {"music": (None, SIMPLE_SONG_CHARS), "dialogue": DIALOGUE_CHARS}.get(
        kind, (None, None))
    sound = {"toggle_via_sound_param": "toggle"}.get(says.video_audio, says.video_audio)
    if not sound and says.supports_sound:
        sound = "toggle"
    return Capability(
        prompt_min_chars=least, prompt_max_chars=says.prompt_max_chars or most,
        aspect_ratios=says.aspect_ratio_options,
        durations=says.duration_options,
        resolutions=says.resolution_options or says.resolution,
        qualities=says.quality_options, voices=row.voice_allowlist,
        max_images=says.max_input_images, max_videos=says.max_input_videos,
        max_audios=says.max_input_audios, needs_source=bool(row.requires_input_media),
        sound=sound, negative_prompt=says.supports_negative_prompt,
        source_seconds=_source_seconds(row, kind), source_bytes=_source_bytes(row))


def _source_seconds(row: ModelRow, kind: str) -> tuple[int, int] | None:
    if kind == "captions":
        return CAPTION_SECONDS
    return MOTION_SECONDS if _is_motion_control(row) else None


def _source_bytes(row: ModelRow) -> dict[str, int]:
    largest = {"video": MOTION_BYTES} if _is_motion_control(row) else {}
    takes_images = row.capabilities.max_input_images or "image" in row.input_media_types or any(
        way.startswith("image-to-") for way in row.generation_types)
    return {**largest, "image": IMAGE_BYTES} if takes_images else largest


def _is_motion_control(row: ModelRow) -> bool:
    return "motion-control" in row.model_id


def _money(amount: Decimal | None) -> Money | None:
    try:
        return Money.from_number(amount) or None
    except ValueError:
        return None
