"""A wrong weight is a wrong dose: what is implausible of a patient is asked about, once a course."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.library import Entry
from pumpd.core.order import Course, Order, Settled, Sex, WeightBasis
from pumpd.core.patient import (
    ROUNDED_G,
    adjusted_weight_g,
    dosing_weight_g,
    ideal_weight_g,
    judge_patient,
)
from pumpd.testing.clinical import shipped_rules

POUND_G = Fraction("453.59237")
weights = st.integers(36_000, 199_000)
heights = st.integers(1_450, 2_050)
sexes = st.sampled_from(Sex)


def order(weight_g: int, height_mm: int = 1_750, **known: object) -> Order:
    asked = Order(regimen="MDD-2x3", day=1, weight_g=weight_g, height_mm=height_mm, container="syringe-60-1")
    return replace(asked, **known)  # type: ignore[arg-type]


def entry(entry_id: str = "KET-MOOD") -> Entry:
    found = shipped_rules().library.entry(entry_id)
    assert found is not None
    return found


def judged(asked: Order, entry_id: str = "KET-MOOD") -> dict[ReasonCode, Reason]:
    found = judge_patient(asked, shipped_rules().library.patient, entry(entry_id))
    return {reason.code: reason for reason in found}


def test_devine_by_hand() -> None:
    """Woman of 163 cm and 95 kg: 55.1 kg ideal, 71.1 kg adjusted."""
    assert ideal_weight_g(1_630, Sex.FEMALE) == 55_098
    assert adjusted_weight_g(1_630, Sex.FEMALE, 95_000) == 71_059
    assert ideal_weight_g(1_524, Sex.MALE) == 50_000


@given(heights, sexes, weights)
def test_devine_is_exact_and_never_rounded_up(height_mm: int, sex: Sex, actual_g: int) -> None:
    base = {Sex.MALE: 50_000, Sex.FEMALE: 45_500}[sex]
    ideal = base + 2_300 * (Fraction(height_mm * 10, 254) - 60)
    assert 0 <= ideal - ideal_weight_g(height_mm, sex) < 1
    adjusted = ideal + Fraction(2, 5) * (actual_g - ideal)
    assert 0 <= adjusted - adjusted_weight_g(height_mm, sex, actual_g) < 1


@given(weights, heights, sexes, st.sampled_from(WeightBasis))
def test_dose_is_never_for_more_than_the_patient_weighs(
    actual_g: int, height_mm: int, sex: Sex, basis: WeightBasis
) -> None:
    asked = order(actual_g, height_mm, weight_basis=basis, sex=sex, actual_weight_g=actual_g)
    found = dosing_weight_g(asked)
    assert found is not None
    assert found <= actual_g
    accepted = judged(replace(asked, weight_g=found))
    assert ReasonCode.DOSING_WEIGHT_G not in accepted
    assert ReasonCode.WEIGHT_BASIS_INCOMPLETE not in accepted


@given(weights, heights, sexes, st.sampled_from([WeightBasis.IDEAL, WeightBasis.ADJUSTED]), st.sampled_from([-1, 1]))
def test_order_whose_weight_is_not_what_its_basis_comes_to_is_refused(
    actual_g: int, height_mm: int, sex: Sex, basis: WeightBasis, side: int
) -> None:
    asked = order(actual_g, height_mm, weight_basis=basis, sex=sex, actual_weight_g=actual_g)
    right_g = dosing_weight_g(asked)
    assert right_g is not None
    near = replace(asked, weight_g=right_g + side * ROUNDED_G)
    assert ReasonCode.DOSING_WEIGHT_G not in judged(near)
    reason = judged(replace(asked, weight_g=right_g + side * (ROUNDED_G + 1)))[ReasonCode.DOSING_WEIGHT_G]
    assert (reason.severity, reason.limit) == (Severity.HARD, right_g)


@pytest.mark.parametrize("missing", [{"sex": None}, {"height_mm": 0}, {"actual_weight_g": None}], ids=str)
@pytest.mark.parametrize("basis", [WeightBasis.IDEAL, WeightBasis.ADJUSTED])
def test_basis_that_cannot_be_computed_is_refused(missing: dict[str, object], basis: WeightBasis) -> None:
    whole = order(55_000, 1_630, weight_basis=basis, sex=Sex.FEMALE, actual_weight_g=95_000)
    assert ReasonCode.WEIGHT_BASIS_INCOMPLETE not in judged(whole)
    lacking = replace(whole, **missing)  # type: ignore[arg-type]
    assert judged(lacking)[ReasonCode.WEIGHT_BASIS_INCOMPLETE].severity is Severity.HARD


@given(heights, weights)
@example(1_750, 91_875)  # 30 exactly
@example(1_750, 91_874)
def test_from_a_body_mass_index_of_30_on_the_prescriber_names_the_weight(height_mm: int, weight_g: int) -> None:
    bmi = Fraction(weight_g * 1_000, height_mm * height_mm)
    asked = order(weight_g, height_mm)
    reason = judged(asked).get(ReasonCode.WEIGHT_BASIS_BMI_MILLI)
    assert (reason is not None) is (bmi >= 30)
    assert reason is None or reason.severity is Severity.HARD
    assert ReasonCode.WEIGHT_BASIS_BMI_MILLI not in judged(replace(asked, weight_basis=WeightBasis.ACTUAL))
    assert ReasonCode.WEIGHT_BASIS_BMI_MILLI not in judged(asked, "SALINE-TRAIN")


@given(weights, st.integers(300, 3_000))
def test_change_of_more_than_a_tenth_from_the_ordered_weight_is_asked_about(ordered_g: int, permille: int) -> None:
    verified_g = ordered_g * permille // 1_000
    reason = judged(order(ordered_g, verified_weight_g=verified_g)).get(ReasonCode.WEIGHT_CHANGED_G)
    beyond = abs(verified_g - ordered_g) * 10 > ordered_g
    assert (reason is not None) is beyond
    assert reason is None or (reason.severity, reason.asked) == (Severity.SOFT, verified_g)


@pytest.mark.requirement("F39")
@given(weights, heights)
def test_pounds_read_from_the_scale_as_kilograms_never_pass(ordered_g: int, height_mm: int) -> None:
    typed_g = int(ordered_g * 1_000 / POUND_G)
    found = judged(order(ordered_g, height_mm, verified_weight_g=typed_g, weight_basis=WeightBasis.ACTUAL))
    assert found[ReasonCode.WEIGHT_CHANGED_G].severity is Severity.SOFT


def test_scale_is_held_against_the_actual_weight_where_the_dose_is_for_another() -> None:
    asked = order(
        55_000, 1_630, weight_basis=WeightBasis.IDEAL, sex=Sex.FEMALE, actual_weight_g=95_000, verified_weight_g=95_000
    )
    assert ReasonCode.WEIGHT_CHANGED_G not in judged(asked)
    assert judged(replace(asked, verified_weight_g=85_000))[ReasonCode.WEIGHT_CHANGED_G].limit == 85_500


def test_body_mass_index_follows_the_scale_and_not_the_dose() -> None:
    asked = order(55_000, 1_500, weight_basis=WeightBasis.IDEAL, sex=Sex.FEMALE, actual_weight_g=95_000)
    assert judged(asked)[ReasonCode.BMI_MILLI].asked == 42_222
    assert judged(replace(asked, verified_weight_g=91_000))[ReasonCode.BMI_MILLI].asked == 40_444


@pytest.mark.parametrize(
    ("years", "severity"), [(17, Severity.HARD), (18, None), (64, None), (65, Severity.NOTE), (None, None)]
)
def test_adults_only_and_the_old_are_remarked_on(years: int | None, severity: Severity | None) -> None:
    reason = judged(order(70_000, age_years=years)).get(ReasonCode.AGE_YEARS)
    assert (reason.severity if reason else None) is severity
    assert ReasonCode.AGE_YEARS not in judged(order(70_000, age_years=years), "SALINE-TRAIN")


def settled(code: ReasonCode, value: int) -> Course:
    return Course(visits=1, settled=(Settled(code=code, value=value),))


@given(st.integers(116_000, 195_000), st.integers(116_000, 195_000))
def test_heavy_weight_settled_once_is_a_remark_until_it_has_gone_further(before_g: int, now_g: int) -> None:
    asked = order(now_g, 2_000, weight_basis=WeightBasis.ACTUAL, course=settled(ReasonCode.WEIGHT_G, before_g))
    reason = judged(asked)[ReasonCode.WEIGHT_G]
    further = (now_g - before_g) * 50 > before_g
    assert reason.severity is (Severity.SOFT if further else Severity.NOTE)


def test_settled_heavy_does_not_settle_light_nor_a_change_in_the_other_direction() -> None:
    light = order(44_000, 1_600, course=settled(ReasonCode.WEIGHT_G, 120_000))
    assert judged(light)[ReasonCode.WEIGHT_G].severity is Severity.SOFT
    gained = order(70_000, verified_weight_g=78_000, course=settled(ReasonCode.WEIGHT_CHANGED_G, 62_000))
    assert judged(gained)[ReasonCode.WEIGHT_CHANGED_G].severity is Severity.SOFT
    lost = replace(gained, verified_weight_g=61_500)
    assert judged(lost)[ReasonCode.WEIGHT_CHANGED_G].severity is Severity.NOTE
    lost_more = replace(gained, verified_weight_g=60_000)
    assert judged(lost_more)[ReasonCode.WEIGHT_CHANGED_G].severity is Severity.SOFT


def test_value_inside_its_limits_has_settled_nothing() -> None:
    """Whoever brings 114 kg along as settled has not been asked about 116."""
    asked = order(116_000, 2_000, course=settled(ReasonCode.WEIGHT_G, 114_000))
    assert judged(asked)[ReasonCode.WEIGHT_G].severity is Severity.SOFT


def test_what_is_hard_or_not_of_the_patient_is_never_settled() -> None:
    heavy = order(201_000, 2_050, weight_basis=WeightBasis.ACTUAL, course=settled(ReasonCode.WEIGHT_G, 201_000))
    assert judged(heavy)[ReasonCode.WEIGHT_G].severity is Severity.HARD
    unmeasured = order(70_000, 0, course=settled(ReasonCode.HEIGHT_NOT_GIVEN, 0))
    assert judged(unmeasured)[ReasonCode.HEIGHT_NOT_GIVEN].severity is Severity.SOFT


numbers = st.one_of(st.none(), st.integers(-(10**18), 10**18))


@given(
    numbers,
    numbers,
    numbers,
    st.integers(-(10**18), 10**18),
    st.integers(-(10**18), 10**18),
    st.one_of(st.none(), st.sampled_from(WeightBasis)),
    st.one_of(st.none(), sexes),
)
def test_every_order_gets_an_answer(  # noqa: PLR0917  # one argument for each thing that is known
    actual_g: int | None,
    verified_g: int | None,
    years: int | None,
    weight_g: int,
    height_mm: int,
    basis: WeightBasis | None,
    sex: Sex | None,
) -> None:
    asked = order(weight_g, height_mm, actual_weight_g=actual_g, verified_weight_g=verified_g, age_years=years)
    for height in (height_mm, height_mm % 2_500):
        found = judged(replace(asked, height_mm=height, weight_basis=basis, sex=sex))
        assert all((reason.asked or 0) >= 0 and (reason.limit or 0) >= 0 for reason in found.values())


def test_height_is_asked_for_a_drug_and_not_for_training_with_saline() -> None:
    for entry_id, asked in (("KET-MOOD", True), ("SALINE-TRAIN", False)):
        assert (ReasonCode.HEIGHT_NOT_GIVEN in judged(order(70_000, 0), entry_id)) is asked
