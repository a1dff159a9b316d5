"""The tables of the ledger and the way from every older shape to this one.

Law: `events` is the truth and `jobs` its fold; `attempts` is the book of payments, in which SQLite
itself refuses a second live or paid attempt for one purchase of a job, and a second owner of one
remote id. Amounts are whole micro-credits, checked by the table.
"""

import sqlite3

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("media-pipeline")

FIRST = """
create table meta (name text primary key, value text not null) strict;
create table runs (
  id text primary key, manifest text not null, file text not null, account text not null,
  started_s real not null, ended_s real, worked_s real not null default 0, exit_code integer,
  outputs text not null, caps text not null, accounts text not null
) strict;
create table jobs (
  key text primary key, account text not null, kind text not null, model text not null,
  state text not null, run text not null, spec text not null, quote text not null,
  max_paid_attempts integer not null, typical_s real, folder text not null, labels text not null,
  attempts integer not null default 0, paid_tries integer not null default 0,
  tag text not null default '', remote_ids text not null default '[]',
  outputs text not null default '[]', files text not null default '[]',
  held integer not null default 0 check (held >= 0),
  charged integer not null default 0 check (charged >= 0),
  cause text, message text not null default '', not_before_s real not null default 0,
  created_s real not null, sent_s real, changed_s real not null
) strict;
create index jobs_open on jobs (account, state) where state not in ('done', 'failed', 'cancelled');
create table run_rows (
  run text not null, seq integer not null, job text not null, campaign text not null,
  vars text not null, tags text not null, kept integer not null, chosen integer not null default 1,
  order_s real not null, primary key (run, seq)
) strict, without rowid;
create unique index run_rows_job on run_rows (run, job);
create index run_rows_order on run_rows (run, order_s desc, seq);
create table events (
  id integer primary key, job text not null, run text not null, at_s real not null,
  type text not null, body text not null
) strict;
create index events_job on events (job);
create index events_at on events (at_s);
create table attempts (
  tag text primary key, job text not null, purchase integer not null, account text not null,
  run text not null, epoch integer not null, sent_s real not null,
  state text not null check (state in ('open', 'doubt', 'free', 'paid')),
  reserved integer not null check (reserved >= 0),
  settled integer not null default 0 check (settled >= 0), scopes text not null
) strict;
create unique index one_live_or_paid on attempts (job, purchase) where state <> 'free';
create index attempts_sent on attempts (account, sent_s);
create index attempts_run on attempts (run);
create table remotes (
  account text not null, remote_id text not null, tag text not null, at_s real not null,
  primary key (account, remote_id)
) strict, without rowid;
create table totals (
  scope text primary key, held integer not null default 0 check (held >= 0),
  charged integer not null default 0 check (charged >= 0),
  refunded integer not null default 0 check (refunded >= 0)
) strict, without rowid;
create table uploads (
  account text not null, digest text not null, url text not null, at_s real not null,
  primary key (account, digest)
) strict, without rowid;
create table balances (
  account text primary key, micros integer not null, charged integer not null, at_s real not null
) strict, without rowid;
create table turns (account text not null, bucket text not null, at_s real not null) strict;
create index turns_at on turns (account, bucket, at_s);
create table lengths (
  account text not null, model text not null, seconds real not null, at_s real not null
) strict;
create index lengths_model on lengths (account, model, at_s);
"""


@MIGRATIONS()
def m001_first(db: Database) -> None:
    """The ledger as it was first released."""
    for statement in FIRST.split(";"):
        if statement.strip():
            db.execute(statement)


SECOND = """
create table surprises (
  account text not null, model text not null, charged integer not null, job text not null,
  at_s real not null, primary key (account, model)
) strict, without rowid
"""


@MIGRATIONS()
def m002_surprises(db: Database) -> None:
    """Models that took more than their worst price: no more of them is bought unasked."""
    db.execute(SECOND)


THIRD = """
create table orphans (
  account text not null, remote_id text not null, job text not null, created_s real not null,
  charged integer check (charged >= 0), seen_s real not null,
  ruling text not null default '' check (ruling in ('', 'ours', 'not-ours')),
  by text not null default '', note text not null default '', ruled_s real,
  primary key (account, remote_id)
) strict, without rowid
"""


@MIGRATIONS()
def m003_orphans(db: Database) -> None:
    """Rows of a service's list that belong to no job, and what a person said of each."""
    db.execute(THIRD)


FOURTH = """
create table tallies (
  run text not null, state text not null, number integer not null check (number >= 0),
  kept integer not null default 0, primary key (run, state)
) strict, without rowid;
create table samples (
  run text not null, job text not null, primary key (run, job)
) strict, without rowid;
insert into tallies select run_rows.run, state, count(*), sum(kept and state = 'done')
  from run_rows join jobs on key = job group by 1, 2;
insert into samples select run_rows.run, min(job) from run_rows join jobs on key = job
  group by run_rows.run, account, model, quote,
  json_remove(spec, '$.prompt', '$.variant', '$.sources');
update run_rows set chosen = 0 where job in (select key from jobs where state <> 'pending');
drop index run_rows_job;
create unique index run_rows_job on run_rows (job, run);
drop index run_rows_order;
create index run_rows_order on run_rows (run, order_s desc, seq) where chosen = 1;
drop index jobs_open;
create index jobs_out on jobs (account, state)
  where state in ('submitting', 'in_doubt', 'running', 'produced')
"""

MOVED = """
create trigger jobs_moved after update of state on jobs when new.state <> old.state begin
  update tallies set number = number - 1
    where state = old.state and run in (select run from run_rows where job = new.key);
  insert into tallies (run, state, number)
    select run, new.state, 1 from run_rows where job = new.key
    on conflict do update set number = number + 1;
  update run_rows set chosen = (new.state = 'pending')
    where job = new.key and chosen <> (new.state = 'pending');
end
"""


@MIGRATIONS()
def m004_tallies(db: Database) -> None:
    """What a question about a run of a million jobs is answered from: its rows counted by state, a
    job of each pattern, and indexes over what is still to be done alone."""
    for statement in FOURTH.split(";"):
        db.execute(statement)
    db.execute(MOVED)


REFUNDS = """
create table refunds (
  tag text primary key, job text not null, account text not null,
  amount integer not null check (amount > 0), due_s real not null, back_s real
) strict, without rowid
"""


@MIGRATIONS()
def m005_refunds(db: Database) -> None:
    """What a service owes for attempts that failed, and when its balance showed it again."""
    db.execute(REFUNDS)


LEFT = """
create index jobs_left on jobs (state) where state in ('pending', 'failed', 'cancelled')
"""


@MIGRATIONS()
def m007_left(db: Database) -> None:
    """The few jobs of a large run that have no file are found without a look at the others."""
    db.execute(LEFT)


POOLS = """
create table pools (
  run text not null, pool integer not null, account text not null, quote text not null,
  primary key (run, pool, account)
) strict, without rowid;
alter table run_rows add column pool integer not null default 0;
create index run_rows_pool on run_rows (run, order_s desc, seq) where chosen = 1 and pool > 0
"""


@MIGRATIONS()
def m008_pools(db: Database) -> None:
    """Which accounts may buy the rows of a run beside the one they were given to, and at which
    price: told once for all rows of a pattern."""
    for statement in POOLS.split(";"):
        db.execute(statement)


class NewerSchema(Exception):
    """The database was written by a later version of this program."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to today's shape; raises `NewerSchema` for one from the future."""
    known = [migration.name for migration in MIGRATIONS._migrations]
    applied = _applied(connection)
    if later := [name for name in applied if name not in known]:
        raise NewerSchema(", ".join(later))
    if set(applied) != set(known):
        MIGRATIONS.apply(Database(connection, execute_plugins=False))


def _applied(connection: sqlite3.Connection) -> list[str]:
    """What was done to the database already: asked once, because most starts find nothing to do."""
    table = MIGRATIONS.migrations_table
    if not connection.execute("select 1 from sqlite_master where name = ?", (table,)).fetchone():
        return []
    return [row[0] for row in connection.execute(
        f"select name from {table} where migration_set = ? order by rowid",  # noqa: S608 - its own
        (MIGRATIONS.name,))]
