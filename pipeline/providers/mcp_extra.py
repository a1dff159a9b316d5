"""Opens a line over MCP, for the accounts that need one.

Law: the library behind it is an extra and takes a second to load; nothing but an account that
speaks MCP has it loaded.
"""

from collections.abc import Callable

from pipeline.core.errors import Exit, Halt
from pipeline.providers.tool_line import Key, ToolLine


def open_line(url: str, key: Key, *, account: str, now: Callable[[], float]) -> ToolLine:
    """A line over MCP; raises `Halt` (2) where its library is not installed."""
    try:
        from pipeline.providers.mcp_line import McpLine
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("pipeline"):
            raise
        raise Halt(Exit.USAGE, f"account {account!r} speaks MCP, and the library for it is not "
                   f"installed (no {error.name})", code="extra_missing",
                   hint="pip install 'media-pipeline[mcp]'") from None
    return McpLine(url, key, now=now)
