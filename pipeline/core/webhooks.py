"""Signatures of calls from outside, as the Standard Webhooks specification writes them.

Law: a call that is not surely the service's is nobody's; and even one that is says only that there
may be news, which is then asked for.
"""

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256

TOLERANCE_S = 300.0
"""A call that was signed longer ago, or that far ahead, is not believed (Standard Webhooks)."""
PREFIX = "whsec_"


def secret_of(text: str) -> bytes | None:
    """The bytes of a signing secret, `whsec_` and base64 or base64 alone; None for anything else.

    >>> secret_of("whsec_c2VjcmV0"), secret_of("no base64!")
    (b'secret', None)
    """
    try:
        return b64decode(text.strip().removeprefix(PREFIX), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def is_signed(secret: bytes, headers: Mapping[str, str], body: bytes, now_s: float) -> bool:
    """Whether one of the call's signatures is right for these very bytes and of this hour.

    `headers` are by lower-case name; several signatures stand side by side while a secret is
    changed for another.
    """
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
        return False
    if abs(now_s - int(stamp)) > TOLERANCE_S:
        return False
    right = sign(secret, name, int(stamp), body)
    return any(hmac.compare_digest(right.encode(), said.encode())
               for said in headers.get("webhook-signature", "").split()[:16])


def sign(secret: bytes, name: str, stamp_s: int, body: bytes) -> str:
    """The signature of a call: version, and the digest of its name, its moment and its bytes."""
    says = f"{name}.{stamp_s}.".encode() + body
    return "v1," + b64encode(hmac.new(secret, says, sha256).digest()).decode()
