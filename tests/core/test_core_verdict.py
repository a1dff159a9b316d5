"""From a reply or a failure to the event it means.

Goal: a paid call is called free only when it surely was; a job that broke is bought again only
where the author allows it; and no wait lasts for ever.
"""

from dataclasses import replace

import pytest
from core_samples import NOW_S, TERMS, cr, make_job

from pipeline.core.errors import (
    Barred,
    ProviderFailure,
    Refused,
    ReplyLost,
    Throttled,
    Unreachable,
    Vanished,
)
from pipeline.core.job import (
    Accepted,
    Deferred,
    Doubted,
    Event,
    Failed,
    Produced,
    State,
)
from pipeline.core.money import NOTHING
from pipeline.core.provider import Broken, Finished, News, Output, Receipt, Working
from pipeline.core.verdict import (
    BACKOFF_S,
    FINAL,
    MOST_ATTEMPTS,
    backoff_s,
    judge_news,
    judge_submission,
)

LINK = Output("https://a/b.png", "image/png")
BARE = Output(None, "image/png")
RUNNING = make_job(State.RUNNING)


@pytest.mark.parametrize(("reply", "event"), [
    (Receipt(("r1", "r2")), Accepted(("r1", "r2"))),
    (Finished((LINK,), cr("3")), Produced((LINK,), cr("3"))),
    (Throttled("slow down", retry_after_s=9.0), Deferred("throttled", NOW_S + 9,
                                                         message="slow down")),
    (Throttled("slow down"), Deferred("throttled", NOW_S + BACKOFF_S[0], message="slow down")),
    (Unreachable("no connection"), Deferred("unreachable", NOW_S + BACKOFF_S[0],
                                            message="no connection")),
    (Barred("no credits", cause="insufficient_credits"),
     Deferred("insufficient_credits", message="no credits")),
    (Refused("not that", cause="content_refused"), Failed("content_refused", "not that")),
    (ReplyLost("cut"), Doubted("reply_lost", "cut")),
])
def test_a_paid_call_means(reply: Receipt | Finished | ProviderFailure, event: Event) -> None:
    assert judge_submission(reply, NOW_S) == event


@pytest.mark.parametrize("reply", [Vanished("gone"), ProviderFailure("odd"), Working(), None])
def test_an_answer_of_no_known_kind_is_a_doubt(reply: object) -> None:
    event = judge_submission(reply, NOW_S)  # type: ignore[arg-type]
    assert isinstance(event, Doubted)
    assert event.cause == "reply_lost"


def judged(news: News, *, after_s: float = 10.0, **more: object) -> Event | None:
    job = replace(RUNNING, **more)  # type: ignore[arg-type]
    return judge_news(job, news, TERMS, NOW_S + after_s)


def test_a_job_with_all_its_links_is_produced() -> None:
    assert judged(Finished((LINK, LINK), cr("9"))) == Produced((LINK, LINK), cr("9"))
    assert judged(Finished((LINK,))) == Produced((LINK,), None)


@pytest.mark.parametrize("news", [Working(), Working("unheard-of"), Finished(()),
                                  Finished((BARE,)), Finished((LINK, BARE))])
def test_whatever_is_not_there_yet_is_waited_for_and_not_for_ever(news: News) -> None:
    assert judged(news) is None
    assert judged(news, after_s=TERMS.overdue_s) is None
    assert judged(news, after_s=TERMS.overdue_s + 1) == Doubted("overdue", "no end in sight")


def test_what_is_made_is_taken_however_late() -> None:
    assert isinstance(judged(Finished((LINK,)), after_s=10 * TERMS.overdue_s), Produced)


@pytest.mark.parametrize(("charged", "taken"), [(None, "10"), ("0", "0"), ("4", "4")])
def test_a_failure_takes_what_the_service_says_and_the_worst_where_it_says_nothing(
        charged: str | None, taken: str) -> None:
    event = judged(Broken("content_refused", "no", None if charged is None else cr(charged)))
    assert event == Failed("content_refused", "no", cr(taken), assumed=charged is None)


@pytest.mark.parametrize(("charged", "event"), [
    (None, Failed("content_refused", "no", cr("10"), assumed=True, due=True)),
    ("4", Failed("content_refused", "no", cr("4"))),
])
def test_where_failures_are_given_back_one_counts_as_spent_and_due(charged: str | None,
                                                                   event: Failed) -> None:
    kind = replace(TERMS, failure_is_charged=False)
    news = Broken("content_refused", "no", None if charged is None else cr(charged))
    assert judge_news(RUNNING, news, kind, NOW_S) == event


@pytest.mark.parametrize(("allowed", "tried", "again"), [(1, 0, False), (2, 0, True),
                                                         (2, 1, False), (5, 3, True)])
def test_a_charged_failure_is_bought_again_as_often_as_the_author_allows(
        allowed: int, tried: int, again: bool) -> None:
    event = judged(Broken("generation_failed", "broke"), max_paid_attempts=allowed,
                   paid_tries=tried)
    assert isinstance(event, Deferred if again else Failed)
    assert isinstance(event, Deferred | Failed)
    assert event.charged == cr("10")


def test_a_free_failure_is_tried_again_but_not_for_ever() -> None:
    free = Broken("generation_failed", "broke", NOTHING)
    assert isinstance(judged(free), Deferred)
    assert isinstance(judged(free, attempts=MOST_ATTEMPTS), Failed)


@pytest.mark.parametrize("cause", sorted(FINAL))
def test_what_cannot_help_is_not_bought_again(cause: str) -> None:
    event = judged(Broken(cause, "no", NOTHING), max_paid_attempts=5)
    assert event == Failed(cause, "no", NOTHING)


def test_pauses_grow_and_stop_growing() -> None:
    pauses = [backoff_s(tries) for tries in range(20)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == BACKOFF_S[-1]
