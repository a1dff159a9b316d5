"""What changed since the last run, and what the change takes."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from pipeline.core.difference import Difference, Wanted
from pipeline.core.money import NOTHING, Money
from pipeline.core.plan import Plan, Row
from pipeline.outputs.console import foreign
from pipeline.outputs.phrases import count, priced

ROWS_SHOWN = 40


def diff_document(plan: Plan, since: Difference) -> dict[str, object]:
    """`diff --json`."""
    return {
        "schema_version": 1, "manifest": plan.manifest,
        "added": [_row(row) for row in since.added],
        "removed": [{"job": was.key, "campaign": was.campaign, "model": was.model,
                     "bought": was.bought} for was in since.removed],
        "repriced": [{**_row(row), "before": str(was.expected)} for was, row in since.repriced],
        "credits": {"expected": str(_expected(since))},
    }


def _row(row: Row) -> dict[str, object]:
    return {"job": row.cell.key, "campaign": row.cell.campaign, "model": row.cell.spec.model,
            "aspect_ratio": row.cell.spec.aspect_ratio, "status": row.status.value,
            "expected": str(row.cell.quote.expected)}


def _expected(since: Difference) -> Money:
    return sum((row.expected for row in since.added), NOTHING)


def show_diff(console: Console, plan: Plan, since: Difference) -> None:
    """The change, a line a job: + comes, - goes, ~ has another price."""
    if not since:
        console.print(f"nothing changed since the last run of {plan.manifest}", highlight=False)
        return
    for lines in (_came(since.added), _went(since.removed), _moved(since.repriced)):
        shown = list(lines)
        for line in shown[:ROWS_SHOWN]:
            console.print(line)
        if len(shown) > ROWS_SHOWN:
            console.print(f"  … and {len(shown) - ROWS_SHOWN} more", highlight=False)
    console.print(f"{count(len(since.added), 'job')} to add: {priced(_expected(since))}",
                  highlight=False)


def _came(rows: Iterable[Row]) -> Iterable[Text]:
    for row in rows:
        shape = f" {row.cell.spec.aspect_ratio}" if row.cell.spec.aspect_ratio else ""
        yield foreign(f"+ {row.cell.campaign}  {row.cell.spec.model}{shape}  "
                      f"{priced(row.cell.quote.expected)}"
                      f"{'' if row.buys else '  (' + row.status.value + ')'}", "green")


def _went(jobs: Iterable[Wanted]) -> Iterable[Text]:
    for was in jobs:
        kept = "  (bought: its file stays)" if was.bought else ""
        yield foreign(f"- {was.campaign}  {was.model}{kept}", "red")


def _moved(pairs: Iterable[tuple[Wanted, Row]]) -> Iterable[Text]:
    for was, row in pairs:
        yield foreign(f"~ {row.cell.campaign}  {row.cell.spec.model}  {priced(was.expected)} → "
                      f"{priced(row.cell.quote.expected)}", "yellow")
