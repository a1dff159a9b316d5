"""A run on a terminal: a bar by state, the money, the jobs under way, what it waits for.

Law: it draws only when it is called, and at most `DRAWS_PER_S` times a second.
"""

from itertools import islice

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipeline.core.job import Job, State
from pipeline.outputs.console import STYLES, foreign
from pipeline.outputs.phrases import WORDS, about, amount, priced, span, why
from pipeline.outputs.printable import visible
from pipeline.outputs.scene import Scene
from pipeline.outputs.status_document import summary_line
from pipeline.outputs.status_view import state_bar, state_counts

DRAWS_PER_S = 8.0
JOBS_SHOWN = 6
BAR_COLUMNS = 72

MARKS = {State.DONE: "✓", State.FAILED: "✗", State.IN_DOUBT: "?", State.CANCELLED: "–"}
STAYS = frozenset({State.FAILED, State.IN_DOUBT})
"""The states that deserve a line above the moving part, which stays when the run is over."""


class LiveView:
    """The moving part at the foot of the terminal; it goes when the run is over."""

    def __init__(self, screen: Console) -> None:
        self.screen = screen
        self.live: Live | None = None
        self.drawn_s = 0.0

    def begin(self, scene: Scene, now_s: float) -> None:
        """Take the foot of the terminal."""
        self.live = Live(picture(scene, now_s, self.screen.width), console=self.screen,
                         auto_refresh=False, transient=True, redirect_stdout=False,
                         redirect_stderr=False)
        self.live.start(refresh=True)
        self.drawn_s = now_s

    def change(self, job: Job, scene: Scene, now_s: float) -> None:
        """Keep a line of what went wrong, and draw anew if it is time."""
        if job.state in STAYS:
            self.screen.print(_kept_line(job))
        self.draw(scene, now_s)

    def say(self, message: str, scene: Scene | None) -> None:
        """The message above the moving part."""
        self.screen.print(foreign(message, limit=400))

    def draw(self, scene: Scene, now_s: float) -> None:
        """Draw anew, unless the last drawing is fresh."""
        if self.live and now_s - self.drawn_s >= 1 / DRAWS_PER_S:
            self.drawn_s = now_s
            self.live.update(picture(scene, now_s, self.screen.width), refresh=True)

    def end(self, scene: Scene, now_s: float) -> None:
        """Give the terminal back, with one line of what came of it."""
        if self.live:
            self.live.stop()
            self.live = None
        whole = scene.totals.states.get(State.DONE, 0) == scene.totals.total
        self.screen.print(Text.assemble(
            ("✓ ", "green") if whole else ("! ", "yellow"),
            summary_line(scene.totals, now_s - scene.started_s)), soft_wrap=True)


def _kept_line(job: Job) -> Text:
    style = STYLES[job.state]
    told = ": ".join(part for part in (why(job), job.message) if part)
    return Text.assemble((f"{MARKS[job.state]} {WORDS[job.state]}  ", style),
                         (f"{job.key[:8]}  ", "dim"), foreign(job.spec.model, limit=60), "  ",
                         foreign(told, "dim", 200))


def picture(scene: Scene, now_s: float, width: int) -> Group:
    """The moving part as it is now."""
    lines: list[Text | Table] = [Text(), _figures(scene, now_s, width),
                                 state_bar(scene.totals, max(10, min(BAR_COLUMNS, width - 1))),
                                 _one_line(state_counts(scene.totals)),
                                 _one_line(_money(scene))]
    jobs = _under_way(scene, now_s)
    if jobs.row_count:
        lines += [Text(), jobs]
    if more := len(scene.under_way) - JOBS_SHOWN:
        lines += [Text(f"  and {more:,} more", "dim")] if more > 0 else []
    if scene.waits_for:
        lines.append(_one_line(Text(f"waiting for {visible(scene.waits_for, 100)}", "dim")))
    return Group(*lines)


def _figures(scene: Scene, now_s: float, width: int) -> Table:
    total = scene.totals.total
    share = f"{100 * scene.at_rest // total if total else 100} %"
    row = Table.grid(expand=False)
    row.width = min(BAR_COLUMNS, width - 1)
    row.add_column(no_wrap=True)
    row.add_column(justify="right", no_wrap=True, style="dim")
    row.add_row(Text.assemble((f"{scene.at_rest:,} of {total:,}", "bold"),
                              (f"  {share}", "dim")), " · ".join(_times(scene, now_s)))
    return row


def _times(scene: Scene, now_s: float) -> list[str]:
    said = []
    if (pace := scene.pace_per_min(now_s)) is not None:
        said.append(f"{pace:.0f}/min" if pace >= 10 else f"{pace:.1f}/min")
    said.append(span(now_s - scene.started_s) if now_s - scene.started_s >= 10
                else f"{now_s - scene.started_s:.0f} s")
    if (left_s := scene.left_s(now_s)) is not None and scene.at_rest < scene.totals.total:
        said.append(f"about {about(left_s)} left")
    return said


def _money(scene: Scene) -> Text:
    totals = scene.totals
    text = Text.assemble((priced(totals.charged), "bold"), " charged")
    if totals.held:
        text.append(f", {amount(totals.held)} held", "")
    if totals.in_doubt:
        text.append(f" ({amount(totals.in_doubt)} in doubt)", "yellow")
    if scene.cap is not None:
        text.append(f" of {amount(scene.cap)}", "dim")
    return text


def _under_way(scene: Scene, now_s: float) -> Table:
    """The jobs that have been under way the longest."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, width=12)
    table.add_column(no_wrap=True, max_width=34, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True, style="dim")
    for job, since_s in islice(scene.under_way.values(), JOBS_SHOWN):
        gone_s = now_s - since_s
        table.add_row(Text(f"  {WORDS[job.state]}", STYLES[job.state]),
                      foreign(" ".join((job.spec.model, job.spec.aspect_ratio or "")), limit=60),
                      f"{gone_s:.0f} s" if gone_s < 100 else span(gone_s))
    return table


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
