"""When jobs are done under the limits of their accounts, all of them together, longest first.

Law: a job starts as the executor would start it: when its source is there and a slot comes free,
the longest first, links of a chain after what starts from nothing (the executor goes through its
list to the end before it looks again at what was not ready); its upload and its paid call wait for
their turns in the slot. Nothing else is known of a service here than its sheet and `habits`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from pipeline.core.habits import HABITS, Habits
from pipeline.core.terms import Limit, Terms

UNLIMITED = 10**9
ENDED, SEEN, SAVED = range(3)


@dataclass(frozen=True, slots=True)
class Load:
    """So many jobs alike. `length_s` is what one typically takes, in our seconds.

    `after` are the loads, by number, that they start from; `paces` how many jobs of each must be
    done for one more to start. `uploads` is the share that brings a file of its own to the service.
    The paid call of one that is `at_once` lasts until the job is done; of one that `is_listed` the
    service's list tells the end. `order_s` decides who starts first.
    """

    campaign: str
    account: str
    bucket: str
    length_s: float
    number: int = 1
    after: tuple[int, ...] = ()
    paces: tuple[float, ...] = ()
    uploads: float = 0.0
    at_once: bool = False
    is_listed: bool = True
    order_s: float = 0.0


@dataclass(slots=True)
class Course:
    """What became of a load: the moment of its last file, and for how long each limit held it."""

    end_s: float = 0.0
    held_s: dict[str, float] = field(default_factory=dict)
    offered: int = 0
    started: int = 0
    done: int = 0
    uploaded: int = 0
    marked_s: float = 0.0

    def hold(self, limit: str, since_s: float, until_s: float) -> None:
        """A limit held it back; time that was counted already is not counted again."""
        since_s = max(since_s, self.marked_s)
        if until_s > since_s:
            self.held_s[limit] = self.held_s.get(limit, 0.0) + until_s - since_s
            self.marked_s = until_s


class _Turns:
    """The turns of one bucket: each comes back one window after the reply to its call."""

    def __init__(self, limit: Limit | None) -> None:
        self.calls = limit.calls if limit else UNLIMITED
        self.window_s = limit.window_s if limit else 0.0
        self.back: list[float] = []

    def take(self, at_s: float, call_s: float) -> float:
        """When a call that could be made at `at_s` gets its turn."""
        if self.calls == UNLIMITED:
            return at_s
        turn_s = at_s if len(self.back) < self.calls else max(at_s, heappop(self.back))
        heappush(self.back, turn_s + call_s + self.window_s)
        return turn_s


class _Bucket:
    """The slots and turns that jobs of one sort share on an account, and those that wait there."""

    def __init__(self, terms: Terms, name: str) -> None:
        self.name = name
        self.free = terms.in_flight.get(name, UNLIMITED)
        self.turns = _Turns(terms.starts.get(name))
        self.waiting: list[tuple[bool, float, int]] = []
        self.turn_s = 0.0


def play(loads: Sequence[Load], terms: Mapping[str, Terms], habits: Habits = HABITS,
         turn: int = 0) -> list[Course]:
    """The course of each load; every `turn` is another draw of lengths, the same each time."""
    return _Play(loads, terms, habits, turn).run()


class _Play:
    """One joint schedule under way."""

    def __init__(self, loads: Sequence[Load], terms: Mapping[str, Terms], habits: Habits,
                 turn: int) -> None:
        self.loads, self.terms, self.habits = loads, terms, habits
        self.courses = [Course() for _ in loads]
        self.draws = _endless(habits.lengths(), turn * sum(load.number for load in loads))
        self.uploads = {name: _Turns(sheet.uploads) for name, sheet in terms.items()}
        made: dict[tuple[str, str], _Bucket] = {}
        for load in loads:
            if (place := (load.account, load.bucket)) not in made:
                made[place] = _Bucket(terms[load.account], load.bucket)
        self.buckets = [made[load.account, load.bucket] for load in loads]
        self.followers: dict[int, list[int]] = {}
        for number, load in enumerate(loads):
            for source in load.after:
                self.followers.setdefault(source, []).append(number)
        self.crowds = dict.fromkeys(terms, 0)
        self.events: list[tuple[float, int, int]] = []

    def run(self) -> list[Course]:
        """Let everything happen."""
        for number, load in enumerate(self.loads):
            if load.number and not load.after:
                self._offer(number, load.number, 0.0)
        for bucket in dict.fromkeys(self.buckets):
            self._fill(bucket, 0.0)
        while self.events:
            now_s, what, number = heappop(self.events)
            if what == ENDED:
                self._notice(number, now_s)
            elif what == SEEN:
                self.buckets[number].free += 1
                self._fill(self.buckets[number], now_s)
            else:
                self.courses[number].done += 1
                for follower in self.followers[number]:
                    self._follow(follower, now_s)
        return self.courses

    def _follow(self, number: int, now_s: float) -> None:
        """As many of a load can start as have what they start from of every load."""
        load, course = self.loads[number], self.courses[number]
        ready = load.number
        for source, pace in zip(load.after, load.paces, strict=True):
            done = self.courses[source].done
            if done < self.loads[source].number:
                ready = min(ready, int(done / pace + 1e-9))
        if ready > course.offered:
            self._offer(number, ready, now_s)
            self._fill(self.buckets[number], now_s)

    def _offer(self, number: int, ready: int, now_s: float) -> None:
        course = self.courses[number]
        if course.started == course.offered:
            course.marked_s = max(course.marked_s, now_s)
            load = self.loads[number]
            heappush(self.buckets[number].waiting, (bool(load.after), -load.order_s, number))
        course.offered = ready

    def _fill(self, bucket: _Bucket, now_s: float) -> None:
        """Start what can be started, the longest first."""
        while bucket.free > 0 and bucket.waiting:
            number = bucket.waiting[0][2]
            self._start(number, bucket, now_s)
            if self.courses[number].started == self.courses[number].offered:
                heappop(bucket.waiting)

    def _start(self, number: int, bucket: _Bucket, now_s: float) -> None:
        load, course, habits = self.loads[number], self.courses[number], self.habits
        scale = self.terms[load.account].scale
        call_s, length_s = habits.call_s * scale, load.length_s * next(self.draws)
        bucket.free -= 1
        course.started += 1
        course.hold(f"{bucket.name}_per_minute", 0.0, min(now_s, bucket.turn_s))
        course.hold(f"{bucket.name}_in_flight", 0.0, now_s)
        ready_s = self._uploaded_s(load, course, now_s, call_s)
        if load.at_once:
            call_s, length_s = length_s, 0.0
        turn_s = bucket.turns.take(ready_s, call_s)
        if turn_s > ready_s:
            course.hold(f"{bucket.name}_per_minute", ready_s, turn_s)
            bucket.turn_s = max(bucket.turn_s, turn_s)
        self.crowds[load.account] += load.is_listed
        heappush(self.events, (turn_s + call_s + length_s, ENDED, number))

    def _notice(self, number: int, now_s: float) -> None:
        """A job has ended: when that is seen its slot is free, and a little later its file here."""
        load, course = self.loads[number], self.courses[number]
        scale = self.terms[load.account].scale
        if not load.at_once:
            crowd = self.crowds[load.account] if load.is_listed else 0
            now_s += scale * self.habits.notice_s(load.length_s / scale, crowd)
        self.crowds[load.account] -= load.is_listed
        heappush(self.events, (now_s, SEEN, number))
        saved_s = now_s + self.habits.save_s * scale
        if number in self.followers:
            heappush(self.events, (saved_s, SAVED, number))
        course.end_s = max(course.end_s, saved_s)

    def _uploaded_s(self, load: Load, course: Course, now_s: float, call_s: float) -> float:
        """When what the next job of the load starts from is at the service."""
        if int(course.started * load.uploads) == course.uploaded:
            return now_s
        course.uploaded += 1
        turn_s = self.uploads[load.account].take(now_s, call_s)
        course.hold("upload_per_minute", now_s, turn_s)
        return turn_s + call_s


def _endless(lengths: Sequence[float], skipped: int) -> Iterator[float]:
    at = skipped % len(lengths)
    while True:
        yield lengths[at]
        at = (at + 1) % len(lengths)
