"""Goal: the invariants have teeth. Method: the real code with one of its laws broken on purpose, in
worlds where the law matters, until an invariant catches it; the law kept, none complains.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pytest
from worlds import broken

from pipeline.core import evidence, pace, verdict
from pipeline.core import job as machine
from pipeline.core.errors import ReplyLost
from pipeline.core.job import Deferred, Doubted, Event, Job
from pipeline.core.money import NOTHING, Money
from pipeline.core.provider import Output
from pipeline.core.terms import Terms
from pipeline.executor import doubts, drive, gate, purse, steps
from pipeline.ledger import admission, ledger, payments
from pipeline.ledger.receipts import Found, Receipts
from pipeline.providers import kubeez_answers
from pipeline.providers.kubeez_answers import Absolute
from pipeline.providers.kubeez_rows import GenerationRow
from pipeline.providers.registry import SANDBOX_TERMS
from pipeline.sandbox.pieces import STREAM
from pipeline.simulation.demand import Demand
from pipeline.simulation.wire import Weather
from pipeline.simulation.world import Kill, Script

Patch = pytest.MonkeyPatch
PICTURES = Demand(subjects=3)


def resubmit_after_a_crash(patch: Patch) -> None:
    patch.setattr(drive, "RECOVERED", Deferred("unreachable"))


def take_a_lost_reply_for_a_refusal(patch: Patch) -> None:
    judge = verdict.judge_submission

    def careless(reply: object, now_s: float) -> Event:
        if isinstance(reply, ReplyLost):
            return Deferred("unreachable")
        return judge(reply, now_s)  # type: ignore[arg-type]

    patch.setattr(steps, "judge_submission", careless)


def skip_the_quiet_time(patch: Patch) -> None:
    patch.setattr(Terms, "quiet_s", property(lambda terms: 0.0))


def look_at_the_cap_no_more(patch: Patch) -> None:
    hold = payments._hold
    patch.setattr(payments, "_hold", lambda connection, job, scopes, epoch, at_s: hold(
        connection, job, [replace(scope, cap=None) for scope in scopes], epoch, at_s))


def free_the_hold_of_a_doubt(patch: Patch) -> None:
    facts = machine._with_facts

    def careless(job: Job, event: Event, at_s: float) -> Job:
        after = facts(job, event, at_s)
        return replace(after, held=NOTHING) if isinstance(event, Doubted) else after

    patch.setattr(machine, "_with_facts", careless)


def forget_the_receipts(patch: Patch) -> None:
    read = Receipts.open

    def forgetful(receipts: Receipts, offset: int, digest: str) -> Found:
        read(receipts, offset, digest)
        return Found()

    patch.setattr(Receipts, "open", forgetful)


def write_no_receipt(patch: Patch) -> None:
    lines = ledger._lines
    patch.setattr(ledger, "_lines", lambda *said: (None, lines(*said)[1]))


def believe_an_empty_view(patch: Patch) -> None:
    """Absence without a row of ours in view: with a list cut short, and starts that push rows out
    of it, nothing shows anything."""
    patch.setattr(doubts.Doubts, "has_room", lambda doubts: True)

    def careless(found, scan, began_s, owned, terms):  # type: ignore[no-untyped-def]
        return evidence.absent(found, replace(scan, complete=True), began_s, owned, terms)

    patch.setattr(doubts, "absent", careless)


def adopt_what_may_be_another_s(patch: Patch) -> None:
    adopt = evidence.adopt
    patch.setattr(doubts, "adopt", lambda found, scan, owned, terms, sending: adopt(
        found, scan, owned, terms))


def forget_the_turns_of_the_dead(patch: Patch) -> None:
    patch.setattr(gate.Gate, "remember", lambda *_: None)


def count_no_turns(patch: Patch) -> None:
    patch.setattr(pace.Window, "begin", lambda window: None)
    patch.setattr(pace.Window, "end", lambda window, now_s: None)


def settle_without_the_charge(patch: Patch) -> None:
    charge = machine._charge
    patch.setattr(machine, "_charge", lambda job, amount: charge(job, NOTHING))


def write_past_the_fold(patch: Patch) -> None:
    write = admission.write_job
    patch.setattr(admission, "write_job", lambda connection, after, before: write(
        connection, replace(after, sent_s=after.created_s), before))


def adopt_one_row_of_a_start_of_several(patch: Patch) -> None:
    pairs = evidence._pairs
    patch.setattr(evidence, "_pairs", lambda group, rows: [
        (doubt, ids[:1]) for doubt, ids in pairs(group, rows)])


def believe_a_list_that_shows_no_songs(patch: Patch) -> None:
    patch.setattr(doubts, "absent", lambda found, scan, began_s, owned, terms: evidence.absent(
        found, scan, began_s, owned, replace(terms, listed=terms.kinds)))


def take_the_beginning_of_a_song_for_the_song(patch: Patch) -> None:
    outputs = kubeez_answers._outputs

    def careless(row: GenerationRow, absolute: Absolute, kind: str) -> tuple[Output, ...]:
        found = outputs(row, absolute, kind)
        return tuple(replace(song, url=STREAM.join((song.url[:-4], song.url[-4:])))
                     if row.songs and song.url else song for song in found)

    patch.setattr(kubeez_answers, "_outputs", careless)


def weigh_guesses(patch: Patch) -> None:
    patch.setattr(purse, "has_guesses", lambda *_: False)


def crashes() -> Iterable[Script]:
    """Three pictures, and a death at each effect around the paid calls."""
    return (Script(seed=n, demand=PICTURES, kills=(Kill(n),)) for n in range(20, 80))


def lost_replies() -> Iterable[Script]:
    return (Script(seed=n, demand=PICTURES, faults={"lost_reply": {"nth": [2]}})
            for n in range(4))


def late_arrivals() -> Iterable[Script]:
    weather = Weather(late=0.5, late_s=12.0)
    return (Script(seed=n, demand=PICTURES, weather=weather, kills=(Kill(2, of="sent POST"),))
            for n in range(40))


def tight_caps() -> Iterable[Script]:
    """A second try, paid as the first was, is more than was chosen for."""
    return (Script(seed=n, demand=replace(PICTURES, max_paid_attempts=2), cap=Money.parse("24"),
                   faults={"fail": {"rate": 0.5}}) for n in range(20))


def short_lists() -> Iterable[Script]:
    """Ten start at once, and the list shows six, without the first, whose answer is lost."""
    terms = replace(SANDBOX_TERMS, list_rows=6)
    return (Script(seed=n, demand=Demand(subjects=10), terms=terms,
                   faults={"lost_reply": {"nth": [1]}}) for n in range(4))


def twins_on_their_way() -> Iterable[Script]:
    """One is lost, and the other's row stands in the list before its answer is here."""
    faults = {"lost_request": {"nth": [1]},
              "slow_reply": {"nth": [1], "seconds": 20.0, "calls": "start"}}
    return (Script(seed=n, demand=Demand(ratios=("1:1", "16:9")), faults=faults)
            for n in range(4))


def full_minutes() -> Iterable[Script]:
    return (Script(seed=n, demand=Demand(subjects=9), limits={"media_per_minute": 4},
                   kills=(Kill(3, down_s=1.0, of="after receipt"),)) for n in range(4))


def lost_ads() -> Iterable[Script]:
    return (Script(seed=n, demand=Demand(extras=("ads",)), faults={"lost_reply": {"nth": [2]}})
            for n in range(4))


def lost_songs() -> Iterable[Script]:
    """One of two starts is lost, and the list has no songs."""
    return (Script(seed=n, demand=Demand(extras=("song",)), faults={
        "lost_reply": {"nth": [1 + n % 2]}, "music_in_history": False}) for n in range(8))


def songs() -> Iterable[Script]:
    return (Script(seed=n, demand=Demand(models=(), extras=("song",))) for n in range(4))


def silent_refunds() -> Iterable[Script]:
    """One song is lost, and the price of the other is given back in silence."""
    demand = Demand(models=(), extras=("song", "anthem"))
    return (Script(seed=n, demand=demand, faults={
        "fail": {"nth": [1], "refund": True}, "lost_reply": {"nth": [2]},
        "music_in_history": False}) for n in range(4))


@dataclass(frozen=True)
class Mutant:
    break_law: Callable[[Patch], None]
    worlds: Callable[[], Iterable[Script]]


MUTANTS = (
    Mutant(resubmit_after_a_crash, crashes),
    Mutant(take_a_lost_reply_for_a_refusal, lost_replies),
    Mutant(skip_the_quiet_time, late_arrivals),
    Mutant(look_at_the_cap_no_more, tight_caps),
    Mutant(free_the_hold_of_a_doubt, crashes),
    Mutant(forget_the_receipts, crashes),
    Mutant(write_no_receipt, crashes),
    Mutant(believe_an_empty_view, short_lists),
    Mutant(adopt_what_may_be_another_s, twins_on_their_way),
    Mutant(forget_the_turns_of_the_dead, full_minutes),
    Mutant(count_no_turns, full_minutes),
    Mutant(settle_without_the_charge, crashes),
    Mutant(write_past_the_fold, crashes),
    Mutant(adopt_one_row_of_a_start_of_several, lost_ads),
    Mutant(believe_a_list_that_shows_no_songs, lost_songs),
    Mutant(take_the_beginning_of_a_song_for_the_song, songs),
    Mutant(weigh_guesses, silent_refunds),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.break_law.__name__)
def test_a_broken_law_is_caught(mutant: Mutant, monkeypatch: Patch) -> None:
    mutant.break_law(monkeypatch)
    caught = next((error for script in mutant.worlds() if (error := broken(script))), "")
    assert caught


@pytest.mark.parametrize("worlds", dict.fromkeys(mutant.worlds for mutant in MUTANTS),
                         ids=lambda worlds: worlds.__name__)
def test_the_laws_kept_nothing_is_caught(
        worlds: Callable[[], Iterable[Script]]) -> None:
    for script in list(worlds())[::4]:
        assert not broken(script)
