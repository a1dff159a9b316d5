"""Goal: what once went wrong does not go wrong again. Method: each world that broke something, cut
down to what it takes and told as a script.
"""

import os
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import invariants
import pytest
from worlds import broken, empty_folder, happen

from pipeline.core.errors import Exit
from pipeline.ledger.connection import DATABASE, open_for_reading
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.receipts import START, Receipts, intent
from pipeline.providers.registry import SANDBOX_TERMS
from pipeline.simulation.demand import FILMS, Demand
from pipeline.simulation.story import Story, Watcher, play
from pipeline.simulation.wire import Weather
from pipeline.simulation.world import START_S, Kill, Script, World

DAY_S = 86_400.0
CLIPS = Demand(ratios=("1:1", "16:9"), clips=True)
SONG = Demand(models=(), extras=("song",))
SONGS = Demand(models=(), extras=("song", "anthem"))
LONGER = Demand(extras=("opener", "longer"))


def test_a_row_whose_answer_is_on_its_way_is_no_evidence_for_another_job() -> None:
    """Two pictures have the same words. One was lost; the other's row stood in the list before its
    answer was here, and was adopted for the first: the wrong picture delivered."""
    faults = {"lost_request": {"nth": [1]},
              "slow_reply": {"nth": [1], "seconds": 20.0, "calls": "start"}}
    assert not broken(Script(demand=Demand(ratios=("1:1", "16:9")), faults=faults))


def test_a_turn_that_is_due_is_free() -> None:
    """A window's end was rounded in two ways: at that instant everybody had a turn."""
    script = Script(demand=Demand(subjects=4, variants=3), limits={"media_per_minute": 2})
    assert not broken(script)


def test_after_a_holiday_an_id_of_ours_is_still_ours() -> None:
    """Ids learned more than a week ago were taken for nobody's: rows too many for one doubt."""
    kills = (Kill(3, down_s=8 * DAY_S, of="before receipt"),)
    assert not broken(Script(demand=Demand(variants=3), kills=kills))


def test_a_row_made_at_the_last_moment_is_seen_through_a_slow_line() -> None:
    """The line's delay was taken for a difference of clocks, which moved a late row out of the
    time it was looked for in: called absent, it was bought again."""
    weather = Weather(fastest_s=5.0, slowest_s=6.0, late=1.0, late_s=7.0)
    for seed in range(8):
        script = Script(seed, Demand(subjects=2), {"history_lag_s": 10.0}, weather=weather,
                        kills=(Kill(2, of="sent POST"),))
        assert not broken(script)


@pytest.mark.parametrize("clock_s", (-600.0, -10.0, 10.0))
def test_a_clock_that_is_set_between_two_processes_proves_no_absence(clock_s: float) -> None:
    """What was sent at one o'clock by the old clock was looked for at one by the new one. (Who is
    still in doubt in the end is for a person: a row is adopted only inside its time.)"""
    for seed in range(6):
        script = Script(seed, Demand(subjects=3),
                        kills=(Kill(2, of="before receipt", clock_s=clock_s),))
        assert "the service took" not in broken(script)
        assert "was charged" not in broken(script)


def test_a_state_folder_whose_making_was_cut_is_a_new_one() -> None:
    """A process that died in the first moments left a database that was called damaged."""
    for effect in range(1, 16):
        assert not broken(Script(kills=(Kill(effect),)))
    with empty_folder() as folder:
        (folder / DATABASE).touch()
        assert open_for_reading(folder) is None
        Ledger(folder, lambda: START_S).close()


def test_what_hangs_on_a_failed_job_stays_as_it_is_when_the_manifest_is_run_again() -> None:
    """Each run reopened the clips of failed pictures and gave them up again: never at rest."""
    happen(Script(demand=CLIPS, faults={"fail": {"rate": 1.0}}, reruns=True))


def test_links_that_never_come_end_in_doubt_and_are_asked_for_ever_more_slowly() -> None:
    """A made job without links was asked about every second, and for ever."""
    with empty_folder() as folder:
        worlds: list[World] = []
        script = Script(faults={"late_links": {"rate": 1.0, "seconds": 30 * DAY_S}})
        story = play(script, folder, Watcher(opened=worlds.append,
                                             rested=lambda world, _: invariants.check_rest(world)))
        assert story.exits[-1] is Exit.DOUBT
        assert len(worlds[0].wire.calls) < 1500


def test_a_job_that_only_the_list_knows_is_found_in_it() -> None:
    """Alone, a job was looked at by its id only; unknown by that, it was given up for lost."""
    seen: Counter[str] = Counter()
    happen(Script(faults={"status_404": {"rate": 1.0, "times": 10_000}}), seen)
    assert not seen["overdue"]


def test_a_service_that_fails_and_refunds_for_ever_is_left_in_the_end() -> None:
    """A try that took nothing was no try, so there was no last one."""
    seen: Counter[str] = Counter()
    happen(Script(demand=Demand(), faults={"fail": {"rate": 1.0, "refund": True}}), seen)
    assert 1 <= seen["generation_failed"] <= 20


def test_a_receipt_that_had_no_room_is_not_taken_for_written(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is nearly full takes half a line and says so in a number; the next line went
    behind a hole, and the log was called edited for ever after."""
    receipts = Receipts(tmp_path / "receipts.log")
    receipts.open(0, START)
    write = os.pwrite
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda file, line, place: write(file, line[:9], place))
        with pytest.raises(OSError, match="No space left"):
            receipts.write([intent("tag-1", "job", "now")])
    receipts.write([intent("tag-2", "job", "now")])
    receipts.close()
    assert list(receipts.open(0, START).intended) == ["tag-2"]
    receipts.close()


@pytest.mark.parametrize(("script", "receipt"), [
    (Script(demand=Demand(ratios=("1:1", "16:9"), extras=("ads",))), 3),
    (Script(demand=replace(SONG, subjects=2), limits={"music_in_flight": 1}), 1),
], ids=["ads", "songs"])
def test_after_a_holiday_nothing_takes_as_long_as_the_holiday(script: Script, receipt: int) -> None:
    """What was made while no process ran seemed to take nine days, where the service does not say
    how long it took; the next of its kind was first looked at after eight."""
    kill = Kill(receipt, down_s=9 * DAY_S, of="after receipt")
    assert not broken(replace(script, kills=(kill,)))


def test_after_a_holiday_no_job_is_overdue_at_its_first_look() -> None:
    """The first read was behind, and the job was a day old: it was given to a person."""
    script = Script(demand=SONG, faults={"late_end": {"times": 5}},
                    kills=(Kill(1, down_s=DAY_S, of="after receipt"),))
    assert not broken(script)


@pytest.mark.parametrize("fault", ["late_end", "status_404"])
def test_a_clip_is_gone_on_from_though_its_status_is_behind(fault: str) -> None:
    """The list had told its end. Reads that did not know of it yet cancelled what goes on from it,
    or were repeated without a pause, or left it pending."""
    looks: list[float] = []

    def rested(world: World, story: Story) -> None:
        invariants.check_rest(world)
        clip = next(job for job in world.books.jobs() if job.model == FILMS)
        looks.extend(call.sent_s for call in world.wire.calls if call.path.endswith(clip.id))

    script = Script(demand=LONGER, faults={fault: {"times": 6}},
                    kills=(Kill(2, down_s=3600.0, of="after receipt"),))
    with empty_folder() as folder:
        play(script, folder, Watcher(rested=rested))
    assert len(looks) == 7
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(looks))


def test_a_link_is_not_gone_because_the_line_is_bad() -> None:
    """Ten minutes passed with hardly an answer, two of which said that it was not there yet."""
    faults = {"media_404": {"times": 3}, "lost_request": {"rate": 0.85, "calls": "download"}}
    for seed in range(3):
        assert not broken(Script(seed, faults=faults))


def test_files_that_are_home_are_not_fetched_again() -> None:
    """Of two songs the second came late, and the first was fetched at every try."""
    with empty_folder() as folder:
        worlds: list[World] = []
        play(Script(demand=SONG, faults={"media_404": {"times": 3}}), folder,
             Watcher(opened=worlds.append))
        calls = Counter(call.status for call in worlds[0].wire.calls if "/audio/" in call.path)
    assert calls == {404: 6, 200: 2}


def test_a_film_with_captions_whose_link_is_late_is_asked_for_again() -> None:
    """There is no job to look at: the answer to the paid call was all. The run ended in a bug."""
    faults = {"captions_burned": True, "media_404": {"times": 2}}
    assert not broken(Script(demand=Demand(models=(), extras=("speech", "words")), faults=faults))


def test_stems_keep_their_names_where_the_list_shows_them_without() -> None:
    demand = Demand(models=(), extras=("song", "stems", "opener", "longer"))
    for seed in range(3):
        assert not broken(Script(seed, demand, {"separation_in_history": True}))


def test_a_refund_that_nobody_told_of_hides_no_lost_start() -> None:
    """One song broke and was given back in silence, the other's answer was lost. The balance had
    fallen by one price, as if the lost start had never been: it was bought twice."""
    faults = {"fail": {"nth": [1], "refund": True}, "lost_reply": {"nth": [2]},
              "music_in_history": False}
    assert not broken(Script(demand=SONGS, faults=faults))


def test_what_is_bought_while_the_balance_is_read_hides_no_lost_start() -> None:
    """The answer was on its way for a minute, in which another song was bought and made: its price
    was known by then, and had not left the account that was told of."""
    terms = replace(SANDBOX_TERMS, linger_s=15.0,
                    first_look_s={**SANDBOX_TERMS.first_look_s, "music": 5.0})
    faults = {"models": {"V5": {"estimated_time_seconds": 5}}, "music_in_history": False,
              "lost_reply": {"nth": [1]},
              "slow_reply": {"nth": [2], "seconds": 57.0, "calls": "balance"}}
    assert not broken(Script(demand=SONGS, faults=faults, terms=terms,
                             limits={"music_per_minute": 1}))


def test_a_link_may_end_while_a_turn_is_waited_for() -> None:
    """The service refused the start for a dead link, and the job was given up as ill-made."""
    demand = Demand(ratios=("1:1", "16:9"), subjects=3, clips=True)
    assert not broken(Script(demand=demand, faults={"link_lives_s": 200.0},
                             limits={"media_per_minute": 1, "media_in_flight": 6}))
