"""What the error texts of Kubeez's MCP tools mean (facts/kubeez.md 3.5, "MCP", and section 7).

Law: as over REST, a code word of the documents decides, wherever it stands: in an envelope, before
a colon, or as the words that begin the text. Any other text of a paid call may hide a charge.
"""

import re
from collections.abc import Mapping

from pipeline.core.errors import ProviderFailure, Unreachable
from pipeline.providers.kubeez_refusals import REFUSED, refusal_of_read, refusal_of_start
from pipeline.providers.reply import Reply
from pipeline.providers.tool_line import ToolAnswer

STATUSES = {"insufficient_credits": 402, "unauthorized": 401, "missing_scope": 403,
            "rate_limit_exceeded": 429, "not_found": 404, "model_not_found": 404,
            "file_too_large": 413, "quota_exceeded": 413}
"""The status that a code has over REST (llms.txt, "Errors"); any other known one has 400."""

FAMILIES = ("missing_", "invalid_", "unsupported_")

PHRASES = {"insufficient credits": "insufficient_credits", "not enough credits":
           "insufficient_credits", "rate limit": "rate_limit_exceeded", "too many requests":
           "rate_limit_exceeded", "unauthorized": "unauthorized", "not found": "not_found"}
"""How a text begins that carries no code."""

_BEFORE = re.compile(r"(?:Error executing tool \w{1,64}:|Error:)\s*", re.I)
_CODED = re.compile(r"([a-z][a-z0-9_]{2,63})(?::\s*|\Z)", re.S)
_WAIT = re.compile(r"retry[ _-]after:?\s*(\d{1,6})", re.I)


def failure_of(answer: ToolAnswer, *, paid: bool) -> ProviderFailure:
    """The failure that an error of a tool means."""
    reply = _as_reply(answer)
    failure = refusal_of_start(reply) if paid else refusal_of_read(reply)
    return failure or Unreachable("the service says that it failed, and not how")


def says_error(body: object) -> bool:
    """Whether an answer that is not called an error is an envelope of one."""
    return isinstance(body, Mapping) and isinstance(body.get("error"), str) and not any(
        isinstance(body.get(name), str | list) for name in (
            "id", "generation_id", "generation_ids", "separation_id"))


def _as_reply(answer: ToolAnswer) -> Reply:
    """The error as the answer over REST that says the same; of an unknown one nothing is known."""
    code, words = _read(answer)
    known = code in STATUSES or code in REFUSED or code.startswith(FAMILIES)
    body: dict[str, object] = {"error": code if known else "", "message": words}
    if found := _WAIT.search(answer.text):
        body["retry_after"] = int(found[1])
    return Reply(STATUSES.get(code, 400) if known else 500, {}, body, True, False)


def _read(answer: ToolAnswer) -> tuple[str, str]:
    """The code and the words."""
    body = answer.body if isinstance(answer.body, Mapping) else {}
    error, message = body.get("error"), body.get("message")
    text = error if isinstance(error, str) else _BEFORE.sub("", answer.text.strip(), count=1)
    words = message if isinstance(message, str) else ""
    if found := _CODED.match(text):
        return found[1], words or text[found.end():]
    begins = (code for phrase, code in PHRASES.items() if text.lower().startswith(phrase))
    return next(begins, ""), words or text
