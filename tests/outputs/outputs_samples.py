"""A run to show: three campaigns, every state, real pictures and a real clip."""

import hashlib
import wave
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from PIL import Image

from pipeline.core.job import File, Job, State
from pipeline.core.manifest import Value
from pipeline.core.money import NOTHING, Money
from pipeline.core.pricing import Quote
from pipeline.core.report import Entry, RunInfo, Totals, count_states
from pipeline.core.spec import JobSpec, SourceRef

NOW_S = 1_773_324_120.0
"""12 March 2026, 14:02 UTC."""

Paint = Callable[[JobSpec, Path], tuple[int, int]]

RATIOS = {"1:1": (512, 512), "16:9": (640, 360), "9:16": (360, 640), "4:5": (512, 640),
          "21:9": (672, 288)}


def paint(spec: JobSpec, path: Path) -> tuple[int, int]:
    """A soft gradient whose colours come from the prompt."""
    width, height = RATIOS.get(spec.aspect_ratio or "", (512, 512))
    seed = hashlib.sha256(spec.key().encode()).digest()
    corners = Image.new("RGB", (2, 2))
    corners.putdata([(seed[i], seed[i + 1], seed[i + 2]) for i in (0, 3, 6, 9)])
    corners.resize((width, height), Image.Resampling.BICUBIC).save(path)
    return width, height


class Listed(list[Entry]):
    """The rows of a run, as a sheet asks for them."""

    def find(self, keys: Collection[str]) -> Iterable[Entry]:
        """Those of these jobs."""
        return [entry for entry in self if entry.job.key in keys]


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything a view of a run needs."""

    run: RunInfo
    entries: Sequence[Entry]
    totals: Totals
    outputs: Path

    @property
    def rows(self) -> Listed:
        """Its rows, as a sheet asks for them."""
        return Listed(self.entries)


def make_job(*, model: str = "nano-banana-2", prompt: str = "a speaker on a beach",
             ratio: str | None = "1:1", kind: str = "image", price: str = "14", variant: int = 1,
             sources: tuple[SourceRef, ...] = (), state: State = State.PENDING,
             cause: str | None = None, message: str = "",
             params: Mapping[str, str | int | bool] | None = None) -> Job:
    """A job in a state, with the money that the state implies."""
    spec = JobSpec("sandbox", kind, model, prompt, ratio, params or {}, sources, variant)
    quoted = Money.parse(price)
    paid = quoted if state in (State.DONE, State.PRODUCED) or (
        state is State.FAILED and cause == "generation_failed") else NOTHING
    out = quoted if state in (State.RUNNING, State.SUBMITTING, State.IN_DOUBT) else NOTHING
    tried = state not in (State.PENDING, State.CANCELLED)
    return Job(spec.key(), "sandbox", spec, Quote(quoted, quoted, f"{price} a job"), state,
               attempts=int(tried), remote_ids=(f"gen-{spec.key()[:6]}",) if paid else (),
               held=out, charged=paid, cause=cause, message=message, created_s=NOW_S - 500,
               sent_s=NOW_S - 400 if tried else None, changed_s=NOW_S - 300, run="20260312-7f3a",
               folder="spring-launch")


def with_file(job: Job, outputs: Path, folder: str, draw: Paint) -> Job:
    """The job with its picture on disk."""
    name = f"{folder}/{job.key[:12]}.png"
    path = outputs / name
    path.parent.mkdir(parents=True, exist_ok=True)
    size = draw(job.spec, path)
    return replace(job, files=(file_of(path, name, "image/png", size),))


def file_of(path: Path, name: str, media_type: str, size: tuple[int | None, int | None] =
            (None, None), seconds: float | None = None) -> File:
    """The ledger's row of a file."""
    content = path.read_bytes()
    return File(name, hashlib.sha256(content).hexdigest(), len(content), media_type, *size,
                seconds)


def make_entry(seq: int, job: Job, campaign: str = "hero",
               variables: Mapping[str, Value] | None = None) -> Entry:
    """A row of the run."""
    return Entry(seq, campaign, job, variables or {})


def make_run(**changes: object) -> RunInfo:
    """The run that all samples belong to."""
    run = RunInfo("20260312-140203-7f3a", "spring-launch", "manifests/spring-launch.yaml",
                  "sandbox", NOW_S - 531, outputs="outputs/spring-launch")
    return replace(run, **changes)  # type: ignore[arg-type]


def make_totals(entries: Sequence[Entry]) -> Totals:
    """The figures of these rows."""
    jobs = [entry.job for entry in entries]
    return Totals(
        count_states(job.state for job in jobs), sum(entry.kept for entry in entries),
        sum((entry.job.charged for entry in entries if not entry.kept), NOTHING),
        sum((job.held for job in jobs), NOTHING),
        sum((job.held for job in jobs if job.state is State.IN_DOUBT), NOTHING))


PRODUCTS = ("headphones", "speaker", "turntable")
PROMPT = ("{product} by Acme on weathered concrete, low raking light from the left, long shadow, "
          "a single stem of eucalyptus, shot on 85 mm at f/2.8, muted palette of sand and "
          "sea-glass green, generous negative space on the right for a headline, no text, no logo, "
          "editorial product photography for a spring campaign")


def make_shown(outputs: Path, draw: Paint = paint, clip: bytes | None = None) -> Shown:
    """A run half way: three campaigns, some thirty frames, every state at least once."""
    entries: list[Entry] = []

    def add(campaign: str, job: Job, variables: Mapping[str, Value], *, kept: bool = False,
            chosen: bool = True) -> Job:
        if job.state is State.DONE and job.spec.kind == "image":
            job = with_file(job, outputs, f"spring-launch/{campaign}", draw)
        entries.append(Entry(len(entries), campaign, job, variables, {}, kept, chosen))
        return job

    _add_heroes(add)
    _add_details(add)
    _add_teasers(add, outputs, clip, [e.job for e in entries if e.campaign == "detail"])
    return Shown(make_run(), entries, make_totals(entries), outputs)


def _add_heroes(add: Callable[..., Job]) -> None:
    odd = {("turntable", "imagen-4", "16:9"): (State.FAILED, "content_refused",
                                               "Prompt was flagged by the safety system."),
           ("turntable", "imagen-4", "9:16"): (State.IN_DOUBT, "reply_lost", ""),
           ("speaker", "imagen-4", "9:16"): (State.RUNNING, None, "")}
    for product in PRODUCTS:
        for model, price in (("nano-banana-2", "14"), ("imagen-4", "8.5")):
            for ratio in ("1:1", "16:9", "9:16"):
                state, cause, message = odd.get((product, model, ratio), (State.DONE, None, ""))
                job = make_job(model=model, ratio=ratio, price=price, state=state, cause=cause,
                               message=message, prompt=PROMPT.format(product=product.title()))
                add("hero", job, {"brand": "Acme", "product": product},
                    kept=product == "headphones" and model == "imagen-4" and state is State.DONE)


def _add_details(add: Callable[..., Job]) -> None:
    for city, light in (("Lisbon", "late sun"), ("Oslo", "winter noon")):
        for variant in (1, 2, 3):
            state = State.PENDING if city == "Oslo" and variant == 3 else State.DONE
            job = make_job(model="flux-2-1K", ratio="4:5", price="5", variant=variant, state=state,
                           cause="insufficient_credits" if state is State.PENDING else None,
                           prompt=f"Close detail of brushed aluminium, {light} in {city}.")
            add("detail", job, {"place": {"city": city, "light": light}})


def _add_teasers(add: Callable[..., Job], outputs: Path, clip: bytes | None,
                 bases: Sequence[Job]) -> None:
    states = [State.DONE if clip else State.RUNNING, State.PRODUCED, State.SUBMITTING,
              State.PENDING, State.FAILED, State.CANCELLED]
    causes = {State.FAILED: "generation_failed", State.CANCELLED: "source_failed"}
    for index, (base, state) in enumerate(zip(bases, states, strict=True)):
        job = make_job(model="kling-2-6-image-to-video-5s", ratio="16:9", kind="video", price="85",
                       state=state, prompt="Slow push-in, dust in the light.",
                       sources=(SourceRef("job", base.key, "image"),), cause=causes.get(state),
                       message="internal error 5031" if state is State.FAILED else "")
        if state is State.DONE and clip:
            name = "spring-launch/teaser/clip.mp4"
            (outputs / name).parent.mkdir(parents=True, exist_ok=True)
            (outputs / name).write_bytes(clip)
            file = file_of(outputs / name, name, "video/mp4", (640, 360), 5.0)
            job = replace(job, files=(file,))
        city = "Lisbon" if index < 3 else "Oslo"
        add("teaser", job, {"place": city, "take": index % 3 + 1}, chosen=index != 3)


HOSTILE = ('"><script>alert(1)</script><img src=x onerror=alert(2)> \x1b[2J\x1b]0;owned\x07'
           '\u202egpj.\u2066 {{ 7*7 }} [red]x[/red] =cmd|calc &amp; \ud800 \u2028 </style>')


def make_odd(outputs: Path) -> Shown:
    """A run of everything unusual: hostile text in each field, sound, text, broken pictures."""
    folder = outputs / "odd"
    folder.mkdir(parents=True, exist_ok=True)
    names = {"broken.png": ("image/png", b"not a picture at all"), "gone.png": ("image/png", b""),
             "tone.wav": ("audio/wav", _tone()), "lines.srt": ("application/x-subrip", b"1\n00\n"),
             "page.svg": ("image/svg+xml", b"<svg onload='alert(3)'/>")}
    entries = []
    for seq, (name, (media_type, content)) in enumerate(names.items()):
        (folder / name).write_bytes(content)
        job = make_job(model=HOSTILE if seq else "nano-banana-2", prompt=f"{name} {HOSTILE}",
                       kind="image" if "image" in media_type else "music", state=State.DONE,
                       ratio="1:1" if "image" in media_type else None)
        job = replace(job, files=(file_of(folder / name, f"odd/{name}", media_type),))
        entries.append(Entry(seq, HOSTILE, job, {HOSTILE: HOSTILE, "n": seq}, {"t": HOSTILE}))
    (folder / "gone.png").unlink()
    failed = make_job(model=HOSTILE, prompt=HOSTILE, ratio=HOSTILE, state=State.FAILED,
                      cause="content_refused", message=HOSTILE)
    outside = make_job(prompt="outside", state=State.DONE)
    outside = replace(outside, files=(File("../../etc/passwd", "0" * 64, 1, "text/plain"),))
    entries += [Entry(5, HOSTILE, failed, {HOSTILE: "x", "n": 5}), Entry(6, HOSTILE, outside)]
    run = make_run(id=HOSTILE, manifest=HOSTILE, account=HOSTILE, file=HOSTILE, outputs=HOSTILE)
    return Shown(run, entries, make_totals(entries), outputs)


def _tone() -> bytes:
    """A tenth of a second of silence."""
    content = BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0" * 1600)
    return content.getvalue()
