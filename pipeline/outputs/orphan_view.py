"""What the service lists and no job knows of: perhaps charges of ours, for a person to rule on."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.core.job import Job, State
from pipeline.core.orphans import Orphan
from pipeline.outputs.console import foreign
from pipeline.outputs.job_view import KEY_CHARS
from pipeline.outputs.phrases import WORDS, amount, count, iso, minute

Likeness = tuple[Orphan, Job]
"""An orphan, and the job of ours that it looks like."""


def orphan_rows(orphans: Sequence[Likeness]) -> list[dict[str, object]]:
    """`orphans` of `doubt list --json`, the oldest first."""
    return [{"account": orphan.account, "id": orphan.remote_id, "job": job.key,
             "state": job.state.value, "model": job.spec.model, "prompt": job.spec.prompt,
             "charged": None if orphan.charged is None else str(orphan.charged),
             "created_at": iso(orphan.created_s)} for orphan, job in orphans]


def show_orphans(console: Console, orphans: Sequence[Likeness]) -> None:
    """Print them, and what can be said of each."""
    if not orphans:
        return
    console.print()
    console.print(Text(f"{count(len(orphans), 'charge')} that may be ours and no job knows of",
                       "bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("id", overflow="fold")
    table.add_column("model · prompt", overflow="fold")
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("made (UTC)", no_wrap=True, style="dim")
    table.add_column("looks like", no_wrap=True)
    for orphan, job in orphans:
        table.add_row(foreign(orphan.remote_id, limit=130),
                      foreign(f"{job.spec.model} · {job.spec.prompt}", limit=80),
                      Text("?" if orphan.charged is None else amount(orphan.charged), "yellow"),
                      minute(orphan.created_s),
                      Text(f"{job.key[:KEY_CHARS]}, {WORDS[job.state]}"))
    console.print(table)
    console.print()
    for line in _ways(orphans):
        console.print(Text(line, "dim"))


def _ways(orphans: Sequence[Likeness]) -> Iterator[str]:
    if any(job.state in (State.PENDING, State.FAILED, State.CANCELLED) for _, job in orphans):
        yield "`pipeline doubt resolve JOB --is ID`: it is that job's, and `pipeline resume` " \
              "brings it home"
    yield "`pipeline doubt resolve ID --write-off`: it is ours and lost; it is booked as spent"
    yield "`pipeline doubt resolve ID --not-charged`: it is somebody else's, or took nothing"
