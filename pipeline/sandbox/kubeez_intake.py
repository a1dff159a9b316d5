"""What media a request names, and whether the service can get at it."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from pipeline.sandbox.faults import Faults
from pipeline.sandbox.kubeez_fields import Fields, check_address, invalid, missing, read_address
from pipeline.sandbox.links import why_dead
from pipeline.sandbox.pieces import kind_of
from pipeline.sandbox.sources import Source, Sources

UNMEASURED_S = 30.0
"""How long media is taken to be that cannot be measured: the sandbox's own figure."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes the media of one request at one moment; without `sources` nothing is known of any."""

    faults: Faults = field(default_factory=Faults)
    sources: Sources | None = None
    now: float = 0.0

    def check(self, name: str, url: str) -> None:
        """Refuse what is no address, and a link of ours that is dead; raises `Refusal`."""
        check_address(name, url)
        if why := self.why_dead(url):
            raise invalid(f"{name} could not be fetched. {why}")

    def why_dead(self, url: str) -> str:
        """Why a link of ours leads nowhere; "" if it does, and for any other."""
        folder = self.sources.folder_of(url) if self.sources else ""
        if folder != "library" and not (folder and self.faults.signed_uploads):
            return ""
        parts = urlsplit(url)
        return why_dead(parts.path, dict(parse_qsl(parts.query)), self.now)

    def find(self, url: str) -> Source:
        """What stands behind an address that has been checked."""
        return self.sources.find(url) if self.sources else Source("")

    def sounding(self, fields: Fields, name: str) -> tuple[str, Source, float]:
        """The address of a sound or a film, what it is and its length; raises `Refusal`."""
        if not (url := read_address(fields, name)):
            raise missing(name)
        self.check(name, url)
        source = self.find(url)
        kind = kind_of(source.work.job) if source.work else source.media_type.partition("/")[0]
        if kind == "image":  # a film without PyAV is called a picture, but is known for ours
            raise invalid(f"{name}: a picture has no sound.")
        return url, source, source.seconds or UNMEASURED_S
