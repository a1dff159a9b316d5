"""What a run tells while it works. Method: a clock that the test turns, and real streams."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from outputs_samples import HOSTILE, make_entry, make_job, make_totals

from pipeline.core.job import Job, State
from pipeline.core.money import Money
from pipeline.core.report import Totals
from pipeline.outputs.console import Screen, open_screen
from pipeline.outputs.live import LiveView
from pipeline.outputs.progress import Mode, Progress
from pipeline.outputs.scene import Scene


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Told:
    """A run of some jobs, told to a stream."""

    def __init__(self, mode: Mode, jobs: int = 6, stream: io.TextIOBase | None = None) -> None:
        self.clock = Clock()
        self.stream = stream or StringIO()
        self.jobs = [make_job(prompt=f"prompt {n}") for n in range(jobs)]
        self.progress = Progress(mode, self.stream, now=self.clock,  # type: ignore[arg-type]
                                 cap=Money.parse("500"), finish_s=540)

    def totals(self) -> Totals:
        return make_totals([make_entry(n, job) for n, job in enumerate(self.jobs)])

    def move(self, number: int, state: State, **changes: object) -> None:
        self.jobs[number] = replace(self.jobs[number], state=state,
                                    **changes)  # type: ignore[arg-type]
        self.progress.changed(self.jobs[number], self.totals())

    def play(self) -> None:
        """Three jobs done, one failed, one in doubt, one pending; ninety seconds."""
        self.progress.started(self.totals())
        for number in range(5):
            self.move(number, State.SUBMITTING, held=Money.parse("14"))
            self.move(number, State.RUNNING)
        self.progress.waiting("a slot: media_in_flight")
        for _ in range(90):
            self.clock.now_s += 1
            self.progress.tick(self.clock.now_s)
        for number in range(3):
            self.move(number, State.DONE, charged=Money.parse("14"), held=Money(0))
        self.move(3, State.FAILED, cause="content_refused", message=HOSTILE, held=Money(0))
        self.move(4, State.IN_DOUBT, cause="reply_lost")
        self.progress.said(HOSTILE)
        self.progress.finished()

    @property
    def text(self) -> str:
        assert isinstance(self.stream, StringIO)
        return self.stream.getvalue()


def test_a_log_gets_one_line_a_job_and_few_figures() -> None:
    told = Told("plain")
    told.play()
    lines = told.text.splitlines()
    assert lines[0] == "6 jobs to go of 6, cap 500 credits, about 9 min"
    assert len([line for line in lines if line.startswith("done ")]) == 3
    assert sum("waiting for a slot: media_in_flight" in line for line in lines) == 3
    assert "the service refused the content" in told.text
    assert lines[-1] == ("3 of 6 done, 1 in doubt, 1 failed, 1 pending; 42 credits charged, "
                         "14 held, 14 of it in doubt; 1 min 30 s")
    assert not set(told.text) & set("\x1b\x07\u202e\u2028\ud800")


def test_a_program_gets_one_object_a_line() -> None:
    told = Told("json")
    told.play()
    lines = [json.loads(line) for line in told.text.splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "started"
    assert events[-1] == "finished"
    assert events.count("progress") == 3
    assert lines[-1]["jobs"]["done"] == 3
    assert lines[-1]["credits"]["in_doubt"] == "14"
    assert {line["schema_version"] for line in lines} == {1}
    failed = next(line for line in lines if line.get("state") == "failed")
    assert failed["cause"] == "content_refused"


def test_nothing_is_told_when_nothing_is_wanted() -> None:
    told = Told("none")
    told.play()
    assert told.text == ""


def test_auto_is_plain_where_nobody_looks() -> None:
    told = Told("auto")
    told.play()
    assert told.text.startswith("6 jobs to go")


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_keeps_what_went_wrong_and_one_last_line(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    told = Told("auto", stream=Terminal())
    told.play()
    assert "failed" in told.text
    assert "in doubt" in told.text
    assert "3 of 6 done" in told.text.splitlines()[-1]
    assert told.text.rstrip().endswith("1 min 30 s")
    assert "\x1b[?25h" in told.text  # the cursor is back
    assert not set(told.text) & set("\x07\u202e\u2028\ud800")


def test_the_moving_part_is_drawn_at_most_eight_times_a_second() -> None:
    draws = 0

    class Counting(StringIO):
        def write(self, text: str, /) -> int:
            nonlocal draws
            draws += "charged" in text
            return super().write(text)

    told = Told("none", stream=Counting())
    told.progress.view = LiveView(Screen(file=told.stream,  # type: ignore[arg-type]
                                         force_terminal=True, width=100))
    told.progress.started(told.totals())
    for _ in range(10_000):
        told.clock.now_s += 0.001
        told.progress.tick(told.clock.now_s)
    assert 70 <= draws <= 82


@pytest.mark.parametrize("mode", ["plain", "json", "live"])
@pytest.mark.parametrize("error", [BrokenPipeError, OSError])
def test_a_reader_that_goes_away_does_not_stop_the_run(mode: Mode,
                                                       error: type[OSError]) -> None:
    class Gone(StringIO):
        def write(self, text: str, /) -> int:
            raise error(5, "gone")

    told = Told(mode, stream=Gone())
    told.play()


def test_a_run_that_breaks_off_gives_the_terminal_back() -> None:
    told = Told("live", stream=Terminal())
    with pytest.raises(RuntimeError), told.progress:
        told.progress.started(told.totals())
        raise RuntimeError
    assert "\x1b[?25h" in told.text


def make_scene(jobs: int, finish_s: float | None = None) -> Scene:
    return Scene(0.0, Totals({State.PENDING: jobs}), None, finish_s)


def finish(scene: Scene, job: Job, now_s: float, left: int) -> None:
    totals = Totals({State.PENDING: left, State.DONE: 100 - left})
    scene.change(replace(job, state=State.DONE), totals, now_s)


def test_what_is_left_goes_by_the_forecast_first_and_by_the_pace_then() -> None:
    scene = make_scene(100, 540)
    assert scene.left_s(40) == 500
    for number in range(1, 11):
        finish(scene, make_job(prompt=str(number)), number * 2.0, 100 - number)
    assert scene.pace_per_min(20.0) == 30
    assert scene.left_s(20.0) == 180


def test_jobs_under_way_are_kept_in_the_order_they_began() -> None:
    scene = make_scene(3)
    jobs = [make_job(prompt=str(number)) for number in range(3)]
    change: Callable[[int, State, float], None] = lambda n, state, at_s: scene.change(  # noqa: E731
        replace(jobs[n], state=state), scene.totals, at_s)
    for number in range(3):
        change(number, State.SUBMITTING, number)
    change(0, State.RUNNING, 5)
    change(1, State.IN_DOUBT, 6)
    assert [(job.state, at_s) for job, at_s in scene.under_way.values()] == \
        [(State.RUNNING, 0), (State.SUBMITTING, 2)]


def test_a_console_without_colour_prints_plain_text() -> None:
    stream = Terminal()
    open_screen(stream, color=False).print("[red]plain[/red] :smile: 42")
    assert stream.getvalue() == "[red]plain[/red] :smile: 42\n"
