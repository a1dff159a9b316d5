"""What is sent to Kubeez for each kind of job, where to, and how the answer is read.

Law: a body says what the spec says, spelled as the service spells it, and nothing more (llms.txt,
"Endpoints"; facts/kubeez.md section 4).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.core.provider import Broken, Finished, Receipt
from pipeline.core.spec import JobSpec
from pipeline.providers.kubeez_answers import (
    Absolute,
    read_receipt,
    read_receipts,
    read_separation_receipt,
)
from pipeline.providers.kubeez_captions import read_captions
from pipeline.providers.reply import Reply

Fields = dict[str, object]

_NUMBER = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,9})?\Z")
"""At most 15 digits, which the float that JSON is written from keeps as they are."""


@dataclass(frozen=True, slots=True)
class Start:
    """The paid call of one kind. `read` gives None for an answer that names nothing to ask for."""

    path: str
    body: Callable[[JobSpec, Sequence[str]], Fields]
    read: Callable[[Reply, Absolute], Receipt | Finished | Broken | None] = read_receipt


def _media(spec: JobSpec, sources: Sequence[str]) -> Fields:
    """Order of the sources is kept: first frame, last frame; image, then video."""
    origin = "image" if sources else "text"
    body: Fields = {"model": spec.model, "prompt": spec.prompt,
                  "generation_type": f"{origin}-to-{spec.kind}"}
    if spec.aspect_ratio:
        body["aspect_ratio"] = spec.aspect_ratio
    if sources:
        body["source_media_urls"] = list(sources)
    return body | dict(spec.params)


def _extend(spec: JobSpec, sources: Sequence[str]) -> Fields:
    """The clip is named by its job at the service, ours or one that the author names."""
    clip = {"source_task_id": sources[0]} if sources else {}
    return {"prompt": spec.prompt, **spec.params, **clip}


def _music(spec: JobSpec, sources: Sequence[str]) -> Fields:
    body: Fields = {"model": spec.model}
    if spec.prompt:
        body["prompt"] = spec.prompt
    return body | _numbers(spec, "style_weight", "weirdness_constraint", "audio_weight")


def _dialogue(spec: JobSpec, sources: Sequence[str]) -> Fields:
    return {"text": spec.prompt,
            **_numbers(spec, "stability", "similarity_boost", "style", "speed")}


def _captions(spec: JobSpec, sources: Sequence[str]) -> Fields:
    """`quality` is required by the document; "auto" is what a person who says nothing means."""
    return {"media_url": sources[0], "quality": "auto", **spec.params}


def _separation(spec: JobSpec, sources: Sequence[str]) -> Fields:
    return {"media_url": sources[0], **spec.params}


def _ad_copy(spec: JobSpec, sources: Sequence[str]) -> Fields:
    body: Fields = dict(zip(("reference_ad_url", "product_image_url"), sources, strict=False))
    if spec.aspect_ratio:
        body["aspect_ratio"] = spec.aspect_ratio
    return body | dict(spec.params)


def _numbers(spec: JobSpec, *names: str) -> Fields:
    """The parameters, with those that are numbers to the service as numbers."""
    return {name: _number(value) if name in names else value
            for name, value in spec.params.items()}


def _number(value: str | int | bool) -> object:
    """The number that a text says, for JSON to write.

    >>> [_number(text) for text in ("0.65", "1", "loud")]
    [0.65, 1, 'loud']
    """
    if not isinstance(value, str) or not _NUMBER.match(value):
        return value
    return float(value) if "." in value else int(value)


STARTS: Mapping[str, Start] = {
    "image": Start("/v1/generate/media", _media),
    "video": Start("/v1/generate/media", _media),
    "extend": Start("/v1/generate/media/extend", _extend),
    "music": Start("/v1/generate/music", _music),
    "dialogue": Start("/v1/generate/dialogue", _dialogue),
    "captions": Start("/v1/generate/captions", _captions, read_captions),
    "separation": Start("/v1/generate/separation", _separation, read_separation_receipt),
    "ad-copy": Start("/v1/generate/ad-copy", _ad_copy, read_receipts),
}
