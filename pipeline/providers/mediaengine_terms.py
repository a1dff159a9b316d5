"""Media Engine's sheet: its limits, and what its adapter can buy."""

from pipeline.core.terms import Limit, Terms

TERMS = Terms(
    provider="mediaengine",
    starts={"media": Limit(20)},
    reads=Limit(60),
    uploads=Limit(20),
    in_flight={"media": 10},
    bucket_of={"image": "media", "video": "media"},
    first_look_s={"image": 8.0, "video": 60.0},
    echo=True,
    list_rows=20,
)
"""Limits "scale with your plan" and no figure is published: these are low on purpose, and a setting
can raise them. The list shows "recent jobs", as many as nobody says: 20 is what its published
client asks for by default. Whether a failure is refunded is said nowhere, so it counts as charged
until the job's `credits_used` says otherwise (facts/media_apis.md section 2)."""
