"""Amounts, lengths of time, moments, sizes and states as a person reads them."""

from datetime import UTC, datetime

from pipeline.core.causes import CAUSES
from pipeline.core.job import Job, State
from pipeline.core.money import Money
from pipeline.outputs.printable import visible

WORDS = {state: state.value.replace("_", " ") for state in State}
"""Each state in words."""

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400


def count(number: int, noun: str) -> str:
    """A number and its noun.

    >>> count(1, "job"), count(1200, "job")
    ('1 job', '1,200 jobs')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def amount(money: Money) -> str:
    """An amount without its unit, in groups of three.

    >>> amount(Money.parse("12480.5"))
    '12,480.5'
    """
    whole, dot, part = str(money).partition(".")
    return f"{int(whole):,}{dot}{part}"


def priced(money: Money) -> str:
    """An amount with its unit.

    >>> priced(Money.parse("1")), priced(Money.parse("14"))
    ('1 credit', '14 credits')
    """
    one = str(money) == "1" and money.unit == "credits"
    return f"{amount(money)} {'credit' if one else money.unit}"


def span(seconds: float) -> str:
    """A length of time in its two largest parts.

    >>> span(0.42), span(42), span(531.2), span(7500), span(100000)
    ('0.4 s', '42 s', '8 min 51 s', '2 h 05 min', '1 d 3 h')
    """
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min {whole % MINUTE_S:02} s"
    if whole < DAY_S:
        return f"{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S:02} min"
    return f"{whole // DAY_S:,} d {whole % DAY_S // HOUR_S} h"


def clock(seconds: float) -> str:
    """A length of a sound as a player shows it.

    >>> clock(0.4), clock(42), clock(192.3), clock(3723)
    ('0:01', '0:42', '3:12', '1:02:03')
    """
    whole = max(1, round(seconds))
    minutes = f"{whole % HOUR_S // MINUTE_S}:{whole % MINUTE_S:02}"
    return minutes if whole < HOUR_S else f"{whole // HOUR_S}:{minutes:0>5}"


def about(seconds: float) -> str:
    """A length of time as a forecast says it, rounded to what can be promised.

    >>> about(7), about(48), about(531), about(7500)
    ('7 s', '50 s', '9 min', '2 h 05 min')
    """
    if seconds < 20:
        return f"{max(1, round(seconds))} s"
    if seconds < 100:
        return f"{round(seconds / 10) * 10} s"
    if seconds < HOUR_S:
        return f"{round(seconds / MINUTE_S)} min"
    return span(seconds)


def iso(seconds: float | None) -> str | None:
    """A moment as JSON has it: ISO 8601 in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(seconds: float) -> str:
    """A moment as a person reads it.

    >>> moment(0)
    '1 Jan 1970, 00:00 UTC'
    """
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def minute(seconds: float) -> str:
    """A moment in a table: 2026-03-12 14:02, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def age(then: str, now_s: float) -> str:
    """How long ago a moment in ISO 8601 was; the text itself where it is none."""
    try:
        ago_s = now_s - datetime.fromisoformat(then).timestamp()
    except ValueError:
        return visible(then, 40)
    return "just now" if ago_s < MINUTE_S else f"{span(ago_s)} ago"


def size(count_bytes: int) -> str:
    """A number of bytes in decimal units.

    >>> size(980), size(1_240_000)
    ('980 B', '1.2 MB')
    """
    if count_bytes < 1000:
        return f"{count_bytes} B"
    if count_bytes < 999_500:
        return f"{count_bytes / 1e3:.0f} kB"
    return f"{count_bytes / 1e6:.1f} MB" if count_bytes < 999_950_000 \
        else f"{count_bytes / 1e9:.1f} GB"


def reason(cause: str | None) -> str:
    """A cause in words; a cause that only a later version knows stands for itself."""
    known = CAUSES.get(cause or "")
    return known.says if known else visible(cause or "", 60)


def why(job: Job, *, chosen: bool = True) -> str:
    """Why a job has brought no file, as far as anything is to be said."""
    if job.state is State.PENDING and not chosen:
        return "left out by the caps or the time of this run"
    return reason(job.cause)
