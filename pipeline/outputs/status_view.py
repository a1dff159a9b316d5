"""Where a run stands: its jobs by state, its money, its files."""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.core.job import State
from pipeline.core.report import RunInfo, Totals
from pipeline.outputs.console import STYLES, foreign
from pipeline.outputs.phrases import WORDS, amount, minute, moment, priced, span
from pipeline.outputs.printable import visible
from pipeline.outputs.status_document import ORDER, other_sums

BAR_COLUMNS = 60

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
    for sum_, name in other_sums(totals):
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

