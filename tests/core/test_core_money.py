"""Exact amounts: what becomes money, what never does, and that sums are sums.

Method: properties over all amounts, and the table of what an author or a service may write
(SAFETY F6, F47, F98, F103, F104).
"""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.money import LARGEST_MICROS, MICROS, NOTHING, Money, times_seconds

amounts = st.integers(0, LARGEST_MICROS).map(Money)
small = st.integers(0, LARGEST_MICROS // 4).map(Money)


@given(amounts)
def test_what_is_written_can_be_read(money: Money) -> None:
    assert Money.parse(str(money)) == money
    assert "e" not in str(money).lower()


@given(small, small, small)
def test_sums_do_not_depend_on_their_order(a: Money, b: Money, c: Money) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert sum((a, b, c), NOTHING) == a + b + c


@given(small, small)
def test_what_is_left_is_never_less_than_nothing(a: Money, b: Money) -> None:
    left = a.less(b)
    assert left + b == max(a, b)
    assert (left > NOTHING) == (a > b)


@given(amounts, amounts)
def test_amounts_are_in_one_order(a: Money, b: Money) -> None:
    assert (a < b, a <= b, a > b, a >= b) == tuple(
        getattr(a.micros, f"__{name}__")(b.micros) for name in ("lt", "le", "gt", "ge"))


@given(st.integers(0, 50), st.integers(0, 10**9))
def test_times_is_a_sum(times: int, micros: int) -> None:
    assert Money(micros) * times == sum([Money(micros)] * times, NOTHING)


def test_thirty_tenths_are_three() -> None:
    assert Money.parse("0.1") * 30 == Money.parse("3")


@pytest.mark.parametrize("text", [
    ".nan", "nan", "inf", "-5", "+5", "1e3", "1_000", "0o17", "5 ", " 5", "", ".5", "5.", "1,5",
    "0.0000001", "9" * 11, "9" * 5000, "٣", "１４", "14\n", "0x1F", None, 5, 5.0, True,
    Decimal(5), b"5"])
def test_only_a_plain_decimal_text_is_read(text: object) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        Money.parse(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [
    True, 0.5, "5", None, -1, Decimal("-0.1"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"),
    2**70, Decimal("1E+400"), [], {}])
def test_only_a_number_of_a_reply_is_taken(number: object) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        Money.from_number(number)


@pytest.mark.parametrize(("number", "says"), [
    (14, "14"), (0, "0"), (Decimal("0.5"), "0.5"), (Decimal("14.0"), "14"),
    (Decimal("1E+2"), "100"), (Decimal("0.1234567"), "0.123457")])
def test_a_number_of_a_reply_becomes_exact(number: object, says: str) -> None:
    assert str(Money.from_number(number)) == says


@pytest.mark.parametrize("micros", [-1, LARGEST_MICROS + 1, 2**63, 1.0, True, "1"])
def test_no_amount_leaves_its_bounds(micros: object) -> None:
    with pytest.raises(ValueError, match="not an amount of money"):
        Money(micros)  # type: ignore[arg-type]


def test_a_sum_that_passes_the_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="not an amount of money"):
        Money(LARGEST_MICROS) + Money(1)


def test_unlike_units_neither_add_nor_compare() -> None:
    euros = Money.parse("1", unit="eur")
    for act in (euros.__add__, euros.less, euros.__lt__, euros.__le__):
        with pytest.raises(ValueError, match="eur and credits do not add"):
            act(Money.parse("1"))
    assert euros != Money.parse("1")


@given(st.integers(1, 10**9), st.decimals(0, 10**5, places=3))
def test_a_rate_over_seconds_is_rounded_up_and_by_less_than_a_micro(micros: int,
                                                                   seconds: Decimal) -> None:
    exact = Decimal(micros) * seconds
    assert 0 <= Decimal(times_seconds(Money(micros), seconds).micros) - exact < 1


def test_nothing_is_false_and_anything_is_true() -> None:
    assert not NOTHING
    assert Money(1)
    assert Money(MICROS) == Money.parse("1")
