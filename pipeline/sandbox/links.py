"""Signed links: addresses that carry the moment of their end, and a proof of it.

Law: the proof hangs on the path and the moment alone, so that a link outlives every process.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256

KEY = b"a sandbox has no secrets"


def sign(path: str, expires: int) -> str:
    """The path with its end (unix seconds) and the proof of it."""
    return f"{path}?expires={expires}&signature={_proof(path, str(expires))}"


def why_dead(path: str, query: Mapping[str, str], now: float) -> str:
    """Why a link leads nowhere: a reason for people, "" if it leads somewhere.

    >>> path, _, query = sign("/uploads/a.png", 1000).partition("?")
    >>> words = dict(part.split("=") for part in query.split("&"))
    >>> why_dead(path, words, 999.0), why_dead(path, words, 1000.0), why_dead(path, {}, 999.0)
    ('', 'The link has expired.', 'The link is not signed by us.')
    """
    expires = query.get("expires", "")
    proof = _proof(path, expires)
    given = query.get("signature", "")
    if not expires.isdecimal() or not hmac.compare_digest(given.encode(), proof.encode()):
        return "The link is not signed by us."
    return "" if now < int(expires) else "The link has expired."


def _proof(path: str, expires: str) -> str:
    return hmac.new(KEY, f"{path}?{expires}".encode(), sha256).hexdigest()
