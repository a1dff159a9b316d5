"""Artificial Studio over REST; its key is all of `Authorization` (facts/media_apis.md 1.2)."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.core.errors import Unreachable
from pipeline.providers.http import Http
from pipeline.providers.kubeez import MEDIA_TYPES
from pipeline.providers.kubeez_refusals import expect
from pipeline.providers.links import is_loopback
from pipeline.providers.studio_catalog import kind_of, read_tool
from pipeline.providers.studio_refusals import refusal_of_run

MOST_TOOLS = 200


class RestSurface:
    """The REST surface of one account."""

    def __init__(self, http: Http) -> None:
        self._http = http

    @property
    def skew_s(self) -> float:
        """The service's clock less ours."""
        return self._http.skew_s

    async def tools(self) -> list[object]:
        """All tools that make what we can buy; one read for the list, one for each of them."""
        body = expect(await self._http.read("/api/tools")).body
        rows = body.get("data") if isinstance(body, Mapping) else body
        if not isinstance(rows, list):
            raise Unreachable("the answer is no list of tools")
        return [await self._whole(row) for row in rows[:MOST_TOOLS]
                if (tool := read_tool(row)) and kind_of(tool) != "other"]

    async def _whole(self, row: object) -> object:
        tool = read_tool(row)
        if tool is None or isinstance(tool.models, list):
            return row
        return expect(await self._http.read(f"/api/tools/{tool.slug}")).body

    async def run(self, tool: str, asked: Mapping[str, object], bell: str) -> object:
        """The paid call. The service itself refuses to ring at an address that is not https."""
        may_ring = bell.startswith("https://") or is_loopback(self._http.base_url)
        rings = {"webhook": bell} if bell and may_ring else {}
        reply = await self._http.pay("/api/run", {"tool": tool, "input": asked, **rings})
        if not 200 <= reply.status < 300:
            raise refusal_of_run(reply)
        return reply.body

    async def record(self, remote_id: str) -> object:
        """The record of one generation, with its payload."""
        return expect(await self._http.read(f"/api/generations/{remote_id}")).body

    async def rows(self, most: int) -> object:
        """The newest page of the list."""
        return expect(await self._http.read("/api/generations", {"limit": str(most)})).body

    async def account(self) -> object:
        """The account."""
        return expect(await self._http.read("/api/account")).body

    async def upload(self, path: str) -> str:
        """Bring a file as the part `file` of a form; its address."""
        file = Path(path)
        media_type = MEDIA_TYPES.get(file.suffix.lower(), "application/octet-stream")
        body = expect(await self._http.send_file("/files", file, media_type)).body
        url = body.get("url") if isinstance(body, Mapping) else None
        if not isinstance(url, str) or not url:
            raise Unreachable("the upload's answer names no address")
        return url

    async def close(self) -> None:
        """Nothing of its own: the connections are the account's."""
