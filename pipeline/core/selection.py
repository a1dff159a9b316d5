"""Which rows of a plan a person asked for: `--only` and `--limit`.

An expression is `field=pattern[,field=pattern…]`; all must match. Fields are campaign, model, kind,
aspect_ratio, account, variant, status, and the names of variables and tags; `*` and `?` match as in
a shell.
"""

from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import islice

from pipeline.core.errors import Exit, Halt
from pipeline.core.plan import Plan, Row, Rows
from pipeline.core.report import describe

FIELDS = ("campaign", "model", "kind", "aspect_ratio", "account", "variant", "status")


def select(plan: Plan, only: str, limit: int | None) -> Plan:
    """The plan with the rows that match, and those that they start from.

    Raises `Halt` (2) for an expression that cannot be read or matches nothing.
    """
    if not only and limit is None:
        return plan
    pairs = _read(only, plan) if only else []
    rows = Rows.of(plan.rows)
    matching = (number for number, row in enumerate(rows) if _matches(row, pairs)) if pairs \
        else iter(range(len(rows)))
    wanted = list(islice(matching, limit))
    if not wanted:
        raise Halt(Exit.USAGE, f"--only {only!r} matches no job",
                   hint="fields are " + ", ".join((*FIELDS, *_names(plan))))
    return replace(plan, rows=rows.only(_with_sources(rows, wanted)))


def _read(only: str, plan: Plan) -> list[tuple[str, str]]:
    pairs = []
    fields = (*FIELDS, *_names(plan))
    for part in filter(None, only.split(",")):
        name, equals, pattern = part.partition("=")
        if not equals or name.strip() not in fields:
            raise Halt(Exit.USAGE, f"--only {part!r} is not field=pattern",
                       hint="fields are " + ", ".join(fields))
        pairs.append((name.strip(), pattern.strip()))
    return pairs


def _names(plan: Plan) -> list[str]:
    return sorted({name for row in plan.rows for name in (*row.cell.vars, *row.cell.tags)})


def _matches(row: Row, pairs: list[tuple[str, str]]) -> bool:
    return all(fnmatchcase(_value(row, name), pattern) for name, pattern in pairs)


def _value(row: Row, name: str) -> str:
    cell = row.cell
    known = {"campaign": cell.campaign, "model": cell.spec.model, "kind": cell.spec.kind,
             "aspect_ratio": cell.spec.aspect_ratio or "", "account": cell.account,
             "variant": str(cell.spec.variant), "status": row.status.value}
    if name in known:
        return known[name]
    return describe(cell.vars[name]) if name in cell.vars else cell.tags.get(name, "")


def _with_sources(rows: Rows, wanted: list[int]) -> list[int]:
    """These rows and those that they start from, in the author's order."""
    if not any(lot.pattern.chained for lot in rows.lots):
        return wanted
    place = rows.cells.places()
    keep, stack = set(wanted), list(wanted)
    while stack:
        for key in rows.cells.at(stack.pop()).spec.waits_for:
            if key in place and place[key] not in keep:
                keep.add(place[key])
                stack.append(place[key])
    return sorted(keep)
