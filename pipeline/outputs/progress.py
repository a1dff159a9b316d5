"""How a run tells what it does while it does it, on stderr.

Law: telling never stops the run: when its reader is gone, it falls silent.
"""

import json
from collections.abc import Callable
from typing import Literal, Protocol, Self, TextIO

from pipeline.core.job import Job, State
from pipeline.core.money import Money
from pipeline.core.report import Totals
from pipeline.outputs.console import open_screen
from pipeline.outputs.live import LiveView
from pipeline.outputs.phrases import WORDS, about, count, iso, priced, why
from pipeline.outputs.printable import visible
from pipeline.outputs.scene import Scene
from pipeline.outputs.status_document import credits_document, jobs_document, summary_line

Mode = Literal["auto", "live", "plain", "json", "none"]

SUMMARY_EVERY_S = 30.0
"""How often a log gets a line of figures at most."""

TOLD = frozenset({State.DONE, State.FAILED, State.CANCELLED, State.IN_DOUBT})
"""The states that a log has a line for."""


class View(Protocol):
    """One way of telling."""

    def begin(self, scene: Scene, now_s: float) -> None:
        """The run goes to work."""
        ...

    def change(self, job: Job, scene: Scene, now_s: float) -> None:
        """A job is in a new state."""
        ...

    def say(self, message: str, scene: Scene | None) -> None:
        """Something that a person should know."""
        ...

    def draw(self, scene: Scene, now_s: float) -> None:
        """Time has passed."""
        ...

    def end(self, scene: Scene, now_s: float) -> None:
        """The run is over, or stops."""
        ...


class Progress:
    """What the executor tells a run's story to; all its calls are cheap and none of them raises.

    As a context it gives the terminal back however the run ends.
    """

    def __init__(self, mode: Mode, stream: TextIO, *, now: Callable[[], float],
                 color: bool = True, cap: Money | None = None,
                 finish_s: float | None = None) -> None:
        """`cap` is the budget of the run, `finish_s` its forecast in seconds."""
        self.now = now
        self.cap = cap
        self.finish_s = finish_s
        self.scene: Scene | None = None
        self.view: View | None = _view(mode, stream, color)

    def started(self, totals: Totals) -> None:
        """The run goes to work with these figures."""
        now_s = self.now()
        self.scene = Scene(now_s, totals, self.cap, self.finish_s)
        self._tell(lambda view, scene: view.begin(scene, now_s))

    def changed(self, job: Job, totals: Totals) -> None:
        """A job is in a new state, and these are the figures since."""
        now_s = self.now()
        if self.scene:
            self.scene.change(job, totals, now_s)
        self._tell(lambda view, scene: view.change(job, scene, now_s))

    def waiting(self, what: str = "") -> None:
        """What holds the run back at this moment: a limit, the balance, a doubt; "" for nothing."""
        if self.scene:
            self.scene.waits_for = what

    def said(self, message: str) -> None:
        """Something that a person should know."""
        scene = self.scene
        if self.view:
            try:
                self.view.say(message, scene)
            except OSError:
                self.view = None

    def tick(self, now_s: float) -> None:
        """Time has passed; to be called a few times a second."""
        self._tell(lambda view, scene: view.draw(scene, now_s))

    def finished(self) -> None:
        """The run is over, or stops here."""
        now_s = self.now()
        self._tell(lambda view, scene: view.end(scene, now_s))
        self.scene = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.finished()

    def _tell(self, act: Callable[[View, Scene], None]) -> None:
        if self.view is None or self.scene is None:
            return
        try:
            act(self.view, self.scene)
        except OSError:
            self.view = None


def _view(mode: Mode, stream: TextIO, color: bool) -> View | None:
    if mode == "none":
        return None
    if mode == "json":
        return JsonView(stream)
    screen = open_screen(stream, color=color)
    able = screen.is_terminal and not screen.is_dumb_terminal
    if mode == "live" or (mode == "auto" and able):
        return LiveView(screen)
    return PlainView(stream)


class PlainView:
    """Lines for a log: one a job that is over, and now and then the figures."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.summed_s = 0.0

    def begin(self, scene: Scene, now_s: float) -> None:
        """One line of what is to be done."""
        self.summed_s = now_s
        open_jobs = scene.totals.total - scene.at_rest
        finish = f", about {about(scene.finish_s)}" if scene.finish_s else ""
        cap = f", cap {priced(scene.cap)}" if scene.cap else ""
        self._line(f"{count(open_jobs, 'job')} to go of {scene.totals.total:,}{cap}{finish}")

    def change(self, job: Job, scene: Scene, now_s: float) -> None:
        """One line for a job that is over, or in doubt."""
        if job.state in TOLD:
            self._line(f"{WORDS[job.state]:<9} {job_line(job)}")
        self.draw(scene, now_s)

    def say(self, message: str, scene: Scene | None) -> None:
        """The message on a line of its own."""
        self._line(visible(message))

    def draw(self, scene: Scene, now_s: float) -> None:
        """The figures, when the last ones are old."""
        if now_s - self.summed_s >= SUMMARY_EVERY_S:
            self.summed_s = now_s
            waits = f"; waiting for {visible(scene.waits_for, 80)}" if scene.waits_for else ""
            self._line(summary_line(scene.totals, now_s - scene.started_s) + waits)

    def end(self, scene: Scene, now_s: float) -> None:
        """The figures at the end."""
        self._line(summary_line(scene.totals, now_s - scene.started_s))

    def _line(self, text: str) -> None:
        self.stream.write(text + "\n")
        self.stream.flush()


def job_line(job: Job) -> str:
    """A job in one line of a log: which it is, what it took, why it brought nothing."""
    paid = priced(job.charged) if job.charged else ""
    told = ": ".join(part for part in (why(job), visible(job.message, 160)) if part)
    spec = job.spec
    parts = (job.key[:8], visible(spec.model, 60), visible(spec.aspect_ratio or "", 20), paid, told)
    return "  ".join(part for part in parts if part)


class JsonView:
    """One object a line, for a program that watches."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.summed_s = 0.0

    def begin(self, scene: Scene, now_s: float) -> None:
        """`started`, with the figures."""
        self.summed_s = now_s
        self._figures("started", scene, now_s)

    def change(self, job: Job, scene: Scene, now_s: float) -> None:
        """`job`, in its new state."""
        self._line({"event": "job", "at": iso(now_s), "job": job.key, "state": job.state.value,
                    "account": job.account, "model": job.spec.model, "attempts": job.attempts,
                    "charged": str(job.charged), "held": str(job.held), "cause": job.cause,
                    "message": job.message})
        self.draw(scene, now_s)

    def say(self, message: str, scene: Scene | None) -> None:
        """`message`, in words."""
        self._line({"event": "message", "message": message})

    def draw(self, scene: Scene, now_s: float) -> None:
        """`progress`, when the last figures are old."""
        if now_s - self.summed_s >= SUMMARY_EVERY_S:
            self.summed_s = now_s
            self._figures("progress", scene, now_s)

    def end(self, scene: Scene, now_s: float) -> None:
        """`finished`, with the figures."""
        self._figures("finished", scene, now_s)

    def _figures(self, event: str, scene: Scene, now_s: float) -> None:
        self._line({"event": event, "at": iso(now_s), "jobs": jobs_document(scene.totals),
                    "credits": credits_document(scene.totals), "left_seconds": scene.left_s(now_s),
                    "waiting_for": scene.waits_for or None})

    def _line(self, document: dict[str, object]) -> None:
        self.stream.write(json.dumps({"schema_version": 1, **document}) + "\n")
        self.stream.flush()
