"""What Artificial Studio's refusals mean, for a free call and for a paid one, over REST and MCP.

Law: a paid call is refused only in the service's documented words: over REST a listed status with
its `{"message"}`, over MCP a code word that the documents name, or the protocol's own refusal. An
error text of any other kind may come after the charge, which is taken before the job is queued.
(facts/media_apis.md 1.1, 1.2; SAFETY 2.4.)
"""

import re
from collections.abc import Mapping

from pipeline.core.errors import (
    Barred,
    ProviderFailure,
    Refused,
    ReplyLost,
    Throttled,
    Unreachable,
    Vanished,
)
from pipeline.providers.kubeez_refusals import in_words, is_moderation, retry_after_s
from pipeline.providers.reply import Reply
from pipeline.providers.tool_line import ToolAnswer

OUT_OF_CREDITS = "insufficient_credits"

CAUSES = {
    400: "invalid_request", 403: "invalid_request", 404: "model_not_found",
    "invalid_request": "invalid_request", "validation_error": "invalid_request",
    "invalid_input": "invalid_request", "bad_request": "invalid_request",
    "not_found": "model_not_found", "tool_not_found": "model_not_found",
    "model_not_found": "model_not_found",
}
"""What a status (REST) or a code word (MCP) says of one job."""

TOO_FAST = ("rate_limit_exceeded", "rate_limited", "too_many_requests")
NO_KEY = ("unauthorized", "invalid_token")

_CODE = re.compile(r"[a-z][a-z0-9_]{2,63}\b")
_CREDITS = re.compile(rf"\b{OUT_OF_CREDITS}\b")


def refusal_of_run(reply: Reply) -> ProviderFailure:
    """The failure that REST's answer to a start means, where it is no success."""
    words = message_of(reply.body)
    if reply.status == 429 and (words or reply.empty):
        return Throttled(words or "too many requests", retry_after_s=retry_after_s(reply))
    if reply.status == 401 and (words or reply.empty):
        return Barred(words or "the key is not accepted", cause="bad_key")
    if reply.status == 402 and words:
        return Barred(words, cause=OUT_OF_CREDITS)
    if reply.status in CAUSES and words:
        return Refused(words, cause="content_refused" if is_moderation(words)
                       else CAUSES[reply.status])
    return ReplyLost(f"status {reply.status}" + (f": {words}" if words else ""))


def message_of(body: object) -> str:
    """The words of an error, and of each field that is to blame."""
    said = body if isinstance(body, Mapping) else {}
    words, errors = said.get("message"), said.get("errors")
    told = [words] if isinstance(words, str) else []
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, Mapping):
            told.append(" ".join(each for each in (error.get("field"), error.get("message"))
                                 if isinstance(each, str)))
    return in_words(": ".join(each for each in told if each))


def failure_of_generate(answer: ToolAnswer) -> ProviderFailure:
    """The failure that the error text of `generate` means."""
    code, words = _code(answer)
    if code == OUT_OF_CREDITS or _CREDITS.search(answer.text):
        return Barred(words or "out of credits", cause=OUT_OF_CREDITS)
    if code in NO_KEY:
        return Barred(words, cause="bad_key")
    if code in TOO_FAST:
        return Throttled(words)
    if code in CAUSES:
        return Refused(words, cause="content_refused" if is_moderation(words) else CAUSES[code])
    return ReplyLost(f"an error text of no documented kind: {words}")


def lost_or_out(lost: ReplyLost) -> ProviderFailure:
    """A JSON-RPC error that says in the documented word that there is no credit is no doubt."""
    if _CREDITS.search(lost.message):
        return Barred(lost.message, cause=OUT_OF_CREDITS)
    return lost


def failure_of_tool(answer: ToolAnswer) -> ProviderFailure:
    """The failure that the error text of a free tool means."""
    code, words = _code(answer)
    if code.endswith("not_found"):
        return Vanished(words)
    if code in NO_KEY:
        return Barred(words, cause="bad_key")
    if code == "missing_scope":
        return Barred(words, cause="missing_scope")
    return Throttled(words) if code in TOO_FAST else Unreachable(words)


def _code(answer: ToolAnswer) -> tuple[str, str]:
    """The code word of an error and its words: of its structured content, or first in its text."""
    body = answer.body if isinstance(answer.body, Mapping) else {}
    inner = body.get("error")
    said = inner if isinstance(inner, Mapping) else body
    named = next((each for each in (inner, said.get("code")) if isinstance(each, str)), "")
    code = _CODE.match(named or answer.text)
    words = message_of(said) or in_words(answer.text)
    return code.group() if code else "", words
