"""How an adapter calls the tools of a service, whoever carries the calls there.

Law: a paid call that fails without the words of a documented refusal is a `ReplyLost`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.core.errors import (
    Barred,
    ProviderFailure,
    Refused,
    ReplyLost,
    Throttled,
    Unreachable,
)
from pipeline.providers.kubeez_refusals import in_words, retry_after_s
from pipeline.providers.reply import Reply
from pipeline.providers.secret import Secret

CALL_DEADLINE_S = 60.0
PAID_DEADLINE_S = 120.0

PROTOCOL_REFUSALS = {-32700: "no JSON", -32600: "no request", -32601: "no such method",
                     -32602: "invalid parameters"}
"""JSON-RPC errors of a server that has not begun (JSON-RPC 2.0, 5.1; MCP, "Error handling")."""
TOO_LATE = ("output", "structured content")
"""Words of a -32602 that comes after the tool has run: some servers check its answer so late."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool as the service lists it: the names of its arguments, and its whole schema."""

    name: str
    fields: frozenset[str]
    schema: Mapping[str, Any]

    def fit(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """The arguments that the schema has."""
        return {name: value for name, value in arguments.items() if name in self.fields}


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a tool answered: its structured content, else the JSON of its text, else None.

    `failed` is the tool's own word for an error, which `text` describes. `skew_s` is the service's
    clock less ours; 0 where it names none.
    """

    failed: bool
    body: Any
    text: str
    skew_s: float = 0.0


class Keeper(Protocol):
    """Keeps a key that ends and is renewed."""

    async def fresh(self) -> Secret:
        """A key that is good now; raises `Barred` where nobody has signed in (any more),
        `Unreachable` where it could not be renewed."""
        ...

    def distrust(self, key: Secret) -> bool:
        """The service did not accept this key; whether another may come of `fresh`."""
        ...

    def clear(self, text: str) -> str:
        """A text without any of the keys that were ever kept."""
        ...


Key = Secret | Keeper


class ToolLine(Protocol):
    """A line to one service's tools. Every failure is a `ProviderFailure`."""

    @property
    def skew_s(self) -> float:
        """The service's clock less ours, by its latest answer."""
        ...

    async def tools(self) -> Mapping[str, Tool]:
        """What the service lists, asked once."""
        ...

    async def ask(self, tool: str, arguments: Mapping[str, object], *,
                  deadline_s: float = CALL_DEADLINE_S) -> ToolAnswer:
        """A free call; raises `Unreachable` when no answer came."""
        ...

    async def pay(self, tool: str, arguments: Mapping[str, object], *,
                  deadline_s: float = PAID_DEADLINE_S) -> ToolAnswer:
        """A paid call, sent at most once and over a connection of its own; raises `Unreachable`
        (free), `ReplyLost` (perhaps bought), or what a documented refusal means."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...


def http_failure(reply: Reply, *, paid: bool) -> ProviderFailure:
    """The failure that an answer without a success of HTTP means, before any tool has spoken."""
    words = _words_of(reply)
    if reply.status == 401:
        return Barred(words or "the key is not accepted", cause="bad_key")
    if reply.status == 403 and "scope" in f"{words} {reply.headers.get('www-authenticate', '')}":
        return Barred(words or "the key lacks a scope", cause="missing_scope")
    if reply.status == 402 and reply.is_json:
        return Barred(words or "out of credits", cause="insufficient_credits")
    if reply.status == 429 and (not paid or reply.is_json or reply.empty
                                or "retry-after" in reply.headers):
        return Throttled(words or "too many requests", retry_after_s=retry_after_s(reply))
    lost = ReplyLost if paid else Unreachable
    return lost(f"status {reply.status}" + (f": {words}" if words else ""))


def protocol_failure(error: object, *, paid: bool) -> ProviderFailure:
    """The failure that a JSON-RPC error means; of a paid call only the protocol's own are free."""
    said = error if isinstance(error, Mapping) else {}
    code, message = said.get("code"), said.get("message")
    words = in_words(message) if isinstance(message, str) else ""
    told = f"the service says {code}" + (f": {words}" if words else "")
    late = any(word in words.lower() for word in TOO_LATE)
    if isinstance(code, int) and code in PROTOCOL_REFUSALS and not late:
        return Refused(words or PROTOCOL_REFUSALS[code], cause="invalid_request")
    return ReplyLost(told) if paid else Unreachable(told)


def _words_of(reply: Reply) -> str:
    body = reply.body if isinstance(reply.body, Mapping) else {}
    error = body.get("error")
    inner = error.get("message") if isinstance(error, Mapping) else None
    said = (body.get("message"), body.get("error_description"), inner, error)
    return in_words(next((each for each in said if isinstance(each, str)), ""))
