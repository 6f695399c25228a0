"""Numbers on a New Era wire: what is written never exceeds what was asked, and what is read is exact."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pumpd_drivers import new_era_numbers as numbers

RATES_UL_PER_H = st.integers(min_value=1, max_value=9_999_000)


@pytest.mark.parametrize(
    ("numerator", "denominator", "written"),
    [
        (26_590, 1_000, "26.59"),
        (4_699, 1_000, "4.699"),
        (125, 1_000, "0.125"),
        (12_345, 1_000, "12.34"),
        (9_999_999, 1_000, "9999"),
        (10_000_000, 1_000, None),
        (999_950, 1_000, "999.9"),
        (0, 1_000, None),
        (1, 10_000, None),
    ],
)
def test_writes_four_digits_rounded_down(numerator: int, denominator: int, written: str | None) -> None:
    assert numbers.write(numerator, denominator) == written


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ("26.59", 265_900, 100),
        ("5.000", 50_000, 10),
        ("1000.", 10_000_000, 10_000),
        (".9999", 9_999, 1),
        ("0.000", 0, 10),
    ],
)
def test_reads_value_and_step_of_a_five_character_field(text: str, value: int, step: int) -> None:
    assert numbers.read(text) == numbers.Number(value=value, step=step)


@pytest.mark.parametrize("text", ["", ".", "1000", "1.2.3", "12.345", "-1.00", "1e3.0", " 1.00", "٣.000", "1.0\n"])
def test_reads_nothing_into_what_is_no_number(text: str) -> None:
    assert numbers.read(text) is None


@given(rate=RATES_UL_PER_H, unit=st.sampled_from(sorted(numbers.UL_PER_H)))
@settings(max_examples=200, deadline=None)
def test_a_written_rate_is_never_above_the_asked_and_misses_by_less_than_one_digit(rate: int, unit: str) -> None:
    written = numbers.write(rate, numbers.UL_PER_H[unit])
    asked = Fraction(rate, numbers.UL_PER_H[unit])
    if written is None:
        assert asked >= 10_000 or asked < Fraction(1, 1_000)
        return
    assert sum(character.isdigit() for character in written) <= 4
    given_value = Fraction(numbers.value_of(written), numbers.SCALE)
    decimals = len(written.partition(".")[2])
    assert given_value <= asked < given_value + Fraction(1, 10**decimals)


@given(digits=st.integers(min_value=1, max_value=9_999), decimals=st.integers(min_value=0, max_value=3))
@settings(max_examples=200, deadline=None)
def test_a_rate_that_fits_survives_the_round_trip(digits: int, decimals: int) -> None:
    """Every rate in mL/h that the pump can carry, written, padded to the reply's form, and read."""
    rate_ul_per_h = digits * 10 ** (3 - decimals)
    written = numbers.write(rate_ul_per_h, numbers.UL_PER_H["MH"])
    assert written is not None
    number = numbers.read(written if "." in written else written + ".")
    assert number is not None
    assert numbers.rate_ul_per_h(number, "MH") == rate_ul_per_h


@given(volume_nl=st.integers(min_value=1_000, max_value=9_999_000_000), unit=st.sampled_from(["ML", "UL"]))
@settings(max_examples=200, deadline=None)
def test_a_written_volume_reads_back_not_above_the_asked(volume_nl: int, unit: str) -> None:
    written = numbers.write(volume_nl, numbers.NL[unit])
    if written is None:
        assert volume_nl >= 10_000 * numbers.NL[unit]
        return
    number = numbers.read(written if "." in written else written + ".")
    assert number is not None
    assert (
        numbers.volume_nl(number, unit)
        <= volume_nl
        < numbers.volume_nl(number, unit) + 10 * numbers.step_nl(number, unit)
    )


def test_a_rate_between_whole_microlitres_is_read_up() -> None:
    number = numbers.read("999.9")
    assert number is not None
    assert numbers.rate_ul_per_h(number, "UH") == 1_000


def test_the_counter_above_ten_millilitres_says_its_coarser_step() -> None:
    below, above = numbers.read("9.999"), numbers.read("10.00")
    assert below is not None
    assert above is not None
    assert (numbers.step_nl(below, "ML"), numbers.step_nl(above, "ML")) == (1_000, 10_000)
