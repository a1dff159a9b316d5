"""A plan that asks the service for its own price, and says how sure it is.

Goal: where a price hangs on seconds, the plan's figure is the service's own, called exact or
pessimistic; what is set aside never falls below the catalog's worst; the run is charged what the
plan expected. Method: the real program on the embedded sandbox over MCP.
"""

from processes_books import check_books
from processes_kit import Place

CLIPS = """\
version: 1
name: clips
account: sandbox-kubeez-mcp
campaigns:
  - name: clip
    models: [kling-3-0-std]
    aspect_ratios: ["16:9"]
    prompt: "a red kite"
    params: {duration: [3, 5]}
"""


def test_the_plan_says_the_services_price_and_is_charged_it(place: Place) -> None:
    manifest = str(place.write("clips.yaml", CLIPS))
    plan = place.run("plan", manifest, "--json").document
    assert plan["credits"] == {"expected": "136", "worst": "136"}  # (3 s + 5 s) × 17
    said = place.run("plan", manifest).out
    assert "51 by the service's own quote, exact" in said
    done = place.run("run", manifest, "--yes", "--json")
    assert (done.code, done.document["credits"]["charged"]) == (0, "136")
    assert check_books(place) == 2
