"""The contract of a provider: what every adapter must do, ours or a stranger's.

Goal: whoever adds a service knows when it is done. Method: each check drives a real adapter against
a service that can be told to misbehave, and holds what the adapter says against the service's own
books. A package of a stranger imports this module, describes its service as a `Subject`, and runs
`CHECKS` over it:

    @pytest.mark.parametrize("check", CHECKS, ids=name_of)
    def test_contract(check: Check) -> None:
        anyio.run(check, Subject("acme", open_acme, spec=…, refused=…))

Faults are named as in `pipeline/sandbox/faults.py`; a service that cannot be told to do one of them
passes that check over by raising `NotHere`.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import pytest

from pipeline.core.catalog import Catalog
from pipeline.core.errors import Barred, Refused, ReplyLost, Throttled, Vanished
from pipeline.core.evidence import Doubt, absent, adopt
from pipeline.core.job import Accepted, Deferred, Job, State
from pipeline.core.money import NOTHING, Money
from pipeline.core.pricing import Quote, price
from pipeline.core.provider import Broken, Finished, Mark, News, Provider, Receipt, Scan, Working
from pipeline.core.spec import JobSpec
from pipeline.inputs.catalog_cache import CatalogCache

TAG = "5f0c1e7a9b3d4c2e8a6f5d4c3b2a1908"
TOO_LONG_S = 36_000.0
"""More than any job takes, in seconds of the service."""


class NotHere(Exception):
    """The service cannot be made to do this, or does not do it at all."""


class Stage(Protocol):
    """A service at work, and one account's adapter to it."""

    provider: Provider

    def now(self) -> float:
        """The time of the account, in unix seconds."""
        ...

    def wait(self, seconds: float) -> None:
        """Let so many seconds of the service pass."""
        ...

    def bought(self) -> int:
        """How many jobs the service has charged."""
        ...

    def net(self) -> Money:
        """What it has taken in all, less what it gave back."""
        ...


@dataclass(frozen=True, slots=True)
class Subject:
    """A provider to be examined. `open` puts it on a stage with these faults; `spec` is a cheap
    job, `refused` one that the service says no to, `several` one that brings several files."""

    name: str
    open: Callable[[Mapping[str, Any]], AbstractAsyncContextManager[Stage]]
    spec: JobSpec
    refused: JobSpec
    several: tuple[JobSpec, int] | None = None
    always_refunds: bool = False


Check = Callable[[Subject], Awaitable[None]]


def name_of(check: Check) -> str:
    """What a check is called in a report."""
    return getattr(check, "__name__", "check").replace("_", "-")


async def brings_a_job_home(subject: Subject) -> None:
    """Priced, bought once, looked at, and downloaded; its charge is what was quoted."""
    async with subject.open({}) as stage:
        quote = await _quote(stage, subject.spec)
        receipt = await _buy(stage, subject.spec)
        first = await _look(stage, receipt)
        assert isinstance(first, Working)
        stage.wait(TOO_LONG_S)
        news = await _look(stage, receipt)
        assert isinstance(news, Finished) and news.outputs
        assert news.charged in (None, quote.expected)
        for output in news.outputs:
            assert output.url and len(await _bytes(stage, output.url)) > 0
        assert stage.bought() == 1
        assert stage.net() == quote.expected <= quote.worst


async def lists_what_it_sold(subject: Subject) -> None:
    """A started job is a row of the list, under its own id and at its time."""
    async with subject.open({}) as stage:
        receipt = await _buy(stage, subject.spec)
        scan = await stage.provider.scan({})
        [row] = [row for row in scan.sightings if row.remote_id in receipt.remote_ids]
        assert abs(row.created_s - scan.skew_s - stage.now()) <= stage.provider.terms.skew_s
        assert scan.unread == 0
        stage.wait(TOO_LONG_S)
        [row] = [row for row in (await stage.provider.scan({})).sightings
                 if row.remote_id in receipt.remote_ids]
        assert not isinstance(row.news, Broken)


async def finds_a_job_whose_reply_was_lost(subject: Subject) -> None:
    """A lost reply is a doubt; the call was made once; the list settles it with the job's id."""
    async with subject.open({"lost_reply": {"first": 1, "calls": "start"}}) as stage:
        with pytest.raises(ReplyLost):
            await _buy(stage, subject.spec)
        assert stage.bought() == 1
        scan = await stage.provider.scan({})
        doubt = _doubt(subject.spec, stage.now())
        [event] = adopt([doubt], scan, (), stage.provider.terms).values()
        assert isinstance(event, Accepted)
        stage.wait(TOO_LONG_S)
        assert isinstance(await _look(stage, Receipt(event.remote_ids)), Finished)
        assert stage.bought() == 1


async def finds_it_when_the_answer_is_an_error(subject: Subject) -> None:
    """A 5xx after the charge is a doubt like any other."""
    async with subject.open({"error_after_charge": {"first": 1, "calls": "start"}}) as stage:
        with pytest.raises(ReplyLost):
            await _buy(stage, subject.spec)
        assert stage.bought() == 1
        scan = await stage.provider.scan({})
        assert adopt([_doubt(subject.spec, stage.now())], scan, (), stage.provider.terms)


async def knows_what_never_arrived(subject: Subject) -> None:
    """Absence is believed after the quiet time, beside a job that is known to be there."""
    async with subject.open({"lost_request": {"nth": [2], "calls": "start"}}) as stage:
        known = await _buy(stage, subject.spec)
        owned = dict.fromkeys(known.remote_ids, stage.now())
        stage.wait(60.0)
        other = replace(subject.spec, prompt=subject.spec.prompt + " at night")
        with pytest.raises(ReplyLost):
            await stage.provider.submit(other, (), Mark(TAG))
        assert stage.bought() == 1
        doubt = _doubt(other, stage.now())
        assert not await _absent(stage, doubt, owned), "believed before the quiet time"
        stage.wait(stage.provider.terms.quiet_s + 1.0)
        assert isinstance(await _absent(stage, doubt, owned), Deferred)


async def tells_a_throttle_from_a_doubt(subject: Subject) -> None:
    """Too fast is free, and says when to come back where the service does."""
    faults = {"throttle": {"first": 1, "calls": "start", "seconds": 7.0}}
    async with subject.open(faults) as stage:
        with pytest.raises(Throttled) as told:
            await _buy(stage, subject.spec)
        assert told.value.retry_after_s in (None, 7.0)
        assert stage.bought() == 0
        await _buy(stage, subject.spec)


async def keeps_the_services_own_limit_in_words(subject: Subject) -> None:
    """The real window of the service is a throttle as well."""
    async with subject.open({"limits": {"media_per_minute": 1}}) as stage:
        await _buy(stage, subject.spec)
        with pytest.raises(Throttled):
            await _buy(stage, subject.spec)
        assert stage.bought() == 1


async def passes_a_refusal_on(subject: Subject) -> None:
    """A no to one job is that job's end, and free."""
    async with subject.open({}) as stage:
        with pytest.raises(Refused) as told:
            await _buy(stage, subject.refused)
        assert told.value.message
        assert stage.bought() == 0


async def knows_an_empty_purse(subject: Subject) -> None:
    """Out of credits closes the account, and is free."""
    async with subject.open({"insufficient": {"first": 1}}) as stage:
        with pytest.raises(Barred) as told:
            await _buy(stage, subject.spec)
        assert told.value.cause == "insufficient_credits"
        assert stage.bought() == 0


async def knows_a_bad_key(subject: Subject) -> None:
    """A key that is not accepted closes the account, and is free."""
    async with subject.open({"keys": {"another": ["*"]}}) as stage:
        with pytest.raises(Barred) as told:
            await _buy(stage, subject.spec)
        assert told.value.cause in ("bad_key", "missing_scope")
        assert stage.bought() == 0


async def books_a_failure_that_was_charged(subject: Subject) -> None:
    """What is believed of a failure is what the service took."""
    if subject.always_refunds:
        raise NotHere("every failure is refunded there")
    async with subject.open({"fail": {"first": 1, "message": "the model gave up"}}) as stage:
        taken, news = await _fail(subject, stage)
        assert "gave up" in news.message
        assert taken == stage.net() > NOTHING


async def books_a_failure_that_was_refunded(subject: Subject) -> None:
    """It is believed free where the service says so; where nobody says so, it counts as charged."""
    async with subject.open({"fail": {"first": 1, "refund": True}}) as stage:
        taken, news = await _fail(subject, stage)
        said = news.charged is not None or not stage.provider.terms.failure_is_charged
        assert stage.net() == NOTHING
        assert taken == NOTHING if said else taken > NOTHING


async def knows_moderation(subject: Subject) -> None:
    """A job that was refused for its content is not bought again."""
    faults = {"moderation": {"words": [subject.spec.prompt.split()[0]]}}
    async with subject.open(faults) as stage:
        _, news = await _fail(subject, stage)
        assert news.cause == "content_refused"


async def brings_several_files(subject: Subject) -> None:
    """One start that makes several files is one attempt, settled as one sum."""
    if subject.several is None:
        raise NotHere("one job makes one file there")
    spec, count = subject.several
    async with subject.open({}) as stage:
        quote = await _quote(stage, spec)
        receipt = await _buy(stage, spec)
        stage.wait(TOO_LONG_S)
        files = []
        for remote_id in receipt.remote_ids:
            news = await stage.provider.look(remote_id, spec.kind)
            assert isinstance(news, Finished)
            files += [await _bytes(stage, output.url or "") for output in news.outputs]
        assert len(files) == len({*files}) == count
        assert stage.net() == quote.expected


async def keeps_its_catalog(subject: Subject) -> None:
    """The catalog can be remembered, and read again as it was."""
    async with subject.open({}) as stage:
        payload = await stage.provider.fetch_catalog()
        catalog = stage.provider.read_catalog(payload, "2027-01-15T08:00:00Z")
        with TemporaryDirectory() as folder:
            CatalogCache(Path(folder)).write("a", payload, "2027-01-15T08:00:00Z")
            kept = CatalogCache(Path(folder)).read("a")
        assert kept is not None
        again = stage.provider.read_catalog(*kept)
        assert catalog.models
        assert catalog.digest() == again.digest()
        assert catalog.provider == stage.provider.terms.provider
        assert catalog.find(subject.spec.model) is not None
        assert catalog.find("no-such-model") is None


async def says_what_is_left(subject: Subject) -> None:
    """The balance falls by what was charged; a service that tells no balance says so."""
    async with subject.open({}) as stage:
        before = await stage.provider.balance()
        await _buy(stage, subject.spec)
        after = await stage.provider.balance()
        if before is None:
            assert after is None
        else:
            assert after is not None and before.less(after) == stage.net()


async def knows_what_is_not_there(subject: Subject) -> None:
    """An id that the service does not know is no end of a job."""
    async with subject.open({}) as stage:
        receipt = await _buy(stage, subject.spec)
        [remote_id, *_] = receipt.remote_ids
        with pytest.raises(Vanished):
            await stage.provider.look(remote_id[::-1], subject.spec.kind)


CHECKS: tuple[Check, ...] = (
    brings_a_job_home, lists_what_it_sold, finds_a_job_whose_reply_was_lost,
    finds_it_when_the_answer_is_an_error, knows_what_never_arrived, tells_a_throttle_from_a_doubt,
    keeps_the_services_own_limit_in_words, passes_a_refusal_on, knows_an_empty_purse,
    knows_a_bad_key, books_a_failure_that_was_charged, books_a_failure_that_was_refunded,
    knows_moderation, brings_several_files, keeps_its_catalog, says_what_is_left,
    knows_what_is_not_there,
)
"""The whole contract."""


async def _buy(stage: Stage, spec: JobSpec) -> Receipt:
    receipt = await stage.provider.submit(spec, (), Mark(TAG))
    assert isinstance(receipt, Receipt) and receipt.remote_ids
    return receipt


async def _look(stage: Stage, receipt: Receipt) -> News:
    return await stage.provider.look(receipt.remote_ids[0], "image")


async def _fail(subject: Subject, stage: Stage) -> tuple[Money, Broken]:
    """What the ledger would book for a job that breaks, and how it is told."""
    quote = await _quote(stage, subject.spec)
    receipt = await _buy(stage, subject.spec)
    stage.wait(TOO_LONG_S)
    news = await _look(stage, receipt)
    assert isinstance(news, Broken)
    assumed = quote.worst if stage.provider.terms.failure_is_charged else NOTHING
    return assumed if news.charged is None else news.charged, news


async def _quote(stage: Stage, spec: JobSpec) -> Quote:
    catalog = await _catalog(stage)
    model = catalog.find(spec.model)
    assert model is not None
    quote = price(spec, model)
    assert isinstance(quote, Quote)
    return quote


async def _catalog(stage: Stage) -> Catalog:
    payload = await stage.provider.fetch_catalog()
    return stage.provider.read_catalog(payload, "2027-01-15T08:00:00Z")


async def _bytes(stage: Stage, url: str) -> bytes:
    async with stage.provider.download(url) as file:
        return b"".join([chunk async for chunk in file.chunks()])


async def _absent(stage: Stage, doubt: Doubt, owned: Mapping[str, float]) -> object:
    began_s = stage.now()
    scan: Scan = await stage.provider.scan({})
    events = absent([doubt], scan, began_s, owned, stage.provider.terms)
    return events.get(doubt.job.key)


def _doubt(spec: JobSpec, sent_s: float) -> Doubt:
    nothing = Quote(NOTHING, NOTHING, "")
    job = Job(spec.key(), "a", spec, nothing, state=State.IN_DOUBT, tag=TAG, sent_s=sent_s,
              cause="reply_lost")
    return Doubt(job, last_byte_s=sent_s)
