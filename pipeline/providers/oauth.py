"""Signing in to a service: OAuth 2.1 for a public client on this machine, with PKCE.

RFC 9728 and 8414 (where to sign in), 7591 (registration), 7636 (PKCE, S256), 8252 (redirects to
loopback), 8707 (the resource that a token is for).

Law: a token is sent to the address that issued it and to the service that it is for, and to nobody
else; every address that an answer names is checked as a link is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from re import fullmatch, search
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pipeline.core.errors import Barred, Refused, Unreachable
from pipeline.providers.consent import Attempt, Office
from pipeline.providers.http import Http
from pipeline.providers.links import check_link, is_loopback
from pipeline.providers.reply import Reply

RESOURCE = "/.well-known/oauth-protected-resource"
SERVERS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
NAME = "media-pipeline"
LONGEST_TOKEN = 16_384
MARGIN_S = 60.0
"""A token is renewed so long before its end, or in the last quarter of a short life."""
LONGEST_LIFE_S = 366 * 86_400.0
HELLO = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
"""A free question that a service which wants a sign-in answers with where to sign in."""


@dataclass(frozen=True, slots=True, repr=False)
class Grant:
    """What somebody has been granted; `renew_s` is when to ask for the next one, in unix seconds,
    None where nobody said how long it lives.

    It shows nothing of itself: both tokens are secrets.
    """

    access: str
    refresh: str
    renew_s: float | None
    client: str
    token_url: str
    resource: str


class SignIn:
    """The calls of a sign-in. `open_http` makes a client without a key for one address."""

    def __init__(self, url: str, open_http: Callable[[str], Http], now: Callable[[], float],
                 ) -> None:
        self._url = url
        self._open_http = open_http
        self._now = now
        self._loopback = is_loopback(url)

    async def find_office(self) -> Office:
        """Where the service signs people in; raises `Refused` where it does not say."""
        resource = await self._resource()
        issuers = resource.get("authorization_servers")
        issuer = issuers[0] if isinstance(issuers, list) and issuers else _origin(self._url)
        for address in _server_addresses(_checked_text(issuer)):
            found = await self._read(address)
            if found and _text(found, "issuer").rstrip("/") == issuer.rstrip("/"):
                return _office(found, _text(resource, "resource") or self._url,
                               _texts(resource, "scopes_supported"))
        raise Refused("the service does not say how to sign in", cause="invalid_request")

    async def _resource(self) -> Mapping[str, Any]:
        """What is said of the protected resource, first where its 401 points."""
        reply = await self._send(self._url, HELLO)
        named = search(r'resource_metadata="([^"]{1,2000})"',
                       reply.headers.get("www-authenticate", ""))
        parts = urlsplit(self._url)
        for address in (named[1] if named else "", _at(self._url, RESOURCE + parts.path),
                        _at(self._url, RESOURCE)):
            found = await self._read(address) if address else None
            if found and _covers(_text(found, "resource"), self._url):
                return found
        return {}

    async def register(self, office: Office, redirect: str) -> str:
        """Make ourselves known; our id there. Raises `Refused`."""
        if not office.register:
            raise Refused("the service registers no clients by itself", cause="invalid_request")
        reply = await self._send(office.register, {
            "client_name": NAME, "redirect_uris": [redirect],
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
            "token_endpoint_auth_method": "none", "scope": " ".join(office.scopes)})
        client = _text(reply.body, "client_id")
        if reply.status not in (200, 201) or not client:
            raise Refused(_words(reply, "the service does not register us"),
                          cause="invalid_request")
        return client

    async def exchange(self, office: Office, attempt: Attempt, code: str) -> Grant:
        """A grant for the code that came back; raises `Refused` where it is not accepted."""
        return await self._grant(office.token, {
            "grant_type": "authorization_code", "code": code, "redirect_uri": attempt.redirect,
            "client_id": attempt.client, "code_verifier": attempt.verifier,
            "resource": office.resource}, office.resource)

    async def renew(self, grant: Grant) -> Grant:
        """The next grant; raises `Barred` where there is none without a new sign-in."""
        if not grant.refresh:
            raise Barred("the sign-in has ended", cause="bad_key")
        return await self._grant(grant.token_url, {
            "grant_type": "refresh_token", "refresh_token": grant.refresh,
            "client_id": grant.client, "resource": grant.resource}, grant.resource,
            refresh=grant.refresh)

    async def _grant(self, url: str, form: Mapping[str, str], resource: str,
                     refresh: str = "") -> Grant:
        reply = await self._send(url, form, form=True)
        access = _text(reply.body, "access_token")
        if reply.status != 200 or not 0 < len(access) <= LONGEST_TOKEN or not access.isascii():
            raise _no_grant(reply, is_renewal=bool(refresh))
        lives_s = reply.body.get("expires_in")
        known = isinstance(lives_s, int) and 0 < lives_s <= LONGEST_LIFE_S
        renew_s = self._now() + lives_s - min(MARGIN_S, lives_s / 4) if known else None
        return Grant(access, _text(reply.body, "refresh_token") or refresh, renew_s,
                     form["client_id"], url, resource)

    async def _read(self, url: str) -> Mapping[str, Any] | None:
        """The JSON object at an address; None where there is none."""
        await check_link(url, loopback=self._loopback)
        http = self._open_http(url)
        try:
            reply = await http.read("")
        finally:
            await http.close()
        return reply.body if reply.status == 200 and isinstance(reply.body, Mapping) else None

    async def _send(self, url: str, body: Mapping[str, object], *, form: bool = False) -> Reply:
        await check_link(url, loopback=self._loopback)
        http = self._open_http(url)
        try:
            return await http.ask("POST", "", body, form=form)
        finally:
            await http.close()


def _no_grant(reply: Reply, *, is_renewal: bool) -> Exception:
    words = _words(reply, "the service gives no token")
    if is_renewal and reply.status in (400, 401, 403) and reply.is_json:
        return Barred(words, cause="bad_key")
    return Unreachable(words) if is_renewal else Refused(words, cause="bad_key")


def _office(found: Mapping[str, Any], resource: str, scopes: tuple[str, ...]) -> Office:
    methods = found.get("code_challenge_methods_supported")
    if isinstance(methods, list) and "S256" not in methods:
        raise Refused("the service signs in without PKCE", cause="invalid_request")
    return Office(resource, _text(found, "issuer"),
                  _checked_text(found.get("authorization_endpoint")),
                  _checked_text(found.get("token_endpoint")),
                  _text(found, "registration_endpoint"),
                  scopes or _texts(found, "scopes_supported"))


def _server_addresses(issuer: str) -> Iterator[str]:
    """Where a server's metadata may be: its path after the well-known part (RFC 8414, 3.1), and
    before it, as OpenID Connect has it."""
    path = urlsplit(issuer).path.rstrip("/")
    for known in SERVERS:
        yield _at(issuer, known + path)
    for known in SERVERS if path else ():
        yield _at(issuer, path + known)


def _covers(resource: str, url: str) -> bool:
    """Whether a token for this resource is one for the address: the same, or a path above it."""
    whole = resource.rstrip("/")
    return bool(whole) and _origin(resource) == _origin(url) and (
        url == whole or url.startswith(whole + "/"))


def _origin(url: str) -> str:
    return _at(url, "")


def _at(url: str, path: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), "", ""))


def _checked_text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Refused("the service does not say how to sign in", cause="invalid_request")
    return value


def _text(body: object, name: str) -> str:
    value = body.get(name) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) else ""


def _texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = body.get(name)
    return tuple(v for v in values if isinstance(v, str)) if isinstance(values, list) else ()


def _words(reply: Reply, otherwise: str) -> str:
    """A no in our words and the service's code, which is no place for a token."""
    code = _text(reply.body, "error")
    return f"{otherwise} ({code})" if fullmatch(r"[a-z_]{1,60}", code) else \
        f"{otherwise} (status {reply.status})"
