"""The whole state machine of a job, and only here.

Law: `TRANSITIONS` is the machine; a pair that is not in it raises and changes nothing. Every event
is a fact about the world that has already happened, never a wish. Money moves with events alone:
`Intended` holds the worst price, `Doubted` keeps the hold, every other way out of a paid try
charges it or frees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pipeline.core.money import NOTHING, Money
from pipeline.core.pricing import Quote
from pipeline.core.provider import Output
from pipeline.core.sharing import Reassigned
from pipeline.core.spec import JobSpec


class State(StrEnum):
    """What is true of the world for one job."""

    PENDING = "pending"
    SUBMITTING = "submitting"
    IN_DOUBT = "in_doubt"
    RUNNING = "running"
    PRODUCED = "produced"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


AT_REST = frozenset({State.DONE, State.FAILED, State.CANCELLED})
IN_FLIGHT = frozenset({State.SUBMITTING, State.IN_DOUBT, State.RUNNING})
"""States that occupy one of the service's places: a slot is taken because the state says so."""


@dataclass(frozen=True, slots=True)
class File:
    """A delivered file with its hash; `path` starts from the working folder, or is absolute.

    `label` tells the files of one job apart: vocals, instrumental.
    """

    path: str
    sha256: str
    bytes: int
    media_type: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Intended:
    """The intent to make one paid call is on disk, with the worst price set aside."""

    tag: str
    hold: Money


@dataclass(frozen=True, slots=True)
class Accepted:
    """The service has the job under these ids. `by` names the person who said so, if one did, and
    `note` is what was said with it."""

    remote_ids: tuple[str, ...]
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Produced:
    """It is made and its links are known. Without a stated charge the hold is charged; `note` says
    what a person should know of it."""

    outputs: tuple[Output, ...]
    charged: Money | None = None
    remote_ids: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deferred:
    """This try is over and the job may be tried again, not before `not_before_s`.

    `charged` is what the try took: nothing when it was surely never accepted; `assumed` says that
    the service did not tell, `due` that it owes that. `by` names the person who said so, if one.
    """

    cause: str
    not_before_s: float = 0.0
    charged: Money = NOTHING
    message: str = ""
    by: str = ""
    assumed: bool = False
    due: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """This job is over without a file; `by`, `assumed` and `due` are as in `Deferred`."""

    cause: str
    message: str = ""
    charged: Money = NOTHING
    by: str = ""
    assumed: bool = False
    due: bool = False


@dataclass(frozen=True, slots=True)
class Doubted:
    """Money may be out there and we do not know."""

    cause: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """All its files are on disk, synced and hashed."""

    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Nobody wants it any more, or what it starts from will not come."""

    cause: str
    message: str = ""
    charged: Money = NOTHING


@dataclass(frozen=True, slots=True)
class Reopened:
    """A person wants it after all."""

    by: str


@dataclass(frozen=True, slots=True)
class Refunded:
    """What the attempt `tag` took has come back: the balance shows it."""

    tag: str
    amount: Money


Event = (Intended | Accepted | Produced | Deferred | Failed | Doubted | Saved | Cancelled
         | Reopened | Refunded | Reassigned)

TRANSITIONS: Mapping[State, Mapping[type[Event], State]] = {
    State.PENDING: {Intended: State.SUBMITTING, Cancelled: State.CANCELLED,
                    Refunded: State.PENDING, Reassigned: State.PENDING},
    State.SUBMITTING: {Accepted: State.RUNNING, Produced: State.PRODUCED, Deferred: State.PENDING,
                       Failed: State.FAILED, Doubted: State.IN_DOUBT},
    State.IN_DOUBT: {Accepted: State.RUNNING, Produced: State.PRODUCED, Deferred: State.PENDING,
                     Failed: State.FAILED},
    State.RUNNING: {Produced: State.PRODUCED, Deferred: State.PENDING, Failed: State.FAILED,
                    Doubted: State.IN_DOUBT, Cancelled: State.CANCELLED},
    State.PRODUCED: {Saved: State.DONE, Failed: State.FAILED},
    State.DONE: {Refunded: State.DONE},
    State.FAILED: {Reopened: State.PENDING, Refunded: State.FAILED},
    State.CANCELLED: {Reopened: State.PENDING, Refunded: State.CANCELLED},
}


class IllegalTransition(Exception):
    """An event that cannot happen in this state: a bug of ours, and the run stops."""


@dataclass(frozen=True, slots=True)
class Job:
    """A spec admitted to the ledger, and what has become of it.

    `attempts` counts intents, `paid_tries` those that were charged and brought no file, whatever of
    it came back. `charged` is all that it ever took.
    """

    key: str
    account: str
    spec: JobSpec
    quote: Quote
    state: State = State.PENDING
    max_paid_attempts: int = 1
    typical_s: float | None = None
    attempts: int = 0
    paid_tries: int = 0
    tag: str = ""
    remote_ids: tuple[str, ...] = ()
    outputs: tuple[Output, ...] = ()
    files: tuple[File, ...] = ()
    held: Money = NOTHING
    charged: Money = NOTHING
    cause: str | None = None
    message: str = ""
    not_before_s: float = 0.0
    created_s: float = 0.0
    sent_s: float | None = None
    changed_s: float = 0.0
    run: str = ""
    folder: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def apply(job: Job, event: Event, at_s: float) -> Job:
    """The job after the event; raises `IllegalTransition` where the table has no row."""
    state = TRANSITIONS[job.state].get(type(event))
    if state is None:
        raise IllegalTransition(f"{type(event).__name__} cannot happen to a job that is "
                                f"{job.state}")
    changed_s = job.changed_s if isinstance(event, Refunded) else at_s
    return replace(_with_facts(job, event, at_s), state=state, changed_s=changed_s)


def _with_facts(job: Job, event: Event, at_s: float) -> Job:
    match event:
        case Intended(tag, hold):
            return replace(job, tag=tag, held=hold, attempts=job.attempts + 1, sent_s=at_s,
                           remote_ids=(), outputs=(), cause=None, message="")
        case Accepted(remote_ids):
            return replace(job, remote_ids=remote_ids, cause=None, message="")
        case Produced(outputs, charged, remote_ids, note):
            return replace(_charge(job, job.held if charged is None else charged), outputs=outputs,
                           remote_ids=remote_ids or job.remote_ids, cause=None, message=note)
        case Deferred(cause, not_before_s, charged, message):
            paid = job.paid_tries + bool(charged)
            return replace(_charge(job, charged), cause=cause, message=message, paid_tries=paid,
                           not_before_s=not_before_s)
        case Failed(cause, message, charged) | Cancelled(cause, message, charged):
            paid = job.paid_tries + bool(charged or job.state is State.PRODUCED)
            return replace(_charge(job, charged), cause=cause, message=message, paid_tries=paid)
        case Doubted(cause, message):
            return replace(job, cause=cause, message=message)
        case Saved(files):
            return replace(job, files=files, outputs=())
        case Reopened():
            return replace(job, cause=None, message="", not_before_s=0.0)
        case Reassigned(account, _, quote):
            return replace(job, account=account, quote=quote, not_before_s=0.0)
        case Refunded():
            return job


def _charge(job: Job, amount: Money) -> Job:
    return replace(job, held=NOTHING, charged=job.charged + amount)
