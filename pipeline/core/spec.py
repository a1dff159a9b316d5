"""Everything that decides the bytes of one job, and the key that names it.

Law: what is in the spec is in the key, and nothing else is; the same spec is paid for once,
whichever manifest asks for it. A change here that alters a key buys every job again: `KEY_VERSION`
says so openly.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

KEY_VERSION = 1
KEY_CHARS = 32


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
        says = [KEY_VERSION, self.provider, self.kind, self.model, self.prompt, self.aspect_ratio,
                sorted(self.params.items()), [[s.kind, s.value] for s in self.sources],
                self.variant]
        text = json.dumps(says, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:KEY_CHARS]

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The keys of the jobs whose files this one starts from."""
        return tuple(source.job for source in self.sources if source.kind == "job")
