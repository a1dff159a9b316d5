"""Which addresses a link of a service may lead to.

Goal: no answer of a service makes us call what stands behind our own walls (SAFETY 3, F75).
Method: a list of addresses in every disguise; a resolver that changes its mind.
"""

import contextlib
import ipaddress
import socket
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from providers_far_end import KEY, FarEnd, over, says

from pipeline.core.errors import Unreachable, Vanished
from pipeline.providers.links import check_link, is_loopback, is_public

PUBLIC = "93.184.216.34"
LINK = "https://cdn.example/a.png"

REFUSED = [
    "http://93.184.216.34/a.png", "file:///etc/passwd", "data:image/png;base64,AA==",
    "ftp://93.184.216.34/a", "javascript:alert(1)", "gopher://93.184.216.34/", "//93.184.216.34/a",
    "a.png", "", "https://", "https:///a.png", "https://user:pass@93.184.216.34/a",
    "https://user@93.184.216.34/", "https://:pass@93.184.216.34/", "https://93.184.216.34:22/a",
    "https://93.184.216.34:80/a", "https://93.184.216.34:99999/", "https://93.184.216.34:x/",
    "https://[::1", "https://[", "https://127.0.0.1/", "https://127.1/", "https://2130706433/",
    "https://2852039166/", "https://0x7f000001/", "https://0xa9fea9fe/", "https://0177.0.0.1/",
    "https://0251.0376.0251.0376/", "https://0/", "https://0.0.0.0/",
    "https://\u2460\u2461\u2466.0.0.1/", "https://localhost/",
    "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/", "https://169.254.169.254/",
    "https://100.64.0.1/", "https://192.0.2.1/", "https://198.18.0.1/", "https://224.0.0.1/",
    "https://255.255.255.255/", "https://[::1]/", "https://[::]/", "https://[fe80::1]/",
    "https://[fc00::1]/", "https://[ff02::1]/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/", "https://[64:ff9b:1::7f00:1]/", "https://[2002:7f00:1::]/",
    "https://[2002:a00:1::]/", "https://[2001:0:7f00:1::]/",
    "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/", "https://[2001:db8::1]/",
    "https://[::127.0.0.1]/", "https://good.example\\@127.0.0.1/", "https://127.0.0.1#@x.example/",
    "https://127.0.0.1?@x.example/",
]
NO_HOST = ["https://a..b/", "https://" + "a" * 64 + ".example/", "https://[fe80::1%25lo]/"]


def check(url: str, *, loopback: bool = False) -> None:
    async def go() -> None:
        await check_link(url, loopback=loopback)

    anyio.run(go)


@pytest.mark.parametrize("url", REFUSED)
def test_a_link_that_is_not_plain_https_to_a_public_address_is_refused(url: str) -> None:
    far = FarEnd(says(200, b"x"))
    with pytest.raises(Vanished):
        over(far, lambda kubeez: take(kubeez, url))
    assert not far.calls


@pytest.mark.parametrize("url", NO_HOST)
def test_a_host_that_cannot_be_is_not_called(url: str) -> None:
    far = FarEnd(says(200, b"x"))
    with pytest.raises((Vanished, Unreachable)):
        over(far, lambda kubeez: take(kubeez, url))
    assert not far.calls


async def take(kubeez: Any, url: str) -> bytes:
    async with kubeez.download(url) as body:
        return b"".join([chunk async for chunk in body.chunks()])


@pytest.mark.parametrize("host", [PUBLIC, "93.184.216.34:443", "1572395042", "0x5db8d822",
                                  "[2606:2800:220:1:248:1893:25c8:1946]", "[64:ff9b::5db8:d822]"])
def test_a_public_address_is_followed(host: str) -> None:
    check(f"https://{host}/a.png?sig=1")
    check(f"HTTPS://{host}/a.png")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8787/a", "http://localhost:1/a",
                                 "https://127.0.0.1:9/a", "http://[::1]:80/a"])
def test_loopback_is_for_accounts_that_live_there(url: str) -> None:
    check(url, loopback=True)
    with pytest.raises(Vanished):
        check(url)


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://93.184.216.34/", "file:///etc/passwd",
                                 "https://192.168.0.1/", "http://u:p@127.0.0.1/", "ftp://127.0.0.1/"])
def test_an_account_on_loopback_opens_no_other_door(url: str) -> None:
    with pytest.raises(Vanished):
        check(url, loopback=True)


def test_what_is_on_this_machine_is_known_by_its_address() -> None:
    assert all(map(is_loopback, ("http://127.0.0.1:1", "https://localhost", "http://[::1]/")))
    assert not any(map(is_loopback, ("https://127.0.0.1.example", "https://x", "", "http://0.0.0.0")))


@settings(deadline=None)
@given(st.ip_addresses(v=4).filter(lambda address: not address.is_global))
def test_a_private_address_stays_private_in_every_wrapping(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    for wrapped in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80,
                    0x20010000 << 96 | (number ^ 0xFFFFFFFF)):
        assert not is_public(ipaddress.IPv6Address(wrapped)), ipaddress.IPv6Address(wrapped)


def nobody(*args: Any, **more: Any) -> list[Any]:
    """A resolver that knows no name, and asks no network."""
    raise socket.gaierror(-2, "Name or service not known")


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_link_whatever_crashes(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", nobody)
        for url in (text, f"https://{text}/", f"https://{text}:443/a"):
            for loopback in (True, False):
                with contextlib.suppress(Vanished, Unreachable):
                    check(url, loopback=loopback)


class Rebinding:
    """A resolver whose first answer is public, and whose second is not."""

    def __init__(self) -> None:
        self.answers = [PUBLIC, "127.0.0.1"]
        self.asked = 0

    def __call__(self, host: Any, port: Any, *args: Any, **more: Any) -> list[Any]:
        address = self.answers[min(self.asked, 1)]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]


def test_the_address_that_was_checked_is_the_one_that_is_called(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Rebinding())
    far = FarEnd(says(200, b"bytes"))
    assert over(far, lambda kubeez: take(kubeez, LINK)) == b"bytes"
    (call,) = far.calls
    assert call.url.host == PUBLIC
    assert call.headers["host"] == "cdn.example"
    assert call.extensions["sni_hostname"] == "cdn.example"
    assert KEY not in repr(call.headers.raw)


def test_one_private_address_among_public_ones_spoils_the_name(
        monkeypatch: pytest.MonkeyPatch) -> None:
    def both(host: Any, port: Any, *args: Any, **more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in (PUBLIC, "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    far = FarEnd(says(200, b"bytes"))
    with pytest.raises(Vanished):
        over(far, lambda kubeez: take(kubeez, LINK))
    assert not far.calls


def test_a_name_that_nobody_knows_may_be_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(Unreachable):
        check(LINK)
