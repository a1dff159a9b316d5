"""From a reply or a failure to the event it means.

Law: a paid call is only called free when it surely was: no byte left, or the service refused it in
its own documented words. Everything else is a doubt. A job that broke counts as charged unless the
service's own figure says that it was not.
"""

from collections.abc import Sequence

from pipeline.core.errors import (
    Barred,
    ProviderFailure,
    Refused,
    ReplyLost,
    Throttled,
    Unreachable,
)
from pipeline.core.job import Accepted, Deferred, Doubted, Event, Failed, Job, Produced
from pipeline.core.money import NOTHING, Money
from pipeline.core.provider import Broken, Finished, News, Receipt, Working
from pipeline.core.terms import Terms

BACKOFF_S = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
"""Pauses before a free call is made again after the service could not be reached."""

FINAL = frozenset({"content_refused", "invalid_request", "unsupported_aspect", "missing_field",
                   "model_not_found"})
"""Causes that the same job meets again: it is not bought a second time for them."""

MOST_ATTEMPTS = 10
"""A job that broke after so many attempts, even free ones, is left to a person."""


def judge_submission(reply: Receipt | Finished | ProviderFailure, now_s: float) -> Event:
    """The event that the outcome of a paid call means."""
    match reply:
        case Receipt(remote_ids):
            return Accepted(remote_ids)
        case Finished(outputs, charged):
            return Produced(outputs, charged, note=reply.note)
        case Throttled(retry_after_s=wait_s):
            return Deferred("throttled", now_s + (wait_s or BACKOFF_S[0]), message=reply.message)
        case Unreachable():
            return Deferred("unreachable", now_s + BACKOFF_S[0], message=reply.message)
        case Barred(cause=cause):
            return Deferred(cause, message=reply.message)
        case Refused(cause=cause):
            return Failed(cause, reply.message)
        case ReplyLost():
            return Doubted("reply_lost", reply.message)
        case _:
            return Doubted("reply_lost", f"an answer of no known kind: {reply}")


def judge_news(job: Job, news: News, terms: Terms, now_s: float) -> Event | None:
    """The event that news of a running job means; None to go on waiting."""
    match news:
        case Finished(outputs, charged) if outputs and all(output.url for output in outputs):
            return Produced(outputs, charged, note=news.note)
        case Broken(cause, message, charged):
            unsaid = charged is None
            return judge_broken(job, cause, message, job.held if charged is None else charged,
                                assumed=unsaid, due=unsaid and not terms.failure_is_charged)
        case _:
            overdue = now_s - (job.sent_s or now_s) > terms.overdue_s
            return Doubted("overdue", "no end in sight") if overdue else None


def join_news(news: Sequence[News]) -> News:
    """What is known of a job whose one start made several generations.

    It ends when all of them have ended. What came is delivered, even if it is not all; where one of
    them does not say what it took, nobody knows what all of them took.
    """
    if len(news) == 1:
        return news[0]
    working = next((each for each in news if isinstance(each, Working)), None)
    if working is not None:
        return working
    ends = [each for each in news if not isinstance(each, Working)]
    broken = [each for each in ends if isinstance(each, Broken)]
    made = [each for each in ends if isinstance(each, Finished)]
    said = [each.charged for each in ends if each.charged is not None]
    charged = sum(said, NOTHING) if len(said) == len(ends) else None
    if not made:
        return Broken(broken[0].cause, broken[0].message, charged)
    note = f"{len(made)} of {len(news)} came: {broken[0].message}" if broken else ""
    longest_s = max((each.made_in_s for each in made if each.made_in_s is not None), default=None)
    return Finished(tuple(output for each in made for output in each.outputs), charged, longest_s,
                    note=note)


def judge_broken(job: Job, cause: str, message: str, charged: Money, *,
                 assumed: bool = False, due: bool = False) -> Event:
    """Another paid try where the author allows it and it can help; else the end. What is `due` back
    counts as spent until the balance shows it."""
    tries = job.paid_tries + bool(charged)
    if cause not in FINAL and tries < job.max_paid_attempts and job.attempts < MOST_ATTEMPTS:
        return Deferred(cause, 0.0, charged, message, assumed=assumed, due=due)
    return Failed(cause, message, charged, assumed=assumed, due=due)


def backoff_s(tries: int) -> float:
    """How long to wait before the next free call after so many that failed.

    >>> [backoff_s(n) for n in (0, 1, 99)]
    [1.0, 2.0, 60.0]
    """
    return BACKOFF_S[min(tries, len(BACKOFF_S) - 1)]
