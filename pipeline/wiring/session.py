"""A process's hold on the state folder: a run begun from a plan, or taken up from the ledger.

Law: what is taken up is bought at the prices it was approved for, or not at all.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from pipeline.core.cells import Offer
from pipeline.core.errors import Exit, Halt
from pipeline.core.job import Job, State
from pipeline.core.money import Money
from pipeline.core.pricing import Unpriced, price
from pipeline.core.report import Entry, RunInfo
from pipeline.inputs.catalog_cache import CatalogCache
from pipeline.inputs.settings import Settings
from pipeline.ledger.connection import DATABASE, RECEIPTS
from pipeline.ledger.durable import make_folder
from pipeline.ledger.folder import ANYWHERE
from pipeline.ledger.ledger import Ledger
from pipeline.wiring.accounts import Accounts, need_keys, open_accounts
from pipeline.wiring.catalogs import offers
from pipeline.wiring.planning import Drawing
from pipeline.wiring.run_caps import caps_as_text, caps_of_run
from pipeline.wiring.running import Runner, new_run


class Session:
    """The ledger, open for one command."""

    def __init__(self, state: Path, now: Callable[[], float], *, begins: bool = False) -> None:
        """Own the state folder, made where the command `begins` a run. Raises `Halt`: 2 where there
        is none to go on with, 11 when it is held, 13 when it is damaged."""
        if not begins and not any((state / name).exists() for name in (DATABASE, RECEIPTS)):
            raise Halt(Exit.USAGE, f"there is no run in {state}", code="no_run",
                       hint="`pipeline run MANIFEST` begins one")
        self.state = state
        self.now = now
        self.ledger = Ledger(state, now, anywhere=os.environ.get(ANYWHERE) == "1")
        self.accounts = Accounts()

    def close(self) -> None:
        """Give the state folder up."""
        self.ledger.close()

    async def close_all(self) -> None:
        """Give up the state folder and the accounts that `resume` opened."""
        await self.accounts.close()
        self.close()

    def begin(self, drawing: Drawing, outputs: Path, *, moved: bool) -> Runner:
        """Admit a plan: under the manifest's unfinished run, or under a new one.

        An unfinished run keeps its folder, unless `moved`. Raises `Halt` (2) for one that cannot be
        written: nothing is bought that could not be brought home.
        """
        plan, caps = drawing.plan, drawing.caps
        folder = f"{outputs.as_posix()}/{plan.manifest}"
        run = drawing.unfinished
        if run is None:
            run = new_run(plan, caps, folder, self.now())
        else:
            run = replace(run, caps={**run.caps, **caps_as_text(caps)},
                          outputs=folder if moved else run.outputs)
            caps = caps_of_run(run, drawing.accounts.by_name)
        if plan.buys:
            _need_folder(Path(run.outputs))
        self.ledger.begin(run, plan, caps, run.outputs)
        self.ledger.redirect(run)
        return Runner(self.ledger, run, drawing.accounts.by_name, caps)

    async def resume(self, name: str, settings: Settings, cache: CatalogCache, *,
                     cap: Money | None = None, max_jobs: int | None = None,
                     finished_too: bool = False, priced: bool = True,
                     outputs: Path | None = None) -> Runner:
        """Take up a run as the ledger has it. Raises `Halt`: 2 for none, 9 for moved prices.

        Without `priced` nothing will be bought, and prices are not asked for. With `outputs` what
        is not delivered yet goes there.
        """
        run = self._find(name, finished_too=finished_too)
        if outputs is not None:
            run = replace(run, outputs=f"{outputs.as_posix()}/{run.manifest}")
            self.ledger.redirect(run)
        said = {"credits": cap, "max_jobs": max_jobs}
        run = replace(run, caps={**run.caps, **{n: str(v) for n, v in said.items()
                                                if v is not None}})
        names = self.ledger.ask.accounts(run.id)
        self.accounts = open_accounts(settings, names, state=self.state, now=self.now,
                                      read_only=False)
        ask = self.ledger.ask
        if ask.totals(run.id).states[State.PENDING] and priced:
            _need_folder(Path(run.outputs))
            need_keys(self.accounts.by_name.values())
            found = await offers(self.accounts.by_name.values(), cache, self.now(), live=True)
            if any(_moved(job, found) for job in ask.samples(run.id)):
                _check_prices(ask.entries(run.id, State.PENDING), found)
        caps = caps_of_run(run, self.accounts.by_name)
        self.ledger.go_on(run, caps)
        return Runner(self.ledger, run, self.accounts.by_name, caps)

    def failed(self, run: str) -> list[Job]:
        """The jobs that `retry --failed` opens: those that failed, and what hung on them."""
        failed = [e.job for e in self.ledger.ask.entries(run, State.FAILED)]
        hanging = [e.job for e in self.ledger.ask.entries(run, State.CANCELLED)
                   if e.job.cause in ("source_failed", "source_missing")]
        return failed + hanging

    def _find(self, name: str, *, finished_too: bool) -> RunInfo:
        runs = [run for run in self.ledger.ask.runs() if run.id.startswith(name)]
        if not runs:
            raise Halt(Exit.USAGE, f"no run {name!r}" if name else "there is no run yet",
                       hint="`pipeline runs` lists them" if name else "`pipeline run MANIFEST`")
        if name or finished_too:
            return runs[0]
        open_runs = [run for run in runs if self.ledger.ask.unfinished(run.id)]
        return open_runs[0] if open_runs else runs[0]


def _need_folder(folder: Path) -> None:
    why = ""
    try:
        make_folder(folder)
    except OSError as error:
        why = error.strerror or str(error)
    if why or not os.access(folder, os.W_OK | os.X_OK):
        raise Halt(Exit.USAGE, f"the files cannot go to {folder}: {why or 'it is read-only'}",
                   code="outputs_broken", hint="nothing is bought; name another with --out")


def _check_prices(pending: Iterable[Entry], found: Mapping[str, Offer]) -> None:
    """Nothing is bought dearer than it was approved."""
    for entry in pending:
        if moved := _moved(entry.job, found):
            raise moved


def _moved(job: Job, found: Mapping[str, Offer]) -> Halt | None:
    """The halt for a job that would cost more than was approved, or that nobody sells any more."""
    offer = found.get(job.account)
    model = offer.catalog.find(job.spec.model) if offer else None
    if offer is None or model is None:
        return Halt(Exit.STALE_PLAN, f"{job.account} has no model {job.spec.model} any more",
                    code="stale_plan", hint="`pipeline run MANIFEST` plans anew")
    quote = price(job.spec, model, own=offer.prices.get(model.id), max_price=job.quote.worst)
    if isinstance(quote, Unpriced):
        return Halt(Exit.STALE_PLAN, f"the price moved since it was approved: {quote.message}",
                    code="stale_plan", hint="`pipeline run MANIFEST` plans anew and asks")
    return None
