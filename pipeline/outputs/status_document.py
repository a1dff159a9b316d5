"""Where a run stands, as programs read it and in one line; no screen is loaded for it."""

from collections.abc import Sequence

from pipeline.core.job import State
from pipeline.core.money import Money
from pipeline.core.report import RunInfo, Totals
from pipeline.outputs.phrases import WORDS, amount, iso, priced, span

ORDER = (State.DONE, State.PRODUCED, State.RUNNING, State.SUBMITTING, State.IN_DOUBT,
         State.FAILED, State.CANCELLED, State.PENDING)
"""The states as a bar shows them: what is there first, what is to come last."""


def status_document(run: RunInfo, totals: Totals, seconds: float,
                    exit_code: int | None) -> dict[str, object]:
    """`run --json` and `status --json`. `seconds` is the time that processes worked on the run."""
    return {
        "schema_version": 1, "run": run.id, "manifest": run.manifest,
        "jobs": jobs_document(totals), "credits": credits_document(totals),
        "seconds": round(seconds, 1), "outputs": run.outputs, "exit_code": exit_code,
    }


def jobs_document(totals: Totals) -> dict[str, int]:
    """The rows of a run by state, zeros included."""
    return {"total": totals.total, **{state.value: totals.states.get(state, 0)
                                      for state in State}, "kept": totals.kept}


def credits_document(totals: Totals) -> dict[str, str]:
    """The money of a run in decimal texts."""
    return {"charged": str(totals.charged), "held": str(totals.held),
            "in_doubt": str(totals.in_doubt), "refunded": str(totals.refunded)}


def runs_document(runs: Sequence[tuple[RunInfo, Totals]]) -> dict[str, object]:
    """`runs --json`: all runs, the latest first."""
    return {"schema_version": 1, "runs": [
        {"run": run.id, "manifest": run.manifest, "file": run.file, "account": run.account,
         "started_at": iso(run.started_s), "ended_at": iso(run.ended_s),
         "jobs": jobs_document(totals), "credits": credits_document(totals),
         "outputs": run.outputs, "exit_code": run.exit_code} for run, totals in runs]}


def summary_line(totals: Totals, seconds: float) -> str:
    """A run in one line, for the end of it and for a pipe.

    >>> summary_line(Totals({State.DONE: 23, State.FAILED: 1}, 4, Money.parse("280")), 531.2)
    '23 of 24 done (4 kept), 1 failed; 280 credits charged; 8 min 51 s'
    """
    kept = f" ({totals.kept:,} kept)" if totals.kept else ""
    parts = [f"{totals.states.get(State.DONE, 0):,} of {totals.total:,} done{kept}"]
    parts += [f"{number:,} {WORDS[state]}" for state in ORDER[1:]
              if (number := totals.states.get(state, 0))]
    money = [f"{priced(totals.charged)} charged"]
    money += [f"{amount(sum_)} {name}" for sum_, name in other_sums(totals) if sum_]
    return f"{', '.join(parts)}; {', '.join(money)}; {span(seconds)}"


def other_sums(totals: Totals) -> list[tuple[Money, str]]:
    """The sums that stand beside what was charged, each with its word."""
    return [(totals.held, "held"), (totals.in_doubt, "of it in doubt"),
            (totals.refunded, "refunded")]
