"""Everything that decides the bytes of one job, and the key that names it.

Law: what is in the spec is in the key, and nothing else is; the same spec is paid for once,
whichever manifest asks for it. A change here that alters a key buys every job again: `KEY_VERSION`
says so openly.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

KEY_VERSION = 1
KEY_BYTES = 16
"""A key is the beginning of a sha256, written in twice as many hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class SourceRef:
    """A source as the key sees it: a file's content, an address, a library name, another job.

    `kind` is file, url, asset or job; `value` is the sha256, the address, the name, or the key
    with `#2` for the second file of that job. The rest is no part of the key: `path` says where the
    bytes of a file lie, `seconds` how long it is at most, exactly so where it was `measured`.
    """

    kind: str
    value: str
    media: str = ""
    path: str = ""
    bytes: int = 0
    seconds: float | None = None
    measured: bool = False

    @property
    def job(self) -> str:
        """The key of the job whose file it is."""
        return self.value.partition("#")[0]

    @property
    def index(self) -> int:
        """Which of that job's files it is, counted from 0."""
        number = self.value.partition("#")[2]
        return int(number) - 1 if number else 0


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One wanted output. `params` holds texts, whole numbers and booleans only."""

    provider: str
    kind: str
    model: str
    prompt: str
    aspect_ratio: str | None = None
    params: Mapping[str, str | int | bool] = field(default_factory=dict)
    sources: tuple[SourceRef, ...] = ()
    variant: int = 1

    def key(self) -> str:
        """The digest that recognises this job in every run."""
        start = hashlib.sha256(key_head(self.provider, self.kind, self.model, self.prompt))
        tail = key_tail(self.aspect_ratio, self.params, self.sources)
        return key_digests(start, tail, (self.variant,)).hex()

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The keys of the jobs whose files this one starts from."""
        return tuple(source.job for source in self.sources if source.kind == "job")


def key_head(provider: str, kind: str, model: str, prompt: str) -> bytes:
    """The first part of what a key is the digest of: what changes least often."""
    return _json([KEY_VERSION, provider, kind, model, prompt])[:-1] + b","


def key_tail(aspect_ratio: str | None, params: Mapping[str, str | int | bool],
             sources: Iterable[SourceRef]) -> bytes:
    """The second part, up to the variant."""
    return _json([aspect_ratio, sorted(params.items()),
                  [[source.kind, source.value] for source in sources]])[1:-1] + b","


def key_digests(start: "hashlib._Hash", tail: bytes, variants: Iterable[int]) -> bytes:
    """The keys of these variants in a row, as bytes, continued from the digest of their head."""
    start = start.copy()
    start.update(tail)
    digests = b""
    for variant in variants:
        end = start.copy()
        end.update(b"%d]" % variant)
        digests += end.digest()[:KEY_BYTES]
    return digests


def _json(parts: list[object]) -> bytes:
    return json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode("ascii")
