"""Artificial Studio over MCP: the six tools of its hosted server (facts/media_apis.md 1.1)."""

from collections.abc import Mapping

from pipeline.core.errors import Refused, ReplyLost, Unreachable
from pipeline.providers.studio_catalog import kind_of, read_tool
from pipeline.providers.studio_refusals import (
    failure_of_generate,
    failure_of_tool,
    lost_or_out,
)
from pipeline.providers.tool_line import ToolLine

SEARCHES = ("image", "video")
"""What is searched for: no tool lists everything."""
JOB_NAMES = ("job_id", "generation_id", "id")
"""What `check_generation` may call the id; the list of tools says which."""
MOST_TOOLS = 200


class McpSurface:
    """The MCP surface of one account."""

    def __init__(self, line: ToolLine) -> None:
        self._line = line

    @property
    def skew_s(self) -> float:
        """The service's clock less ours."""
        return self._line.skew_s

    async def tools(self) -> list[object]:
        """All tools that make what we can buy, by two searches; one call more for each without its
        models."""
        found: dict[str, object] = {}
        for words in SEARCHES:
            body = await self._ask("search_tools", {"query": words})
            rows = body.get("data") if isinstance(body, Mapping) else body
            for row in rows if isinstance(rows, list) else ():
                if (tool := read_tool(row)) and kind_of(tool) != "other":
                    found.setdefault(tool.slug, row)
        return [await self._whole(slug, row) for slug, row in list(found.items())[:MOST_TOOLS]]

    async def _whole(self, slug: str, row: object) -> object:
        tool = read_tool(row)
        if tool and isinstance(tool.models, list):
            return row
        return await self._ask("get_tool_detail", {"tool_slug": slug})

    async def run(self, tool: str, asked: Mapping[str, object], bell: str) -> object:
        """The paid call; no address to ring is taken."""
        try:
            answer = await self._line.pay("generate", {"tool": tool, "input": asked})
        except ReplyLost as lost:
            raise lost_or_out(lost) from None
        if answer.failed:
            raise failure_of_generate(answer)
        return answer.body

    async def record(self, remote_id: str) -> object:
        """How far one generation is."""
        tool = (await self._line.tools()).get("check_generation")
        known = tool.fields if tool else frozenset(JOB_NAMES)
        name = next((each for each in JOB_NAMES if each in known), JOB_NAMES[0])
        return await self._ask("check_generation", {name: remote_id})

    async def rows(self, most: int) -> object:
        """The newest page of the list."""
        return await self._ask("list_generations", {"limit": most})

    async def account(self) -> object:
        """The account."""
        return await self._ask("get_account", {})

    async def upload(self, path: str) -> str:
        """No tool takes a file."""
        raise Refused("Artificial Studio takes no files over MCP: give an https:// address, or use "
                      "an account of artificialstudio-rest", cause="invalid_request")

    async def close(self) -> None:
        """Let go of the line."""
        await self._line.close()

    async def _ask(self, tool: str, arguments: Mapping[str, object]) -> object:
        """What a free tool answers; raises what its error text means."""
        answer = await self._line.ask(tool, arguments)
        if answer.failed:
            raise failure_of_tool(answer)
        if answer.body is None:
            raise Unreachable("the answer is no JSON")
        return answer.body
