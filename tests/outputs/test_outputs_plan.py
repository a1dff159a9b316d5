"""The plan as people and programs read it. Method: one plan with every status, golden text."""

from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO

from outputs_samples import HOSTILE, make_job

from pipeline.core.cells import Cell, Skipped
from pipeline.core.errors import Position, Problem
from pipeline.core.forecast import Finish, Forecast, WhatIf
from pipeline.core.manifest import Budget
from pipeline.core.money import Money
from pipeline.core.plan import Plan, Row, Rows, Status
from pipeline.core.pricing import Quote
from pipeline.core.reach import Beyond, Reach
from pipeline.outputs.console import open_screen
from pipeline.outputs.plan_view import plan_document, show_plan
from pipeline.outputs.proposal import Proposal

NOW_S = datetime(2026, 3, 12, 14, 2, tzinfo=UTC).timestamp()

GOLDEN = """\
spring-launch  manifests/spring-launch.yaml
sandbox · 111 models, prices 1 h 59 min ago

  campaign  models                              buy  keep  expected  worst
  hero      image: nano-banana-2, imagen-4        5     2        59     59
  teaser    video: kling-2-6-image-to-video-5s    2     –       170    340
                                                  7     2       229    399

  Buys      7 jobs for 229 credits, at worst 399
  Retries   1  the account is out of credits
  Keeps     2  delivered by run 7f3a
  Holds     1  in doubt since run 7f3a
  Skips     1  imagen-4 does not offer aspect ratio 21:9
  Excludes  2  by the manifest
  Caps      300 a run, 2,000 a day, 300 left
            leave out 1 job for 170 credits
  Balance   350 credits, 49 short of the worst case
  Finish    in about 9 min, held back by media_in_flight
"""


def make_row(number: int, *, campaign: str = "hero", kind: str = "image",
             model: str = "nano-banana-2", price: str = "14", status: Status = Status.NEW,
             why: str = "", tries: int = 1, basis: str = "") -> Row:
    spec = make_job(prompt=f"prompt {number}", model=model, kind=kind).spec
    quote = Quote(Money.parse(price), Money.parse(price), basis)
    cell = Cell(campaign, "sandbox", spec, spec.key(), quote, {}, 30.0, tries)
    return Row(cell, status, why)


def make_proposal(*, budget: str = "300", balance: str = "350") -> Proposal:
    rows = [
        make_row(1, status=Status.RETRY, why="insufficient_credits"), make_row(2), make_row(3),
        make_row(4, model="imagen-4", price="8.5"), make_row(5, model="imagen-4", price="8.5"),
        make_row(6, status=Status.KEEP, why="delivered by run 7f3a"),
        make_row(7, status=Status.KEEP, why="delivered by run 7f3a"),
        make_row(8, status=Status.HELD, why="in doubt since run 7f3a"),
    ]
    rows += [make_row(n, campaign="teaser", kind="video", model="kling-2-6-image-to-video-5s",
                      price="85", tries=2) for n in (9, 10)]
    skipped = [Skipped("hero", "imagen-4", "21:9", "imagen-4 does not offer aspect ratio 21:9")]
    plan = Plan("spring-launch", "manifests/spring-launch.yaml", "sandbox", rows,
                Budget(Money.parse(budget), Money.parse("2000")), 2, skipped, {}, "sha256:abc")
    return Proposal(plan, 111, "2026-03-12T12:02:03Z", Forecast(531.26, "media_in_flight"),
                    Money.parse(balance), Money.parse(budget), None,
                    [Problem("odd", Position("m.yaml", 7, 12), "mend it")])


def shown(proposal: Proposal, width: int = 80) -> str:
    stream = StringIO()
    show_plan(open_screen(stream, color=False, width=width), proposal, now_s=NOW_S)
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())


def test_a_plan_reads_as_it_should() -> None:
    assert shown(make_proposal()) == GOLDEN


def test_no_line_is_wider_than_the_terminal() -> None:
    for width in (40, 60, 80, 120):
        assert max(map(len, shown(make_proposal(), width).splitlines())) <= width


def test_the_document_is_the_one_of_the_contract() -> None:
    document = plan_document(make_proposal())
    forecast = document["forecast"]
    assert isinstance(forecast, dict)
    assert forecast.items() >= {"seconds": 531.3, "bottleneck": "media_in_flight"}.items()
    wanted = {
        "schema_version": 1, "manifest": "spring-launch", "fingerprint": "sha256:abc",
        "account": "sandbox", "catalog": {"models": 111, "fetched_at": "2026-03-12T12:02:03Z"},
        "jobs": {"total": 10, "new": 6, "keep": 2, "retry": 1, "held": 1, "excluded": 2},
        "credits": {"expected": "229", "worst": "399"}, "balance": "350",
        "problems": [{"severity": "error", "file": "m.yaml", "line": 7, "column": 12,
                      "message": "odd", "hint": "mend it"}],
    }
    assert {name: document[name] for name in wanted} == wanted
    budget, campaigns = document["budget"], document["campaigns"]
    assert isinstance(budget, dict)
    assert isinstance(campaigns, list)
    assert (budget["credits"], budget["left"]) == ("300", "300")
    assert campaigns[1].items() >= {"name": "teaser", "kind": "video", "jobs": 2,
                                    "expected": "170", "worst": "340"}.items()


def test_what_the_caps_leave_out_is_said() -> None:
    assert plan_document(make_proposal())["beyond"] == {"jobs": 1, "worst": "170"}
    assert plan_document(make_proposal(budget="399"))["beyond"] == {"jobs": 0, "worst": "0"}


def test_what_a_campaigns_cap_leaves_out_is_said() -> None:
    proposal = make_proposal(budget="399")
    plan = replace(proposal.plan, budget=Budget(Money.parse("399"), None, None,
                                                {"teaser": Money.parse("200")}))
    capped = replace(proposal, plan=plan, campaigns_left={"teaser": Money.parse("200")})
    document = plan_document(capped)
    assert document["beyond"] == {"jobs": 1, "worst": "170"}
    assert [row["budget"] for row in document["campaigns"]] == [None, "200"]  # type: ignore
    text = shown(capped, 100)
    assert "Caps      399 a run, 200 for teaser, 399 left" in text
    assert "leave out 1 job for 170 credits" in text


def test_a_balance_that_does_not_reach_is_said() -> None:
    assert "129 too little for this plan" in shown(make_proposal(balance="100"))


def test_a_plan_that_buys_nothing_says_so() -> None:
    plan = Plan("done", "m.yaml", "sandbox", [make_row(1, status=Status.KEEP, why="there")])
    assert "nothing: everything wanted is there" in shown(Proposal(plan))


def test_what_a_price_rests_on_is_said_where_it_is_no_single_amount() -> None:
    flat = make_row(1, price="14", basis="14 a job")
    basis = "0.5 a second × 8 s of source (read from the file)"
    read = [make_row(n, campaign="captions", kind="captions", price="4", basis=basis)
            for n in range(2, 10)]
    kept = make_row(10, price="85", basis="17 a second × 5 s", status=Status.KEEP, why="there")
    proposal = Proposal(Plan("p", "m.yaml", "sandbox", [flat, *read, kept]))
    text = shown(proposal, 100)
    assert f"  Basis  8 × {basis}\n" in text
    assert "a job" not in text
    assert "17 a second" not in text
    campaigns = plan_document(proposal)["campaigns"]
    assert isinstance(campaigns, list)
    assert [campaign["basis"] for campaign in campaigns] == [
        [], [{"jobs": 8, "text": basis}]]


def test_many_ways_to_price_are_cut_to_the_commonest() -> None:
    rows = [make_row(10 * n + m, price="9", basis=f"9 a second × {n} s")
            for n in range(1, 7) for m in range(n)]
    text = shown(Proposal(Plan("p", "m.yaml", "sandbox", rows)))
    assert "Basis  6 × 9 a second × 6 s" in text
    assert "3 × 9 a second × 3 s" in text
    assert "9 a second × 2 s" not in text
    assert "3 in 2 other ways" in text


def test_what_changed_since_the_last_run_is_told_in_words_and_in_json() -> None:
    notices = [f"nano-banana-2 was {n}, is now 17 credits since run 7f3a" for n in range(8)]
    proposal = Proposal(Plan("p", "m.yaml", "sandbox", [make_row(1)]), notices=notices)
    text = shown(proposal)
    assert "Changed  nano-banana-2 was 0, is now 17 credits since run 7f3a" in text
    assert "and 2 more" in text
    assert plan_document(proposal)["notices"] == notices
    assert plan_document(make_proposal())["notices"] == []


def test_hostile_names_stay_on_their_line() -> None:
    row = make_row(1, campaign=HOSTILE, model=HOSTILE, status=Status.KEEP, why=HOSTILE)
    plan = Plan(HOSTILE, HOSTILE, HOSTILE, [row],
                skipped=[Skipped(HOSTILE, HOSTILE, HOSTILE, HOSTILE)])
    text = shown(Proposal(plan, fetched_at=HOSTILE, notices=[HOSTILE]), 120)
    assert not set(text) & set("\x1b\x07\u202e\u2066\u2028\ud800")
    assert "[red]" in text


FORESEEN = Forecast(
    7800.0, "media_in_flight", {"hero": Finish(3600.0, "media_per_minute"),
                                "teaser": Finish(7800.0, "media_in_flight")},
    WhatIf("media_in_flight", 4000.0), WhatIf("sandbox", 3960.0))


def test_each_campaign_is_foretold_and_what_more_would_give() -> None:
    text = shown(replace(make_proposal(), forecast=FORESEEN), 100)
    assert "done in" in text
    assert "59     59  1 h 00 min" in text
    assert "170    340  2 h 10 min" in text
    assert """\
  Finish    in about 2 h 10 min, held back by media_in_flight
            hero: held back by media_per_minute
            with a second key for sandbox 1 h 06 min, with twice media_in_flight 1 h 06 min
""" in text
    narrow = shown(replace(make_proposal(), forecast=FORESEEN), 80)
    assert "done in" not in narrow
    assert "            hero 1 h 00 min, teaser 2 h 10 min\n" in narrow
    document = plan_document(replace(make_proposal(), forecast=FORESEEN))
    assert document["forecast"] == {
        "seconds": 7800.0, "bottleneck": "media_in_flight",
        "campaigns": {"hero": {"seconds": 3600.0, "bottleneck": "media_per_minute"},
                      "teaser": {"seconds": 7800.0, "bottleneck": "media_in_flight"}},
        "twice_the_limit": {"limit": "media_in_flight", "seconds": 4000.0},
        "second_key": {"account": "sandbox", "seconds": 3960.0}, "fits": None}


def test_what_waits_for_another_night_is_said() -> None:
    proposal = make_proposal()
    rows = Rows.of(proposal.plan.rows)
    late = Reach(rows, late=Beyond(412, Money.parse("5768")), longest_s=8 * 3600.0)
    text = shown(replace(proposal, forecast=FORESEEN, reached=late), 100)
    assert "Time      7 jobs fit into 8 h\n" in text
    assert "412 jobs for 5,768 credits do not, and wait for another night" in text
    document = plan_document(replace(proposal, forecast=FORESEEN, reached=late))
    assert document["forecast"]["fits"] == {  # type: ignore[index]
        "within_seconds": 28800.0, "jobs": 7, "left_out": 412, "left_out_worst": "5768"}
