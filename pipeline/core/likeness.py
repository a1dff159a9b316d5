"""What the service's list of recent jobs can show of one of ours, so that a row is known again.

Law: a row that might be another's is nobody's. A likeness asks for everything that the documents
say a row shows, and for no more, or a job that is there would be called absent.
"""

from dataclasses import dataclass

from pipeline.core.kinds import outputs_of
from pipeline.core.provider import Sighting
from pipeline.core.spec import JobSpec

SONG_WORDS = ("song_description", "lyrics", "title", "style")
"""What a row may show as the prompt of a song that was described in parts; no document says."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """The model and the prompt that a row must show, and how many rows one start makes.

    An empty `model` or no `words` asks nothing: the documents do not say what the row shows there.
    """

    model: str
    words: tuple[str, ...]
    rows: int = 1

    def fits(self, row: Sighting) -> bool:
        """Whether the row shows such a job."""
        return (not self.model or row.model == self.model) \
            and (not self.words or row.prompt.strip() in self.words)


def likeness(spec: JobSpec) -> Likeness | None:
    """How a job of this spec looks in the list; None for one that no list shows.

    An extend's row may name any model of its family, an ad's prompt is made by the service, and
    captions and separations are no generations (facts/kubeez.md 3.4).
    """
    if spec.kind in ("captions", "separation"):
        return None
    if spec.kind == "extend":
        return Likeness("", (spec.prompt.strip(),))
    if spec.kind == "ad-copy":
        return Likeness(spec.model, (), outputs_of(spec.kind, spec.params))
    if spec.kind == "music" and not spec.prompt.strip():
        return Likeness(spec.model, tuple(str(spec.params[name]).strip() for name in SONG_WORDS
                                          if name in spec.params))
    return Likeness(spec.model, (spec.prompt.strip(),))
