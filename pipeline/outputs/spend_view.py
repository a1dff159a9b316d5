"""What was spent, as a person and a program read it."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.core.spending import Spending, Spent
from pipeline.outputs.console import foreign
from pipeline.outputs.phrases import amount

HEADS = ("jobs", "charged", "held", "in doubt", "refunded")


def spending_document(spending: Spending) -> dict[str, object]:
    """`spend --json`: a row for each group, and their sum."""
    return {"schema_version": 1, "by": list(spending.by),
            "rows": [dict(zip(spending.by, row.group, strict=True)) | _sums(row)
                     for row in spending.rows],
            "total": _sums(spending.total)}


def _sums(row: Spent) -> dict[str, object]:
    return {"jobs": row.jobs, "charged": str(row.charged), "held": str(row.held),
            "in_doubt": str(row.in_doubt), "refunded": str(row.refunded)}


def show_spending(console: Console, spending: Spending) -> None:
    """Print the groups, and their sum under them."""
    if not spending.rows:
        console.print("nothing was spent")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim",
                  show_footer=len(spending.rows) > 1, footer_style="bold")
    total = _cells(spending.total)
    for n, name in enumerate(spending.by):
        table.add_column(foreign(name), foreign("" if n else "total"), overflow="fold")
    for head, text in zip(HEADS, total, strict=True):
        table.add_column(head, text, justify="right", no_wrap=True)
    for row in spending.rows:
        named = ("–" if value is None else foreign(value) for value in row.group)
        table.add_row(*named, *_cells(row))
    console.print(table)


def _cells(row: Spent) -> list[Text]:
    """The figures; a sum of nothing is a dash."""
    sums = (row.charged, row.held, row.in_doubt, row.refunded)
    return [Text(f"{row.jobs:,}"),
            *(Text(amount(money)) if money else Text("–", "dim") for money in sums)]
