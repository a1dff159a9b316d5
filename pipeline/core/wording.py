"""What the cells of one campaign say: their variables, their prompt, what they start from.

Law: a prompt is rendered once for each set of values that it reads, as far as memory is worth it,
and the same number always says the same.
"""

from collections.abc import Mapping

from pipeline.core.cells import Pattern
from pipeline.core.chains import Bases
from pipeline.core.manifest import Campaign, Value
from pipeline.core.matrix import Matrix
from pipeline.core.spec import SourceRef

MOST_KEPT = 1000
"""Rendered prompts that are remembered."""


class Author:
    """The words of one campaign, told again by the number of a strip."""

    def __init__(self, campaign: Campaign, matrix: Matrix, bases: Bases | None,
                 files: tuple[SourceRef, ...]) -> None:
        self._campaign = campaign
        self._matrix = matrix
        self._bases = bases
        self._files = files
        self._prompts: dict[tuple[str, ...], str] = {}
        self._names = sorted(campaign.prompt.names) if campaign.prompt else []
        self._latest: tuple[int, Mapping[str, Value]] = -1, {}

    def vars(self, strip: int) -> Mapping[str, Value]:
        """The variables; the latest are at hand, as cells are mostly asked for in order."""
        if self._latest[0] != strip:
            self._latest = strip, self._matrix.vars(strip)
        return self._latest[1]

    def prompt(self, strip: int, pattern: Pattern) -> str:
        """The finished prompt."""
        return self.say(self.vars(strip), pattern.model, pattern.spec.aspect_ratio)

    def sources(self, strip: int) -> tuple[SourceRef, ...]:
        """An output of another campaign's cell, and the campaign's own files."""
        if self._bases is None:
            return self._files
        return (self._bases.ref(self._matrix.base(strip)), *self._files)

    def say(self, variables: Mapping[str, Value], model: str, ratio: str | None) -> str:
        """The prompt with these variables; raises `AuthorError` where it cannot be rendered."""
        if self._campaign.prompt is None:
            return ""
        known = {"model": model, "aspect_ratio": ratio or "", "campaign": self._campaign.name,
                 **variables}
        said = tuple([repr(known.get(name)) for name in self._names])
        if (text := self._prompts.get(said)) is None:
            if len(self._prompts) >= MOST_KEPT:
                self._prompts.clear()
            text = self._prompts[said] = self._campaign.prompt.render(known)
        return text

    def varies(self, variables: Mapping[str, Value]) -> bool:
        """Whether the prompts of one strip differ from cut to cut."""
        return any(name in self._names and name not in variables
                   for name in ("model", "aspect_ratio"))
