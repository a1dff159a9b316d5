"""Models that a service sorts by tools, parameters that only it knows, lengths of its own.

Goal: a campaign names such a model by its slug, with `params: {tool: …}` or as TOOL/SLUG, and all
of them are one job; what the row names beside the known parameters is checked and sent. Method: a
small catalog, expanded and priced (CONTRACT section 2).
"""

from dataclasses import replace
from typing import Any

import pytest
from core_samples import cr, make_campaign, make_catalog, make_manifest, make_model, make_spec

from pipeline.core.cells import Offer
from pipeline.core.expansion import Expansion, expand
from pipeline.core.offer import fit_params
from pipeline.core.price_rule import PerSecond
from pipeline.core.pricing import Quote, price

OWL = replace(make_model("owl"), tool="create")
FOXES = [replace(make_model(f"{tool}/fox"), tool=tool) for tool in ("create", "edit")]


def expanded(model: str, **params: Any) -> Expansion:
    offers = {"acme": Offer("acme", make_catalog(OWL, *FOXES))}
    return expand(make_manifest(make_campaign(models=(model,), prompt="x", params=params)), offers)


@pytest.mark.parametrize(("model", "params", "meant"), [
    ("owl", {}, "owl"), ("create/owl", {}, "owl"), ("owl", {"tool": "create"}, "owl"),
    ("create/fox", {}, "create/fox"), ("fox", {"tool": "create"}, "create/fox"),
    ("edit/fox", {"tool": "edit"}, "edit/fox")])
def test_a_model_is_found_however_its_tool_is_said(model: str, params: dict[str, Any],
                                                   meant: str) -> None:
    found = expanded(model, **params)
    [cell] = found.cells
    assert (cell.spec.model, dict(cell.spec.params), found.problems) == (meant, {}, [])


@pytest.mark.parametrize(("model", "params", "says", "hint"), [
    ("fox", {}, "no model 'fox'", "create/fox, edit/fox"),
    ("owl", {"tool": "edit"}, "owl is run by create, not by edit", "leave tool out"),
    ("create/fox", {"tool": "edit"}, "create/fox is run by create, not by edit", "leave tool out"),
])
def test_a_tool_that_does_not_run_it_is_told(model: str, params: dict[str, Any], says: str,
                                             hint: str) -> None:
    [problem] = expanded(model, **params).problems
    assert says in problem.message and hint in problem.hint


def test_a_service_without_tools_takes_no_such_parameter() -> None:
    _, [misfit] = fit_params({"tool": "create"}, make_model())
    assert "unknown parameter 'tool'" in misfit.message


@pytest.mark.parametrize(("value", "sent"), [("anime", "anime"), ("ANIME", "anime")])
def test_a_choice_that_only_the_service_knows_is_sent_as_it_spells_it(value: str,
                                                                      sent: str) -> None:
    model = make_model(options={"style": ("anime", "noir")})
    assert fit_params({"style": value}, model) == ({"style": sent}, [])


@pytest.mark.parametrize("value", [True, 30, "a text"])
def test_a_parameter_without_choices_takes_what_a_key_is_made_of(value: object) -> None:
    assert fit_params({"steps": value}, make_model(options={"steps": ()})) == (
        {"steps": value}, [])


@pytest.mark.parametrize(("name", "value", "hint"), [
    ("style", "baroque", "it offers anime, noir"), ("steps", "x" * 5001, ""),
    ("loras", "a", "seed, style, steps")])
def test_what_it_does_not_know_is_told(name: str, value: object, hint: str) -> None:
    model = make_model(options={"style": ("anime", "noir"), "steps": ()})
    _, [misfit] = fit_params({name: value}, model)
    assert misfit.path == ("params", name) and hint in misfit.hint


def test_a_film_is_priced_by_the_length_that_will_be_sent() -> None:
    film = make_model(kind="video", price=PerSecond(cr("10")), durations=("5", "10"),
                      default_duration="5")
    asked = price(make_spec(kind="video", duration="10"), film)
    unasked = price(make_spec(kind="video"), film)
    assert isinstance(asked, Quote) and isinstance(unasked, Quote)
    assert (str(asked.worst), str(unasked.worst)) == ("100", "50")
    assert "its own length" in unasked.basis
