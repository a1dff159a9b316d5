"""Charges that are guesses: what a failure took where the service did not tell, or a person said.

Law: a sum with a guess in it is no evidence of anything.
"""

import sqlite3

GUESSED = """select 1 from events join jobs on key = events.job join balances using (account)
where account = ? and events.at_s >= balances.at_s and type in ('Deferred', 'Failed')
and (json_extract(body, '$.assumed') = 1 or json_extract(body, '$.by') <> '') limit 1"""


def has_guesses(connection: sqlite3.Connection, account: str) -> bool:
    """Whether a charge of this account was guessed since its balance was last read at rest."""
    return connection.execute(GUESSED, (account,)).fetchone() is not None
