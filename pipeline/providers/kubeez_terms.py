"""Kubeez's sheet: its limits, its scopes, and what its adapter can buy."""

from dataclasses import replace

from pipeline.core.catalog import KINDS
from pipeline.core.terms import Limit, Terms

SCOPES = {
    **dict.fromkeys(("image", "video", "extend", "captions", "separation", "upload", "library"),
                    "generate:media"),
    "music": "generate:music", "dialogue": "generate:speech", "ad-copy": "generate:ads",
    "balance": "read:balance", "history": "read:generations",
}
"""What a key needs for what: llms.txt, "Authentication"; facts/kubeez.md, section 1."""

TERMS = Terms(
    provider="kubeez",
    starts={"media": Limit(30), "music": Limit(10), "dialogue": Limit(10), "ad_copy": Limit(5)},
    reads=Limit(120),
    uploads=Limit(30),
    in_flight={"media": 10, "music": 5, "dialogue": 5},
    bucket_of={"image": "media", "video": "media", "extend": "media", "captions": "media",
               "separation": "media", "music": "music", "dialogue": "dialogue",
               "ad-copy": "ad_copy"},
    first_look_s={"image": 10.0, "video": 60.0, "extend": 60.0, "music": 30.0, "dialogue": 5.0,
                  "separation": 20.0},
    kinds=KINDS,
    listed=("image", "video", "extend", "dialogue", "ad-copy"),
    at_once_s={"captions": 900.0},
    scopes=SCOPES,
    made_filter={"status": "completed"},
    streams=("image", "video", "extend", "dialogue", "ad-copy", "music"),
)
"""Limits: llms.txt, "Rate limits"; captions and separation name no bucket of their own. In flight:
kubeez.com/docs/limitations. First looks: how-it-works, "Polling cadence". Captions take "1-5
minutes" (how-it-works) for films of up to 30: three times that is believed. Listed: the history
shows what the media route serves; whether it shows music is said nowhere (facts/kubeez.md 3.4).
Refunds: never, so a failure counts as charged until the row's `credits_deducted` says otherwise.
The list: newest 25 rows, no cursor; of one status if asked (llms.txt, "Endpoints")."""

MCP_TERMS = replace(TERMS, provider="kubeez-mcp", streams=(),
                    kinds=tuple(kind for kind in KINDS if kind != "extend"))
"""The same account through its other door: no tool goes on from a clip, none streams, and the
limits are the same, "per account or per connected client" (facts/kubeez.md sections 5 and 7)."""
