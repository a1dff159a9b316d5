"""A provider's sheet: its limits, how a doubt settles there, and what a failure takes.

A sheet is reviewed code, never part of a catalog: nothing a service answers can loosen it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` in any `window_s` seconds."""

    calls: int
    window_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds at one provider. Times are seconds of our clock.

    `kinds` are what our adapter can buy, whatever else the service's catalog lists. `starts` and
    `in_flight` are by bucket, `bucket_of` names the bucket of a kind. `first_look_s`
    is, by kind, when to look first at a job whose model names no typical time. `scale` is how many
    of our seconds one second of the service takes (less than 1 at a sandbox that runs fast).

    A doubt may be called absent `quiet_s` after its last byte: the longest the service takes to
    make a job of a request (`ingest_max_s`), the life of a request that the kernel still carries
    (`linger_s`, 16 minutes for Linux's 924.6 s of retransmission), the lag of the list, the skew.

    `listed` are the kinds that the service's list of recent jobs surely shows: of the others it can
    prove the presence, never the absence. Under `made_filter` it shows only jobs that were made, so
    that none under way takes the place of one; empty where it knows no such filter. `at_once_s` are
    the kinds whose paid call itself brings the result, and the longest that such a call may take.

    `failure_is_charged` is False where a failure is given back: it counts as spent all the same,
    until the balance shows the refund.

    `echo` says that a row of the list gives back the mark of the attempt that made it: there
    nothing but its mark makes a row ours.

    `probe` is an account's wish: once a run and bucket one call may go beyond the limit on purpose,
    and what its refusal tells of the service's window is made use of (`core/probing.py`).

    `scopes` names the scope that a key needs: by kind of job, and by what is read or brought there
    beside jobs (balance, history, library, upload). Empty where the service's keys have none.
    """

    provider: str
    starts: Mapping[str, Limit]
    reads: Limit
    uploads: Limit
    in_flight: Mapping[str, int]
    bucket_of: Mapping[str, str]
    first_look_s: Mapping[str, float]
    kinds: tuple[str, ...] = ("image", "video")
    listed: tuple[str, ...] = ("image", "video")
    at_once_s: Mapping[str, float] = field(default_factory=dict)
    scopes: Mapping[str, str] = field(default_factory=dict)
    streams: tuple[str, ...] = ()
    echo: bool = False
    list_rows: int = 25
    made_filter: Mapping[str, str] = field(default_factory=dict)
    list_lag_s: float = 60.0
    ingest_max_s: float = 120.0
    linger_s: float = 960.0
    skew_s: float = 5.0
    failure_is_charged: bool = True
    link_wait_s: float = 600.0
    overdue_s: float = 6 * 3600.0
    scale: float = 1.0
    probe: bool = False

    @property
    def quiet_s(self) -> float:
        """How long after its last byte an unseen request may be called absent."""
        return self.ingest_max_s + self.linger_s + self.list_lag_s + self.skew_s

    def bucket(self, kind: str) -> str:
        """The bucket whose limits a job of this kind counts under."""
        return self.bucket_of.get(kind, "media")

    def typical_s(self, kind: str, model_typical_s: float | None) -> float:
        """How long a job usually takes, in our seconds."""
        service_s = model_typical_s or self.first_look_s.get(kind, 30.0)
        return service_s * self.scale

    def at_speed(self, speed: float) -> "Terms":
        """The same sheet for a service whose clock runs `speed` times as fast as ours."""
        by = 1.0 / speed
        return replace(
            self,
            starts={name: Limit(lim.calls, lim.window_s * by) for name, lim in self.starts.items()},
            reads=Limit(self.reads.calls, self.reads.window_s * by),
            uploads=Limit(self.uploads.calls, self.uploads.window_s * by),
            list_lag_s=self.list_lag_s * by,
            ingest_max_s=self.ingest_max_s * by,
            link_wait_s=max(30.0, self.link_wait_s * by),
            at_once_s={kind: max(60.0, most_s * by) for kind, most_s in self.at_once_s.items()},
            scale=by,
        )

    def with_limits(self, limits: Mapping[str, int]) -> "Terms":
        """The same sheet under an account's own limits, such as `media_per_minute`."""
        starts, in_flight = dict(self.starts), dict(self.in_flight)
        reads, uploads = self.reads, self.uploads
        for name, number in limits.items():
            if name == "reads_per_minute":
                reads = Limit(number, reads.window_s)
            elif name == "upload_per_minute":
                uploads = Limit(number, uploads.window_s)
            elif name.endswith("_in_flight"):
                in_flight[name.removesuffix("_in_flight")] = number
            else:
                bucket = name.removesuffix("_per_minute")
                starts[bucket] = Limit(number, starts[bucket].window_s)
        return replace(self, starts=starts, in_flight=in_flight, reads=reads, uploads=uploads)
