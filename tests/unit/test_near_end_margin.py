"""A near end is told further from the end than the counter can be wrong: else it comes with it, or after it."""

from __future__ import annotations

import pytest

from pumpd.core.limits import review
from pumpd.core.look import motor_step_nl
from pumpd.core.order import Order
from pumpd.core.regimen import takes
from pumpd.core.units import NL_PER_UL, NS_PER_S, Towards, delivered_nl
from pumpd.testing.clinical import NE_1000, shipped_rules

COARSEST_STEP_NL = 10 * NL_PER_UL  # a New Era above 10 mL


@pytest.mark.requirement("PWR-03")
@pytest.mark.parametrize("weight_g", [50_000, 70_000, 115_000])
def test_the_near_end_lies_outside_what_counter_and_motor_cannot_tell(weight_g: int) -> None:
    rules, looked_at = shipped_rules(), 0
    for regimen in rules.catalogue.regimens:
        entry = rules.library.entry(regimen.entry)
        assert entry is not None
        for container in (each for each in entry.containers if takes(NE_1000, each)):
            order = Order(regimen=regimen.id, day=1, weight_g=weight_g, height_mm=1_800, container=container.id)
            programme = review(order, rules, NE_1000, (), 0).programme
            if programme is None:
                continue
            looked_at += 1
            slowest = min(step.rate_ul_per_h for step in programme.steps)
            ahead_nl = delivered_nl(slowest, programme.near_end_s * NS_PER_S, Towards.DOWN)
            unknown_nl = COARSEST_STEP_NL + motor_step_nl(NE_1000, programme.syringe_diameter_um)
            assert ahead_nl > 2 * unknown_nl, (regimen.id, container.id, ahead_nl, unknown_nl)
    assert looked_at > 5
