"""Signing in with a person's browser, and keeping the key that comes of it fresh.

Law: an answer is taken only at a loopback address of this process, and only with the state of this
attempt; whatever else comes there is turned away and changes nothing.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import anyio
from anyio.abc import SocketAttribute, SocketStream

from pipeline.core.errors import Barred, Exit, Halt, ProviderFailure
from pipeline.providers.consent import Attempt, consent_url, read_redirect
from pipeline.providers.http import Http
from pipeline.providers.oauth import Grant, SignIn
from pipeline.providers.secret import Secret
from pipeline.wiring.vault import Vault

LOOPBACK = "127.0.0.1"
PATIENCE_S = 300.0
"""How long a person has at the page of consent."""
READ_S = 10.0
LARGEST_BYTES = 16_384
PAGE = ("<!doctype html><meta charset=utf-8><title>media-pipeline</title>"
        "<p style='font:16px system-ui;margin:3em'>{}</p>")


class Keeper:
    """One account's key, renewed when it is due (a `tool_line.Keeper`)."""

    def __init__(self, vault: Vault, signing: SignIn, now: Callable[[], float], grant: Grant,
                 ) -> None:
        self._vault = vault
        self._signing = signing
        self._now = now
        self._renewing = anyio.Lock()
        self._known: dict[str, Secret] = {}
        self._rejected = ""
        self._second = ""
        self._take(grant)

    async def fresh(self) -> Secret:
        """A key that is good now; raises `Barred` where only a new sign-in helps."""
        async with self._renewing:
            if self._is_due():
                was_rejected = self._rejected == self._grant.access
                await self._renew()
                self._second = self._grant.access if was_rejected else ""
            return self._known[self._grant.access]

    def distrust(self, key: Secret) -> bool:
        """The service did not accept this key; whether another can be had. Two in a row are a no.
        """
        if key.reveal() != self._grant.access:
            return True  # another call has it renewed already
        if key.reveal() == self._second or not self._grant.refresh:
            return False
        self._rejected = key.reveal()
        return True

    def clear(self, text: str) -> str:
        """A text without any token that this process has ever seen."""
        for secret in self._known.values():
            text = secret.clear(text)
        return text

    def _is_due(self) -> bool:
        renew_s = self._grant.renew_s
        return self._rejected == self._grant.access or (
            renew_s is not None and self._now() >= renew_s)

    async def _renew(self) -> None:
        """The next grant: another process may have it already, for a refresh token works once."""
        if self._adopt():
            return
        try:
            grant = await self._signing.renew(self._grant)
        except Barred:
            if self._adopt():
                return
            raise
        self._take(grant)
        with suppress(Halt):  # what cannot be kept still serves this run
            self._vault.write(grant)

    def _adopt(self) -> bool:
        kept = None
        with suppress(Halt):
            kept = self._vault.read()
        if kept is None or kept.access == self._grant.access:
            return False
        self._take(kept)
        return not self._is_due()

    def _take(self, grant: Grant) -> None:
        self._grant = grant
        for token in filter(None, (grant.access, grant.refresh)):
            self._known.setdefault(token, Secret(token))


async def sign_in(signing: SignIn, show: Callable[[str], None]) -> Grant:
    """Have a person agree, at an address that `show` puts before them; raises `Halt`."""
    try:
        with anyio.fail_after(PATIENCE_S):
            return await _visit(signing, show)
    except TimeoutError:
        raise Halt(Exit.KEY, "nobody agreed at the page of consent in time", code="sign_in",
                   hint="run the command again") from None
    except ProviderFailure as failure:
        code = Exit.KEY if failure.cause == "bad_key" else Exit.REFUSED
        raise Halt(code, f"signing in did not work: {failure.message}", code="sign_in") from None


async def _visit(signing: SignIn, show: Callable[[str], None]) -> Grant:
    office = await signing.find_office()
    async with await anyio.create_tcp_listener(local_host=LOOPBACK, local_port=0) as listener:
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's, no database
        redirect = f"http://{LOOPBACK}:{port}/callback"
        attempt = Attempt(await signing.register(office, redirect), redirect,
                          secrets.token_urlsafe(24), secrets.token_urlsafe(48))
        ear = _Ear(attempt.state)
        async with anyio.create_task_group() as group:
            group.start_soon(listener.serve, ear.hear)
            show(consent_url(office, attempt))
            await ear.heard.wait()
            group.cancel_scope.cancel()
    code = read_redirect(ear.query, office, attempt)
    return await signing.exchange(office, attempt, code)


@dataclass(slots=True)
class _Ear:
    """Waits at the redirect's address for the one visitor who knows the state."""

    state: str
    query: Mapping[str, str] = field(default_factory=dict)
    heard: anyio.Event = field(default_factory=anyio.Event)

    async def hear(self, stream: SocketStream) -> None:
        """Answer one visitor."""
        async with stream:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError, TimeoutError, ValueError):
                with anyio.fail_after(READ_S):
                    target = urlsplit(await _target(stream))
                    query = dict(parse_qsl(target.query))
                    is_ours = target.path == "/callback" and secrets.compare_digest(
                        query.get("state", "").encode(), self.state.encode())
                    await stream.send(_page(is_ours=is_ours))
                if is_ours:
                    self.query = query
                    self.heard.set()


async def _target(stream: SocketStream) -> str:
    """The address in the first line of a request; raises `ValueError` for what is none."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += await stream.receive(4096)
        if len(request) > LARGEST_BYTES:
            raise ValueError
    method, target, _ = request.split(b"\r\n", 1)[0].decode("ascii").split(" ")
    if method != "GET":
        raise ValueError
    return target


def _page(*, is_ours: bool) -> bytes:
    words = "You are back: this page can be closed." if is_ours else "Nothing is asked for here."
    body = PAGE.format(words).encode()
    status = b"200 OK" if is_ours else b"404 Not Found"
    return (b"HTTP/1.1 " + status + b"\r\ncontent-type: text/html\r\nconnection: close\r\n"
            + f"content-length: {len(body)}\r\n\r\n".encode() + body)


def signing_for(url: str, now: Callable[[], float]) -> SignIn:
    """The calls of a sign-in at this service's address."""
    return SignIn(url, lambda address: Http(address, Secret(""), now=now), now)
