"""What must hold while a world goes on: at every charge of the service, and at every commit.

Goal: the moment at which something goes wrong is the moment that is told of. Method: hooks of the
world; each asks as little as it can, because there are many such moments.
"""

from truth import rows_made

from pipeline.ledger.codec import read_spec
from pipeline.simulation.memory import MortalConnection
from pipeline.simulation.process import RUN
from pipeline.simulation.witness import Sale
from pipeline.simulation.world import World

BOOKED = """select (select coalesce(sum(reserved + settled), 0) from attempts),
(select coalesce(sum(held + charged - refunded), 0) from totals where scope = ?),
(select value from meta where name = 'epoch'),
(select count(*) from attempts where state in ('open', 'doubt') and reserved = 0)"""
TRIED = "select spec from attempts join jobs on jobs.key = attempts.job where attempts.tag = ?"
TAKEN = """select coalesce(sum(charge_micros - case when finishes_at <= ? then refund_micros
else 0 end), 0) from jobs"""


def check_sale(world: World, sale: Sale) -> None:
    """At every charge: a durable intent stands before it, it is that intent's first, and the caps
    hold for what the service took."""
    world.sales.append(sale)
    if (payment := sale.payment) is None:
        return  # somebody else's
    with world.ground.reading() as connection:
        assert connection is not None
        tried = connection.execute(TRIED, (payment.tag,)).fetchone()
    assert tried, f"{sale.remote_id} was charged for {payment.tag!r}, which nobody intended"
    same = sum(other.payment is not None and other.payment.tag == payment.tag
               for other in world.sales)
    assert same <= rows_made(read_spec(tried["spec"])), f"{payment.tag} was charged {same} times"
    cap, taken = world.script.cap, taken_micros(world)
    assert cap is None or taken <= cap.micros, f"the service took {taken}, the cap is {cap}"


def check_commit(world: World, connection: MortalConnection) -> None:
    """At every commit: its writer lives and is the newest, the caps hold, the sums are the sum of
    their parts, what is unsettled stays reserved, and no charge is missing."""
    assert not connection.life.dead, "a dead process commits"
    if not connection.execute("select 1 from sqlite_master where name = 'totals'").fetchone():
        return
    booked, used, epoch, open_ = connection.execute(BOOKED, (f"run:{RUN}",)).fetchone()
    own = epoch and world.epochs.setdefault(connection.life, int(epoch))
    assert own == (epoch and int(epoch)), f"the writer of epoch {own} commits in epoch {epoch}"
    assert not open_, f"{open_} attempts are open or in doubt, and reserve nothing"
    assert used == booked, f"the sums say {used}, the attempts {booked}"
    cap = world.script.cap
    assert cap is None or used <= cap.micros, f"{used} is over the cap of {cap.micros}"
    taken = taken_micros(world)
    assert taken <= booked, f"the service took {taken}, the ledger knows of {booked}"


def taken_micros(world: World) -> int:
    """What the service has taken so far, without what it gave back."""
    return int(world.books.query(TAKEN, (world.wall(),))[0][0])
