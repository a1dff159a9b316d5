"""What Kubeez's refusals mean, for a free call and for a paid one (llms.txt, "Errors").

Law: the code word decides, not the status (out of credits has come as 402 and as 400); a paid call
is refused only by a documented code in its envelope. Any other answer may hide a charge.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from pipeline.core.errors import (
    Barred,
    ProviderFailure,
    Refused,
    ReplyLost,
    Throttled,
    Unreachable,
    Vanished,
)
from pipeline.providers.reply import Reply, http_date_s

LONGEST_WAIT_S = 900.0
"""A longer `Retry-After` is believed for a quarter of an hour, then asked about again."""

WORDS_SHOWN = 300

REFUSED = {
    "invalid_request": "invalid_request",
    "unsupported_aspect": "unsupported_aspect",
    "model_not_found": "model_not_found",
    "not_found": "not_found",
    "file_too_large": "too_large",
    "quota_exceeded": "quota_exceeded",
    "content_policy_violation": "content_refused",
    "content_refused": "content_refused",
    "moderation": "content_refused",
}

MODERATION = ("moderation", "content policy", "safety", "nsfw", "prohibited", "sensitive",
              "inappropriate", "policy violation")

PERHAPS_TAKEN = (408, 409, 425)
"""Statuses that may speak of a request that is already there; documented for no paid call."""

_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_SIGNED = re.compile(r"(/[^\s?#'\"<>]*)[?#][^\s'\"<>]*")
"""An address, whole or without its host, with what may be its signature."""


def refusal_of_start(reply: Reply) -> ProviderFailure:
    """The failure that a paid call's answer without success means."""
    code, message = read_envelope(reply)
    wait_s = retry_after_s(reply)
    if reply.status == 429 and (code or message or reply.empty or wait_s is not None
                                or "retry-after" in reply.headers):
        return Throttled(message or "too many requests", retry_after_s=wait_s)
    if 400 <= reply.status < 500 and (reply.is_json or reply.empty):
        account = _account_failure(reply, code, message)
        if account is not None:
            return account
        cause = _cause(reply, code)
        if cause and reply.status not in PERHAPS_TAKEN:
            return Refused(message or code, cause=cause)
    return ReplyLost(f"status {reply.status}" + (f": {message}" if message else ""))


def refusal_of_read(reply: Reply) -> ProviderFailure | None:
    """The failure that the answer to a free call means; None for a success."""
    if 200 <= reply.status < 300:
        return None
    code, message = read_envelope(reply)
    if reply.status == 429:
        return Throttled(message or "too many requests", retry_after_s=retry_after_s(reply))
    if reply.status in (404, 410):
        return Vanished(message or "not found")
    if code == "name_taken":
        return Refused(message or code, cause="name_taken")
    if reply.status == 413:
        return Refused(message or code, cause=REFUSED.get(code) or "too_large")
    account = _account_failure(reply, code, message)
    if account is not None:
        return account
    if 400 <= reply.status < 500 and reply.is_json:
        return Refused(message or code, cause=_cause(reply, code) or "invalid_request")
    return Unreachable(f"status {reply.status}")


def expect(reply: Reply, *, may_be_empty: bool = False) -> Reply:
    """The answer to a free call, or the failure it stands for."""
    failure = refusal_of_read(reply)
    if failure is not None:
        raise failure
    if not reply.is_json and not (may_be_empty and reply.empty):
        raise Unreachable("the answer is no JSON")
    return reply


def _account_failure(reply: Reply, code: str, message: str) -> Barred | None:
    if code == "insufficient_credits" or (reply.status == 402 and reply.is_json):
        return Barred(message or "out of credits", cause="insufficient_credits")
    if reply.status == 401:
        return Barred(message or "the key is not accepted", cause="bad_key")
    if reply.status == 403 and "scope" in f"{code} {message}".lower():
        return Barred(message or "the key lacks a scope", cause="missing_scope")
    return None


def _cause(reply: Reply, code: str) -> str | None:
    if code in REFUSED:
        return REFUSED[code]
    if code.startswith("missing_"):
        return "missing_field"
    if any(word in code for word in ("moderation", "policy", "nsfw")):
        return "content_refused"
    documented = reply.status in (400, 404, 413, 422)
    return "invalid_request" if documented and (code or _detail(reply.body)) else None


def read_envelope(reply: Reply) -> tuple[str, str]:
    """The code and the words of an error: `{"error", "message"}`, or FastAPI's `{"detail"}`.

    Words have also come after the code, as in "insufficient_credits: 14 needed".
    """
    body = reply.body if isinstance(reply.body, Mapping) else {}
    error, message = body.get("error"), body.get("message")
    code, after = _split(error) if isinstance(error, str) else ("", "")
    words = message if isinstance(message, str) else _detail(body) or after
    return code, in_words(words)


def in_words(text: str) -> str:
    """The service's own words: short, and without the signature of an address.

    >>> in_words("no picture at https://e.com/a.png?sig=42, sorry")
    'no picture at https://e.com/a.png sorry'
    """
    return _SIGNED.sub(r"\1", text[:4 * WORDS_SHOWN])[:WORDS_SHOWN]


def _split(error: str) -> tuple[str, str]:
    code, colon, after = error.partition(":")
    if colon and _WORD.match(code):
        return code, after.strip()
    return (error, "") if len(error) <= 64 else ("", "")


def _detail(body: object) -> str:
    detail = body.get("detail") if isinstance(body, Mapping) else None
    if isinstance(detail, str):
        return detail
    if not isinstance(detail, list):
        return ""
    parts = []
    for entry in detail:
        if isinstance(entry, Mapping):
            steps, says = entry.get("loc"), entry.get("msg")
            place = ".".join(str(step) for step in (steps if isinstance(steps, list) else ())
                             if isinstance(step, str | int) and step != "body")
            parts.append(f"{place}: {says if isinstance(says, str) else ''}".strip(": "))
    return "; ".join(part for part in parts if part)


def retry_after_s(reply: Reply) -> float | None:
    """Seconds to wait, from the header (seconds or a date) or the body; None if not said.

    The later of the two is obeyed; a date counts from the service's own `Date`.
    """
    body = reply.body if isinstance(reply.body, Mapping) else {}
    said = [_seconds(reply.headers.get("retry-after"), reply),
            _seconds(body.get("retry_after"), reply)]
    found = [seconds for seconds in said if seconds is not None]
    return min(max(found), LONGEST_WAIT_S) if found else None


def _seconds(value: object, reply: Reply) -> float | None:
    text = str(value).strip() if isinstance(value, str | int | Decimal) else ""
    if text.isascii() and text.replace(".", "", 1).isdecimal() and len(text) < 12:
        return float(text)
    until_s = http_date_s(text)
    from_s = http_date_s(str(reply.headers.get("date", "")))
    if until_s is None or from_s is None:
        return None
    return max(0.0, until_s - from_s)


def is_moderation(message: str) -> bool:
    """Whether a failure's words speak of the content and not of the machine."""
    return any(word in message.lower() for word in MODERATION)
