"""What is left of a visit's dose: both infusions together never make more than the one that was ordered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pumpd.core.limits import review
from pumpd.core.units import NG_PER_MG, NS_PER_S, Towards, mass_ng
from pumpd.testing.bed_story import order_for
from pumpd.testing.clinical import NE_1000, shipped_rules

NOW_NS = 1_000 * NS_PER_S
WHOLE = review(order_for("CRPS-IP5"), shipped_rules(), NE_1000, (), NOW_NS).programme


@given(had_ng=st.integers(1, 400 * NG_PER_MG))
def test_the_rest_of_a_titrated_dose_adds_up_and_lasts_no_longer_than_the_whole(had_ng: int) -> None:
    assert WHOLE is not None
    assert WHOLE.titrated is not None
    rest = review(order_for("CRPS-IP5"), shipped_rules(), NE_1000, (), NOW_NS, had_ng=had_ng).programme
    assert rest is not None
    whole_ng = mass_ng(WHOLE.total_nl, WHOLE.concentration_ug_per_ml, Towards.UP)
    assert had_ng + mass_ng(rest.total_nl, rest.concentration_ug_per_ml, Towards.DOWN) <= whole_ng
    assert rest.titrated is not None
    assert rest.titrated.lasts_s <= WHOLE.titrated.lasts_s
    pumped_s = sum(each.volume_nl * 3_600 // (each.rate_ul_per_h * 1_000) for each in rest.steps)
    assert rest.titrated.lasts_s <= pumped_s + len(rest.steps)
