"""Artificial Studio in memory, asked over ASGI through both of its surfaces."""

from typing import Any

from sandbox_world import World, make_cheap

from pipeline.sandbox.studio import make_app

FLUX = {"model": "flux-2", "prompt": "a red kite"}


class StudioWorld(World):
    """One Artificial Studio service."""

    def __init__(self, faults: dict[str, Any] | None = None, **more: Any) -> None:
        super().__init__(faults, **more)
        self.app = make_app(self.service, make=make_cheap, threaded=False)
        self.key = {"Authorization": "prod_1"}

    def run(self, tool: str = "create-image", asked: dict[str, Any] | None = None,
            **more: Any) -> Any:
        """A start over REST."""
        return self.ask("POST", "/api/run", json={"tool": tool, "input": asked or FLUX, **more})

    def record(self, name: str) -> Any:
        """One generation over REST."""
        return self.get(f"/api/generations/{name}").json()

    def call(self, name: str, /, **arguments: Any) -> Any:
        """A tool over MCP: its result."""
        answer = self.ask("POST", "/mcp", headers={"Authorization": "Bearer t"}, json={
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": name, "arguments": arguments}})
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def told(self, name: str, /, **arguments: Any) -> Any:
        """What a tool that succeeded tells."""
        result = self.call(name, **arguments)
        assert result["isError"] is False, result
        return result["structuredContent"]

    def refused(self, name: str, /, **arguments: Any) -> str:
        """The error text of a tool that did not."""
        result = self.call(name, **arguments)
        assert result["isError"] is True, result
        return str(result["content"][0]["text"])
