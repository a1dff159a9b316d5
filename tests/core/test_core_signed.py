"""How long a signed link says that it lives.

Goal: the usual signatures are read, and nothing else is taken for one.
"""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.signed import signed_until_s


def token(claims: bytes) -> str:
    return "e30." + urlsafe_b64encode(claims).decode().rstrip("=") + ".sig"


@pytest.mark.parametrize(("query", "until_s"), [
    ("expires=1800000000&signature=ab", 1_800_000_000.0), ("Expires=1800000000", 1_800_000_000.0),
    ("X-Amz-Date=20270115T080000Z&X-Amz-Expires=600&X-Amz-Signature=x", 1_800_000_600.0),
    ("token=" + token(b'{"exp":1800000000}'), 1_800_000_000.0)])
def test_a_signature_says_its_end(query: str, until_s: float) -> None:
    assert signed_until_s(f"https://a.example/b.png?{query}") == until_s


@pytest.mark.parametrize("query", [
    "", "v=3", "expires=", "expires=soon", "expires=-5", "expires=1800000000000", "expires=²",
    "X-Amz-Expires=600", "X-Amz-Date=yesterday&X-Amz-Expires=600",
    "X-Amz-Date=20270115T080000Z&X-Amz-Expires=x", "token=abc", "token=a.b.c",
    "token=" + token(b"[]"), "token=" + token(b"{}"), "token=" + token(b'{"exp":"x"}')])
def test_what_is_no_signature_says_nothing(query: str) -> None:
    assert signed_until_s(f"https://a.example/b.png?{query}") is None


@given(st.text(max_size=80))
def test_any_address_is_read_without_a_fault(text: str) -> None:
    assert signed_until_s(text) is None or "=" in text
