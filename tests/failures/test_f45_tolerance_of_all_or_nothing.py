"""F45: a tolerance was divided as an integer before it was used: it was 0 % or 100 %.

Generated code of the Minnesota GPCA model. Here a pump counts from half to twice of what it was granted, a few
percent apart, for a quarter of an hour and a bit. Within the tolerance of a tenth nothing is said; beyond it
something is, on the right side.

Guard: `pumpd.core.tolerance.surely_over`, in thousandths.
"""

from __future__ import annotations

import pytest

from pumpd.core.codes import Condition
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed

PERCENTS = (50, 70, 80, 85, 88, 92, 96, 100, 104, 108, 112, 116, 120, 140, 170, 200)
TOLERANCE = 10


def told(percent: int) -> set[Condition]:
    bed = BedStory()
    bed.runs("CRPS-OP10", day=3)
    granted = bed.infusion().granted_ul_per_h
    assert granted is not None
    for quarter_min in range(1, 68):
        bed.drives(granted * quarter_min * percent // (100 * 240), rate=granted, after_s=15)
    sides = {Condition.OVER_INFUSION, Condition.UNDER_INFUSION}
    return {alarm.condition for alarm in bed.state.alarms} & sides


def complaints() -> list[str]:
    found = []
    for percent in PERCENTS:
        expected = set()
        if percent > 100 + TOLERANCE:
            expected = {Condition.OVER_INFUSION}
        elif percent < 100 - TOLERANCE:
            expected = {Condition.UNDER_INFUSION}
        if (said := told(percent)) != expected:
            found.append(f"at {percent} % it says {sorted(each.value for each in said)}")
    return found


def whole_percents_first(given_low_nl: int, due_high_nl: int, permille: int) -> bool:
    return given_low_nl > due_high_nl * (1 + permille // 1_000)


@pytest.mark.requirement("F45")
@pytest.mark.requirement("FLOW-08")
@pytest.mark.requirement("FLOW-09")
@pytest.mark.requirement("LINK-09")
def test_a_tenth_is_a_tenth_on_both_sides() -> None:
    assert complaints() == []


@pytest.mark.requirement("F45")
def test_a_tolerance_that_is_divided_first_is_none() -> None:
    with guard_removed("pumpd.core.tolerance.surely_over", instead=whole_percents_first):
        assert "at 104 % it says ['over_infusion']" in complaints()
