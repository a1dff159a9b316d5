"""Media Engine's answers, in all three of its published descriptions (facts/media_apis.md 2).

Law: every id field and every finish word of all three is understood in each; a field that is not
there, or of another type, says nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from pipeline.core.errors import Unreachable
from pipeline.core.provider import Broken, Finished, News, Output, Sighting, Working
from pipeline.providers.kubeez_answers import charge_of
from pipeline.providers.kubeez_refusals import in_words, is_moderation
from pipeline.providers.kubeez_rows import ID, Number, Row, Text
from pipeline.providers.reply import Reply, iso_date_s

TAG = "media_pipeline"
"""The key of `metadata` under which our mark travels."""

MADE = frozenset({"succeeded", "completed", "done", "success", "complete", "finished"})
BROKEN = frozenset({"failed", "error", "failure"})
CALLED_OFF = frozenset({"cancelled", "canceled"})

WRAPPED_IN = ("data", "job")
ROWS_IN = ("jobs", "data", "items", "models", "results")
"""Under which names an answer may hold what it is about."""

MOST_FILES = 100
MOST_ROWS = 10_000
STATUS_SHOWN = 40
LONGEST_S = 86_400.0

Absolute = Callable[[str], str]
"""Makes a link of an answer one that can be followed."""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _words(value: object) -> str:
    """An error, as a text or as a code with a message."""
    told = value.get("message") or value.get("code") if isinstance(value, Mapping) else value
    return told if isinstance(told, str) else ""


def _links(value: object) -> tuple[str, ...]:
    """Addresses of files: as texts, or as objects with a `url`."""
    listed = value if isinstance(value, list) else [value]
    found = [each.get("url") if isinstance(each, Mapping) else each for each in listed]
    return tuple(url for url in found if isinstance(url, str) and url)


Object = Annotated[Mapping[str, Any], BeforeValidator(_mapping)]
Words = Annotated[str, BeforeValidator(_words)]
Links = Annotated[tuple[str, ...], BeforeValidator(_links)]


class JobRow(Row):
    """A job, as any of the three descriptions tells it."""

    id: Text = ""
    jobId: Text = ""  # noqa: N815 - the service's own spelling, as in the rest of these
    mediaJobId: Text = ""  # noqa: N815
    status: Text = ""
    type: Text = ""
    model: Text = ""
    prompt: Text = ""
    inputParams: Object = Field(default_factory=dict)  # noqa: N815
    metadata: Object = Field(default_factory=dict)
    output: Links = ()
    assets: Links = ()
    assetUrl: Text = ""  # noqa: N815
    outputUrl: Text = ""  # noqa: N815
    credits_used: Number = None
    creditsUsed: Number = None  # noqa: N815
    error: Words = ""
    errorMessage: Text = ""  # noqa: N815
    created_at: Text = ""
    createdAt: Text = ""  # noqa: N815
    completed_at: Text = ""
    completedAt: Text = ""  # noqa: N815

    @property
    def name(self) -> str:
        """The id of the job; "" where there is none that could be one."""
        found = (self.id, self.jobId, self.mediaJobId)
        return next((each for each in found if ID.match(each)), "")

    @property
    def created_s(self) -> float | None:
        """When it was accepted, in seconds of UTC."""
        return iso_date_s(self.created_at or self.createdAt)

    @property
    def tag(self) -> str:
        """The mark of the attempt that made it, "" where it shows none."""
        tag = self.metadata.get(TAG)
        return tag if isinstance(tag, str) else ""

    @property
    def words(self) -> str:
        """What it was asked for, "" where it does not show it."""
        said = self.prompt or self.inputParams.get("prompt")
        return said if isinstance(said, str) else ""


def flattened(reply: Reply) -> Reply:
    """A refusal with its error at the top, as refusals are read: `{"error", "message"}`. It comes
    as `{"code", "message"}`, and as `{"error": {"code", "message"}}`."""
    if 200 <= reply.status < 300:
        return reply
    body = _mapping(reply.body)
    error = body.get("error")
    told = error if isinstance(error, Mapping) else body if "code" in body else None
    if told is None:
        return reply
    return replace(reply, body={**body, "error": told.get("code"), "message": told.get("message")})


def read_job(body: object) -> JobRow | None:
    """The job that an answer is about; None where it names none."""
    for place in _places(body):
        row = _row(place)
        if row is not None and row.name:
            return row
    return None


def read_rows(body: object) -> list[JobRow | None]:
    """The rows of the list, None for one that cannot be read: it may be any job."""
    rows = [_row(raw) for raw in listed(body, "list of jobs")]
    return [row if row is not None and row.name and row.created_s is not None else None
            for row in rows]


def listed(body: object, what: str) -> list[object]:
    """The list that an answer holds; raises `Unreachable` for one that holds none."""
    found = body if isinstance(body, list) else next(
        (rows for place in _places(body) for name in ROWS_IN
         if isinstance(rows := place.get(name), list)), None)
    if found is None or len(found) > MOST_ROWS:
        raise Unreachable(f"the answer is no {what}")
    return found


def read_news(row: JobRow, absolute: Absolute) -> News:
    """What a row says of its job. An unknown status word is no end."""
    status, charge = row.status.lower(), charge_of(row.credits_used)
    charge = charge_of(row.creditsUsed) if charge is None else charge
    words = in_words(row.errorMessage or row.error)
    if status in MADE:
        urls = row.output or row.assets or _links([row.outputUrl or row.assetUrl])
        outputs = tuple(Output(absolute(url), row.type) for url in urls[:MOST_FILES])
        return Finished(outputs, charge, _made_in_s(row))
    if status in BROKEN:
        cause = "content_refused" if is_moderation(words) else "generation_failed"
        return Broken(cause, words, charge)
    if status in CALLED_OFF:
        return Broken("cancelled_there", words, charge)
    return Working(status[:STATUS_SHOWN] or "unknown")


def read_sighting(row: JobRow, absolute: Absolute) -> Sighting:
    """A row of the list as evidence."""
    return Sighting(row.name, row.model, row.words, row.created_s or 0.0,
                    read_news(row, absolute), row.tag)


def read_link(body: object) -> str:
    """The address in the answer to a download; "" where there is none."""
    return next((url for place in _places(body) if isinstance(url := place.get("url"), str)), "")


def _places(body: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(body, Mapping):
        yield from (inner for name in WRAPPED_IN if isinstance(inner := body.get(name), Mapping))
        yield body


def _row(raw: object) -> JobRow | None:
    try:
        return JobRow.model_validate(raw)
    except ValidationError:
        return None


def _made_in_s(row: JobRow) -> float | None:
    began_s, ended_s = row.created_s, iso_date_s(row.completed_at or row.completedAt)
    seconds = 0.0 if began_s is None or ended_s is None else ended_s - began_s
    return seconds if 0 < seconds <= LONGEST_S else None
