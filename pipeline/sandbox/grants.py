"""What an authorization server hands out: clients, codes and tokens, each signed.

Law: a grant says everything itself, so that it outlives every process; a code and a refresh token
are good once.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from pipeline.sandbox.door import Refusal
from pipeline.sandbox.links import KEY
from pipeline.sandbox.service import RemoteService

CODE_LIVES_S = 60.0
REFRESH_LIVES_S = 30 * 86_400.0
PREFIX = "mcp_"
"""How everything that is signed here begins, which tells it from a personal token."""

EXCHANGED = {"authorization_code": "code", "refresh_token": "refresh_token"}

Claims = Mapping[str, Any]


class Grants:
    """The grants of one authorization server; those of another, by its `issuer`, are none.

    An access token lives `token_lives_s` of the service's switches, by the clock on the wall.
    """

    def __init__(self, service: RemoteService, issuer: str) -> None:
        self._service = service
        self._issuer = issuer
        self._spent: set[str] = set()

    def client(self, redirect_uris: Sequence[str]) -> str:
        """The id of a new client."""
        return self._sign("client", {"redirect_uris": [*redirect_uris]}, None)

    def redirects_of(self, client_id: str) -> Sequence[str]:
        """Where a client may be sent; raises `Refusal` for an unknown one."""
        uris: Sequence[str] = self._read("client", client_id)["redirect_uris"]
        return uris

    def code(self, client_id: str, redirect_uri: str, challenge: str, scope: str) -> str:
        """A code for tokens, bound to its client, its way back and its challenge."""
        return self._sign("code", {"client": client_id, "redirect_uri": redirect_uri,
                                   "challenge": challenge, "scope": scope}, CODE_LIVES_S)

    def exchange(self, said: Mapping[str, str]) -> dict[str, Any]:
        """The tokens for a code or a refresh token (RFC 6749, 5.1); raises `Refusal` (5.2)."""
        kind = EXCHANGED.get(said.get("grant_type", ""))
        if kind is None:
            raise refusal("unsupported_grant_type", "grant_type is not supported.")
        claims = self._read(kind, said.get(kind, ""))
        if claims["client"] != said.get("client_id"):
            raise refusal("invalid_client", "It was made for another client.")
        if kind == "code":
            _check_code(claims, said)
        if said[kind] in self._spent:
            raise refusal("invalid_grant", "It has been used already.")
        self._spent.add(said[kind])
        return self._tokens(claims)

    def scopes_of(self, token: str) -> Sequence[str] | None:
        """What an access token allows; None for one that is wrong or has ended."""
        try:
            return tuple(self._read("access", token)["scope"].split())
        except Refusal:
            return None

    def _tokens(self, claims: Claims) -> dict[str, Any]:
        lives_s = self._service.faults.token_lives_s
        kept = {"client": claims["client"], "scope": claims["scope"]}
        return {"access_token": self._sign("access", kept, lives_s), "token_type": "Bearer",
                "expires_in": int(lives_s), "scope": claims["scope"],
                "refresh_token": self._sign("refresh_token", kept, REFRESH_LIVES_S)}

    def _sign(self, kind: str, claims: Claims, lives_s: float | None) -> str:
        ends = None if lives_s is None else self._service.now() + lives_s
        nth = self._service.books.bump(f"grants/{self._issuer}", 2**53)
        told = {**claims, "kind": kind, "nth": nth, "issuer": self._issuer, "ends": ends}
        packed = packed_text(json.dumps(told).encode())
        return f"{PREFIX}{packed}.{_proof(packed)}"

    def _read(self, kind: str, signed: str) -> Claims:
        packed, _, proof = signed.removeprefix(PREFIX).partition(".")
        if not hmac.compare_digest(proof.encode(), _proof(packed).encode()):
            raise refusal("invalid_client" if kind == "client" else "invalid_grant",
                          f"This is no {kind} of ours.")
        claims: Claims = json.loads(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        if (claims["kind"], claims["issuer"]) != (kind, self._issuer):
            raise refusal("invalid_grant", f"This is no {kind} of ours.")
        if claims["ends"] is not None and self._service.now() >= claims["ends"]:
            raise refusal("invalid_grant", f"This {kind} has ended.")
        return claims


def is_grant(token: str) -> bool:
    """Whether a token looks like one that was signed, and not like a personal one."""
    return token.startswith(PREFIX) and "." in token


def refusal(code: str, message: str) -> Refusal:
    """A no in the words of RFC 6749, 5.2."""
    return Refusal(400, code, message)


def packed_text(raw: bytes) -> str:
    """Bytes as base64url without padding (RFC 7636, appendix A)."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _check_code(claims: Claims, said: Mapping[str, str]) -> None:
    if said.get("redirect_uri") != claims["redirect_uri"]:
        raise refusal("invalid_grant", "redirect_uri is not the one of the code.")
    digest = sha256(said.get("code_verifier", "").encode()).digest()
    if not hmac.compare_digest(packed_text(digest), claims["challenge"]):
        raise refusal("invalid_grant", "code_verifier does not fit the challenge.")


def _proof(packed: str) -> str:
    return hmac.new(KEY, f"grant/{packed}".encode(), sha256).hexdigest()
