"""The tools that the sandbox's Artificial Studio offers, and their models.

Slugs of tools and the fields of inputs are as the service's public pages and clients name them
(facts/media_apis.md 1.2); the two Veo prices are published, all others are seed data. A slug is
found under two tools on purpose: there the model alone does not decide.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.core.money import Money, times_seconds

STUDIO_TOOLS = Path(__file__).with_name("studio_tools.jsonl")

IMAGE_ETA_S = 15.0
SHORT_FILM_ETA_S, LONG_FILM_ETA_S = 60.0, 120.0
SHORT_FILM_S, LONG_FILM_S = 4.0, 8.0
"""The service's own hints: an image 15 s, a film of up to 4 s a minute, one of 8 s two minutes."""


@dataclass(frozen=True, slots=True)
class StudioModel:
    """One model of one tool; `own` is what the file says of it to the sandbox alone."""

    tool: str
    makes: str
    public: Mapping[str, Any]
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """The model's slug, unique within its tool."""
        return str(self.public["slug"])

    @property
    def fields(self) -> Mapping[str, Any]:
        """The properties of its input, by name."""
        found: Mapping[str, Any] = self.public["inputSchema"]["properties"]
        return found

    @property
    def needed(self) -> list[str]:
        """The fields that an input must have."""
        return [str(name) for name in self.public["inputSchema"]["required"]]

    def seconds(self, asked: Mapping[str, Any]) -> Decimal | None:
        """How long its film is; None for a picture."""
        said = asked.get("duration") or self.fields.get("duration", {}).get("default") \
            or self.own.get("seconds")
        return Decimal(str(said)) if said and self.makes == "video" else None

    def price(self, asked: Mapping[str, Any]) -> Money:
        """What this input costs."""
        dearer = self.own.get("dearer", {})
        rate = Money.parse(str(dearer.get(asked.get("resolution"), self.public["cost"])))
        if self.public["costUnit"] != "second":
            return rate
        return times_seconds(rate, self.seconds(asked) or Decimal(0))

    def eta_s(self, asked: Mapping[str, Any]) -> float:
        """How long this input typically takes."""
        if self.makes != "video":
            return IMAGE_ETA_S
        over_s = max(0.0, float(self.seconds(asked) or 0) - SHORT_FILM_S)
        step = (LONG_FILM_ETA_S - SHORT_FILM_ETA_S) / (LONG_FILM_S - SHORT_FILM_S)
        return SHORT_FILM_ETA_S + step * over_s


@dataclass(frozen=True, slots=True)
class StudioTool:
    """One tool: its public row without models, and its models, the first being its default."""

    public: Mapping[str, Any]
    models: tuple[StudioModel, ...]

    @property
    def slug(self) -> str:
        """The tool's slug."""
        return str(self.public["slug"])

    def find(self, slug: str) -> StudioModel | None:
        """The model of this slug; the default one for none."""
        if not slug:
            return self.models[0] if self.models else None
        return next((model for model in self.models if model.slug == slug), None)

    def shown(self) -> dict[str, Any]:
        """The tool as it is published, models and all."""
        return {**self.public, "models": [dict(model.public) for model in self.models]}


class StudioShelf:
    """All tools by slug, in the order of the file."""

    def __init__(self, tools: Mapping[str, StudioTool]) -> None:
        self._tools = dict(tools)

    @classmethod
    def load(cls, path: Path = STUDIO_TOOLS) -> "StudioShelf":
        """Read a file of one tool a line."""
        with path.open(encoding="utf-8") as lines:
            tools = [_tool(json.loads(line)) for line in lines if line.strip()]
        return cls({tool.slug: tool for tool in tools})

    def changed(self, changes: Mapping[str, Mapping[str, Any] | None]) -> "StudioShelf":
        """The shelf with models (TOOL/SLUG) changed or, by None, taken away."""
        if not changes:
            return self
        return StudioShelf({tool.slug: _changed(tool, changes) for tool in self})

    def __iter__(self) -> Iterator[StudioTool]:
        return iter(self._tools.values())

    def find(self, slug: str) -> StudioTool | None:
        """The tool of this slug."""
        return self._tools.get(slug)

    def search(self, query: str) -> list[StudioTool]:
        """The tools whose words, or whose models' words, hold a word of the query; all for none."""
        words = query.lower().split()
        return [tool for tool in self
                if not words or any(word in json.dumps(tool.shown()).lower() for word in words)]


def _tool(raw: Mapping[str, Any]) -> StudioTool:
    models = tuple(
        StudioModel(raw["slug"], raw["outputType"],
                    {name: value for name, value in model.items() if name != "sandbox"},
                    model.get("sandbox", {}))
        for model in raw["models"])
    return StudioTool({name: value for name, value in raw.items() if name != "models"}, models)


def _changed(tool: StudioTool, changes: Mapping[str, Mapping[str, Any] | None]) -> StudioTool:
    models = []
    for model in tool.models:
        change = changes.get(f"{tool.slug}/{model.slug}", {})
        if change is not None:
            models.append(StudioModel(model.tool, model.makes, {**model.public, **change},
                                      model.own))
    return StudioTool(tool.public, tuple(models))
