"""An account's library as a person and a program read it.

Law: the signed address of a file is never shown, only until when it holds.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.core.library import LibraryFile, Shelf
from pipeline.outputs.console import foreign
from pipeline.outputs.phrases import count, iso, size
from pipeline.outputs.printable import visible

BAR_COLUMNS = 24
NEARLY_FULL = 0.9
LARGEST_SHOWN = 3
ROWS_SHOWN = 500


def library_document(account: str, shelf: Shelf) -> dict[str, object]:
    """`assets --json`."""
    return {"schema_version": 1, "account": account, "count": len(shelf.files),
            "quota_bytes": shelf.quota_bytes, "used_bytes": shelf.used_bytes,
            "assets": [asset_row(file) for file in shelf.files]}


def asset_row(file: LibraryFile) -> dict[str, object]:
    """One file of a library in JSON."""
    return {"id": file.id, "name": file.name, "kind": file.kind, "media_type": file.media_type,
            "bytes": file.bytes, "url_expires_at": iso(file.url_until_s)}


def show_library(console: Console, account: str, shelf: Shelf) -> None:
    """Print the files by name, and how much of the room is taken."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, max_width=40, overflow="ellipsis")
    table.add_column(no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    more = len(shelf.files) - ROWS_SHOWN
    for file in sorted(shelf.files, key=lambda file: file.name)[:ROWS_SHOWN]:
        table.add_row(foreign(file.name), foreign(file.kind, limit=20),
                      foreign(file.media_type, limit=40),
                      "" if file.bytes is None else size(file.bytes))
    if table.row_count:
        console.print(table)
        if more > 0:
            console.print(Text(f"and {more:,} more; `--json` gives them all", "dim"))
        console.print()
    else:
        console.print("the library is empty; `pipeline assets add NAME SOURCE` fills it")
    console.print(Text.assemble((f"{count(len(shelf.files), 'file')} of {visible(account)}", "dim"),
                                *_room(shelf)))


def _room(shelf: Shelf) -> list[Text]:
    if shelf.quota_bytes is None or shelf.used_bytes is None:
        return []
    share = min(1.0, shelf.used_bytes / shelf.quota_bytes) if shelf.quota_bytes else 1.0
    taken = max(int(shelf.used_bytes > 0), round(share * BAR_COLUMNS))
    style = "yellow" if share >= NEARLY_FULL else "cyan"
    return [Text("  "), Text("━" * taken, style), Text("─" * (BAR_COLUMNS - taken), "dim"),
            Text(f"  {size(shelf.used_bytes)} of {size(shelf.quota_bytes)}")]


def largest(files: Sequence[LibraryFile]) -> str:
    """The files that a person would delete first to make room, in words."""
    biggest = sorted(files, key=lambda file: -(file.bytes or 0))[:LARGEST_SHOWN]
    return ", ".join(f"{visible(file.name, 64)} ({size(file.bytes or 0)})" for file in biggest)
