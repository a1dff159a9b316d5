"""Goal: what the service itself asks is held against the author's `max_price` as a price of the
catalog is. Method: a plan of one picture, and a service that quotes it dearer than its catalog.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from pipeline.core.cells import Cells
from pipeline.core.errors import AuthorError
from pipeline.core.manifest import Manifest
from pipeline.core.money import Money
from pipeline.core.provider import Preview
from pipeline.core.spec import JobSpec
from pipeline.simulation.demand import ACCOUNT, Demand, expanded
from pipeline.wiring.previews import preview

DEAR = Money.parse("60")


class Dear:
    """A service that asks for more than it lists."""

    async def preview(self, spec: JobSpec) -> Preview | None:
        """Its own word on what the job will take."""
        return Preview(DEAR, exact=True)


def asked(most: str | None) -> Any:
    expansion = replace(expanded(Demand()))
    wanted = Demand().manifest()
    manifest: Manifest = replace(wanted, campaigns=[
        replace(campaign, max_price=most and Money.parse(most)) for campaign in wanted.campaigns])
    account: Any = SimpleNamespace(provider=Dear(), settings=SimpleNamespace(prices={}))
    anyio.run(preview, expansion, manifest, {ACCOUNT: account})
    return Cells.of(expansion.cells).patterns[0].quote


@pytest.mark.parametrize("most", [None, "60", "61"])
def test_the_service_s_own_word_is_quoted(most: str | None) -> None:
    assert asked(most).expected == asked(most).worst == DEAR


def test_a_word_above_the_author_s_most_is_refused() -> None:
    with pytest.raises(AuthorError) as told:
        asked("59.5")
    problem, = told.value.problems
    assert "60 credits by the service's own quote, over max_price 59.5" in problem.message
