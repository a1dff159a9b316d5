"""The command about jobs in doubt: doubt list, show, resolve.

Law: only a named person's one choice resolves a doubt; nothing is asked, and nothing is bought.
"""

import os
from collections.abc import Sequence
from contextlib import closing

import click

from pipeline.cli.desk import Desk, go
from pipeline.cli.listing import Listing
from pipeline.cli.looking import ledger
from pipeline.cli.options import Common, everywhere, print_json
from pipeline.core.errors import Exit, Halt
from pipeline.core.evidence import Doubt, settles_s
from pipeline.core.job import Job, State
from pipeline.core.money import Money
from pipeline.core.orphans import Orphan
from pipeline.core.report import Entry
from pipeline.core.resolution import Choice, Ruling, lookalikes, read_ids, rule
from pipeline.ledger.connection import open_for_reading
from pipeline.ledger.orphans import unruled
from pipeline.ledger.questions import Questions
from pipeline.outputs.console import foreign
from pipeline.outputs.doubt_view import (
    Case,
    Open,
    case_document,
    doubts_document,
    show_case,
    show_doubts,
)
from pipeline.outputs.phrases import WORDS, count, moment, priced
from pipeline.wiring.accounts import terms_of
from pipeline.wiring.hearing import hear, held_against
from pipeline.wiring.orphans import ADOPTING, adopt, named, orphans_of, settle
from pipeline.wiring.session import Session

LONGEST_NOTE = 500
CHOICES = ("say one of: --is ID, the service has it under this id; --not-charged, it took nothing "
           "and may be bought again; --write-off, it is paid for and lost")


@click.group("doubt", cls=Listing)
def doubt_command() -> None:
    """Settle what no evidence could: jobs whose paid call may or may not have been charged."""


@doubt_command.command("list")
@everywhere
def list_command(*, common: Common) -> int:
    """The jobs in doubt, the oldest first. `doubt` alone does this."""
    desk = Desk(common)
    connection = open_for_reading(common.state)
    found: list[Entry] = []
    orphans: list[tuple[Orphan, Job]] = []
    cut = 0
    if connection is not None:
        with closing(Questions(connection)) as ask:
            found, cut = ask.in_doubt(), ask.submitting()
            orphans = [(orphan, job) for orphan in unruled(connection)
                       if (job := ask.job(orphan.job))]
    doubts = [_open(desk, entry) for entry in found]
    if common.as_json:
        print_json(doubts_document(doubts, cut, orphans))
    else:
        show_doubts(desk.out, doubts, cut, orphans)
    return 0


def _open(desk: Desk, entry: Entry) -> Open:
    """The doubt, and until when evidence may come."""
    terms = terms_of(desk.settings, entry.job.account)
    until_s = settles_s(Doubt(entry.job, entry.job.changed_s), terms) if terms else 0.0
    return Open(entry, until_s if until_s > desk.now() else None)


@doubt_command.command("show")
@click.argument("job")
@everywhere
def show_command(job: str, *, common: Common) -> int:
    """All that is known of one doubt, and what you can say of it."""
    desk = Desk(common)
    with ledger(common) as ask:
        entry = _find(ask, job)
        case = go(_hear(desk, ask, entry))
    if common.as_json:
        print_json(case_document(case))
    else:
        show_case(desk.out, case)
    return 0


async def _hear(desk: Desk, ask: Questions, entry: Entry) -> Case:
    job = entry.job
    hearing = await hear(desk.settings, job, job.remote_ids, state=desk.common.state, now=desk.now)
    rows = []
    terms = terms_of(desk.settings, job.account)
    if hearing.scan and terms:
        owned = ask.owned(job.account, [row.remote_id for row in hearing.scan.sightings])
        rows = lookalikes(job, hearing.scan, owned, terms)
    return Case(_open(desk, entry), ask.events(job.key), hearing, rows)


def _find(ask: Questions, prefix: str) -> Entry:
    """The job in doubt that a person means; raises `Halt` (2) for none, and for one at peace."""
    found = [entry for entry in ask.in_doubt() if entry.job.key.startswith(prefix)]
    if len(found) == 1:
        return found[0]
    if found:
        raise Halt(Exit.USAGE, f"{len(found)} jobs in doubt begin with {prefix!r}",
                   code="ambiguous_job", hint="give a few more characters: "
                   + ", ".join(entry.job.key[:12] for entry in found[:5]))
    others = ask.find_entries(prefix) if prefix else []
    if len(others) != 1:
        raise Halt(Exit.USAGE, f"no job {prefix!r} is in doubt", code="no_job",
                   hint="`pipeline doubt` lists those that are")
    job = others[0].job
    raise Halt(Exit.USAGE, f"job {job.key[:8]} is not in doubt: it is {WORDS[job.state]}",
               code="not_in_doubt", hint="`pipeline resume` takes up what a run left under way"
               if job.state is State.SUBMITTING else f"`pipeline show {job.key[:8]}` tells why")


@doubt_command.command("resolve")
@click.argument("job")
@click.option("--is", "ids", multiple=True, metavar="ID",
              help="The service has it under this id; several with commas, or said again.")
@click.option("--not-charged", is_flag=True, help="It took nothing, and may be bought again.")
@click.option("--write-off", is_flag=True, help="It is paid for and lost; the job fails.")
@click.option("--note", default="", metavar="TEXT", help="Why, for whoever reads the story later.")
@click.option("--force", is_flag=True,
              help="Take an id whose row shows another model, prompt or time.")
@everywhere
def resolve_command(job: str, *, ids: Sequence[str], not_charged: bool, write_off: bool, note: str,
                    force: bool, common: Common) -> int:
    """Say what became of a job in doubt, or whose a charge is that belongs to no job.

    Exactly one of --is, --not-charged and --write-off. Nobody is asked, nothing is bought; who said
    what, when and why is kept with the job, and shown by `pipeline show JOB`.
    """
    said = [choice for choice, is_said in ((Choice.IS, ids), (Choice.NOT_CHARGED, not_charged),
                                           (Choice.WRITE_OFF, write_off)) if is_said]
    if len(said) != 1:
        raise click.UsageError(CHOICES)
    if len(note) > LONGEST_NOTE:
        raise click.BadParameter(f"at most {LONGEST_NOTE} characters", param_hint="--note")
    ruling = Ruling(said[0], _plain(_somebody()), _plain(note), _ids(ids))
    return go(_resolve(Desk(common), job, ruling, force=force))


def _ids(texts: Sequence[str]) -> tuple[str, ...]:
    try:
        return read_ids(texts)
    except ValueError as wrong:
        raise click.BadParameter(f"{str(wrong)!r} cannot be an id", param_hint="--is") from None


def _somebody() -> str:
    return os.environ.get("USER") or os.environ.get("LOGNAME") or "somebody"


def _plain(text: str) -> str:
    """The text without what no database takes."""
    return text.encode("utf-8", "replace").decode()


async def _resolve(desk: Desk, prefix: str, ruling: Ruling, *, force: bool) -> int:
    session = Session(desk.common.state, desk.now)
    try:
        ask = session.ledger.ask
        if orphan := named(orphans_of(session), prefix):
            _say_of_orphan(desk, orphan, ruling, settle(session, orphan, ruling))
            return 0
        if ruling.choice is Choice.IS and (job := _adopting(ask, prefix)):
            after, ruling = await adopt(session, desk.settings, job, ruling, force=force)
            _say(desk, after, ruling, len(ask.in_doubt()))
            return 0
        entry = _find(ask, prefix)
        job, until_s = entry.job, _open(desk, entry).waits_until_s
        if ruling.choice is Choice.IS:
            ruling = await held_against(session, desk.settings, job, ruling, force=force)
        elif ruling.choice is Choice.NOT_CHARGED and until_s is not None:
            ruling = ruling.and_also(f"said while it might still arrive, until {moment(until_s)}")
        after = await session.ledger.record(job, rule(job, ruling))
        left = len(ask.in_doubt())
    finally:
        session.close()
    _say(desk, after, ruling, left)
    return 0


def _adopting(ask: Questions, prefix: str) -> Job | None:
    """The job without a file, and at peace, that a person means to give an id to."""
    if any(entry.job.key.startswith(prefix) for entry in ask.in_doubt()) or not prefix:
        return None
    found = ask.find_entries(prefix)
    return found[0].job if len(found) == 1 and found[0].job.state in ADOPTING else None


def _say_of_orphan(desk: Desk, orphan: Orphan, ruling: Ruling, booked: Money) -> None:
    if desk.common.as_json:
        print_json({"schema_version": 1, "id": orphan.remote_id, "account": orphan.account,
                    "job": orphan.job, "choice": ruling.choice.value, "by": ruling.by,
                    "note": ruling.note, "booked": str(booked)})
        return
    what = f"is booked as spent: {priced(booked)}" if ruling.choice is Choice.WRITE_OFF \
        else "is none of ours; nothing is booked"
    desk.out.print(foreign(f"{orphan.remote_id} {what}", limit=400), soft_wrap=True)


def _say(desk: Desk, job: Job, ruling: Ruling, left: int) -> None:
    """What has become of the job, and what comes next."""
    if desk.common.as_json:
        print_json({"schema_version": 1, "job": job.key, "run": job.run, "state": job.state.value,
                    "choice": ruling.choice.value, "by": ruling.by, "note": ruling.note,
                    "remote_ids": list(job.remote_ids), "held": str(job.held),
                    "charged": str(job.charged), "doubts": left})
        return
    what = {
        Choice.IS: f"is running under {', '.join(ruling.remote_ids)}: "
                   f"`pipeline resume {job.run}` brings it home",
        Choice.NOT_CHARGED: f"is pending, its hold is freed: `pipeline resume {job.run}` "
                            "may buy it again",
        Choice.WRITE_OFF: f"failed, {priced(job.charged)} booked as spent: "
                          f"`pipeline retry {job.run} --failed` buys it again",
    }[ruling.choice]
    desk.out.print(foreign(f"{job.key[:8]} {what}", limit=400), soft_wrap=True)
    if ruling.note:
        desk.err.print(foreign(ruling.note, "dim", 600), soft_wrap=True)
    if left:
        desk.err.print(f"{count(left, 'job')} still in doubt: `pipeline doubt`", highlight=False)
