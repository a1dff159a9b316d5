"""Whether the database is, to the bit, the file that the last process left in order.

Law: a seal spares a look at pages, never at anything else. It is put on when SQLite has put its log
away, and holds while the file's inode, length and times are as they were, nothing lies beside it
to be put in, the machine was not started anew, and a day has not passed since all pages were looked
at. Where anything else is so, or cannot be told, they are looked at again, before money is spent.
It is broken, durably, before the database is opened for writing.
"""

import json
import os
from contextlib import suppress
from pathlib import Path

from pipeline.ledger.durable import sync_path

SEAL = "seal"
LOG = "-wal"
LOOK_AGAIN_S = 86_400.0
"""A medium forgets without anybody's writing: once a day every page is looked at all the same."""
BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Differs from start to start of a machine; where there is none, no seal is ever put on."""
BACK_NS = 1_000_000_000


def break_seal(database: Path, now_s: float) -> float | None:
    """When all pages were last looked at; None if they must be now. The seal is gone after it.

    Raises `OSError` for a folder that cannot be written.
    """
    seal = database.with_name(SEAL)
    try:
        says = json.loads(seal.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        says = None
    looked_s = _looked_s(says, database, now_s)
    seal.unlink()
    sync_path(seal.parent)
    return looked_s


def _looked_s(says: object, database: Path, now_s: float) -> float | None:
    """What a seal says, if it holds."""
    match says:
        case {"looked_s": float(looked_s), **features} if 0 <= now_s - looked_s < LOOK_AGAIN_S:
            with suppress(OSError, LookupError):
                return looked_s if features == _features(database) else None
    return None


def put_seal(database: Path, looked_s: float) -> None:
    """The database was put away in order, and its pages were last looked at then.

    Its own time is set back before it is noted: a change in the same tick of the file system's
    clock would otherwise not show.
    """
    with suppress(OSError, LookupError):
        says = database.stat()
        os.utime(database, ns=(says.st_atime_ns, says.st_mtime_ns - BACK_NS))
        text = json.dumps({**_features(database), "looked_s": looked_s})
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with os.fdopen(os.open(database.with_name(SEAL), flags, 0o600), "w") as seal:
            seal.write(text)


def _features(database: Path) -> dict[str, object]:
    """What no change of the file leaves as it is. Raises `OSError` where that cannot be told, and
    `LookupError` for a file that is not all there is."""
    if (log := database.with_name(database.name + LOG)).exists() and log.stat().st_size:
        raise LookupError(str(log))
    says = database.stat()
    return {"boot": BOOT.read_text(encoding="ascii").strip(), "inode": says.st_ino,
            "disk": says.st_dev, "bytes": says.st_size, "written_ns": says.st_mtime_ns,
            "changed_ns": says.st_ctime_ns}
