"""A moment in the life of a process, kept so that many worlds can go on from it as if it had died.

Goal: worlds that differ only in where a process dies share its life up to there. Method: before an
effect everything is taken down that a death would leave: what is committed, the receipt log and the
files as they lie on disk, the service's books, and what is on its way. A world is put back to it on
a kept ground, and its next process begins.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace

import anyio
from kept_ground import KeptGround, Rows

from pipeline.simulation.delivery import Answer
from pipeline.simulation.life import Life
from pipeline.simulation.wire import Call, Flight
from pipeline.simulation.witness import Payment, Sale
from pipeline.simulation.world import World


@dataclass(frozen=True, slots=True)
class Service:
    """What the service has in its head: draws made, calls counted."""

    drawn: Mapping[str, int]
    windows: object


@dataclass(frozen=True, slots=True)
class Moment:
    """The world before the `number`-th effect of its latest process, `at_s` by the loop."""

    number: int
    effect: str
    at_s: float
    ledger: Rows
    files: Mapping[str, bytes]
    books: Rows
    service: Service
    calls: tuple[Call, ...]
    flights: tuple[Flight, ...]
    payments: tuple[Payment, ...]
    sales: tuple[Sale, ...]
    births: tuple[float, ...]
    cut: int

    @classmethod
    def of(cls, world: World, ground: KeptGround, number: int, effect: str) -> "Moment":
        """This very moment."""
        service = world.service
        return cls(
            number, effect, anyio.current_time(), ground.ledger_rows(), ground.files(),
            ground.books_rows(),
            Service(dict(service.strikes._drawn), deepcopy(service._windows._calls)),
            tuple(map(replace, world.wire.calls)), tuple(world.wire.flights),
            tuple(world.payments), tuple(world.sales), tuple(world.births), world.cut)

    def put_back(self, world: World, ground: KeptGround) -> None:
        """A fresh world on the same ground is as it was, and its process is dead."""
        ground.put(self.ledger, self.files, self.books)
        world.service.strikes._drawn = dict(self.service.drawn)
        world.service._windows._calls = deepcopy(self.service.windows)  # type: ignore[assignment]
        world.wire.calls[:] = map(replace, self.calls)
        world.payments[:] = self.payments
        world.sales[:] = self.sales
        world.births[:] = self.births
        world.cut = self.cut
        for flight in self.flights:
            call = world.wire.calls[flight.call.number]
            call.stray = True
            flight.context.run(world.wire.launch, replace(flight, call=call),
                               Answer(0.0, anyio.Event()))


class RememberedLife(Life):
    """The life of a process that does not die: `keep` is told before each of its effects."""

    def __init__(self, keep: Callable[[int, str], None]) -> None:
        super().__init__()
        self._keep = keep

    def touch(self, effect: str) -> None:
        """The process is about to have this effect on the world, or has just had it."""
        super().touch(effect)
        self._keep(self.effects, effect)
