"""A manifest file: read, held against its grammar, and every problem told at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.core.errors import AuthorError, Problem
from pipeline.core.manifest import Budget, Manifest
from pipeline.inputs.campaigns import linked, read_campaign, read_variables
from pipeline.inputs.complaints import Loc, meant_or_known, show
from pipeline.inputs.desk import Desk, spans_of
from pipeline.inputs.folders import ProjectFolder
from pipeline.inputs.grammar import CampaignGrammar, ManifestGrammar
from pipeline.inputs.marked_yaml import MAX_BYTES, read_yaml
from pipeline.inputs.prompts import PromptShelf
from pipeline.inputs.text_file import read_text, refuse
from pipeline.inputs.validation import Sound, hold_against

_PLACEHOLDERS: Mapping[str, object] = {"version": 1, "name": "unnamed", "campaigns": []}
_ENTRIES: Mapping[str, object] = {
    "exclude": {"model": "unnamed"}, "include": {"model": "unnamed"}, "models": "unnamed",
    "accounts": "unnamed", "sources": "asset:unnamed",
}
"""What stands for a wrong entry of a list."""


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file. Raises `AuthorError` with every problem of the file, of its templates
    and of its tables, each with its place, what would be accepted, and what may be meant."""
    manifest, error = survey_manifest(path)
    if error is not None:
        raise error
    return manifest


def survey_manifest(path: Path) -> tuple[Manifest, AuthorError | None]:
    """What can be understood of a file, and its problems: what is wrong is cut out or stood in for,
    so that the rest can be held against a catalog too. Raises `AuthorError` where nothing can."""
    problems: list[Problem] = []
    root = read_yaml(read_text(path, limit=MAX_BYTES), str(path), problems)
    if root.value is None:
        raise refuse("this manifest is empty", root.at, "it begins with version: 1")
    sound = Sound(str(path), problems)
    said = hold_against(ManifestGrammar, root, cut, sound)
    folder = ProjectFolder(path.parent)
    manifest = _understood(Desk(folder, root, sound, PromptShelf(folder)), said, str(path))
    return manifest, sound.error() if problems else None


def cut(said: Any, loc: Loc) -> Loc:
    """Remove the key of a campaign, or of the manifest, that a problem lies under. Entries of lists
    are replaced, so that the places of the others stay true."""
    if loc[:1] != ("campaigns",) or len(loc) == 1:
        cut_at = loc[:2] if loc[:1] == ("vars",) else loc[:1]
    elif len(loc) == 2:
        return _put(said, loc, {"name": f"unnamed-{loc[1]}"})
    elif loc[2] in _ENTRIES and len(loc) > 3 and isinstance(loc[3], int):
        return _put(said, loc[:4], _ENTRIES[str(loc[2])])
    else:
        cut_at = loc[:4] if loc[2] in ("vars", "params") else loc[:3]
    if len(cut_at) == 3 and cut_at[2] == "name":
        return _put(said, cut_at, f"unnamed-{cut_at[1]}")
    if len(cut_at) == 1 and cut_at[0] in _PLACEHOLDERS:
        return _put(said, cut_at, _PLACEHOLDERS[str(cut_at[0])])
    holder = _below(said, cut_at[:-1])
    if cut_at and isinstance(holder, dict):
        holder.pop(cut_at[-1], None)
    return cut_at


def _put(said: Any, loc: Loc, value: object) -> Loc:
    holder, last = _below(said, loc[:-1]), loc[-1]
    if isinstance(holder, dict):
        holder[last] = value
        return loc
    if isinstance(holder, list) and isinstance(last, int):
        holder[last] = value
    return loc


def _below(said: Any, loc: Loc) -> Any:
    for step in loc:
        if isinstance(said, dict):
            said = said.get(step)
        else:
            said = said[step] if isinstance(said, list) and isinstance(step, int) else None
    return said


def _understood(desk: Desk, said: ManifestGrammar, file: str) -> Manifest:
    _check_names(desk, said.campaigns)
    _check_links(desk, said.campaigns)
    shared = read_variables(desk, said.vars, ("vars",))
    spans = spans_of(desk.root.find("vars"), "vars")
    inherited = _inherited(desk, said.campaigns)
    campaigns = [
        read_campaign(desk, campaign, index, shared=shared, spans=spans,
                      inherited=inherited[campaign.name])
        for index, campaign in enumerate(said.campaigns)]
    caps = said.budget
    return Manifest(said.name, file, said.account, campaigns,
                    Budget(caps.credits, caps.per_day, caps.per_month,
                           {campaign.name: campaign.budget.credits
                            for campaign in said.campaigns if campaign.budget}))


def _check_names(desk: Desk, campaigns: list[CampaignGrammar]) -> None:
    first: dict[str, int] = {}
    for index, campaign in enumerate(campaigns):
        at = desk.at("campaigns", index, "name")
        if campaign.name in first:
            desk.tell(f"two campaigns are named {show(campaign.name)}, the first in line "
                      f"{first[campaign.name]}", at, "names are unique in a manifest")
        first.setdefault(campaign.name, at.line)


def _check_links(desk: Desk, campaigns: list[CampaignGrammar]) -> None:
    links = {campaign.name: linked(campaign) for campaign in campaigns}
    told: set[str] = set()
    for index, campaign in enumerate(campaigns):
        at = desk.at("campaigns", index, "from")
        source = linked(campaign)
        if source and source not in links:
            others = [name for name in links if name != campaign.name]
            desk.tell(f"there is no campaign {show(source)}", at, meant_or_known(source, others))
        if campaign.name in told:
            continue
        if circle := _circle(campaign.name, links):
            told.update(circle)
            desk.tell("campaigns start from each other in a circle: " + " → ".join(circle[:9]),
                      at, "let one of them start from nothing")


def _circle(name: str, links: Mapping[str, str]) -> list[str]:
    """The way from a campaign through those it starts from, if it comes back to it."""
    way = {name: None}
    source = links.get(name, "")
    while source and source not in way:
        way[source] = None
        source = links.get(source, "")
    return [*way, name] if source == name else []


def _inherited(desk: Desk, campaigns: list[CampaignGrammar]) -> dict[str, frozenset[str]]:
    """For each campaign, the variables that it has through the one that it starts from."""
    links = {campaign.name: linked(campaign) for campaign in campaigns}
    own = {campaign.name: desk.keys("campaigns", index, "vars")
           for index, campaign in enumerate(campaigns)}
    shared = desk.keys("vars")
    found: dict[str, frozenset[str]] = {}
    for name in links:
        names: set[str] = set()
        source, seen = links[name], {name}
        while source in links and source not in seen:
            names |= own[source] | shared
            seen.add(source)
            source = links[source]
        found[name] = frozenset(names)
    return found
