"""Which addresses a result link may lead to.

Law: https only, to a public address; plain http and loopback only where the account itself lives on
loopback. An answer of a service must not make us call what stands behind our own walls.
"""

import ipaddress
import socket
from urllib.parse import urljoin, urlsplit

import anyio

from pipeline.core.errors import Unreachable, Vanished

WRAPPED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
"""Addresses that carry an IPv4 address in their last bits: NAT64, and an older form (RFC 4291)."""
CLOSED = tuple(map(ipaddress.ip_network, ("64:ff9b:1::/48", "fec0::/10", "3fff::/20", "5f00::/16")))
"""What Python 3.11 calls global and is not: NAT64 inside a network (RFC 8215), site-local addresses
(RFC 3879), documentation (RFC 9637), segment routing (RFC 9602)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_loopback(url: str) -> bool:
    """Whether an account's address is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def check_link(url: str, *, loopback: bool) -> list[str]:
    """The addresses that may be called for a link; none named where the link's own will do.

    Raises `Vanished` for a link that must not be followed, `Unreachable` for no such host.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Vanished("the link is no address") from None
    if parts.username or parts.password or not host:
        raise Vanished("the link is no plain address")
    if loopback and is_loopback(url) and parts.scheme in ("http", "https"):
        return []
    if parts.scheme != "https" or port not in (None, 443):
        raise Vanished(f"the link is {parts.scheme or 'no'}://, and only https is followed")
    addresses = await _resolve(host)
    if not all(is_public(address) for address in addresses):
        raise Vanished("the link leads to a private address")
    return [str(address) for address in addresses]


def absolute(base: str, url: str) -> str:
    """A link as a whole address; one without a host belongs to `base`. What is no address at all
    stays as it is: whoever is to follow it says so."""
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def next_hop(url: str, location: str) -> str:
    """The address that a redirect leads to; raises `Vanished` for none."""
    try:
        return urljoin(url, location)
    except ValueError:
        raise Vanished("the link leads to no address") from None


async def _resolve(host: str) -> list[Address]:
    try:
        found = await anyio.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise Vanished("the link's host is no name") from None
    except OSError:
        found = []
    if not found:
        raise Unreachable("the link's host has no address")
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def is_public(address: Address) -> bool:
    """Whether an address is global, also after unwrapping an IPv4 address inside it.

    >>> is_public(ipaddress.ip_address("::ffff:127.0.0.1"))
    False
    >>> is_public(ipaddress.ip_address("64:ff9b::7f00:1"))
    False
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (
            address.teredo[1] if address.teredo else None)
        if inner is None and any(address in network for network in WRAPPED):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if any(address in network for network in CLOSED):
            return False
    return address.is_global and not address.is_multicast
