"""Where a run stands: its jobs by state, its money, its files."""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.core.job import State
from pipeline.core.money import Money
from pipeline.core.report import RunInfo, Totals
from pipeline.outputs.console import STYLES, foreign
from pipeline.outputs.phrases import WORDS, amount, iso, minute, moment, priced, span
from pipeline.outputs.printable import visible

BAR_COLUMNS = 60

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
    money += [f"{amount(sum_)} {name}" for sum_, name in _other_sums(totals) if sum_]
    return f"{', '.join(parts)}; {', '.join(money)}; {span(seconds)}"


def _other_sums(totals: Totals) -> list[tuple[Money, str]]:
    return [(totals.held, "held"), (totals.in_doubt, "of it in doubt"),
            (totals.refunded, "refunded")]


def state_bar(totals: Totals, columns: int) -> Text:
    """The rows of a run as one line of colour; every state that occurs gets a column at least."""
    bar = Text()
    for state, width in zip(ORDER, state_widths(totals, columns), strict=True):
        bar.append("━" * width if state is not State.PENDING else "─" * width, STYLES[state])
    return bar


def state_widths(totals: Totals, columns: int) -> list[int]:
    """How many columns each state gets, in the order of the bar; they fill it exactly."""
    numbers = [totals.states.get(state, 0) for state in ORDER]
    if not sum(numbers):
        return [0] * (len(ORDER) - 1) + [columns]
    widths = [max(1, number * columns // sum(numbers)) if number else 0 for number in numbers]
    for _ in range(abs(columns - sum(widths))):
        step = 1 if sum(widths) < columns else -1
        widths[max(range(len(widths)), key=lambda i: numbers[i] and widths[i])] += step
    return widths


def state_counts(totals: Totals) -> Text:
    """The states that occur, each with its number and in its colour, on one line."""
    return Text("  ").join(_counted(totals))


def _counted(totals: Totals) -> list[Text]:
    parts = []
    for state in ORDER:
        if number := totals.states.get(state, 0):
            kept = f" ({totals.kept:,} kept)" if state is State.DONE and totals.kept else ""
            parts.append(Text.assemble((f"{number:,} {WORDS[state]}", STYLES[state]),
                                       (kept, "dim")))
    return parts or [Text("none", "dim")]


def show_status(console: Console, run: RunInfo, totals: Totals, *, seconds: float) -> None:
    """Print where a run stands."""
    console.print(Text.assemble(foreign(run.manifest, "bold"), "  ",
                                foreign(run.file, "dim"), "\n", _of_run(run, seconds)))
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    for index, counted in enumerate(_counted(totals)):
        facts.add_row("" if index else "Jobs", counted)
    facts.add_row("Charged", _money(totals))
    if run.outputs:
        facts.add_row("Files", foreign(run.outputs, limit=300))
    bar = state_bar(totals, min(BAR_COLUMNS, max(10, console.width - 4)))
    console.print(Padding(bar, (1, 0, 1, 2)))
    console.print(Padding(facts, (0, 0, 0, 2)))


def _of_run(run: RunInfo, seconds: float) -> Text:
    ended = "" if run.ended_s is None else " · at rest"
    code = "" if run.exit_code is None else f" · exit {run.exit_code}"
    return Text(f"run {visible(run.id, 60)} · {visible(run.account, 60)} · "
                f"{moment(run.started_s)} · {span(seconds)} of work{ended}{code}", "dim")


def _money(totals: Totals) -> Text:
    text = Text.assemble((priced(totals.charged), "bold"))
    for sum_, name in _other_sums(totals):
        if sum_:
            text.append(f", {amount(sum_)} {name}", "yellow" if "doubt" in name else "")
    return text


def show_runs(console: Console, runs: Sequence[tuple[RunInfo, Totals]]) -> None:
    """Print all runs, the latest first."""
    if not runs:
        console.print("no runs yet")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("run", no_wrap=True)
    table.add_column("manifest", overflow="fold")
    table.add_column("began", no_wrap=True, style="dim")
    for name in ("jobs", "done", "charged", "exit"):
        table.add_column(name, justify="right", no_wrap=True)
    for run, totals in runs:
        done = totals.states.get(State.DONE, 0)
        code = "–" if run.exit_code is None else str(run.exit_code)
        table.add_row(foreign(run.id), foreign(run.manifest), minute(run.started_s),
                      f"{totals.total:,}", Text(f"{done:,}", "green" if done else "dim"),
                      amount(totals.charged), Text(code, "green" if code == "0" else "yellow"))
    console.print(table)

