"""Inputs that fuzzing begins with, and the words that inputs of each kind are made of."""

import json
from dataclasses import dataclass
from pathlib import Path

GOOD = Path(__file__).resolve().parents[1] / "inputs" / "good"


@dataclass(frozen=True, slots=True)
class Words:
    """Whole inputs, and parts of inputs."""

    seeds: tuple[bytes, ...]
    words: tuple[str, ...]


JSON_WORDS = (
    "{", "}", "[", "]", ":", ",", '"', '"id":"g1"', '"status":"completed"', '"status":"failed"',
    '"generation_id":', '"generation_ids":', '"separation_id":', '"outputs":', '"url":"/a.png"',
    '"songs":', '"audio_url":', '"vocals_url":', '"words":', '"text":', '"start":', '"end":',
    '"credits_deducted":', '"processing_time_ms":', '"created_at":', '"error":', '"message":',
    '"detail":', '"models":', '"model_id":"m"', '"capabilities":', '"cost_note":"17 cr/s"',
    '"generations":', '"assets":', '"name":', '"size_bytes":', '"quota_bytes":', '"data":',
    "1e99999999999999999999", "1e400", "-1", "0.5", "9" * 40, "null", "true", "NaN", "\\ud800",
    "\\u001b", "\ud800", "\u202e", '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"',
    "\u0000", "--> ", "0", "1")

MANIFEST = Words(
    tuple(path.read_bytes() for path in sorted(GOOD.glob("*.yaml"))),
    ("version: 1", "\nname: x", "\ncampaigns:\n", "- name: a\n", "  models: [m]\n", "  prompt: p",
     "  vars: {v: [1, 2]}\n", "  from: a\n", "  exclude: [{model: m}]\n", "~", "[", "]", "{", "}",
     "&a ", "*a", "<<: ", "!!x ", "- ", "\n", "  ", ": ", "'", '"', "|", ">", "#", "---", "1e9",
     ".nan", "99999999999999999999", "\t", "\ufeff", "\u202e", "\ud800", "budget: {credits: "))

TOML = Words(
    (b'max_jobs = 5\n[accounts.a]\nprovider = "kubeez"\nbase_url = "https://x.example"\n'
     b'[accounts.a.limits]\nmedia_per_minute = 3\n[accounts.a.prices]\n"m" = "21/s"\n'
     b'[webhooks]\nlisten = "127.0.0.1:8899"\n',),
    ("[accounts.a]\n", "[accounts]\n", "[[x]]\n", "provider = ", '"kubeez"\n', "key = ",
     "a.b.c = ", "=", "\n", '"', "'''", "[", "]", "{", "}", ".", ",", "1", "-1", "nan", "inf",
     "true", "\\u0000", "1979-05-27T07:32:00Z", "sk_live_0123456789abcdef", "limits = {",
     "speed = ", "out = "))

CSV = Words(
    (b"\x00city,pop\nOslo,5\n", b'\x01[{"city":"Oslo"}]', b'\x02{"a":1}\n{"a":2}\n',
     b"\x03- {a: 1}\n"),
    ("\x00", "\x01", "\x02", "\x03", "a,b\n", "1,2\n", '"', '""', ",", "\n", "\r\n", "[", "]", "{",
     "}", '"a":1', ":", "- ", "1e99999999999999999999", "9" * 20, "null", "\u0000", "\ud800", ";"))

JINJA = Words(
    (b"a {{ x }} in {{ row.city }}{% for w in words %}{{ w }}{% endfor %}",
     b"{% set a = 'x' * 9 %}{{ a | upper }}{{ words | join(', ') }}"),
    ("{{", "}}", "{%", "%}", " x ", " row", ".city", "|upper", "|join", "|list", "for i in ", "if ",
     "endfor", "endif", "set ", "=", "(", ")", "[", "]", "'a'", "~", "*", "9", "macro ", "'", "%",
     "endset", "range", "|map('upper')", " in ", " is ", "none", ",", "**", ".", "|tojson", "\n",
     "call", "filter", "include 'a'", "__class__", "|attr('x')", "'%9999d'|format", "|batch(9)",
     "namespace()", "loop", "recursive", "|sort", "|groupby(0)", "{#", "#}", "raw", "-", "//"))

EVENTS = Words(
    (b'event: result\ndata: {"id":"g1","status":"completed"}\n\n', b": heartbeat\n\n",
     b"\xef\xbb\xbfdata: a\r\ndata: b\r\n\r\n"),
    ("event: result", "event:", "data: ", "data:", "id: 1", "retry: 5", ": beat", "\n", "\r",
     "\r\n", "\n\n", '{"id":"g1"}', "\ufeff", "x" * 50, "\u0000"))

TIMES = Words(
    (b"Fri, 31 Dec 9999 23:59:59 -1400", b"0001-01-01T00:00:00+14:00", b"17 credits per second",
     b"https://a/b?X-Amz-Date=20270115T080000Z&X-Amz-Expires=3600", b"2026-W01-1",
     b"https://a/b?token=a.eyJleHAiOjE4MDAwMDAwMDB9.b"),
    ("Fri, ", "31 Dec ", "9999", "0001", "-01-01", "T00:00:00", "+14:00", "-1400", "Z", " GMT",
     "credits", " per ", "second", "cr", "/s", "(ref + out)", "×", "*", "1", "1.5", " ", "minute",
     "?expires=", "&X-Amz-Date=", "token=", ".", "\x1b[2J", "\u202e", "=", "@", "\ud800"))

PLAN = (json.dumps({
    "fingerprint": "sha256:0", "file": "m.yaml", "catalogs": {"sandbox": "x"}, "rows": [["k", "1"]],
    "wish": {"account": "", "only": "", "limit": 1, "max_credits": "5", "max_jobs": None},
}).encode(),)

_ROW = {"id": "g1", "status": "completed", "model": "m", "prompt": "p", "credits_deducted": 1.5,
        "created_at": "2026-01-02T03:04:05Z", "processing_time_ms": 5000, "source_task_id": "t1",
        "outputs": [{"url": "/a.png", "media_type": "image", "width": 8, "height": 8}],
        "songs": [{"audio_url": "/a.mp3"}], "error": "", "vocals_url": "/v"}
_SPOKEN = {"words": [{"text": "Hi.", "start": 0.1, "end": 0.5}, {"word": "You", "start": 1,
                                                                  "end": 2}],
           "text": "Hi. You", "credits_deducted": 2}


def _bodies(*bodies: object, kinds: int = 0) -> tuple[bytes, ...]:
    """Each body, with a first byte for each kind where there are kinds."""
    packed = [json.dumps(body).encode() for body in bodies]
    return tuple(bytes([kind]) + body for kind in range(kinds) for body in packed) \
        if kinds else tuple(packed)


BODIES = {
    "start": _bodies({"generation_id": "g1"}, {"generation_ids": ["g1", "g2"]}, _SPOKEN,
                     {"separation_id": "s1"}, kinds=8),
    "refusal": _bodies({"error": "invalid_request", "message": "no"},
                       {"detail": [{"loc": ["body", "x"], "msg": "bad"}]},
                       {"error": "rate_limited", "retry_after": 5}, kinds=14),
    "status": _bodies(_ROW, {"id": "g1", "status": "failed", "error": "no"}, kinds=8),
    "history": _bodies({"generations": [_ROW, _ROW]}, {"urls": ["/a"]}),
    "library": _bodies({"assets": [{"id": "a", "name": "b", "size_bytes": 5,
                                    "url_expires_at": "2026-01-02T03:04:05Z"}], "quota_bytes": 9}),
    "catalog": _bodies({"models": [{
        "model_id": "m", "model_type": "image", "cost_per_generation": 14.5, "cost_note": "17 cr/s",
        "estimated_time_seconds": 40, "capabilities": {"aspect_ratio_options": ["1:1"],
                                                       "duration_options": ["5s"]}}]}),
    "cache": _bodies({"account": "a", "fetched_at": "x", "payload": {"models": []}}),
}
