"""The files that a job starts from, held against what its model takes: number, length, size.

Law: a file whose kind or length nobody knows yet is no misfit; it is priced at its worst.
"""

from collections.abc import Sequence

from pipeline.core.catalog import Model
from pipeline.core.kinds import sheet
from pipeline.core.offer import Misfit
from pipeline.core.spec import SourceRef

TIMED = ("video", "audio")
"""Media that have a length."""


def fit_sources(sources: Sequence[SourceRef], model: Model) -> Misfit | None:
    """Whether the model takes sources of these kinds, as many, as long and as large."""
    counts = sheet(model.kind).sources
    misfit = _fit_number(len(sources), model) if counts is None else \
        _fit_count(len(sources), counts, model)
    return misfit or _fit_media(sources, model) or next(
        (found for source in sources if (found := _fit_source(source, model))), None)


def _fit_count(number: int, counts: tuple[int, int], model: Model) -> Misfit | None:
    least, most = counts
    if number < least:
        return Misfit(("sources",), f"{model.kind} needs a source file",
                      "add `sources:`, or `from:` another campaign")
    if number > most:
        return Misfit(("sources",), f"{model.kind} takes {_at_most(most)}, not {number}")
    return None


def _fit_number(number: int, model: Model) -> Misfit | None:
    if not number:
        return Misfit(("sources",), f"{model.id} needs a source file",
                      "add `sources:`, or `from:` another campaign") \
            if model.capability.needs_source else None
    most = _most_sources(model)
    if most is not None and number > most:
        return Misfit(("sources",), f"{model.id} takes {_at_most(most)}, not {number}")
    return None


def _fit_media(sources: Sequence[SourceRef], model: Model) -> Misfit | None:
    capability = model.capability
    limits = {"image": capability.max_images, "video": capability.max_videos,
              "audio": capability.max_audios}
    if sheet(model.kind).sources is not None:
        limits = {media: None if media in sheet(model.kind).media else 0 for media in limits}
    limits["text"] = 0
    for media, limit in limits.items():
        count = sum(source.media == media for source in sources)
        if limit is not None and count > limit:
            return Misfit(("sources",), f"{model.id} takes {limit or 'no'} {media} "
                                        f"source{'s' if limit > 1 else ''}, not {count}")
    return None


def _fit_source(source: SourceRef, model: Model) -> Misfit | None:
    """One file against the limits of the model's own service (facts/kubeez.md 3.8)."""
    most = model.capability.source_bytes.get(source.media)
    if most is not None and source.bytes > most:
        return Misfit(("sources",), f"{model.id} takes {source.media} sources of at most {most:,} "
                                    f"bytes, not {source.bytes:,}")
    if model.capability.source_seconds and source.measured and source.media in TIMED:
        least, longest = model.capability.source_seconds
        if source.seconds is not None and not least <= source.seconds <= longest:
            return Misfit(("sources",), f"{model.id} takes a source of {least} to {longest} "
                                        f"seconds, not {source.seconds:.1f}")
    return None


def _most_sources(model: Model) -> int | None:
    most = model.capability.max_sources
    if most is not None:
        return most
    takes_any = model.capability.needs_source or any(
        "text-to" not in word for word in model.generation_types)
    return None if takes_any or not model.generation_types else 0


def _at_most(most: int) -> str:
    return {0: "no source files", 1: "one source file"}.get(most, f"at most {most} source files")
