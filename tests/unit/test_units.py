"""Numbers as people type them are exact or refused, and rounding goes the way that its name says."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core.units import Towards, divide, duration_for_ns, on_grid, parse_scaled
from pumpd.errors import BadNumber

naturals = st.integers(0, 10**12)
positives = st.integers(1, 10**9)


@given(naturals, positives)
@pytest.mark.requirement("FLOW-21")
def test_division_rounds_down_or_up_by_less_than_one(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert 0 <= exact - divide(numerator, denominator, Towards.DOWN) < 1
    assert 0 <= divide(numerator, denominator, Towards.UP) - exact < 1


@given(naturals, st.sampled_from([1, 5, 10, 1_000]), st.integers(1, 6))
def test_grid_value_is_the_highest_that_the_pump_can_hold(value: int, step: int, digits: int) -> None:
    held = on_grid(value, step, digits)

    def fits(candidate: int) -> bool:
        return candidate % step == 0 and len(str(candidate).rstrip("0")) <= digits

    assert held <= value
    assert fits(held)
    spacing = max(step, 10 ** max(len(str(value)) - digits, 0))
    assert held + spacing > value


def test_grid_of_a_new_era_keeps_four_digits_of_a_rate() -> None:
    assert on_grid(54_975, 1, 4) == 54_970
    assert on_grid(8_243, 1, 4) == 8_243


@given(st.integers(0, 10**6), st.integers(0, 999))
def test_written_decimals_are_read_back_exactly(whole: int, thousandths: int) -> None:
    fraction = f"{thousandths:03}".rstrip("0")
    text = f"{whole}.{fraction}" if fraction else str(whole)
    assert parse_scaled(text, 1_000) == whole * 1_000 + thousandths


@pytest.mark.parametrize(
    "text",
    ["", ".5", "5.", "0.50", "1,5", "1e3", "-1", "+1", " 1", "00.5", "01", "1..2", "٣", "1" * 13, "0.0005", "1.0"],
)
def test_number_that_is_not_plain_is_refused_and_never_repaired(text: str) -> None:
    with pytest.raises(BadNumber):
        parse_scaled(text, 1_000)


@given(naturals, positives)
def test_duration_up_is_never_shorter_than_the_volume_takes(volume_nl: int, rate: int) -> None:
    exact = Fraction(volume_nl * 3_600 * 10**9, rate * 1_000)
    assert duration_for_ns(volume_nl, rate, Towards.DOWN) <= exact <= duration_for_ns(volume_nl, rate, Towards.UP)
