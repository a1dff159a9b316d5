"""The contract bites: adapters with one typical mistake each do not get through it.

Goal: a check that nobody can fail proves nothing. Method: the Media Engine adapter behind a wrapper
that makes one mistake, and the check that is there for it.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import contract
import pytest
from contract import Check, Subject, name_of
from contract_sandbox import SandboxStage, picture, sandbox

from pipeline.core.errors import Refused, ReplyLost, Throttled, Unreachable, Vanished
from pipeline.core.money import NOTHING
from pipeline.core.provider import Broken, Finished, Mark, News, Scan, Working
from pipeline.core.spec import JobSpec

NAME = "sandbox-mediaengine"


class Careless:
    """An adapter that does everything right but what its subclass does."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class SendsAgain(Careless):
    async def submit(self, spec: JobSpec, sources: Sequence[str], mark: Mark) -> Any:
        try:
            return await self.inner.submit(spec, sources, mark)
        except ReplyLost as lost:
            await self.inner.submit(spec, sources, mark)
            raise lost


class CallsALossFree(Careless):
    async def submit(self, spec: JobSpec, sources: Sequence[str], mark: Mark) -> Any:
        try:
            return await self.inner.submit(spec, sources, mark)
        except ReplyLost as lost:
            raise Unreachable(lost.message) from None


class TakesAThrottleForARefusal(Careless):
    async def submit(self, spec: JobSpec, sources: Sequence[str], mark: Mark) -> Any:
        try:
            return await self.inner.submit(spec, sources, mark)
        except Throttled as no:
            raise Refused(no.message, cause="invalid_request") from None


class LosesItsMark(Careless):
    async def submit(self, spec: JobSpec, sources: Sequence[str], mark: Mark) -> Any:
        return await self.inner.submit(spec, sources)


class CallsAFailureFree(Careless):
    async def look(self, remote_id: str, kind: str) -> News:
        news: News = await self.inner.look(remote_id, kind)
        return replace(news, charged=NOTHING) if isinstance(news, Broken) else news


class BringsTheFirstFile(Careless):
    async def look(self, remote_id: str, kind: str) -> News:
        news: News = await self.inner.look(remote_id, kind)
        return replace(news, outputs=news.outputs[:1]) if isinstance(news, Finished) else news


class TakesAStrangerForWork(Careless):
    async def look(self, remote_id: str, kind: str) -> News:
        try:
            found: News = await self.inner.look(remote_id, kind)
        except Vanished:
            return Working()
        return found


class ListsNothing(Careless):
    async def scan(self, filters: Mapping[str, str]) -> Scan:
        found: Scan = await self.inner.scan(filters)
        return replace(found, sightings=())


MISTAKES: tuple[tuple[type[Careless], Check], ...] = (
    (SendsAgain, contract.finds_a_job_whose_reply_was_lost),
    (CallsALossFree, contract.finds_a_job_whose_reply_was_lost),
    (CallsALossFree, contract.finds_it_when_the_answer_is_an_error),
    (TakesAThrottleForARefusal, contract.tells_a_throttle_from_a_doubt),
    (TakesAThrottleForARefusal, contract.keeps_the_services_own_limit_in_words),
    (LosesItsMark, contract.finds_a_job_whose_reply_was_lost),
    (CallsAFailureFree, contract.books_a_failure_that_was_charged),
    (BringsTheFirstFile, contract.brings_several_files),
    (TakesAStrangerForWork, contract.knows_what_is_not_there),
    (ListsNothing, contract.lists_what_it_sold),
    (ListsNothing, contract.knows_what_never_arrived),
)


def subject(mistake: Callable[[Any], Careless]) -> Subject:
    """Media Engine behind an adapter with a mistake."""
    @asynccontextmanager
    async def opened(faults: Mapping[str, Any]) -> AsyncIterator[SandboxStage]:
        async with sandbox(NAME)(faults) as stage:
            stage.provider = mistake(stage.provider)
            yield stage

    return Subject(NAME, opened, picture(NAME, "flux2-turbo"), picture(NAME, "no-such-model"),
                   (picture(NAME, "seedream", n="3"), 3))


def complaint_of(check: Check, examined: Subject) -> BaseException | None:
    """What a check has against a subject; None where it is content."""
    try:
        anyio.run(check, examined)
    except BaseExceptionGroup as group:
        return group.exceptions[0]
    return None


@pytest.mark.parametrize(("mistake", "check"), MISTAKES,
                         ids=lambda value: getattr(value, "__name__", "x"))
def test_a_mistake_is_caught(mistake: type[Careless], check: Check) -> None:
    assert complaint_of(check, subject(mistake)) is not None, name_of(check)


@pytest.mark.parametrize("check", dict.fromkeys(check for _, check in MISTAKES), ids=name_of)
def test_without_a_mistake_nothing_is_caught(check: Check) -> None:
    assert complaint_of(check, subject(Careless)) is None
