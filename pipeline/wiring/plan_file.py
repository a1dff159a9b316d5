"""A plan saved to be approved, and held against today before it is run.

Law: a saved plan is run exactly, or refused; it is never quietly redrawn.
"""

import json
from pathlib import Path

from pipeline.core.errors import Exit, Halt
from pipeline.core.money import Money
from pipeline.core.plan import Plan, Rows
from pipeline.wiring.planning import Drawing, Wish

LARGEST_FILE = 512 * 1024 * 1024


def write_plan(path: Path, document: dict[str, object], drawing: Drawing, wish: Wish) -> None:
    """Save a plan; its rows and its wishes go with it."""
    rows = list(_worths(drawing.plan).items())
    saved = {
        **document, "file": str(wish.manifest.absolute()),
        "wish": {"account": wish.account, "only": wish.only, "limit": wish.limit,
                 "max_credits": None if wish.max_credits is None else str(wish.max_credits),
                 "max_jobs": wish.max_jobs, "max_seconds": wish.longest_s},
        "catalogs": dict(drawing.plan.catalogs), "rows": rows,
    }
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(saved, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


class SavedPlan:
    """A plan file that was read."""

    def __init__(self, path: Path, state: Path) -> None:
        """Read it; raises `Halt` (9) for one that is missing or no plan."""
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise ValueError("too large")
            saved = json.loads(path.read_text(encoding="utf-8"))
            wish = saved["wish"]
            cap = wish["max_credits"]
            self.fingerprint = str(saved["fingerprint"])
            self.worths = {str(key): str(worst) for key, worst in saved["rows"]}
            self.catalogs = dict(saved["catalogs"])
            self.wish = Wish(Path(saved["file"]), state, _text(wish["account"]),
                             _text(wish["only"]), _count(wish["limit"]),
                             None if cap is None else Money.parse(cap), _count(wish["max_jobs"]),
                             longest_s=_seconds(wish.get("max_seconds")))
        except FileNotFoundError:
            raise Halt(Exit.STALE_PLAN, f"there is no plan {path}",
                       hint="`pipeline plan MANIFEST -o PLAN.json` saves one") from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Halt(Exit.STALE_PLAN, f"{path} is not a saved plan",
                       hint="`pipeline plan MANIFEST -o PLAN.json` saves one") from None

    def check(self, drawing: Drawing) -> None:
        """Raises `Halt` (9) if catalog, prices or manifest moved since the plan was saved."""
        if drawing.plan.fingerprint == self.fingerprint:
            return
        raise Halt(Exit.STALE_PLAN, f"the plan is stale: {self._what_moved(drawing)}",
                   code="stale_plan", hint="plan again and look at it: nothing was bought")

    def _what_moved(self, drawing: Drawing) -> str:
        today = _worths(drawing.plan)
        moved = []
        if added := sum(key not in self.worths for key in today):
            moved.append(f"{added} jobs are new")
        if gone := sum(key not in today for key in self.worths):
            moved.append(f"{gone} jobs are gone")
        dearer = [key for key, worst in today.items() if self.worths.get(key, worst) != worst]
        if dearer:
            moved.append(f"{len(dearer)} jobs have another price")
        if not moved and dict(drawing.plan.catalogs) != self.catalogs:
            moved.append("the catalog has changed")
        return ", ".join(moved) or "the manifest or its budget has changed"


def _worths(plan: Plan) -> dict[str, str]:
    """The worst price of each job of a plan by its key."""
    cells = Rows.of(plan.rows).cells
    worst = [str(pattern.quote.worst) for pattern in cells.patterns]
    return {key: worst[number] for key, number in zip(cells.keys(), cells.pattern, strict=True)}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def _count(value: object) -> int | None:
    if value is not None and (type(value) is not int or value < 0):
        raise ValueError("no count")
    return value


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not value >= 0:
        raise ValueError("no length of time")
    return float(value)
