"""The MCP surface of Artificial Studio: the six tools of its hosted server.

Arguments and results as its page has them; of `check_generation`, `list_generations` and
`get_account` the page tells less, so they show what REST shows of the same (facts/media_apis.md
1.1). A no comes as the error text of the call, its code word first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.routing import BaseRoute, Route

from pipeline.sandbox.door import Refusal, Visit
from pipeline.sandbox.mcp_desk import Arguments, McpDesk, Tool
from pipeline.sandbox.oauth import OAuth
from pipeline.sandbox.service import Denied, RemoteService
from pipeline.sandbox.studio_desk import StudioDesk
from pipeline.sandbox.studio_refusals import Invalid, worded

PATH = "/artificialstudio"
ACCOUNT, READS, RUNS = "account:read", "generations:read", "generations:run"
"""The three scopes, which the page names in prose only; the words are ours."""

TEXT: Mapping[str, Any] = {"type": "string"}
WHOLE: Mapping[str, Any] = {"type": "integer"}
LIST = {"limit": WHOLE, "offset": WHOLE, "status": TEXT}


@dataclass(frozen=True, slots=True)
class Mcp:
    """The tools; each takes a `Visit` and its arguments, and gives the structured result."""

    desk: StudioDesk

    def search_tools(self, visit: Visit, asked: Arguments) -> dict[str, Any]:
        """The tools that fit some words, with their models."""
        query = _text(asked, "query")
        return {"data": [tool.shown() for tool in self.desk.shelf.search(query)]}

    def get_tool_detail(self, visit: Visit, asked: Arguments) -> dict[str, Any]:
        """One tool with its models."""
        tool = self.desk.shelf.find(_text(asked, "tool_slug"))
        if tool is None:
            raise Refusal(404, "not_found", "Tool not found")
        return tool.shown()

    def generate(self, visit: Visit, asked: Arguments) -> dict[str, Any]:
        """One job, charged before it is queued."""
        teller = self.desk.teller(visit.request)
        fields = {name: asked.get(name) for name in ("tool", "input")}
        job = self.desk.start(fields, teller, needs_model=True)
        return teller.generating(job, self.desk.eta_s(job))

    def check_generation(self, visit: Visit, asked: Arguments) -> dict[str, Any]:
        """How far a job is."""
        job = self.desk.find_job(_text(asked, "job_id"))
        return self.desk.teller(visit.request).checked(job)

    def list_generations(self, visit: Visit, asked: Arguments) -> dict[str, Any]:
        """A page of jobs, newest first."""
        return self.desk.listed(asked, self.desk.teller(visit.request))

    def get_account(self, visit: Visit, asked: Arguments) -> dict[str, Any]:
        """Credits and plan."""
        return self.desk.teller(visit.request).account()

    def tools(self) -> Sequence[Tool]:
        """The tools, as `tools/list` names them."""
        return (
            Tool("search_tools", "Find tools and models by words.", {"query": TEXT},
                 self.search_tools, ("query",), "catalog", "reads", ACCOUNT),
            Tool("get_tool_detail", "One tool: models, prices, inputs.", {"tool_slug": TEXT},
                 self.get_tool_detail, ("tool_slug",), "catalog", "reads", ACCOUNT),
            Tool("generate", "Start a job; answers at once with a job_id to poll.",
                 {"tool": TEXT, "input": {"type": "object"}}, self.generate, ("tool", "input"),
                 "start", "media", RUNS),
            Tool("check_generation", "How far a job is.", {"job_id": TEXT},
                 self.check_generation, ("job_id",), "status", "reads", READS),
            Tool("list_generations", "Recent jobs, newest first.", LIST,
                 self.list_generations, (), "history", "reads", READS),
            Tool("get_account", "Credits and plan.", {}, self.get_account, (), "balance",
                 "reads", ACCOUNT),
        )


def oauth_of(service: RemoteService) -> OAuth:
    """The authorization server of this surface; it takes no personal token but the sandbox's."""
    return OAuth(service, PATH, (ACCOUNT, READS, RUNS))


def routes(desk: StudioDesk) -> list[BaseRoute]:
    """The routes of this surface."""
    oauth = oauth_of(desk.service)
    door = McpDesk("artificial-studio", desk.service, Mcp(desk).tools, oauth.admit, _word)
    return [Route("/mcp", door), *oauth.routes()]


def at_root(service: RemoteService) -> list[BaseRoute]:
    """What the standards look for at the root of the host."""
    return oauth_of(service).at_root()


def _word(no: Refusal | Denied) -> Refusal:
    refusal = worded(no)
    if not isinstance(refusal, Invalid):
        return refusal
    told = "; ".join(f"{error['field']}: {error['message']}" for error in refusal.errors)
    return Refusal(refusal.status, refusal.code, f"{refusal.message}: {told}")


def _text(asked: Arguments, name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise Invalid([(name, "Required", "invalid_type")])
    return value
