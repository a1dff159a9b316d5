"""Signing in at the sandbox, as the standards and the official client want it.

Goal: discovery, registration, consent, PKCE, renewal and expiry (RFC 9728, 8414, 7591, 7636), with
nothing granted to whoever cannot prove that it asked. Method: the flow by hand with every step bent
once; then the SDK's own OAuth client over the same application.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AnyUrl, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from sandbox_mcp import McpWorld

from pipeline.sandbox import kubeez_mcp
from pipeline.sandbox.dialects import mount

BACK = "http://127.0.0.1:4711/callback"
VERIFIER = "v" * 50
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def registered(world: McpWorld, *uris: str) -> str:
    answer = world.ask("POST", "/oauth/register", json={"redirect_uris": list(uris or [BACK])})
    assert answer.status_code == 201
    return str(answer.json()["client_id"])


def visit(world: McpWorld, client: str, **changes: str) -> Any:
    """Where the page of consent sends a browser, as a mapping; the answer itself where it does not.
    """
    asked = {"response_type": "code", "client_id": client, "redirect_uri": BACK, "state": "s",
             "code_challenge": CHALLENGE, "code_challenge_method": "S256",
             "scope": "read:balance generate:media nonsense", **changes}
    answer = world.ask("GET", "/oauth/authorize", params=asked)
    if answer.status_code != 302:
        return answer
    assert answer.headers["location"].startswith(f"{asked['redirect_uri']}?")
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def exchange(world: McpWorld, **form: str) -> tuple[int, Any]:
    answer = world.ask("POST", "/oauth/token", data=form)
    return answer.status_code, answer.json()


def for_code(client: str, code: str, /, **changes: str) -> dict[str, str]:
    return {"grant_type": "authorization_code", "client_id": client, "code": code,
            "redirect_uri": BACK, "code_verifier": VERIFIER} | changes


def test_the_metadata_is_where_a_401_points_and_where_the_standards_look() -> None:
    world = McpWorld({"keys": {"k": ["*"]}})
    named = world.send("ping").headers["www-authenticate"].split('"')[1]
    resource = world.ask("GET", named.removeprefix("http://sandbox/kubeez-mcp")).json()
    assert resource["resource"] == "http://sandbox/kubeez-mcp/mcp"
    assert resource["authorization_servers"] == ["http://sandbox/kubeez-mcp"]
    port = mount(["kubeez-mcp"], {"kubeez": world.service})
    for path, field, value in (
            ("/.well-known/oauth-protected-resource/kubeez-mcp/mcp", "resource",
             "http://sandbox/kubeez-mcp/mcp"),
            ("/.well-known/oauth-authorization-server/kubeez-mcp", "issuer",
             "http://sandbox/kubeez-mcp")):
        assert world.ask("GET", path, door=port).json()[field] == value


def test_a_sign_in_gives_a_token_that_lives_its_time_and_is_renewed_once() -> None:
    world = McpWorld({"token_lives_s": 100.0, "keys": {"k": ["*"]}})
    client = registered(world)
    back = visit(world, client)
    assert (back["state"], back["iss"]) == ("s", "http://sandbox/kubeez-mcp")
    status, tokens = exchange(world, **for_code(client, back["code"]))
    assert (status, tokens["expires_in"], tokens["scope"]) == (
        200, 100, "read:balance generate:media")
    world.token = tokens["access_token"]
    assert world.told("get_balance")["credits"] == 10000.0
    assert world.no("get_generations").startswith("missing_scope: ")
    world.wait(101)
    assert world.send("ping").status_code == 401
    renewal = {"grant_type": "refresh_token", "client_id": client,
               "refresh_token": tokens["refresh_token"]}
    status, renewed = exchange(world, **renewal)
    assert status == 200
    world.token = renewed["access_token"]
    assert world.send("ping").status_code == 200
    assert exchange(world, **renewal)[1]["error"] == "invalid_grant"
    world.token = tokens["refresh_token"]
    assert world.send("ping").status_code == 401


@pytest.mark.parametrize(("changes", "error"), [
    ({"code_verifier": "w" * 50}, "invalid_grant"), ({"code_verifier": ""}, "invalid_grant"),
    ({"redirect_uri": "http://127.0.0.1:1/callback"}, "invalid_grant"),
    ({"client_id": "other"}, "invalid_client"), ({"code": "mcp_x.y"}, "invalid_grant"),
    ({"grant_type": "password"}, "unsupported_grant_type"),
])
def test_a_code_is_worth_nothing_to_anybody_else(changes: dict[str, str], error: str) -> None:
    world = McpWorld()
    client = registered(world)
    code = visit(world, client)["code"]
    status, said = exchange(world, **for_code(client, code, **changes))
    assert (status, said["error"]) == (400, error)


def test_a_code_is_good_once_and_for_a_minute() -> None:
    world = McpWorld()
    client = registered(world)
    code = visit(world, client)["code"]
    assert exchange(world, **for_code(client, code))[0] == 200
    assert exchange(world, **for_code(client, code))[1]["error"] == "invalid_grant"
    late = visit(world, client)["code"]
    world.wait(61)
    assert exchange(world, **for_code(client, late))[1]["error"] == "invalid_grant"


@pytest.mark.parametrize("uri", ["https://e.com/callback", "http://e.com/callback", "nonsense", 7])
def test_redirects_stay_on_this_machine(uri: Any) -> None:
    world = McpWorld()
    answer = world.ask("POST", "/oauth/register", json={"redirect_uris": [BACK, uri]})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")
    assert visit(world, registered(world), redirect_uri="http://127.0.0.1:4711/x"
                 ).status_code == 400
    assert visit(world, "unknown").status_code == 400


def test_consent_wants_pkce_and_may_be_denied() -> None:
    world = McpWorld()
    client = registered(world)
    assert visit(world, client, code_challenge_method="plain")["error"] == "invalid_request"
    assert visit(world, client, code_challenge="")["error"] == "invalid_request"
    denied = McpWorld({"sign_in_denied": True})
    assert visit(denied, registered(denied)) == {
        "error": "access_denied", "state": "s", "iss": "http://sandbox/kubeez-mcp"}


class Memory:
    """What the official client keeps."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def test_the_official_client_signs_in_and_calls_a_tool() -> None:
    world = McpWorld({"keys": {"k": ["*"]}})
    port = httpx2.ASGITransport(mount(["kubeez-mcp"], {"kubeez": world.service}))
    url, went = f"http://sandbox{kubeez_mcp.PATH}/mcp", []

    async def open_browser(address: str) -> None:
        async with httpx2.AsyncClient(transport=port) as browser:
            went.append((await browser.get(address)).headers["location"])

    async def come_back() -> AuthorizationCodeResult:
        query = dict(parse_qsl(urlsplit(went[-1]).query))
        return AuthorizationCodeResult(code=query["code"], state=query["state"], iss=query["iss"])

    async def go() -> Any:
        auth = OAuthClientProvider(
            url, OAuthClientMetadata(redirect_uris=[AnyUrl(BACK)], client_name="official"),
            Memory(), open_browser, come_back)
        async with (httpx2.AsyncClient(transport=port, auth=auth) as http,
                    Client(streamable_http_client(url, http_client=http)) as client):
            return await client.call_tool("get_balance", {})

    outcome = anyio.run(go)
    assert outcome.structured_content["credits"] == 10000.0
    assert len(went) == 1
