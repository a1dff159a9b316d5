"""How long a signed link says that it lives.

Law: what cannot be read is unsaid; a link is never believed to live longer than it says.
"""

import binascii
import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

LONGEST = 10**11
"""Seconds since 1970 that are still a year of four digits, and milliseconds are not."""


def signed_until_s(url: str) -> float | None:
    """The end of a link in seconds of UTC, as the usual signatures state it; None if unsaid.

    Read are a plain `expires` (unix seconds: CloudFront and others), the pair `X-Amz-Date` and
    `X-Amz-Expires` (AWS Signature Version 4), and a `token` that is a JWT with `exp` (RFC 7519).

    >>> signed_until_s("https://a/b.png?Expires=1800000000&Signature=x")
    1800000000.0
    >>> signed_until_s("https://a/b.png?X-Amz-Date=20270115T080000Z&X-Amz-Expires=3600")
    1800003600.0
    >>> signed_until_s("https://a/b.png?expires=soon") is None
    True
    """
    try:
        said = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
    except ValueError:
        return None
    if "x-amz-expires" in said:
        return _amazon_s(said.get("x-amz-date", ""), said["x-amz-expires"])
    if "token" in said and "expires" not in said:
        return _jwt_s(said["token"])
    return _seconds(said.get("expires", ""))


def _seconds(text: str) -> float | None:
    is_whole = text.isascii() and text.isdecimal() and len(text) < 12
    return float(text) if is_whole and int(text) < LONGEST else None


def _amazon_s(date: str, lives: str) -> float | None:
    lives_s = _seconds(lives)
    try:
        signed = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return None if lives_s is None else signed.timestamp() + lives_s


def _jwt_s(text: str) -> float | None:
    parts = text.split(".")
    if len(parts) != 3 or len(text) > 8192:
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    end = claims.get("exp") if isinstance(claims, dict) else None
    return float(end) if isinstance(end, int) and 0 < end < LONGEST else None
