"""Goal: each of the sixteen invariants of SAFETY 5.2 is watched in every world. Method: a table of
who watches which, held against the page's numbers and against who is really called.
"""

from collections.abc import Callable, Mapping

from endings import doubts, files, origins, peace, rest
from invariants import (
    EVERY,
    cut_calls,
    keyless,
    money,
    one_each,
    owners,
    paid_calls,
    purchases,
    receipts,
    stories,
)
from watching import check_commit, check_sale
from worlds import Watch, log_of

from pipeline.simulation import story

SIXTEEN: Mapping[str, tuple[Callable[..., None], ...]] = {
    "S1 charges per job slot ≤ 1": (check_sale, purchases),
    "S2 true spend ≤ cap": (check_sale, check_commit),
    "S3 a durable intent precedes the charge": (check_sale, paid_calls),
    "S4 ledger ≥ true spend": (check_commit, money),
    "S5 legal transitions only": (stories,),
    "S6 one live or paid row per slot, one owner per id": (one_each, owners),
    "S7 a reservation is released only when closed": (check_commit, money),
    "S8 the writer's epoch is the newest": (check_commit,),
    "S9 no commit outside a live process": (check_commit,),
    "S10 after calm every job is at rest": (rest,),
    "S11 a person is asked only with a reason": (rest, doubts),
    "S12 what is done is there, and right": (files, origins, receipts),
    "S13 no doubt without a cut call": (cut_calls, peace),
    "S14 a restart with nothing to do does nothing": (story.rest,),
    "S15 the key is in one header": (keyless,),
    "S16 same seed, same story": (log_of,),
}
"""The invariants of SAFETY 5.2, and who watches each in every world. (S14: a world is at rest when
a process moved nothing. S16: two runs of a seed are held against each other line by line.)"""


def test_every_number_has_somebody_who_watches_it() -> None:
    assert [name.split()[0] for name in SIXTEEN] == [f"S{n}" for n in range(1, 17)]
    assert all(SIXTEEN.values())


def test_who_watches_is_really_called() -> None:
    hooks = {check_sale, check_commit, story.rest, log_of}
    assert {check for checks in SIXTEEN.values() for check in checks} <= {*EVERY, *hooks}
    assert {"check_sale", "check_commit"} <= {*Watch.opened.__code__.co_names}
