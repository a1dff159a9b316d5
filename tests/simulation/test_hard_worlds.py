"""Goal: what the safety page lists by number ends as it says there. Method: one script a line."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from worlds import empty_folder, happen

from pipeline.core.errors import Exit
from pipeline.core.terms import Terms
from pipeline.ledger.connection import open_for_reading
from pipeline.providers.registry import PROVIDERS, SANDBOX_TERMS
from pipeline.sandbox.kubeez_validation import read_order
from pipeline.simulation.demand import PICTURES, Demand, small_catalog
from pipeline.simulation.story import Watcher, play
from pipeline.simulation.wire import Weather
from pipeline.simulation.world import Kill, Script, World

PATIENT = replace(PROVIDERS["kubeez"].terms, provider=SANDBOX_TERMS.provider)
START = "/v1/generate/media"


def states(world: World) -> Counter[str]:
    connection = open_for_reading(world.state)
    assert connection is not None
    found = Counter(row["state"] for row in connection.execute("select state from jobs"))
    connection.close()
    return found


@pytest.mark.parametrize("terms", [SANDBOX_TERMS, PATIENT], ids=["sandbox", "patient"])
@pytest.mark.parametrize("rows", [25, 12])
@pytest.mark.parametrize("fault", ["lost_reply", "lost_request"])
def test_forty_starts_and_three_lost_calls_need_nobody_s_help(
        fault: str, rows: int, terms: Terms) -> None:
    """F116: a list cut to the newest rows, and never more started than it can show."""
    seen: Counter[str] = Counter()
    happen(Script(demand=Demand(subjects=40), terms=replace(terms, list_rows=rows),
                  faults={fault: {"nth": [5, 17, 30]}, "history_lag_s": terms.list_lag_s}), seen)
    assert seen["adoption" if fault == "lost_reply" else "absence"] == 3
    assert not seen["left to a person"]


def test_an_answer_with_another_job_s_id_is_a_doubt_that_the_list_settles() -> None:
    """F28: the service answers the second start with the id of the first."""
    seen: Counter[str] = Counter()
    script = Script(demand=Demand(subjects=3), faults={"windows": "fixed"})
    happen(script, seen, lambda world: setattr(world.wire, "app", mistaken(world.wire.app)))
    assert (seen["ambiguous"], seen["adoption"], seen["left to a person"]) == (1, 1, 0)


def mistaken(app: ASGIApp) -> ASGIApp:
    """The service, whose second answer to a start names the first one's id."""
    ids: list[str] = []

    async def twisted(scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.body":
                answer = json.loads(message["body"])
                ids.append(answer["generation_id"])
                answer["generation_id"] = ids[0] if len(ids) == 2 else ids[-1]
                message = {**message, "body": json.dumps(answer).encode()}
            await send(message)

        is_start = scope["method"] == "POST" and scope["path"] == START
        await app(scope, receive, tell if is_start else send)

    return twisted


def test_a_stranger_s_job_with_the_same_words_leaves_the_doubt_to_a_person() -> None:
    """F116: two rows for one doubt, and no way to tell which is ours."""
    def stranger(world: World) -> None:
        words = {"model": PICTURES[0], "prompt": "a picture of subject 0", "aspect_ratio": "1:1"}
        order, _ = read_order(json.dumps(words).encode(), small_catalog())
        world.service.start(order)

    found: list[Counter[str]] = []
    with empty_folder() as folder:
        script = Script(faults={"lost_reply": {"nth": [1]}})
        story = play(script, folder, Watcher(
            opened=stranger, rested=lambda world, _: found.append(states(world))))
    assert found == [Counter(in_doubt=1)]
    assert story.exits[-1] is Exit.DOUBT


def test_a_service_that_is_down_for_three_days_costs_nothing_but_time() -> None:
    """F126: nobody listens; the run says so after ten minutes, and goes on when it is called."""
    script = Script(demand=Demand(subjects=2), weather=Weather(refused=1.0),
                    kills=(Kill(down_s=3 * 86_400.0),))
    seen: Counter[str] = Counter()
    story = happen(script, seen)
    assert story.exits[0] is Exit.REFUSED
    assert story.exits[-1] is Exit.DONE
    assert not seen["reply_lost"]
