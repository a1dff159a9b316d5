"""Two accounts on one campaign, real processes: each has its own service, limits and credits.

Goal: what one account cannot buy the other buys, across a kill, and the ledger says of each what
its service's books say. Method: two sandboxes side by side; one of them has credits for few jobs.
"""

from pathlib import Path

from processes_books import rows
from processes_kit import Place, Sandbox, sandbox, wait_for

MANY = """
version: 1
name: two
account: poor
campaigns:
  - name: kites
    prompt: "a kite number {{ n }}"
    models: [imagen-4]
    aspect_ratios: [1:1]
    accounts: [poor, rich]
    vars: {n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]}
"""
ACCOUNT = """
[accounts.{name}]
provider = "sandbox"
base_url = "{url}"
speed = 60
limits = {{media_per_minute = 6, media_in_flight = 3}}
"""
PRICE = 13
"""What a picture of imagen-4 takes, in credits."""


def sold(*services: Sandbox) -> int:
    """How many jobs the services have sold."""
    return sum(service.books()["jobs"] for service in services)


def test_what_one_account_cannot_buy_the_other_buys_across_a_kill(place: Place,
                                                                  tmp_path: Path) -> None:
    with sandbox(tmp_path / "p", speed=60, credits=str(4 * PRICE + 1)) as poor, \
            sandbox(tmp_path / "r", speed=60) as rich:
        place.write("two.yaml", MANY)
        place.write("pipeline.toml", ACCOUNT.format(name="poor", url=poor.url)
                    + ACCOUNT.format(name="rich", url=rich.url))
        process = place.start("run", "two.yaml", "--yes")
        wait_for(lambda: sold(poor, rich) >= 8, "eight are sold")
        process.kill()
        process.wait()
        ended = place.run("resume", "--json")
        assert (ended.code, ended.document["jobs"]["done"]) == (0, 20)
        assert ended.document["credits"]["charged"] == str(20 * PRICE)
        assert (sold(poor), sold(rich)) == (4, 16)
        told = place.run("spend", "--by", "account", "--json").document
        assert {row["account"]: row["charged"] for row in told["rows"]} == {
            "poor": str(4 * PRICE), "rich": str(16 * PRICE)}
        for name, service in (("poor", poor), ("rich", rich)):
            ours = rows(place, "select remote_id from remotes where account = ?", name)
            assert {row["remote_id"] for row in ours} == {
                row["id"] for row in service.books()["rows"]}
        assert rows(place, "select 1 from events where type = 'Reassigned'")
