"""Goal: what is cheap is no less true. Method: the same script on a fresh ground through the HTTP
client and on a kept one below it, compared line by line (seeds in which no two things happen at the
same instant: they might change places); a branch against its script played alone;
and a receipt that is torn lies torn on the disk.
"""

from dataclasses import replace

import pytest
from branches import Branch, Grove, Tally
from kept_ground import kept_ground
from small_scripts import draw_small
from worlds import happen, log, log_of

from pipeline.sandbox.chance import stream
from pipeline.simulation.drawing import draw_script
from pipeline.simulation.world import Kill, Script, World


@pytest.mark.parametrize("seed", [11, 34])
def test_a_kept_ground_changes_nothing_of_a_story(seed: int) -> None:
    script = replace(draw_script(seed), kills=(Kill(2, of="sent POST"),))
    with kept_ground() as ground:
        happen(draw_script(seed + 1), ground=ground)  # what stood there before leaves no trace
        assert log_of(script, ground) == log_of(script)


def test_a_branch_is_the_world_that_its_script_tells() -> None:
    told: list[tuple[Script, str]] = []

    def note(world: World) -> None:
        told.append((world.script, log(world)))

    with kept_ground() as ground:
        for seed in range(4):
            grove = Grove(ground, Tally(), 0.1, 0.03, note)
            grove.grow(replace(draw_small(seed), faults={}))
        assert {len(script.kills) for script, _ in told} == {0, 1, 2}
        for script, story in told:
            assert log_of(script, ground) == story


def test_a_torn_receipt_lies_torn_on_the_disk() -> None:
    with kept_ground() as ground:
        grove = Grove(ground, Tally(), 1.0, 0.0)
        torn = [branch.moment for branch in grove.live(Branch(Script()), stream("torn"))
                if branch.moment and branch.moment.effect.startswith("torn")]
    assert len(torn) == 2  # the intent, and the receipt
    for moment in torn:
        assert not moment.files["state/receipts.log"].rstrip(b"\0").endswith(b"\n")
