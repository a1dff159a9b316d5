"""A small authorization server for the MCP dialects: OAuth 2.1 with PKCE and open registration.

RFC 9728 (protected resource), RFC 8414 (server metadata), RFC 7591 (registration), RFC 7636 (PKCE,
S256 alone), RFC 8252 (redirects to loopback, at any port).
"""

import json
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from pipeline.sandbox.door import Door, Handler, House, Refusal, Visit
from pipeline.sandbox.grants import Grants, is_grant, refusal
from pipeline.sandbox.service import Denied, RemoteService

RESOURCE = "/.well-known/oauth-protected-resource"
SERVER = "/.well-known/oauth-authorization-server"
LOOPBACKS = ("127.0.0.1", "localhost", "::1")


class OAuth:
    """The authorization server of one dialect, which lives under `path` and protects `mcp` there.

    Every other token is a personal one: taken as the switches' `keys` say.
    """

    def __init__(self, service: RemoteService, path: str, scopes: Sequence[str], *,
                 mcp: str = "/mcp") -> None:
        self.service = service
        self.path = path
        self.scopes = scopes
        self.mcp = mcp
        self.grants = Grants(service, path + mcp)

    def routes(self) -> list[BaseRoute]:
        """The routes under the dialect's own path."""
        return [self._route("GET", RESOURCE, self.show_resource),
                self._route("GET", RESOURCE + self.mcp, self.show_resource),
                self._route("GET", SERVER, self.show_server),
                self._route("POST", "/oauth/register", self.register),
                self._route("GET", "/oauth/authorize", self.authorize),
                self._route("POST", "/oauth/token", self.exchange)]

    def at_root(self) -> list[BaseRoute]:
        """The metadata where the standards look first: at the host's root, the path after it."""
        return [self._route("GET", RESOURCE + self.path + self.mcp, self.show_resource),
                self._route("GET", SERVER + self.path, self.show_server)]

    def admit(self, request: Request, scope: str) -> str:
        """The token of a request, which must allow the scope; raises `Refusal`."""
        kind, _, token = request.headers.get("authorization", "").strip().partition(" ")
        token = token.strip() if kind.lower() == "bearer" else ""
        granted = self._granted(token) if token else None
        if granted is None:
            raise self._challenge(request, "invalid_token" if token else "")
        if scope and scope not in granted and "*" not in granted:
            raise Refusal(403, "missing_scope", f"This token lacks the scope '{scope}'.")
        return token

    def _granted(self, token: str) -> Sequence[str] | None:
        if is_grant(token):
            return self.grants.scopes_of(token)
        keys = self.service.faults.keys
        return keys.get(token) if keys else ("*",)

    def _challenge(self, request: Request, error: str) -> Refusal:
        """The 401 that says where to sign in (RFC 9728, 5.1)."""
        words = f'Bearer resource_metadata="{self._root(request)}{RESOURCE}"'
        words += f', error="{error}"' if error else ""
        return Refusal(401, "unauthorized", "Missing, wrong or expired token.",
                       headers={"www-authenticate": words})

    def show_resource(self, visit: Visit) -> Response:
        """GET /.well-known/oauth-protected-resource: who signs people in."""
        root = self._root(visit.request)
        return JSONResponse({"resource": root + self.mcp, "authorization_servers": [root],
                             "scopes_supported": list(self.scopes),
                             "bearer_methods_supported": ["header"]})

    def show_server(self, visit: Visit) -> Response:
        """GET /.well-known/oauth-authorization-server: where, and how."""
        root = self._root(visit.request)
        return JSONResponse({
            "issuer": root, "authorization_endpoint": f"{root}/oauth/authorize",
            "token_endpoint": f"{root}/oauth/token",
            "registration_endpoint": f"{root}/oauth/register",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "authorization_response_iss_parameter_supported": True,
            "scopes_supported": list(self.scopes)})

    def register(self, visit: Visit) -> Response:
        """POST /oauth/register: any client whose redirects lead to loopback."""
        try:
            said = json.loads(visit.body)
            uris = [uri for uri in said["redirect_uris"] if urlsplit(uri).hostname in LOOPBACKS]
        except (ValueError, KeyError, TypeError, AttributeError):
            said, uris = {}, []
        if not uris or len(uris) != len(said["redirect_uris"]):
            raise refusal("invalid_redirect_uri", "redirect_uris must lead to this machine.")
        return JSONResponse({**said, "client_id": self.grants.client(uris),
                             "client_id_issued_at": int(self.service.now()),
                             "token_endpoint_auth_method": "none"}, 201)

    def authorize(self, visit: Visit) -> Response:
        """GET /oauth/authorize: the page of consent, which agrees at once."""
        asked = visit.request.query_params
        where = asked.get("redirect_uri", "")
        try:
            uris = self.grants.redirects_of(asked.get("client_id", ""))
        except Refusal as no:
            return HTMLResponse(f"<h1>{escape(no.message)}</h1>", 400)
        if not any(_is_same(uri, where) for uri in uris):
            return HTMLResponse("<h1>redirect_uri is not one that was registered.</h1>", 400)
        answer = {**self._consent(asked), "iss": self._root(visit.request)}
        if "state" in asked:
            answer["state"] = asked["state"]
        return RedirectResponse(f"{where}?{urlencode(answer)}", 302)

    def _consent(self, asked: Mapping[str, str]) -> dict[str, str]:
        challenge = asked.get("code_challenge", "")
        if asked.get("response_type") != "code":
            return {"error": "unsupported_response_type"}
        if asked.get("code_challenge_method") != "S256" or not 43 <= len(challenge) <= 128:
            return {"error": "invalid_request", "error_description": "PKCE with S256 is needed."}
        if self.service.faults.sign_in_denied:
            return {"error": "access_denied"}
        wanted = asked.get("scope", "").split() or self.scopes
        scope = " ".join(each for each in wanted if each in self.scopes)
        return {"code": self.grants.code(asked["client_id"], asked["redirect_uri"], challenge,
                                         scope)}

    def exchange(self, visit: Visit) -> Response:
        """POST /oauth/token: tokens for a code or a refresh token."""
        said = dict(parse_qsl(visit.body.decode("utf-8", "replace")))
        return JSONResponse(self.grants.exchange(said), headers={"cache-control": "no-store"})

    def _route(self, method: str, path: str, handler: Handler) -> Route:
        house = House(self.service, self.admit, _show_no)
        return Route(path, Door(house, handler), methods=[method])

    def _root(self, request: Request) -> str:
        return f"{request.url.scheme}://{request.url.netloc}{self.path}"


def _show_no(no: Refusal | Denied) -> Response:
    if isinstance(no, Denied):
        raise no
    return JSONResponse({"error": no.code, "error_description": no.message}, no.status)


def _is_same(registered: str, asked: str) -> bool:
    """Equal but for the port: a client on loopback listens where there is room."""
    ours, theirs = urlsplit(registered), urlsplit(asked)
    return (ours.scheme, ours.hostname, ours.path) == (theirs.scheme, theirs.hostname, theirs.path)
