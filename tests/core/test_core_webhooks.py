"""Goal: only a call that the service signed, of this hour and in these very bytes, is its own.
Method: calls signed here, and each of them spoilt in one way.
"""

from base64 import b64encode

import pytest

from pipeline.core.webhooks import TOLERANCE_S, is_signed, secret_of, sign

SECRET = b"a secret of twenty-four!"
NOW_S = 1_800_000_000
BODY = b'{"type": "job.succeeded", "id": "job_1"}'


def headers(name: str = "msg_1", stamp: str = str(NOW_S), body: bytes = BODY,
            secret: bytes = SECRET) -> dict[str, str]:
    return {"webhook-id": name, "webhook-timestamp": stamp,
            "webhook-signature": sign(secret, name, int(stamp), body)}


def test_a_call_that_was_signed_is_the_service_s() -> None:
    assert is_signed(SECRET, headers(), BODY, NOW_S)
    assert is_signed(SECRET, headers(name="msg.with.dots"), BODY, NOW_S + TOLERANCE_S)


def test_one_of_several_signatures_is_enough() -> None:
    said = headers()
    said["webhook-signature"] = f"v1,AAAA v1a,BBBB {said['webhook-signature']}"
    assert is_signed(SECRET, said, BODY, NOW_S)


@pytest.mark.parametrize("spoilt", [
    {}, {"webhook-id": "msg_2"}, {"webhook-id": ""}, {"webhook-signature": ""},
    {"webhook-signature": "v1,"}, {"webhook-signature": "v2,AAAA"},
    {"webhook-timestamp": "soon"}, {"webhook-timestamp": "-1"}, {"webhook-timestamp": "9" * 40},
    {"webhook-timestamp": str(NOW_S + 1)}, {"webhook-timestamp": "1.8e9"},
    {"webhook-signature": "v1,\u00e9"},
])
def test_a_call_that_was_touched_is_nobody_s(spoilt: dict[str, str]) -> None:
    said = {**headers(), **spoilt} if spoilt else {}
    assert not is_signed(SECRET, said, BODY, NOW_S)


@pytest.mark.parametrize("seconds", [-TOLERANCE_S - 1, TOLERANCE_S + 1, 10**9])
def test_a_call_of_another_hour_is_not_believed(seconds: float) -> None:
    assert not is_signed(SECRET, headers(), BODY, NOW_S + seconds)


def test_the_bytes_count_not_what_they_say() -> None:
    assert not is_signed(SECRET, headers(), BODY.replace(b": ", b":"), NOW_S)
    assert not is_signed(SECRET, headers(secret=b"another"), BODY, NOW_S)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!!", "no base64", "whsec_\u00e9"])
def test_what_is_no_secret_is_none(text: str) -> None:
    assert secret_of(text) is None


def test_a_secret_is_read_with_and_without_its_prefix() -> None:
    text = b64encode(SECRET).decode()
    assert secret_of(f"whsec_{text}") == secret_of(f" {text} ") == SECRET
