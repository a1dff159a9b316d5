"""When a watch reads what: the list when enough ends are expected, a job when its own time comes.

Law: what is expected decides when to read, never what happened. A reading of the list serves all
that it shows; a job is asked about by itself where no list shows it, or it is late.
"""

from collections.abc import Callable
from itertools import count
from statistics import median

import anyio

from pipeline.core.job import Job
from pipeline.core.outlook import Outlook, Prospect, phase_of, price_s, reading_pause_s
from pipeline.core.pace import STEP, Belief, Lengths, next_look_s
from pipeline.executor.gate import Gate
from pipeline.executor.listing import Listing, Reading
from pipeline.executor.waiting import Agenda, Waiting

PATIENCE_BY_BELL = 3.0
"""So many times longer is waited for the next look while the service rings when a job has ended:
polling goes on, because a ring may be lost."""
LATE = 2.5
"""A job that the list should have shown by now, so many deviations after its expected end, is
looked at: a list of made jobs does not show that one broke."""
UNLISTED_STEP = 0.06
"""A job that newer ones have pushed out of the list is looked at when its end is likely, but not
before so much of its expected time has passed since the last look."""
MOVED = 0.05
"""A belief that has moved by so much is told to the jobs under way."""

ARRIVED = 0.25
"""At this share of the time between a paid call and its receipt the service is taken to have made
the job: rather too early, because a job that is thought to be listed is not asked about itself."""
CROWDED = 0.6
"""With so many newer jobs for each row of the list the oldest may not be shown any more: in which
order the service took them is known only nearly."""
DISORDER_S = 2.0
"""So far apart are jobs made in another order than they wait here."""
LAST = 5
"""The last jobs of a run are what it waits for: so few are asked about more often."""

Follows = Callable[[Waiting, int], bool]
"""Whether a stream tells of a job's end from now on, with so many that are due."""


class Schedule:
    """The jobs that wait for news at one account, and when to ask about them, by the loop's clock.

    `quiet_until_s` is when a service that did not answer may be asked again; `bell_works` says that
    it rings when a job has ended.
    """

    def __init__(self, gate: Gate, lengths: Lengths, listing: Listing) -> None:
        self.gate = gate
        self.lengths = lengths
        self.listing = listing
        self.running: dict[str, Waiting] = {}
        self.named: dict[str, Waiting] = {}
        self.quiet_until_s = float("-inf")
        self.bell_works = False
        self._outlook = Outlook()
        self._agenda = Agenda()
        self._beliefs: dict[str, Belief] = {}
        self._numbers = count()
        self._number = 0
        self._unplaced: list[Waiting] = []
        self._listed_s = float("-inf")

    def belief(self, model: str, typical_s: float) -> Belief:
        """How long a job takes, by what was learned of its model, else as it is said."""
        if model not in self._beliefs and model in self.lengths.seen:
            self._beliefs[model] = self.lengths.belief(model, typical_s)
        return self._beliefs.get(model) or Belief(typical_s)

    def begin(self, job: Job, typical_s: float, age_s: float, first_s: float) -> Waiting:
        """A job waits from now on; its own first look would come at this age."""
        now_s = anyio.current_time()
        self._number = next(self._numbers)
        prospect = Prospect(job.key, now_s - age_s, phase=phase_of(self._number))
        sent_s = job.sent_s or job.changed_s
        made_s = sent_s + ARRIVED * (job.changed_s - sent_s)
        waiting = Waiting(job, typical_s, self._number, made_s, prospect)
        prospect.believe(self.belief(job.spec.model, typical_s), self._patience)
        self.running[job.key] = waiting
        self.named |= dict.fromkeys(job.remote_ids, waiting)
        if self.listing.lists(job):
            self._unplaced.append(waiting)
        self._agenda.enter(waiting, now_s + max(0.0, first_s - age_s))
        self._outlook.expect(prospect, now_s)
        return waiting

    def end(self, waiting: Waiting) -> None:
        """It waits no more."""
        if self.running.get(waiting.job.key) is not waiting:
            return
        if self._by_list(waiting):
            self._outlook.came()
        del self.running[waiting.job.key]
        for name in waiting.job.remote_ids:
            self.named.pop(name, None)
        self._agenda.strike(waiting)
        self._outlook.forget(waiting.prospect)

    def look_at(self, waiting: Waiting, when_s: float) -> None:
        """Its own look is due then."""
        self._agenda.enter(waiting, when_s)

    def leave_alone(self, waiting: Waiting, until_s: float) -> None:
        """Somebody else tells of it, or the service asked for it: nothing is expected before."""
        waiting.prospect.quiet_s = until_s
        self._agenda.enter(waiting, max(waiting.due_s, until_s))

    def look_again(self, waiting: Waiting) -> None:
        """Later and later, and slower for a job whose look costs a read of its own."""
        waiting.looks += 1
        self._agenda.enter(waiting, anyio.current_time() + self._pause_s(waiting))

    def learned(self, model: str) -> None:
        """One more length of this model is known; what that changes is told to those under way."""
        before, now_s = self._beliefs.get(model), anyio.current_time()
        same = [waiting for waiting in self.running.values() if waiting.job.spec.model == model] \
            if before is None or self.lengths.is_new(model) else []
        older = 0
        if same:
            middle_s = median(self.lengths.seen[model])
            older = sum(now_s - waiting.prospect.born_s > middle_s for waiting in same
                        if not waiting.hidden)
        belief = self.lengths.belief(model, 0.0, older)
        if before is not None and not belief.differs(before, MOVED):
            return
        self._beliefs[model] = belief
        for waiting in same or self.running.values():
            if waiting.job.spec.model == model:
                waiting.prospect.believe(belief, self._patience)
                self._outlook.expect(waiting.prospect, now_s)
                late_s = max(waiting.prospect.late_s(LATE), waiting.prospect.quiet_s, now_s)
                if waiting.due_s > late_s and not waiting.looks:
                    self._agenda.enter(waiting, late_s)

    def look_ahead(self, now_s: float) -> None:
        """Count the ends that were expected until now; those that no list shows are looked at."""
        def shows(prospect: Prospect) -> bool:
            return self._by_list(self.running[prospect.key])

        for prospect in self._outlook.advance(now_s, shows):
            waiting = self.running[prospect.key]
            if self._is_pushed_out(waiting):
                self._look_soon(waiting, now_s)

    def take_due(self, now_s: float, follows: Follows, is_urgent: Callable[[Waiting], bool],
                 ) -> list[Waiting]:
        """Whose own look is due, without those that the list will tell of, or a stream; each is to
        be planned again."""
        if now_s < self.quiet_until_s:
            return []
        found = self._agenda.take(now_s)
        due = []
        for waiting in found:
            late_s = waiting.prospect.late_s(LATE)
            if follows(waiting, len(found)):
                continue
            if now_s < late_s and self._by_list(waiting) and not is_urgent(waiting):
                self._agenda.enter(waiting, late_s)
            else:
                due.append(waiting)
        return due

    def next_reading_s(self) -> float:
        """When the next reading of the list is worth it, by what is expected so far."""
        terms = self.gate.terms
        pressing = self.gate.lacks_slots() or len(self.running) <= LAST
        worth_s = self._outlook.worth_s(price_s(terms, pressing=pressing))
        return max(worth_s, self._listed_s + reading_pause_s(terms), self.quiet_until_s)

    def next_s(self, now_s: float) -> float:
        """When to look here again if nothing moves; not for every single step of what is expected,
        or thousands of jobs would keep the watch awake."""
        grain_s = reading_pause_s(self.gate.terms) / 2
        step_s = max(self._outlook.next_s(), now_s + grain_s)
        own_s = max(self._agenda.next_s(), self.quiet_until_s)
        return min(own_s, self.next_reading_s(), step_s)

    def reads_list(self) -> bool:
        """The list is being read: whether it is too short to show all that run, beside others.

        After a burst it is read as it is all the same, for when each job of the burst was made.
        """
        self._outlook.asked()
        self._listed_s = anyio.current_time()
        oldest = next(iter(self.running.values()), None)
        rows = CROWDED * self.gate.terms.list_rows
        return oldest is not None and self._number - oldest.number >= rows > len(self._unplaced)

    def was_read(self, reading: Reading) -> None:
        """What the list says of when jobs were made, and who has been pushed out of it."""
        now_s, disorder_s = anyio.current_time(), DISORDER_S * self.gate.terms.scale
        if not self.listing.filtered:
            settled_s = self._listed_s - disorder_s
            self._unplaced = [
                one for one in self._unplaced if self.running.get(one.job.key) is one
                and not reading.places(one, settled=one.prospect.born_s < settled_s)]
        for waiting in self.running.values():
            if waiting.made_s > reading.reach_s + disorder_s:
                break
            if self._is_pushed_out(waiting):
                self._look_soon(waiting, max(now_s, waiting.prospect.late_s(0.0)))

    def _look_soon(self, waiting: Waiting, from_s: float) -> None:
        """Who has been pushed out of the list is looked at from then on."""
        if waiting.looked_s == float("-inf"):
            waiting.looked_s = anyio.current_time()  # until now the list would have told of its end
        due_s = max(from_s, waiting.looked_s + self._pause_s(waiting))
        if due_s < waiting.due_s:
            self._agenda.enter(waiting, due_s)

    @property
    def alone(self) -> bool:
        """Whether no more than one job ever waited here: it is asked about, and not searched for
        in a list."""
        return self._number == 0

    def _by_list(self, waiting: Waiting) -> bool:
        """Whether a reading of the list is the way to learn of this job's end."""
        return not self.alone and self.listing.may_show(waiting)

    def _is_pushed_out(self, waiting: Waiting) -> bool:
        """Whether the list shows such jobs, and this one no more."""
        return not self.alone and self.listing.lists(waiting.job) \
            and not self.listing.may_show(waiting)

    def _pause_s(self, waiting: Waiting) -> float:
        alone = self.alone or not self.listing.works
        expected_s = self.belief(waiting.job.spec.model, waiting.typical_s).expected_s
        if self._is_pushed_out(waiting):
            expected_s *= UNLISTED_STEP / STEP if self.listing.filtered else 1.0
            alone = True
        return self._patience * next_look_s(expected_s, max(1, waiting.looks),
                                            self.gate.terms.scale, alone=alone)

    @property
    def _patience(self) -> float:
        return PATIENCE_BY_BELL if self.bell_works else 1.0
