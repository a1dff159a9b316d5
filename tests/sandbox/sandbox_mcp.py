"""Kubeez in memory, asked through its MCP door by plain JSON-RPC."""

import json
from collections.abc import Mapping
from typing import Any

import anyio
import httpx
from sandbox_world import Clock, make_cheap

from pipeline.core.money import Money
from pipeline.sandbox import kubeez, kubeez_mcp
from pipeline.sandbox.books import Books
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.service import RemoteService

ROOT = "http://sandbox"
MCP = "/mcp"


class McpWorld:
    """One service with two doors, a client with a token, and a clock."""

    def __init__(self, faults: Mapping[str, Any] | None = None, *, granted: str = "10000") -> None:
        self.clock = Clock()
        self.books = Books.open(None, granted=Money.parse(granted))
        self.service = RemoteService(self.books, now=self.clock, seed=1,
                                     faults=Faults.parse(faults or {}))
        self.app = kubeez_mcp.make_app(self.service, make=make_cheap, threaded=False)
        self.rest = kubeez.make_app(self.service, make=make_cheap, threaded=False)
        self.token = "pat_personal"

    def ask(self, method: str, path: str, *, door: Any = None, **more: Any) -> httpx.Response:
        """One request to the MCP dialect, which lives under a path of its own; or to a `door`."""
        async def go() -> httpx.Response:
            root = "" if door else kubeez_mcp.PATH
            transport = httpx.ASGITransport(door or self.app, root_path=root)
            headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
            async with httpx.AsyncClient(transport=transport, base_url=ROOT) as client:
                return await client.request(method, root + path, headers=headers, **more)

        return anyio.run(go)

    def send(self, method: str, params: Any = None, **more: Any) -> httpx.Response:
        """One message of JSON-RPC."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, **({"params": params} if params
                                                                 else {})}
        return self.ask("POST", MCP, content=json.dumps({**body, **more}))

    def call(self, tool: str, **arguments: Any) -> Any:
        """The outcome of a tool's call."""
        answer = self.send("tools/call", {"name": tool, "arguments": arguments})
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def told(self, tool: str, **arguments: Any) -> Any:
        """What a tool says that does what it is asked."""
        outcome = self.call(tool, **arguments)
        assert not outcome["isError"], outcome
        assert json.loads(outcome["content"][0]["text"]) == outcome["structuredContent"]
        return outcome["structuredContent"]

    def no(self, tool: str, **arguments: Any) -> str:
        """The words of a refusal."""
        outcome = self.call(tool, **arguments)
        assert outcome["isError"] and "structuredContent" not in outcome
        return str(outcome["content"][0]["text"])

    @property
    def names(self) -> set[str]:
        """The tools that are listed."""
        listed = self.send("tools/list").json()["result"]["tools"]
        return {tool["name"] for tool in listed}

    def buy(self, **fields: Any) -> str:
        """A picture; its id."""
        told = self.told("generate_media", **{"model": "nano-banana-2", "prompt": "a kite",
                                              **fields})
        return str(told["generation_id"])

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds
