"""Dose, rate and concentration agree on what would really run, or nothing runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.library import Container, Entry, Ramp
from pumpd.core.order import Order, WeightBasis
from pumpd.core.programme import Programme, compile_order
from pumpd.core.regimen import Regimen
from pumpd.core.steps import Step
from pumpd.core.triangle import OFF_PPM_MAX, judge_triangle
from pumpd.testing.clinical import NE_1000, shipped_rules

EVERY = tuple(regimen.id for regimen in shipped_rules().catalogue.regimens)


class Case:
    """A compiled regimen, and the triangle of whatever is made of it."""

    def __init__(self, regimen_id: str, weight_g: int) -> None:
        rules = shipped_rules()
        regimen = rules.catalogue.regimen(regimen_id)
        assert regimen is not None
        entry = rules.library.entry(regimen.entry)
        assert entry is not None
        self.regimen: Regimen = regimen
        self.entry: Entry = entry
        self.container: Container = next(
            c for c in entry.containers if c.inner_diameter_um is not None and c.suits_weight(weight_g)
        )
        self.order = Order(
            regimen=regimen_id, day=regimen.sessions, weight_g=weight_g, height_mm=1_750, container=self.container.id,
            weight_basis=WeightBasis.ACTUAL,
        )  # fmt: skip
        programme = compile_order(self.order, regimen, entry, self.container, NE_1000)
        assert isinstance(programme, Programme), programme
        self.programme: Programme = programme

    def judge(self, programme: Programme | None = None, order: Order | None = None) -> list[Reason]:
        asked = self.regimen.steps_on(self.order.day)
        assert asked is not None
        return judge_triangle(
            programme or self.programme,
            asked,
            order=order or self.order,
            regimen=self.regimen,
            entry=self.entry,
            container=self.container,
        )

    def with_rates(self, permille: int) -> Programme:
        """Everything faster or slower, the volumes as they were."""
        steps = tuple(
            Step(rate_ul_per_h=step.rate_ul_per_h * permille // 1_000, volume_nl=step.volume_nl)
            for step in self.programme.steps
        )
        return replace(self.programme, steps=steps)


@pytest.mark.requirement("FLOW-22")
@given(st.sampled_from(EVERY), st.integers(50_000, 115_000))
def test_every_shipped_regimen_closes(regimen_id: str, weight_g: int) -> None:
    assert Case(regimen_id, weight_g).judge() == []


@pytest.mark.requirement("FLOW-22")
@given(st.sampled_from(EVERY), st.integers(50_000, 115_000), st.integers(500, 1_500))
def test_rate_that_is_off_by_more_than_half_a_percent_is_refused(regimen_id: str, weight_g: int, permille: int) -> None:
    case = Case(regimen_id, weight_g)
    found = case.judge(case.with_rates(permille))
    if 996 <= permille <= 1_004:
        assert found == []
    elif not 994 <= permille <= 1_006:
        (reason,) = found
        assert (reason.code, reason.severity, reason.limit) == (ReasonCode.TRIANGLE_PPM, Severity.HARD, OFF_PPM_MAX)


@pytest.mark.requirement("F40")
@given(
    st.sampled_from(["MDD-2x3", "CRPS-OP10", "FM-3H"]),
    st.integers(50_000, 100_000),
    st.sampled_from([100, 500, 990, 1_010, 2_000, 10_000]),
)
def test_mistyped_concentration_does_not_close(regimen_id: str, weight_g: int, permille: int) -> None:
    """Compiled for another strength than the container has: a dose right on paper, wrong in the vein."""
    case = Case(regimen_id, weight_g)
    mistyped = replace(
        case.container,
        concentration_ug_per_ml=case.container.concentration_ug_per_ml * permille // 1_000,
        capacity_nl=10**10,
    )
    wrong = compile_order(case.order, case.regimen, case.entry, mistyped, NE_1000)
    if isinstance(wrong, Programme):
        assert [reason.code for reason in case.judge(wrong)] == [ReasonCode.TRIANGLE_PPM]


@pytest.mark.requirement("F39")
def test_programme_of_another_weight_does_not_close() -> None:
    case = Case("MDD-2x3", 70_000)
    assert case.judge(order=replace(case.order, weight_g=70_300)) == []
    assert case.judge(order=replace(case.order, weight_g=71_000)) != []


def test_step_left_out_or_added_to_does_not_close() -> None:
    case = Case("FM-3H", 70_000)
    first, second, third = case.programme.steps
    assert case.judge(replace(case.programme, steps=(first, second))) != []
    longer = replace(third, volume_nl=third.volume_nl * 102 // 100)
    assert case.judge(replace(case.programme, steps=(first, second, longer))) != []
    assert case.judge(replace(case.programme, steps=(third, second, first))) != []


def test_ramp_and_kvo_leave_the_triangle_closed() -> None:
    case = Case("FM-3H", 70_000)
    asks = replace(case.entry, ramp=Ramp(rise_s=0, fall_s=600, stairs=3), kvo_ul_per_h=500)
    ramped = compile_order(case.order, case.regimen, asks, case.container, NE_1000)
    assert isinstance(ramped, Programme)
    assert len(ramped.steps) == 7
    assert case.judge(ramped) == []
