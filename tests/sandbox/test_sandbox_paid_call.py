"""A paid call over MCP is charged once by a service behind real sockets.

Goal: a cut line, a broken stream, a 5xx and an answer that comes too late each leave one charge in
the service's books, and a doubt with us. Method: the real SDK against the sandbox's own program,
whose books are counted.
"""

from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from sandbox_program import served

from pipeline.core.errors import ProviderFailure, ReplyLost
from pipeline.providers.mcp_line import McpLine
from pipeline.providers.secret import Secret
from pipeline.providers.tool_line import ToolAnswer

FAULTS = {
    "a cut line": ("lost_reply: {first: 1}", ReplyLost),
    "a cut stream": ("lost_reply: {first: 1}\nmcp_answers: sse", ReplyLost),
    "a 5xx": ("error_after_charge: {first: 1}", ReplyLost),
    "a 5xx of a stream": ("error_after_charge: {first: 1}\nmcp_answers: sse", ReplyLost),
    "no answer in time": ("slow_reply: {first: 1, calls: start, seconds: 3}", ReplyLost),
    "an answer": ("mcp_answers: json", ToolAnswer),
    "a stream": ("mcp_answers: sse", ToolAnswer),
}


@pytest.mark.parametrize(("faults", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_the_sandbox_counts_one_charge_for_one_paid_call(faults: str, expected: type,
                                                         tmp_path: Path) -> None:
    with served("--provider", "kubeez", "--provider", "kubeez-mcp", faults=faults,
                tmp_path=tmp_path) as far:
        async def go() -> Any:
            line = McpLine(f"{far.told['url']}/kubeez-mcp/mcp", Secret("pat"), now=lambda: 0.0)
            pay = partial(line.pay, deadline_s=1.5)
            try:
                return await pay("generate_media", {"model": "nano-banana-2", "prompt": "a kite"})
            except ProviderFailure as failure:
                return failure
            finally:
                await line.close()

        assert isinstance(anyio.run(go), expected)
        assert far.books()["jobs"] == 1
