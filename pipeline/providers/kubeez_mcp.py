"""Kubeez over MCP: the same jobs, the same books, asked as tools (facts/kubeez.md section 7).

The tools changed their names: what the service lists decides. What is sent is what REST is sent,
less what a tool's schema does not have.

Law: nothing that a job asks for is left out to please a schema; a tool that cannot take it is not
called.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.core.catalog import Catalog
from pipeline.core.errors import Refused, ReplyLost, Unreachable, Vanished
from pipeline.core.library import Library
from pipeline.core.money import Money
from pipeline.core.price_rule import Flat
from pipeline.core.provider import (
    UNMARKED,
    Broken,
    Download,
    Finished,
    Mark,
    News,
    Preview,
    Receipt,
    Scan,
)
from pipeline.core.spec import JobSpec
from pipeline.core.terms import Terms
from pipeline.providers.http import Http
from pipeline.providers.kubeez import ROUTES
from pipeline.providers.kubeez_answers import NAMES, read_credits, read_scan
from pipeline.providers.kubeez_bodies import STARTS
from pipeline.providers.kubeez_captions import open_output, read_job
from pipeline.providers.kubeez_catalog import read_catalog
from pipeline.providers.kubeez_mcp_quotes import quote_arguments, read_preview
from pipeline.providers.kubeez_mcp_refusals import failure_of, says_error
from pipeline.providers.kubeez_mcp_uploads import Uploading
from pipeline.providers.links import absolute
from pipeline.providers.reply import Reply
from pipeline.providers.tool_line import PAID_DEADLINE_S, Tool, ToolAnswer, ToolLine

STARTED_BY = {"image": "generate_media", "video": "generate_media", "music": "generate_music",
              "dialogue": "generate_dialogue", "captions": "generate_captions",
              "separation": "generate_separation", "ad-copy": "create_ad_copy"}
OLD_STATUS = {"music": "get_music_status", "separation": "get_separation_status"}
QUOTES = ("estimate", "estimate_generation_cost", "get_generation_estimate")

PLAIN_KINDS = ("image", "music", "dialogue", "ad-copy")
"""Kinds whose flat rows are quoted "from get_models directly" (how-it-works, media flow)."""

DERIVED = frozenset({"generation_type"})
"""What we add to a body and nobody asked for: a tool may do without."""


class KubeezMcp:
    """One Kubeez account, asked over MCP. `open_http` makes a client without a key, for uploads."""

    library: Library | None = None

    def __init__(self, line: ToolLine, http: Http, terms: Terms, *, media_host: str,
                 loopback: bool, open_http: Callable[[str], Http]) -> None:
        self.terms = terms
        self._line = line
        self._http = http
        self._media_host = media_host
        self._loopback = loopback
        self._plain: frozenset[str] = frozenset()
        self._uploading = Uploading(self._ask, open_http, loopback=loopback)

    @property
    def skew_s(self) -> float:
        """The service's clock less ours, by its latest answer."""
        return self._line.skew_s

    async def fetch_catalog(self) -> object:
        """The live catalog."""
        return await self._ask("get_models")

    def read_catalog(self, payload: object, fetched_at: str) -> Catalog:
        """The catalog from a payload, fresh or cached; only REST goes on from a clip."""
        catalog = read_catalog(payload, fetched_at, provider=self.terms.provider)
        self._uploading.models = tuple(catalog.models.values())
        self._plain = frozenset(model.id for model in catalog.models.values()
                                if isinstance(model.price, Flat) and model.kind in PLAIN_KINDS)
        return replace(catalog, beside={})

    async def balance(self) -> Money | None:
        """Credits left on the account."""
        return read_credits(await self._ask("get_balance"))

    async def preview(self, spec: JobSpec) -> Preview | None:
        """What the service says that a job will take; None where it does not say, and where its
        row says it as well."""
        tool = await self._find(*QUOTES)
        if tool is None or spec.model in self._plain:
            return None
        asked = quote_arguments(spec)
        answer = await self._ask(tool.name, tool.fit(asked))
        return read_preview(answer, spec, is_whole=all(name in tool.fields for name in asked))

    async def upload(self, path: str) -> str:
        """Bring a local file to the service through a session of its own; its address."""
        return self._absolute(await self._uploading.bring(Path(path)))

    async def submit(self, spec: JobSpec, sources: Sequence[str],
                     mark: Mark = UNMARKED) -> Receipt | Finished | Broken:
        """Start one job: the one paid call of an attempt. The service takes no mark."""
        tool = await self._find(STARTED_BY[spec.kind])
        if tool is None:
            raise Refused(f"the service has no tool that makes {spec.kind}",
                          cause="invalid_request")
        start = STARTS[spec.kind]
        answer = await self._line.pay(
            tool.name, _fitted(tool, start.body(spec, sources)),
            deadline_s=self.terms.at_once_s.get(spec.kind, PAID_DEADLINE_S))
        if answer.failed or says_error(answer.body):
            raise failure_of(answer, paid=True)
        reply = Reply(200, {}, answer.body, True, False, answer.skew_s, answer.text.encode())
        found = start.read(reply, self._absolute)
        if found is None:
            raise ReplyLost("an answer without a generation id")
        return found

    async def look(self, remote_id: str, kind: str) -> News:
        """News of one generation."""
        old = OLD_STATUS.get(kind, "get_generation_status")
        tool = await self._find("get_status", old)
        if tool is None:
            raise Unreachable("the service has no tool that tells a status")
        routed = {"kind": kind if kind in ROUTES else "media"}
        answer = await self._answer(tool.name, tool.fit({"id": remote_id, **routed}))
        body = answer.body
        if isinstance(body, Mapping) and not any(name in body for name in NAMES):
            body = {**body, "id": remote_id}  # the published answer names no id (facts, section 7)
        return read_job(body, answer.text.encode(), remote_id, kind, self._absolute)

    async def follow(self, remote_id: str, kind: str) -> News:
        """There is no stream of a job here."""
        raise Vanished("the service has no stream of this job")

    async def scan(self, filters: Mapping[str, str]) -> Scan:
        """The newest rows of the account's history, one read."""
        answer = await self._answer("get_generations", {"limit": self.terms.list_rows, **filters})
        return read_scan(answer.body, self._absolute, most=self.terms.list_rows,
                         skew_s=answer.skew_s)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[Download]:
        """Open a made file, at its link or in its own address."""
        async with open_output(self._http, url, loopback=self._loopback) as body:
            yield body

    async def close(self) -> None:
        """Let go of all connections."""
        await self._line.close()
        await self._http.close()

    async def _find(self, *names: str) -> Tool | None:
        """The first of these tools that the service lists."""
        tools = await self._line.tools()
        return next((tools[name] for name in names if name in tools), None)

    async def _ask(self, tool: str, arguments: Mapping[str, object] | None = None) -> Any:
        return (await self._answer(tool, arguments or {})).body

    async def _answer(self, name: str, arguments: Mapping[str, object]) -> ToolAnswer:
        """The answer to a free call; raises what an error of it means."""
        tool = await self._find(name)
        answer = await self._line.ask(name, tool.fit(arguments) if tool else arguments)
        if answer.failed or says_error(answer.body):
            raise failure_of(answer, paid=False)
        return answer

    def _absolute(self, url: str) -> str:
        return absolute(self._media_host, url)


def _fitted(tool: Tool, body: Mapping[str, object]) -> dict[str, object]:
    """A body as the tool takes it; raises `Refused` for a wish that its schema has no place for."""
    lost = [name for name in body if name not in tool.fields and name not in DERIVED]
    if lost:
        raise Refused(f"{tool.name} takes no {', '.join(lost)}", cause="invalid_request")
    return tool.fit(body)
