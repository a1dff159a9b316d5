"""Which pending jobs of a run are worked on: what its caps and its time reach for, in order.

Law: what is left out stays pending, and the next process looks at it anew.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.core.caps import Caps, fitting
from pipeline.core.loads import Loads, Sort, Start
from pipeline.core.night import fitting_into
from pipeline.core.report import RunInfo
from pipeline.ledger.questions import Questions
from pipeline.wiring.accounts import Account
from pipeline.wiring.past import lengths_of
from pipeline.wiring.rooms import Rooms, candidates


@dataclass(frozen=True, slots=True)
class Choice:
    """The keys that are worked on (None: all that are pending), those out of the caps' reach, and
    how many the time does not reach."""

    keys: Collection[str] | None = None
    left_out: Sequence[str] = ()
    too_late: int = 0


def within_caps(ask: Questions, run: RunInfo, caps: Caps, left: Rooms) -> Choice:
    """What the caps reach for."""
    places = None
    if caps.max_jobs is not None:
        places = max(0, caps.max_jobs - ask.bought(run.id))
    if left.left is None and places is None and not left.campaigns:
        return Choice()
    fits = list(fitting(candidates(ask, run.id), left.left, places, left.campaigns))
    return Choice(frozenset(job.key for job, fit in fits if fit),
                  [job.key for job, fit in fits if not fit])


def within_time(ask: Questions, run: RunInfo, accounts: Mapping[str, Account], choice: Choice,
                longest_s: float) -> Choice:
    """What of a choice is done in time, after all that is under way."""
    terms = {name: account.provider.terms for name, account in accounts.items()}
    loads = Loads(terms, lengths_of(ask, accounts))
    for name in accounts:
        for job in ask.open_jobs(name):
            loads.add(Sort("", name, job.spec.kind, job.spec.model, job.typical_s))
    chained = any(job.spec.waits_for for job in ask.samples(run.id))
    loads.take(start if chained else start._replace(key="")
               for start in _starts(ask, run, choice))
    fits = fitting_into(longest_s, loads, terms)
    keys = {start.key for start, fit in zip(_starts(ask, run, choice), fits, strict=True) if fit}
    return replace(choice, keys=keys, too_late=len(fits) - len(keys))


def _starts(ask: Questions, run: RunInfo, choice: Choice) -> Iterator[Start]:
    """The jobs of a choice, in the manifest's order."""
    return (start for start in ask.starts(run.id)
            if choice.keys is None or start.key in choice.keys)
