"""What is plausible of the patient: age, weight, height, the weight that the dose is for, and how it has changed.

Doses are per kilogram, so a wrong weight is a wrong dose that every other limit believes. Pounds typed as kilograms
are the classic: 2.2 times the dose. They end up outside the window of weights, or give a body mass index that nobody
has, or differ by more than a tenth from what the order was written for; no one of the three catches all.

Ideal weight is Devine's (1974): 50 kg for a man and 45.5 kg for a woman of 60 inches, 2.3 kg for every inch above or
below; adjusted weight adds 0.4 of what is above it. Both are computed here as integers and held against the order,
which has to agree to the half kilogram that people round to, and never gives for more than the actual weight.

A soft limit of the patient that two people crossed speaks once in a course and is only noted after that, until the
value has gone further by more than `SETTLED_PERMILLE`: a heavy patient must not teach everybody to click.
"""

from __future__ import annotations

from typing import Final

from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.library import Entry, PatientLimits
from pumpd.core.marks import within
from pumpd.core.order import Order, Settled, Sex, WeightBasis
from pumpd.core.units import PERMILLE, Towards, divide

CHANGE_PERMILLE: Final = 100  # today's weight against the ordered one: our proposal, a tenth
SETTLED_PERMILLE: Final = 20  # clothes, a meal, another scale: no new question
ROUNDED_G: Final = 500  # ideal and adjusted weights are written in whole kilograms

_DEVINE_G: Final = {Sex.MALE: 50_000, Sex.FEMALE: 45_500}  # at 60 inches
_G_PER_INCH: Final = 2_300
_TENTHS_OF_MM_PER_INCH: Final = 254
_ONCE_A_COURSE: Final = frozenset({ReasonCode.WEIGHT_G, ReasonCode.BMI_MILLI, ReasonCode.WEIGHT_CHANGED_G})


def bmi_milli(weight_g: int, height_mm: int) -> int:
    """Body mass index in thousandths of kg/m2, rounded down."""
    return divide(weight_g * 1_000_000, height_mm * height_mm, Towards.DOWN)


def _ideal_scaled(height_mm: int, sex: Sex) -> int:
    """Devine's weight in grams times 254, which is exact."""
    inches_over_60_scaled = 10 * height_mm - 60 * _TENTHS_OF_MM_PER_INCH
    return max(_DEVINE_G[sex] * _TENTHS_OF_MM_PER_INCH + _G_PER_INCH * inches_over_60_scaled, 0)


def ideal_weight_g(height_mm: int, sex: Sex) -> int:
    return divide(_ideal_scaled(height_mm, sex), _TENTHS_OF_MM_PER_INCH, Towards.DOWN)


def adjusted_weight_g(height_mm: int, sex: Sex, actual_g: int) -> int:
    scaled = 6 * _ideal_scaled(height_mm, sex) + 4 * actual_g * _TENTHS_OF_MM_PER_INCH
    return divide(scaled, 10 * _TENTHS_OF_MM_PER_INCH, Towards.DOWN)


def ordered_weight_g(order: Order) -> int | None:
    """What the patient weighed when it was ordered; None where the dose is for another weight and nobody wrote it."""
    if order.weight_basis in (WeightBasis.IDEAL, WeightBasis.ADJUSTED):
        return order.actual_weight_g
    return order.weight_g


def today_weight_g(order: Order) -> int | None:
    """The best that is known of what the patient weighs: the scale's word before the order's."""
    return ordered_weight_g(order) if order.verified_weight_g is None else order.verified_weight_g


def dosing_weight_g(order: Order) -> int | None:
    """What the basis of this order comes to; None while something is missing that it needs."""
    actual_g = ordered_weight_g(order)
    if order.weight_basis in (WeightBasis.ACTUAL, None):
        return actual_g
    if actual_g is None or order.sex is None or order.height_mm <= 0:
        return None
    if order.weight_basis is WeightBasis.IDEAL:
        return min(ideal_weight_g(order.height_mm, order.sex), actual_g)
    return min(adjusted_weight_g(order.height_mm, order.sex, max(actual_g, 0)), actual_g)


def judge_patient(order: Order, limits: PatientLimits, entry: Entry | None) -> list[Reason]:
    """Everything that can be said of the patient before a dose is looked at."""
    high_alert = entry is None or entry.high_alert
    found = _judge_weights(order, limits, high_alert=high_alert)
    if high_alert:
        found += _judge_age(order, limits) + _judge_basis(order)
    return [_settled(reason, order.course.settled) for reason in found]


def _judge_weights(order: Order, limits: PatientLimits, *, high_alert: bool) -> list[Reason]:
    today_g = today_weight_g(order)
    found = within(ReasonCode.WEIGHT_G, order.weight_g if today_g is None else today_g, limits.weight_g)
    if order.height_mm <= 0:  # without it, pounds typed as kilograms pass for a light patient
        if high_alert:
            found.append(Reason(code=ReasonCode.HEIGHT_NOT_GIVEN, severity=Severity.SOFT))
    elif today_g is not None and today_g > 0:
        bmi = bmi_milli(today_g, order.height_mm)
        found += within(ReasonCode.BMI_MILLI, bmi, limits.bmi_milli)
        basis_limit = limits.weight_basis_bmi_milli
        if high_alert and order.weight_basis is None and bmi >= basis_limit:
            code = ReasonCode.WEIGHT_BASIS_BMI_MILLI
            found.append(Reason(code=code, severity=Severity.HARD, asked=bmi, limit=basis_limit))
    ordered_g = ordered_weight_g(order)
    if order.verified_weight_g is not None and ordered_g is not None and ordered_g > 0:
        found += _judge_change(order.verified_weight_g, ordered_g)
    return found


def _judge_change(verified_g: int, ordered_g: int) -> list[Reason]:
    low = divide(ordered_g * (PERMILLE - CHANGE_PERMILLE), PERMILLE, Towards.UP)
    high = divide(ordered_g * (PERMILLE + CHANGE_PERMILLE), PERMILLE, Towards.DOWN)
    if low <= verified_g <= high:
        return []
    limit = low if verified_g < low else high
    return [Reason(code=ReasonCode.WEIGHT_CHANGED_G, severity=Severity.SOFT, asked=max(verified_g, 0), limit=limit)]


def _judge_age(order: Order, limits: PatientLimits) -> list[Reason]:
    """Adults only; in the old the pressure rises further, which is a remark and no question."""
    years = order.age_years
    if years is None:
        return []
    if years < limits.adult_years:
        return [
            Reason(code=ReasonCode.AGE_YEARS, severity=Severity.HARD, asked=max(years, 0), limit=limits.adult_years)
        ]
    if years >= limits.old_years:
        return [Reason(code=ReasonCode.AGE_YEARS, severity=Severity.NOTE, asked=years, limit=limits.old_years - 1)]
    return []


def _judge_basis(order: Order) -> list[Reason]:
    """The ordered weight is what its basis comes to."""
    expected_g = dosing_weight_g(order)
    if expected_g is None:
        return [Reason(code=ReasonCode.WEIGHT_BASIS_INCOMPLETE, severity=Severity.HARD)]
    if abs(order.weight_g - expected_g) <= ROUNDED_G:
        return []
    code = ReasonCode.DOSING_WEIGHT_G
    return [Reason(code=code, severity=Severity.HARD, asked=max(order.weight_g, 0), limit=max(expected_g, 0))]


def _settled(reason: Reason, settled: tuple[Settled, ...]) -> Reason:
    """The same reason as a remark, where two people have seen as much in this course."""
    asked, limit = reason.asked, reason.limit
    if reason.severity is not Severity.SOFT or reason.code not in _ONCE_A_COURSE or asked is None or limit is None:
        return reason
    for each in settled:
        if each.code is not reason.code or (each.value > limit) != (asked > limit):
            continue
        further = asked - each.value if asked > limit else each.value - asked
        if further * PERMILLE <= each.value * SETTLED_PERMILLE:
            return Reason(code=reason.code, severity=Severity.NOTE, asked=asked, limit=limit)
    return reason
