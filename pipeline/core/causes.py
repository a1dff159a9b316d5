"""Every cause an attempt can end for, what it means to a person, and the remedy.

Law: the set is closed. A cause that is not here is a bug, and so is one without a remedy.
"""

from dataclasses import dataclass
from enum import StrEnum

from pipeline.core.errors import Exit


class Remedy(StrEnum):
    """What follows from a cause."""

    WAIT = "wait"
    """The run tries again by itself; nothing was bought."""
    EVIDENCE = "evidence"
    """Time and the service's list will tell."""
    CHANGE = "change"
    """The author changes the job; sending it again unchanged cannot help."""
    ACCOUNT = "account"
    """Somebody tops up the account or mends the key; then the run goes on."""
    RETRY = "retry"
    """A person may buy it again with `retry --failed`."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: `says` completes the sentence "the job ended because …"."""

    says: str
    remedy: Remedy
    exit_code: Exit | None = None


CAUSES = {
    "throttled": Cause("the service asked to come back later", Remedy.WAIT),
    "unreachable": Cause("the service could not be reached", Remedy.WAIT, Exit.REFUSED),
    "credits_contested": Cause("the service found no credit where the balance shows enough",
                               Remedy.WAIT),
    "never_arrived": Cause("the request never arrived at the service", Remedy.WAIT),
    "reply_lost": Cause("the answer to the paid call was lost", Remedy.EVIDENCE),
    "interrupted": Cause("the run died while the paid call was under way", Remedy.EVIDENCE),
    "overdue": Cause("the service has had it for far too long", Remedy.EVIDENCE),
    "ambiguous": Cause("the evidence fits more than one answer", Remedy.EVIDENCE),
    "not_charged": Cause("a person found that the service never charged for it", Remedy.WAIT),
    "written_off": Cause("a person gave it up as paid and lost", Remedy.RETRY),
    "doubts_open": Cause("answers to paid calls are missing, and only a person can tell",
                         Remedy.ACCOUNT, Exit.DOUBT),
    "insufficient_credits": Cause("the account is out of credits", Remedy.ACCOUNT,
                                  Exit.NO_CREDITS),
    "bad_key": Cause("the key is missing, wrong or revoked", Remedy.ACCOUNT, Exit.KEY),
    "missing_scope": Cause("the key lacks a scope", Remedy.ACCOUNT, Exit.KEY),
    "invalid_request": Cause("the service does not accept the request", Remedy.CHANGE),
    "unsupported_aspect": Cause("the model does not offer the aspect ratio", Remedy.CHANGE),
    "missing_field": Cause("the service misses a field", Remedy.CHANGE),
    "model_not_found": Cause("the model is gone or disabled", Remedy.CHANGE),
    "not_found": Cause("the service does not know what the job names", Remedy.CHANGE),
    "too_large": Cause("a file is larger than the service takes", Remedy.CHANGE),
    "quota_exceeded": Cause("the library has no room for it", Remedy.CHANGE),
    "name_taken": Cause("the library has a file of this name", Remedy.CHANGE),
    "fetch_failed": Cause("the service could not fetch the address", Remedy.CHANGE),
    "answer_gone": Cause("the service charged for it and its answer is lost", Remedy.RETRY),
    "content_refused": Cause("the service refused the content", Remedy.CHANGE),
    "generation_failed": Cause("the service failed to make it", Remedy.RETRY),
    "cancelled_there": Cause("the service cancelled it", Remedy.RETRY),
    "links_gone": Cause("the links to the paid file are gone for good", Remedy.RETRY),
    "source_missing": Cause("a file that it starts from is gone or changed", Remedy.RETRY),
    "source_failed": Cause("the job that it starts from brought no file", Remedy.RETRY),
    "cancelled": Cause("somebody cancelled it", Remedy.RETRY),
}


def says(cause: str | None) -> str:
    """The cause in words a person reads."""
    return CAUSES[cause].says if cause else ""
