"""What a set of observations may say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core.observing import Flaw, Flawed, Measure, Reading, Scale, WhyNot, flaws, possible


@pytest.mark.parametrize(
    ("readings", "flaw"),
    [
        ((Reading(item=Measure.HEART_RATE, value=720),), Flaw.IMPOSSIBLE),
        ((Reading(item=Measure.SPO2, value=101),), Flaw.IMPOSSIBLE),
        ((Reading(item=Measure.PAIN, value=11),), Flaw.IMPOSSIBLE),
        ((Reading(item=Measure.SEDATION, value=2),), Flaw.WITHOUT_SCALE),
        ((Reading(item=Measure.SEDATION, value=5, scale=Scale.POSS),), Flaw.IMPOSSIBLE),
        ((Reading(item=Measure.PAIN, value=2, scale=Scale.POSS),), Flaw.WITHOUT_SCALE),
        ((Reading(item=Measure.SPO2),), Flaw.NEITHER_NOR),
        ((Reading(item=Measure.SPO2, value=97, why_not=WhyNot.ASLEEP),), Flaw.NEITHER_NOR),
        ((Reading(item=Measure.SPO2, value=97), Reading(item=Measure.SPO2, value=98)), Flaw.TWICE),
        ((Reading(item=Measure.SYSTOLIC, value=120),), Flaw.HALF_A_PRESSURE),
        (
            (Reading(item=Measure.SYSTOLIC, value=120), Reading(item=Measure.DIASTOLIC, why_not=WhyNot.DECLINED)),
            Flaw.HALF_A_PRESSURE,
        ),
        ((Reading(item=Measure.SYSTOLIC, value=75), Reading(item=Measure.DIASTOLIC, value=120)), Flaw.UPSIDE_DOWN),
    ],
)
def test_what_cannot_be_right_is_found(readings: tuple[Reading, ...], flaw: Flaw) -> None:
    assert flaw in {each.flaw for each in flaws(readings)}


def test_a_flaw_names_the_item_the_value_and_the_bound() -> None:
    (found,) = flaws((Reading(item=Measure.BREATHS, value=144),))
    assert found == Flawed(item=Measure.BREATHS, flaw=Flaw.IMPOSSIBLE, value=144, limit=70)


def test_not_measured_with_a_reason_is_a_value() -> None:
    assert flaws([Reading(item=item, why_not=WhyNot.ASLEEP) for item in Measure]) == []


@given(item=st.sampled_from(list(Measure)), scale=st.sampled_from(list(Scale)), value=st.integers(-20, 400))
def test_a_value_is_taken_in_exactly_where_it_is_possible(item: Measure, scale: Scale, value: int) -> None:
    named = scale if item is Measure.SEDATION else None
    bounds = possible(item, named)
    assert bounds is not None
    found = {each.flaw for each in flaws((Reading(item=item, value=value, scale=named),))} - {Flaw.HALF_A_PRESSURE}
    assert (found == set()) is (bounds[0] <= value <= bounds[1])
