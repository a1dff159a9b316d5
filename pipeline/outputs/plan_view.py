"""The dry run as a person reads it before any money moves, and as JSON.

Law: the two numbers that a person approves, expected and worst, are always both there.
"""

from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.core.forecast import Forecast
from pipeline.core.money import Money
from pipeline.core.plan import Plan, Status
from pipeline.outputs.console import foreign
from pipeline.outputs.finish_view import finish_lines, forecast_document, late_lines
from pipeline.outputs.phrases import about, age, amount, count, priced, reason
from pipeline.outputs.printable import visible
from pipeline.outputs.problems import problem_rows
from pipeline.outputs.proposal import Proposal, Share, bases, reasons, shares

REASONS_SHOWN = 4
NOTICES_SHOWN = 6
MODELS_SHOWN = 3
WIDE = 100
"""A terminal of so many columns has one more for when each campaign is done."""


def plan_document(proposal: Proposal) -> dict[str, object]:
    """`plan --json`, as the contract has it; `skipped`, `beyond` and some counts are added."""
    plan, beyond = proposal.plan, proposal.reach.beyond
    return {
        "schema_version": 1, "manifest": plan.manifest, "fingerprint": plan.fingerprint,
        "account": plan.account,
        "catalog": {"models": proposal.models, "fetched_at": proposal.fetched_at},
        "jobs": {"total": len(plan.rows), **{status.value: plan.count(status)
                                             for status in Status}, "excluded": plan.excluded},
        "credits": {"expected": str(plan.expected), "worst": str(plan.worst)},
        "balance": _text(proposal.balance),
        "budget": {"credits": _text(plan.budget.credits), "left": _text(proposal.budget_left),
                   "per_day": _text(plan.budget.per_day),
                   "per_month": _text(plan.budget.per_month), "max_jobs": proposal.max_jobs},
        "beyond": {"jobs": beyond.jobs, "worst": str(beyond.worst)},
        "forecast": forecast_document(proposal.forecast, proposal.reach),
        "campaigns": [{**_campaign(share), "budget": _text(plan.budget.campaigns.get(share.name))}
                      for share in shares(plan)],
        "skipped": [{"campaign": gone.campaign, "model": gone.model,
                     "aspect_ratio": gone.aspect_ratio, "why": gone.why}
                    for gone in plan.skipped],
        "notices": list(proposal.notices), "problems": problem_rows(proposal.problems),
    }


def _campaign(share: Share) -> dict[str, object]:
    return {"name": share.name, "kind": share.kind, "jobs": share.jobs,
            "expected": str(share.expected), "worst": str(share.worst), "models": share.models,
            "basis": [{"jobs": number, "text": text}
                      for text, number in bases(share.lots).items()],
            **{status.value: share.count(status) for status in Status}}


def _text(money: Money | None) -> str | None:
    return None if money is None else str(money)


def show_plan(console: Console, proposal: Proposal, *, now_s: float) -> None:
    """Print the plan: campaigns, totals, caps and what they leave out, and the finish."""
    plan, is_wide = proposal.plan, console.width >= WIDE
    console.print(_heading(proposal, now_s))
    console.print()
    console.print(Padding(_campaigns(plan, proposal.forecast if is_wide else None), (0, 0, 0, 2)))
    console.print()
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    for name, text in _facts(proposal, is_wide=is_wide):
        facts.add_row(name, text)
    console.print(Padding(facts, (0, 0, 0, 2)))


def _heading(proposal: Proposal, now_s: float) -> Text:
    plan = proposal.plan
    prices = f"{count(proposal.models, 'model')}, prices {age(proposal.fetched_at, now_s)}"
    return Text.assemble(foreign(plan.manifest, "bold"), "  ", foreign(plan.file, "dim"), "\n",
                         foreign(plan.account), (f" · {prices}", "dim"))


def _campaigns(plan: Plan, finish: Forecast | None) -> Table:
    ends = finish.campaigns if finish and len(finish.campaigns) > 1 else {}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim",
                  show_footer=len(shares(plan)) > 1, footer_style="bold")
    table.add_column("campaign", max_width=24, overflow="fold")
    table.add_column("models", ratio=1, overflow="fold", style="dim")
    for name, footer in (("buy", f"{plan.buys:,}"),
                         ("keep", _number(plan.count(Status.KEEP))),
                         ("expected", amount(plan.expected)), ("worst", amount(plan.worst))):
        table.add_column(name, footer, justify="right", no_wrap=True)
    if ends:
        table.add_column("done in", justify="right", no_wrap=True, style="dim")
    for share in shares(plan):
        table.add_row(
            foreign(share.name, limit=64), _models(share),
            Text(_number(share.buys), "green" if share.buys else "dim"),
            Text(_number(share.count(Status.KEEP)), "dim"),
            amount(share.expected), Text(amount(share.worst), "dim"),
            *([about(ends[share.name].seconds) if share.name in ends else "–"] if ends else ()))
    return table


def _number(number: int) -> str:
    return f"{number:,}" if number else "–"


def _models(share: Share) -> Text:
    names = [visible(name, 60) for name in share.models[:MODELS_SHOWN]]
    more = len(share.models) - len(names)
    return Text(f"{visible(share.kind)}: " + ", ".join(names) + (f" and {more} more" if more
                                                                 else ""))


def _facts(proposal: Proposal, *, is_wide: bool) -> Iterable[tuple[str, Text]]:
    plan = proposal.plan
    yield "Buys", _buys(plan)
    yield from _basis(plan)
    yield from _changed(proposal)
    yield from _grouped("Retries", plan, Status.RETRY)
    yield from _grouped("Keeps", plan, Status.KEEP)
    yield from _grouped("Holds", plan, Status.HELD, "yellow")
    yield from _left_out(plan)
    yield from _caps(proposal)
    if proposal.balance is not None:
        yield "Balance", _balance(plan, proposal.balance)
    if proposal.forecast and proposal.forecast.seconds:
        yield from finish_lines(proposal.forecast, listed=not is_wide)
    yield from late_lines(proposal.reach)


def _buys(plan: Plan) -> Text:
    if not plan.buys:
        return Text("nothing: everything wanted is there" if not plan.count(Status.HELD)
                    else "nothing")
    return Text.assemble((count(plan.buys, "job"), "bold"), " for ",
                         (priced(plan.expected), "bold"), ", at worst ",
                         (amount(plan.worst), "bold"))


def _basis(plan: Plan) -> Iterable[tuple[str, Text]]:
    """What prices rest on that are no single amount a job."""
    found = list(bases(plan.lots).items())
    for index, (text, number) in enumerate(found[:REASONS_SHOWN]):
        yield "" if index else "Basis", Text(f"{number:,} × {visible(text, 200)}")
    if more := sum(number for _, number in found[REASONS_SHOWN:]):
        yield "", Text(f"{more:,} in {count(len(found) - REASONS_SHOWN, 'other way')}", "dim")


def _changed(proposal: Proposal) -> Iterable[tuple[str, Text]]:
    notices = proposal.notices
    for index, notice in enumerate(notices[:NOTICES_SHOWN]):
        yield "" if index else "Changed", foreign(notice, "yellow", 300)
    if len(notices) > NOTICES_SHOWN:
        yield "", Text(f"and {len(notices) - NOTICES_SHOWN:,} more", "yellow")


def _grouped(name: str, plan: Plan, status: Status,
             style: str = "") -> Iterable[tuple[str, Text]]:
    found = list(reasons(plan.lots, status).items())
    for index, (why, number) in enumerate(found[:REASONS_SHOWN]):
        told = reason(why) if status is Status.RETRY else visible(why, 200)
        yield "" if index else name, Text(f"{number:,}  {told}".rstrip(), style)
    if more := sum(number for _, number in found[REASONS_SHOWN:]):
        yield "", Text(f"{more:,}  for other reasons", "dim")


def _left_out(plan: Plan) -> Iterable[tuple[str, Text]]:
    whys: dict[str, int] = {}
    for gone in plan.skipped:
        whys[gone.why] = whys.get(gone.why, 0) + 1
    for index, (why, number) in enumerate(list(whys.items())[:REASONS_SHOWN]):
        yield "" if index else "Skips", Text(f"{number:,}  {visible(why, 200)}")
    if len(whys) > REASONS_SHOWN:
        rest = sum(list(whys.values())[REASONS_SHOWN:])
        yield "", Text(f"{rest:,}  for other reasons", "dim")
    if plan.excluded:
        yield "Excludes", Text(f"{plan.excluded:,}  by the manifest")


def _caps(proposal: Proposal) -> Iterable[tuple[str, Text]]:
    budget, beyond = proposal.plan.budget, proposal.reach.beyond
    limits = [(budget.credits, "a run"), (budget.per_day, "a day"), (budget.per_month, "a month")]
    words = [f"{amount(cap)} {span}" for cap, span in limits if cap is not None]
    words += [f"{amount(cap)} for {visible(name)}" for name, cap in budget.campaigns.items()]
    if proposal.budget_left is not None:
        words.append(f"{amount(proposal.budget_left)} left")
    if proposal.max_jobs is not None:
        words.append(f"at most {count(proposal.max_jobs, 'job')}")
    if words:
        yield "Caps", Text(", ".join(words))
    if beyond.jobs:
        yield "", Text(f"leave out {count(beyond.jobs, 'job')} for {priced(beyond.worst)}",
                       "yellow")


def _balance(plan: Plan, balance: Money) -> Text:
    text = Text(priced(balance))
    if balance < plan.expected:
        text.append(f", {amount(plan.expected.less(balance))} too little for this plan", "yellow")
    elif balance < plan.worst:
        text.append(f", {amount(plan.worst.less(balance))} short of the worst case", "yellow")
    return text

