"""What became of models and prices since the last run.

Goal: a model that vanished or changed its price is named once, and nothing else is.
"""

from dataclasses import replace

from core_samples import cr, make_job, make_model, make_offers, make_quote, make_spec

from pipeline.core.job import Job
from pipeline.core.moved import moved
from pipeline.core.price_rule import Flat, PerSecond

OFFERS = make_offers(make_model("fox", price=Flat(cr("17"))), make_model("owl", price=None),
                     make_model("film", kind="video", price=PerSecond(cr("2")),
                                durations=("5s", "10s")))


def bought(model: str, price: str, **params: str) -> Job:
    return make_job(spec=make_spec(model=model, **params), price=price)


def told(*jobs: Job) -> list[str]:
    return [str(change) for change in moved(jobs, OFFERS)]


def test_a_price_that_moved_is_named_once() -> None:
    assert told(bought("fox", "14"), bought("fox", "14")) == [
        "fox was 14 credits a job, and is now 17"]


def test_a_model_that_vanished_is_named() -> None:
    assert told(bought("imagen", "13")) == [
        "imagen is gone from the catalog of acme; a job took 13 credits"]


def test_a_model_that_lost_its_price_is_named() -> None:
    assert told(bought("owl", "9")) == [
        "owl has no price any more that can be relied on; it was 9"]


def test_the_same_price_is_no_news_nor_is_another_length() -> None:
    assert told(bought("fox", "17"), bought("film", "10", duration="5s"),
                bought("film", "20", duration="10s")) == []


def test_a_cap_that_stood_for_a_price_is_no_price() -> None:
    quote = replace(make_quote("30"), basis="max_price; the catalog gives no price for owl")
    assert told(replace(bought("owl", "30"), quote=quote)) == []


def test_an_account_that_is_not_open_says_nothing() -> None:
    assert told(replace(bought("fox", "14"), account="other")) == []
