"""How long a given file plays, by its bytes."""

import contextlib
import io
import wave

try:
    import av
except ImportError:
    av = None  # type: ignore[assignment]


def length_of(content: bytes) -> float | None:
    """Seconds; None for what has no length, or none that can be told here.

    Without PyAV only WAV can be told.
    """
    if av is None:
        return _wave_length(content)
    with contextlib.suppress(av.FFmpegError, ValueError), \
            av.open(io.BytesIO(content), "r") as container:
        is_still = container.format.name.endswith("_pipe") or container.duration is None
        return None if is_still else float(container.duration or 0) / av.time_base
    return None


def _wave_length(content: bytes) -> float | None:
    with contextlib.suppress(wave.Error, EOFError), wave.open(io.BytesIO(content), "rb") as sound:
        return float(sound.getnframes()) / sound.getframerate()
    return None
