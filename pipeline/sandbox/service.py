"""One model of a paid remote service: jobs, bills, windows, latency and faults; it knows no HTTP.

Law: the only clock is `now`, handed in. Nothing runs between calls: a job's way is a function of
its stored fate and the moment, so it outlives every process.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import IO

from pipeline.core.money import Money
from pipeline.sandbox.books import Books, Search
from pipeline.sandbox.fate import Moment, draw_fate, slot_at
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.jobs import Order, RemoteJob, Upload
from pipeline.sandbox.rings import Rings
from pipeline.sandbox.strikes import Strikes
from pipeline.sandbox.uploads import Uploads
from pipeline.sandbox.windows import MINUTE_S, Windows

CROWDED_WAIT_S = 5.0
"""What a client is told to wait when too many jobs are in flight, in ordinary seconds."""


class Denied(Exception):
    """The service says no in its own terms; one of the leaves below, never itself."""


class TooFast(Denied):
    """A call beyond the rate window; the next turn is due in `wait_s`."""

    def __init__(self, bucket: str, limit: int, wait_s: float) -> None:
        super().__init__(f"Rate limit exceeded: {limit} {bucket} requests per minute.")
        self.wait_s = wait_s


class TooManyInFlight(Denied):
    """A start beyond the concurrency limit of its bucket."""

    def __init__(self, bucket: str, limit: int, wait_s: float) -> None:
        super().__init__(f"Concurrency limit reached: {limit} {bucket} generations at once.")
        self.wait_s = wait_s


class NotEnoughCredits(Denied):
    """A start that the balance does not cover."""

    def __init__(self, needed: Money, balance: Money) -> None:
        super().__init__(f"This generation needs {needed} credits, your balance is {balance}.")


class RemoteService:
    """The service behind every dialect.

    `now` gives unix seconds; `speed` divides every duration (latency, rate window, late links),
    while the times shown stay what `now` says. `seed` decides every draw.
    """

    def __init__(self, books: Books, *, now: Callable[[], float], faults: Faults | None = None,
                 speed: float = 1.0, seed: int = 0) -> None:
        self.books = books
        self.now = now
        self.faults = faults or Faults()
        self.speed = speed
        self.seed = seed
        self.strikes = Strikes(self.faults, books, seed)
        self.uploads = Uploads(books)
        self.rings = Rings(books)
        self._windows = Windows(self.faults.limits, window_s=MINUTE_S / speed,
                                kind=self.faults.windows)

    def take_turn(self, key: str, bucket: str) -> None:
        """Count one call of this key; raises `TooFast` when the window is full."""
        wait_s = self._windows.take(key, bucket, self.now())
        if wait_s:
            raise TooFast(bucket, self.faults.limits.per_minute[bucket], wait_s)

    def start(self, order: Order) -> RemoteJob:
        """Accept and charge an order in one commit; raises `TooManyInFlight`, `NotEnoughCredits`.

        When it returns, the money is spent, whatever becomes of the answer.
        """
        return self.start_all([order])[0]

    def start_all(self, orders: Sequence[Order]) -> list[RemoteJob]:
        """Accept and charge the orders of one call, all or none; each has a fate of its own."""
        now = self.now()
        charge_micros = sum(order.charge_micros for order in orders)
        if self._denies_falsely(orders[0].bucket, now):
            raise NotEnoughCredits(Money(charge_micros), self.balance())
        with self.books.writing():
            self._free_at(orders[0].bucket, now)  # a crowd is told of before an empty purse
            free_micros = self.books.free_micros(now)
            if charge_micros > free_micros:
                raise NotEnoughCredits(Money(charge_micros), Money(max(free_micros, 0)))
            return [self._accept(order, now) for order in orders]

    def _denies_falsely(self, bucket: str, now: float) -> bool:
        fault = self.faults.faults.get("insufficient")
        crowd = fault.in_flight if fault else 0
        if crowd and len(self.books.flights(bucket, now)) < crowd:
            return False
        return self.strikes.strike("insufficient") is not None

    def _accept(self, order: Order, now: float) -> RemoteJob:
        free_at = self._free_at(order.bucket, now)
        moment = Moment(self.seed, self.books.next_seq(), now, free_at, self.speed)
        job = draw_fate(order, moment, self.strikes)
        self.books.add_job(job)
        return job

    def _free_at(self, bucket: str, now: float) -> float:
        limit = self.faults.limits.in_flight.get(bucket)
        if limit is None or self.faults.concurrency == "none":
            return now
        flights = self.books.flights(bucket, now)
        if len(flights) >= limit and self.faults.concurrency == "refuse":
            raise TooManyInFlight(bucket, limit, CROWDED_WAIT_S / self.speed)
        return slot_at(flights, limit, now)

    def visible_job(self, job_id: str, provider: str,
                    kinds: Collection[str] = ()) -> RemoteJob | None:
        """The job of this id and of one of the kinds, as this read of its status shows it.

        Faults may hide it from its first readers, or show it without its end, or without links.
        """
        job = self.books.job(job_id)
        if job is None or job.provider != provider or (kinds and job.kind not in kinds):
            return None
        if self.strikes.strikes_read("status_404", job.id, job.early_404s):
            return None
        now = self.now()
        if now >= job.finishes_at and self.strikes.strikes_read("late_end", job.id, job.late_ends):
            return replace(job, finishes_at=math.inf, links_at=math.inf)
        if job.is_linked(now) and self.strikes.strikes_read("null_links", job.id, job.null_links):
            return replace(job, links_at=math.inf)
        return job

    def visible_output(self, output_id: str, *, begun: bool = False) -> RemoteJob | None:
        """The job whose output (with `begun`: whose beginning) can be fetched now.

        A fault may hide it from its first tries.
        """
        job = self.books.job_of_output(output_id)
        if job is None or not (job.is_streaming if begun else job.is_linked)(self.now()):
            return None
        hidden = self.strikes.strikes_read("media_404", output_id, job.media_404s)
        return None if hidden else job

    def recent(self, search: Search) -> list[RemoteJob]:
        """The jobs that match, newest first."""
        return self.books.recent(search, self.now())

    @property
    def listed_by(self) -> float:
        """How young a job may be for the list to show it already."""
        lag_s = self.faults.history_lag_s
        return self.now() - lag_s / self.speed if lag_s else float("inf")

    def balance(self) -> Money:
        """What the account has left."""
        return Money(self.books.balance_micros(self.now()))

    def keep(self, content: IO[bytes], filename: str, media_type: str) -> Upload:
        """Take a file in."""
        return self.uploads.add(content, filename, media_type, self.now())
