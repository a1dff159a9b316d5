"""Artificial Studio's sheet: its limits, and what becomes of a charge when a job fails."""

from pipeline.core.terms import Limit, Terms

PAYLOADS = 15
"""How many of the reads a minute are kept for records whose payload is evidence."""

TERMS = Terms(
    provider="artificialstudio",
    starts={"media": Limit(20)},
    reads=Limit(60 - PAYLOADS),
    uploads=Limit(20),
    in_flight={"media": 10},
    bucket_of={"image": "media", "video": "media"},
    first_look_s={"image": 15.0, "video": 60.0},
    failure_is_charged=False,
    list_rows=100,
)
"""Limits of the free plan: 20 runs and 60 reads a minute (pro: 60 and 200, which an account's own
limits may say); nothing is published of uploads, of jobs at once, nor of MCP's limits: MCP is
treated as REST. Charged at submit, given back before an error is seen (async-polling). The list:
100 rows at most, newest first, without payload; its lag is published nowhere. (facts/media_apis.md,
section 1.)"""
