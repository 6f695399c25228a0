"""An order becomes what the pump can do: exact totals, rounded down, with every reduction named."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core.lease import lease_bound_s, lease_rate_max_ul_per_h
from pumpd.core.library import Cap, Container, ContainerKind, DoseUnit, Entry, Span
from pumpd.core.order import Order
from pumpd.core.programme import (
    ClampKind,
    Misfit,
    MisfitKind,
    Programme,
    Titrated,
    compile_order,
    rate_range_ul_per_h,
)
from pumpd.core.pump import DriverInfo, FixedLease, Lease, NoLease, SettableLease, VolumeLease
from pumpd.core.regimen import DayPlan, Regimen, RegimenStep, Titration
from pumpd.core.units import parse_scaled
from pumpd.testing.clinical import NE_1000, shipped_rules

VECTORS = Path(__file__).parents[1] / "vectors" / "arithmetic.toml"
WIDE = Span(hard_low=1, soft_low=1, typical=1, soft_high=10**9, hard_high=10**9)
TANK_NL = 10**9  # a container for arithmetic only


def container(concentration_ug_per_ml: int, usable_nl: int = TANK_NL) -> Container:
    return Container(
        id="c",
        kind=ContainerKind.SYRINGE,
        title="test syringe",
        capacity_nl=usable_nl,
        inner_diameter_um=26_590,
        concentration_ug_per_ml=concentration_ug_per_ml,
        weight_over_g=None,
        weight_up_to_g=None,
        proposal=True,
        source="test",
    )


def entry(unit: DoseUnit, *containers: Container, high_alert: bool = True) -> Entry:
    return Entry(
        id="TEST",
        drug="ketamine",
        title="test",
        care_area="test",
        high_alert=high_alert,
        unit=unit,
        dose=WIDE,
        duration_s=WIDE,
        rate_ug_per_kg_per_h=Cap(soft=None, hard=10**9),
        cap_ug_per_h=None,
        cap_total_ug=None,
        cap_total_ug_per_kg=None,
        rolling_hour_ug=None,
        rolling_hour_ug_per_kg=None,
        containers=containers,
        near_end_s=300,
        advice="none",
        source="test",
    )


def regimen(*steps: tuple[int, int], cap_ug_per_h: int | None = None) -> Regimen:
    return Regimen(
        id="T",
        title="test",
        indication="test",
        entry="TEST",
        days=(DayPlan(first_day=1, last_day=1, steps=tuple(RegimenStep(dose=d, duration_s=s) for d, s in steps)),),
        cap_ug_per_h=cap_ug_per_h,
        automatic=False,
        sessions=1,
        course="once",
        premedication="none",
        evidence="none",
        source="test",
    )


def order(weight_g: int) -> Order:
    return Order(regimen="T", day=1, weight_g=weight_g, height_mm=1_700, container="c")


def compiled(weight_g: int, scheme: Regimen, unit: DoseUnit, concentration: int = 1_000) -> Programme:
    box = container(concentration)
    result = compile_order(order(weight_g), scheme, entry(unit, box), box, NE_1000)
    assert isinstance(result, Programme), result
    return result


CASES: list[dict[str, Any]] = tomllib.loads(VECTORS.read_text())["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
@pytest.mark.requirement("FLOW-21")
def test_arithmetic_vector_comes_out_exactly(case: dict[str, Any]) -> None:
    cap = case.get("cap_mg_per_h")
    scheme = regimen(
        (parse_scaled(case["dose"], 1_000), case["minutes"] * 60),
        cap_ug_per_h=parse_scaled(cap, 1_000) if cap else None,
    )
    concentration = parse_scaled(case["concentration"], 1_000)
    programme = compiled(parse_scaled(case["weight_kg"], 1_000), scheme, DoseUnit(case["unit"]), concentration)
    (step,) = programme.steps
    assert step.rate_ul_per_h == parse_scaled(case["rate_ml_per_h"], 1_000)
    assert step.rate_ul_per_h * concentration == parse_scaled(case["rate_mg_per_h"], 1_000_000)
    assert programme.total_nl == parse_scaled(case["total_ml"], 1_000_000)
    assert programme.total_nl * concentration == parse_scaled(case["total_mg"], 10**9)


def test_regimens_own_cap_is_a_clamp_with_both_values() -> None:
    programme = compiled(80_000, regimen((350, 14_400), cap_ug_per_h=25_000), DoseUnit.MG_PER_KG_PER_H)
    (clamp,) = programme.clamps
    assert (clamp.kind, clamp.asked, clamp.granted) == (ClampKind.REGIMEN_CAP_UG_PER_H, 28_000, 25_000)


def test_steps_made_equal_by_the_cap_become_one() -> None:
    scheme = regimen((400, 3_600), (500, 3_600), cap_ug_per_h=25_000)
    programme = compiled(70_000, scheme, DoseUnit.MG_PER_KG_PER_H)
    assert [(s.rate_ul_per_h, s.volume_nl) for s in programme.steps] == [(25_000, 50_000_000)]


schemes = st.lists(st.tuples(st.integers(20, 2_000), st.integers(60, 20_000)), min_size=1, max_size=4)


@given(st.integers(35_000, 200_000), schemes, st.sampled_from([1_000, 2_000, 5_000]))
def test_granted_is_never_above_asked_and_below_it_by_the_grid_only(
    weight_g: int, steps: list[tuple[int, int]], concentration: int
) -> None:
    box = container(concentration, usable_nl=10**12)
    fast = replace(NE_1000, piston_um_per_h_max=10**9, piston_um_per_h_min=0, lease=NoLease())
    unit = DoseUnit.MG_PER_KG_PER_H
    result = compile_order(order(weight_g), regimen(*steps), entry(unit, box, high_alert=False), box, fast)
    assert isinstance(result, Programme), result
    exact = [Fraction(d * weight_g * s, concentration) * Fraction(1_000, 3_600) for d, s in steps]
    asked_nl = sum(exact, Fraction(0))
    assert asked_nl - max(asked_nl * Fraction(1, 1_000), Fraction(1_000)) - len(steps) <= result.total_nl <= asked_nl
    assert len(str(result.total_nl // 1_000).rstrip("0")) <= 4
    assert result.total_nl % 1_000 == 0
    top = max(Fraction(d * weight_g, concentration) for d, _ in steps)
    assert top - max(top * Fraction(1, 1_000), Fraction(1)) <= result.top_rate_ul_per_h <= top
    assert all(step.volume_nl > 0 for step in result.steps)
    assert all(a.rate_ul_per_h != b.rate_ul_per_h for a, b in zip(result.steps, result.steps[1:], strict=False))
    assert all(clamp.granted < clamp.asked for clamp in result.clamps)


@given(st.integers(35_000, 200_000), st.integers(60, 20_000))
def test_rounding_stretches_the_time_and_never_speeds_it_up(weight_g: int, duration_s: int) -> None:
    programme = compiled(weight_g, regimen((500, duration_s)), DoseUnit.MG_PER_KG_PER_H, 5_000)
    (step,) = programme.steps
    cut_nl = max(Fraction(step.volume_nl, 999), Fraction(1_001))  # what the total's own grid may have taken
    lasts_s = (step.volume_nl + cut_nl) * Fraction(3_600, step.rate_ul_per_h * 1_000)
    assert lasts_s >= duration_s
    assert step.rate_ul_per_h * 5_000 <= 500 * weight_g


def misfits(
    weight_g: int,
    scheme: Regimen,
    box: Container,
    unit: DoseUnit,
    info: DriverInfo = NE_1000,
    *,
    lease: Lease | None = None,
) -> dict[MisfitKind, Misfit]:
    info = info if lease is None else replace(info, lease=lease)
    result = compile_order(order(weight_g), scheme, entry(unit, box), box, info)
    assert isinstance(result, tuple), result
    return {misfit.kind: misfit for misfit in result}


def test_what_does_not_fit_the_container_is_refused_with_both_volumes() -> None:
    found = misfits(70_000, regimen((350, 14_400)), container(1_000, 56_000_000), DoseUnit.MG_PER_KG_PER_H)
    misfit = found[MisfitKind.CONTAINER_VOLUME_NL]
    assert (misfit.asked, misfit.limit) == (98_000_000, 56_000_000)


def test_bag_on_a_syringe_pump_is_refused() -> None:
    bag = replace(container(1_000), kind=ContainerKind.BAG, inner_diameter_um=None)
    found = misfits(70_000, regimen((350, 14_400)), bag, DoseUnit.MG_PER_KG_PER_H)
    assert MisfitKind.CONTAINER_NOT_FOR_PUMP in found


@pytest.mark.requirement("FLOW-01")
def test_rates_outside_what_the_piston_can_do_are_refused() -> None:
    low, high = rate_range_ul_per_h(NE_1000, 26_590)
    assert (low, high) == (24, 1_699_000)  # manual: piston area x 0.0042 cm/h and x 5.1005 cm/min
    assert high is not None
    box = container(0)
    scheme = regimen((high + 1_000, 10))
    assert MisfitKind.PUMP_RATE_MAX_UL_PER_H in misfits(70_000, scheme, box, DoseUnit.ML_PER_H)
    assert MisfitKind.PUMP_RATE_MIN_UL_PER_H in misfits(70_000, regimen((low - 1, 10**6)), box, DoseUnit.ML_PER_H)


@pytest.mark.requirement("FLOW-01")
def test_a_pump_with_a_range_of_its_own_is_held_to_it_whatever_the_syringe() -> None:
    clinical = replace(
        NE_1000, piston_um_per_h_min=0, piston_um_per_h_max=0, rate_ul_per_h_min=100, rate_ul_per_h_max=1_200_000
    )
    assert rate_range_ul_per_h(clinical, 26_590) == rate_range_ul_per_h(clinical, None) == (100, 1_200_000)
    scheme, box = regimen((1_300_000, 10)), container(0)
    assert MisfitKind.PUMP_RATE_MAX_UL_PER_H in misfits(70_000, scheme, box, DoseUnit.ML_PER_H, clinical)
    assert MisfitKind.PUMP_RATE_MIN_UL_PER_H in misfits(70_000, regimen((99, 10**6)), box, DoseUnit.ML_PER_H, clinical)
    both = replace(NE_1000, rate_ul_per_h_min=100, rate_ul_per_h_max=1_200_000)
    assert rate_range_ul_per_h(both, 26_590) == (100, 1_200_000)
    assert rate_range_ul_per_h(both, 4_699) == (100, 53_070), "the narrower of piston and pump"
    bag_pump = replace(clinical, takes_syringes=False)
    bag = replace(box, kind=ContainerKind.BAG, inner_diameter_um=None)
    assert MisfitKind.PUMP_RATE_MAX_UL_PER_H in misfits(70_000, scheme, bag, DoseUnit.ML_PER_H, bag_pump)


def test_a_pump_of_which_no_range_is_known_has_no_top() -> None:
    unknown = replace(NE_1000, piston_um_per_h_min=0, piston_um_per_h_max=0)
    assert rate_range_ul_per_h(unknown, 26_590) == (1, None)


@given(st.integers(1_000, 60_000))
@pytest.mark.requirement("FLOW-01")
def test_rate_range_is_rounded_inwards(diameter_um: int) -> None:
    low, high = rate_range_ul_per_h(NE_1000, diameter_um)
    assert high is not None
    area = Fraction(314_159_265, 10**8) * Fraction(diameter_um**2, 4)
    assert low >= area * NE_1000.piston_um_per_h_min * Fraction(1, 10**9)
    assert high <= area * Fraction(1_000_001, 10**6) * NE_1000.piston_um_per_h_max * Fraction(1, 10**9)


@given(st.integers(1, 2_000_000), st.sampled_from([0, 1_000, 5_000]), st.integers(35_000, 200_000))
@pytest.mark.requirement("LEASE-02")
def test_lease_lets_in_no_more_than_wall_8_allows(rate: int, concentration: int, weight_g: int) -> None:
    lease_s = lease_bound_s(rate_ul_per_h=rate, concentration_ug_per_ml=concentration, weight_g=weight_g)
    assert lease_s <= 14
    whole_s = lease_s + 1
    assert Fraction(rate * 1_000 * whole_s, 3_600) <= 500_000
    assert Fraction(rate * concentration * whole_s, 3_600) <= 20 * weight_g
    if lease_s < 14:
        longer_s = whole_s + 1
        assert (
            Fraction(rate * 1_000 * longer_s, 3_600) > 500_000
            or Fraction(rate * concentration * longer_s, 3_600) > 20 * weight_g
        )


@given(st.integers(1, 20), st.sampled_from([0, 1_000, 5_000]), st.integers(35_000, 200_000))
@pytest.mark.requirement("LEASE-02")
def test_fixed_lease_limits_the_rate_to_where_the_bound_still_holds(
    length_s: int, concentration: int, weight_g: int
) -> None:
    def holds(rate: int) -> bool:
        whole_s = length_s + 1  # with the second by which the pump's own timer may be late
        by_volume = Fraction(rate * 1_000 * whole_s, 3_600) <= 500_000
        return by_volume and Fraction(rate * concentration * whole_s, 3_600) <= 20 * weight_g

    limit = lease_rate_max_ul_per_h(length_s=length_s, concentration_ug_per_ml=concentration, weight_g=weight_g)
    assert (limit == 0) == (length_s > 15), "no rate makes a longer one short enough"
    if limit:
        assert holds(limit)
        assert not holds(limit + 1)


def test_lease_that_a_pump_cannot_keep_is_a_misfit() -> None:
    fast = regimen((1_000_000, 60))
    box, unit = container(0), DoseUnit.ML_PER_H
    assert MisfitKind.LEASE_S in misfits(70_000, fast, box, unit)
    assert MisfitKind.LEASE_RATE_UL_PER_H in misfits(70_000, fast, box, unit, lease=FixedLease(length_s=10))
    settable = SettableLease(shortest_s=20, longest_s=60)
    assert MisfitKind.LEASE_S in misfits(70_000, regimen((60_000, 60)), box, unit, lease=settable)


@pytest.mark.requirement("LEASE-01")
def test_no_high_alert_drug_goes_on_a_pump_that_never_stops_by_itself() -> None:
    scheme, box = regimen((500, 3_600)), container(1_000)
    for lease in (NoLease(), VolumeLease(changeable_while_running=False)):
        found = misfits(70_000, scheme, box, DoseUnit.MG_PER_KG_PER_H, lease=lease)
        assert MisfitKind.NO_LEASE_FOR_HIGH_ALERT in found
    info = replace(NE_1000, lease=NoLease())
    harmless = entry(DoseUnit.MG_PER_KG_PER_H, box, high_alert=False)
    result = compile_order(order(70_000), scheme, harmless, box, info)
    assert isinstance(result, Programme)
    assert result.lease_s is None


def test_training_in_three_steps_is_what_the_scripted_demo_expects() -> None:
    rules = shipped_rules()
    scheme = rules.catalogue.regimen("TRAIN-3STEP")
    assert scheme is not None
    saline = rules.library.entry(scheme.entry)
    assert saline is not None
    box = saline.containers[0]
    asked = Order(regimen=scheme.id, day=1, weight_g=70_000, height_mm=1_750, container=box.id)
    result = compile_order(asked, scheme, saline, box, NE_1000)
    assert isinstance(result, Programme)
    assert [step.rate_ul_per_h for step in result.steps] == [180_000, 240_000, 300_000]
    assert result.total_nl == 2_350_000


def test_one_container_after_the_other_up_to_the_entrys_number() -> None:
    box = replace(container(1_000), capacity_nl=60_000_000, prime_nl=3_000_000, dead_nl=1_000_000)
    many = replace(entry(DoseUnit.MG_PER_KG_PER_H, box), containers_max=4, containers_why="hours")
    scheme = regimen((500, 4 * 3_600))  # 40 kg: 80 mL, 112 kg: 224 mL, exactly four times 56 mL
    assert isinstance(compile_order(order(112_000), scheme, many, box, NE_1000), Programme)
    (misfit,) = refused(compile_order(order(112_100), scheme, many, box, NE_1000))
    assert (misfit.kind, misfit.asked, misfit.limit) == (MisfitKind.CONTAINERS_NEEDED, 5, 4)
    single = replace(many, containers_max=1, containers_why="")
    (misfit,) = refused(compile_order(order(40_000), scheme, single, box, NE_1000))
    assert (misfit.kind, misfit.asked, misfit.limit) == (MisfitKind.CONTAINER_VOLUME_NL, 80_000_000, 56_000_000)


def test_slower_than_this_size_flows_evenly_is_refused_and_the_pumps_own_minimum_speaks_first() -> None:
    box = replace(container(5_000), rate_ul_per_h_min=500)
    scheme = regimen((50, 4 * 3_600))
    (misfit,) = refused(compile_order(order(49_900), scheme, entry(DoseUnit.MG_PER_KG_PER_H, box), box, NE_1000))
    assert (misfit.kind, misfit.asked, misfit.limit) == (MisfitKind.CONTAINER_RATE_MIN_UL_PER_H, 499, 500)
    assert isinstance(
        compile_order(order(50_000), scheme, entry(DoseUnit.MG_PER_KG_PER_H, box), box, NE_1000), Programme
    )
    slow = regimen((2, 4 * 3_600))
    (misfit,) = refused(compile_order(order(50_000), slow, entry(DoseUnit.MG_PER_KG_PER_H, box), box, NE_1000))
    assert misfit.kind is MisfitKind.PUMP_RATE_MIN_UL_PER_H


def refused(result: Programme | tuple[Misfit, ...]) -> tuple[Misfit, ...]:
    assert not isinstance(result, Programme), result
    return result


@given(st.integers(40_000, 120_000))
def test_least_of_a_schemes_two_caps_counts(weight_g: int) -> None:
    scheme = replace(regimen((100_000, 3_600), cap_ug_per_h=40_000), cap_ug_per_kg_per_h=500)
    result = compiled(weight_g, scheme, DoseUnit.MG_PER_H)
    least_ug_per_h = min(Fraction(40_000), Fraction(500 * weight_g, 1_000))
    granted = result.top_rate_ul_per_h * result.concentration_ug_per_ml
    assert granted <= least_ug_per_h * 1_000
    assert least_ug_per_h * 1_000 - granted <= least_ug_per_h + 1_000  # a grid of four digits


def test_what_may_be_titrated_is_compiled_whole_and_the_lease_is_for_its_highest_rate() -> None:
    scheme = replace(
        regimen((10_000, 7_200), cap_ug_per_h=40_000),
        cap_ug_per_kg_per_h=500,
        titration=Titration(up_by=5_000, dwell_s=3_600, highest=40_000),
    )
    result = compiled(60_000, scheme, DoseUnit.MG_PER_H)
    assert [step.rate_ul_per_h for step in result.steps] == [10_000]
    assert result.titrated == Titrated(up_by_ul_per_h=5_000, dwell_s=3_600, highest_ul_per_h=30_000, lasts_s=7_200)
    assert result.top_rate_ul_per_h == 30_000
    without = compiled(60_000, replace(scheme, titration=None), DoseUnit.MG_PER_H)
    assert without.lease_s is not None
    assert result.lease_s is not None
    assert result.lease_s <= without.lease_s


def test_container_has_to_hold_what_titration_may_come_to() -> None:
    scheme = replace(regimen((10_000, 7_200)), titration=Titration(up_by=5_000, dwell_s=3_600, highest=30_000))
    box = container(1_000, usable_nl=56_000_000)
    found = compile_order(order(60_000), scheme, entry(DoseUnit.MG_PER_H, box), box, NE_1000)
    assert isinstance(found, tuple)
    assert Misfit(kind=MisfitKind.CONTAINER_VOLUME_NL, asked=60_000_000, limit=56_000_000) in found


def test_no_high_alert_drug_goes_on_a_pump_that_anybodys_question_starts_again() -> None:
    scheme, box = regimen((500, 3_600)), container(1_000)
    lease = SettableLease(shortest_s=1, longest_s=255, resumes_by_itself=True)
    found = misfits(70_000, scheme, box, DoseUnit.MG_PER_KG_PER_H, lease=lease)
    assert MisfitKind.NO_LEASE_FOR_HIGH_ALERT in found
    harmless = entry(DoseUnit.MG_PER_KG_PER_H, box, high_alert=False)
    result = compile_order(order(70_000), scheme, harmless, box, replace(NE_1000, lease=lease))
    assert isinstance(result, Programme)


def test_a_target_that_would_have_to_move_faster_than_once_a_second_is_no_lease() -> None:
    """1.8 L/h give half a millilitre in a second, and a second is what the pump's own clock may be off."""
    lease = VolumeLease(changeable_while_running=True, step_nl=1)
    found = misfits(70_000, regimen((1_800_000, 60)), container(0), DoseUnit.ML_PER_H, lease=lease)
    assert (found[MisfitKind.LEASE_S].asked, found[MisfitKind.LEASE_S].limit) == (1, 0)


@pytest.mark.requirement("LEASE-03")
def test_fixed_lease_longer_than_any_may_be_allows_no_rate_at_all() -> None:
    assert lease_rate_max_ul_per_h(length_s=15, concentration_ug_per_ml=0, weight_g=70_000) > 0
    assert lease_rate_max_ul_per_h(length_s=16, concentration_ug_per_ml=0, weight_g=70_000) == 0
    drug = lease_rate_max_ul_per_h(length_s=15, concentration_ug_per_ml=10_000, weight_g=40_000)
    assert 0 < drug < lease_rate_max_ul_per_h(length_s=15, concentration_ug_per_ml=0, weight_g=40_000)
