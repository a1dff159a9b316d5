"""The kinds of campaign: what each makes, and what it takes beside its model.

Law: pictures and films are described by the capabilities of their model, so their sheets are open;
the sheets of the other kinds are the same at every model and stand here (CONTRACT section 3; the
fields are those of llms.txt and facts/kubeez.md section 4).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pipeline.core.params import Choice, Flag, Fraction, Rule, Setting, Whole, Words

SHARE = Fraction(Decimal(0), Decimal(1))
SPEED = Fraction(Decimal("0.25"), Decimal(4))
"""The widest range that any of our services documents; a service may take less, and says so."""
MOST_VARIANTS = 20

Lack = tuple[str, str, str]
"""The parameter (or "prompt") that is wrong, in which way, and what would be right."""


def _complete(params: Mapping[str, Setting], prompt: str | None) -> Lack | None:
    return None


@dataclass(frozen=True, slots=True)
class Kind:
    """The sheet of one kind.

    `params` is None where the model's capabilities decide, and so is `sources` (least, most).
    `media` are the sources it takes, `prompt` says whether it is needed, optional or none, and
    `lack` what is missing in parameters that are each right by themselves.
    """

    makes: str
    params: Mapping[str, Rule] | None = None
    prompt: str = "needed"
    sources: tuple[int, int] | None = None
    media: tuple[str, ...] = ("image", "video", "audio")
    takes_shape: bool = False
    lack: Callable[[Mapping[str, Setting], str | None], Lack | None] = field(default=_complete)


def _lack_of_music(params: Mapping[str, Setting], prompt: str | None) -> Lack | None:
    """Simple: a prompt. Advanced: title and style, and lyrics or a description (tools-music)."""
    song = [name for name in SONG if name in params]
    if not song:
        return None if prompt is None or prompt.strip() else (
            "prompt", "there is neither a prompt nor a song under params",
            "`prompt: TEXT`, or title, style and lyrics")
    if prompt is not None and prompt.strip():
        return "prompt", f"a prompt goes with no {song[0]}", \
            "put its words into song_description, or leave the song's parameters out"
    for name in ("title", "style"):
        if name not in params:
            return (name, f"a song with {song[0]} also needs its {name}",
                    "title and style go together")
    told = [name for name in ("lyrics", "song_description") if name in params]
    if len(told) > 1:
        return "song_description", "lyrics and song_description exclude each other", "keep one"
    if not told and params.get("instrumental") is not True:
        return "lyrics", "a song needs lyrics or song_description", "or `instrumental: true`"
    return None


def _lack_of_dialogue(params: Mapping[str, Setting], prompt: str | None) -> Lack | None:
    return None if "voice" in params else (
        "voice", "dialogue needs a voice", "`pipeline models --kind dialogue --voices` lists them")


def _lack_of_captions(params: Mapping[str, Setting], prompt: str | None) -> Lack | None:
    if "language" in params and params.get("quality") != "best":
        return "language", "a language is taken only with quality best", "add `quality: best`"
    return None


SONG = ("title", "style", "lyrics", "song_description", "vocal_gender", "negative_tags",
        "style_weight", "weirdness_constraint", "audio_weight")
"""The parameters that describe a song; with one of them a prompt has no place."""

KIND: Mapping[str, Kind] = {
    "image": Kind("image", takes_shape=True),
    "video": Kind("video", takes_shape=True),
    "extend": Kind(
        "video", {"extend_model": Choice(("lite", "fast", "quality")),
                  "source_task_id": Words(128)}, sources=(0, 1), media=("video",)),
    "music": Kind(
        "audio", {
            "title": Words(200), "style": Words(1000), "lyrics": Words(), "negative_tags": Words(),
            "song_description": Words(), "vocal_gender": Choice(("m", "f", "random")),
            "instrumental": Flag(), "style_weight": SHARE, "weirdness_constraint": SHARE,
            "audio_weight": SHARE},
        prompt="optional", sources=(0, 0), lack=_lack_of_music),
    "dialogue": Kind(
        "audio", {
            "voice": Words(100), "stability": SHARE, "similarity_boost": SHARE, "style": SHARE,
            "speed": SPEED, "language_code": Words(35)}, sources=(0, 0), lack=_lack_of_dialogue),
    "captions": Kind(
        "text", {"quality": Choice(("auto", "best")), "language": Words(35),
                 "code_switching": Flag()},
        prompt="none", sources=(1, 1), media=("video", "audio"), lack=_lack_of_captions),
    "separation": Kind("audio", {}, prompt="none", sources=(1, 1), media=("audio", "video")),
    "ad-copy": Kind(
        "image", {"product_text": Words(), "variant_count": Whole(1, MOST_VARIANTS),
                  "language": Words(35)},
        prompt="none", sources=(1, 2), media=("image",), takes_shape=True),
}
"""The sheets, by the word that a manifest uses."""

COUNTED_BY = {"ad-copy": "variant_count"}
"""The parameter that says how many files are wanted, where it is not `n`."""

OPEN = Kind("")
"""The sheet of a kind that no manifest names; only a stranger's catalog can hold one."""


def sheet(kind: str) -> Kind:
    """The sheet of a kind."""
    return KIND.get(kind, OPEN)


def outputs_of(kind: str, params: Mapping[str, object]) -> int:
    """How many files a job is sure to want: a separation two, an ad-copy one for each variant, a
    picture or a clip `n` where its service takes that.

    A song comes in as many versions as the service likes, so only one is counted on.

    >>> outputs_of("image", {"n": "3"}), outputs_of("music", {}), outputs_of("separation", {})
    (3, 1, 2)
    """
    if kind == "separation":
        return 2
    wanted = str(params.get(COUNTED_BY.get(kind, "n"), 1))
    is_number = wanted.isascii() and wanted.isdecimal() and len(wanted) < 10
    return max(1, int(wanted)) if is_number else 1
