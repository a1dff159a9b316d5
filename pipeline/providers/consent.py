"""The page of consent: how a person's browser is sent there, and what it brings back.

Law: an answer counts only if it carries the state of this very attempt, and names its issuer right
where it names one (RFC 6749, 10.12; RFC 9207).
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from re import fullmatch
from urllib.parse import urlencode, urlsplit

from pipeline.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Office:
    """Where one service signs people in; `resource` is what its tokens are for."""

    resource: str
    issuer: str
    authorize: str
    token: str
    register: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Attempt:
    """One visit to the page of consent: what was sent there, and what proves that it was us."""

    client: str
    redirect: str
    state: str
    verifier: str

    @property
    def challenge(self) -> str:
        """The verifier's digest (RFC 7636, 4.2)."""
        digest = sha256(self.verifier.encode()).digest()
        return urlsafe_b64encode(digest).decode().rstrip("=")


def consent_url(office: Office, attempt: Attempt) -> str:
    """The address of the page of consent, for a person's browser."""
    asked = {"response_type": "code", "client_id": attempt.client,
             "redirect_uri": attempt.redirect, "state": attempt.state,
             "code_challenge": attempt.challenge, "code_challenge_method": "S256",
             "resource": office.resource}
    if office.scopes:
        asked["scope"] = " ".join(office.scopes)
    mark = "&" if urlsplit(office.authorize).query else "?"
    return f"{office.authorize}{mark}{urlencode(asked)}"


def read_redirect(query: Mapping[str, str], office: Office, attempt: Attempt) -> str:
    """The code that came back with a redirect; raises `Refused` for a no and for a stranger's."""
    if not hmac.compare_digest(query.get("state", "").encode(), attempt.state.encode()):
        raise Refused("an answer came back that was not asked for", cause="invalid_request")
    if query.get("iss", office.issuer).rstrip("/") != office.issuer.rstrip("/"):
        raise Refused("somebody else answered", cause="invalid_request")
    if code := query.get("code"):
        return code
    code = query.get("error", "")
    reason = code if fullmatch(r"[a-z_]{1,60}", code) else "no reason given"
    raise Refused(f"the sign-in was refused ({reason})", cause="bad_key")
