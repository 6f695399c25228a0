"""The triangle of dose, rate and concentration, closed once more on the programme that would really run (FLOW-22).

The programme was computed from the order; here it is computed back: what each rate carries, with the concentration
that the order's container has in the library, is the dose rate that was asked for, and all volumes together are the
dose. A mistyped concentration, a unit mixed up in between, or a rate that the pump can only be told roughly shows as
a difference, and above 0.5 % nothing runs. It shares no arithmetic with programme.py on purpose: the dose comes from
the order's own numbers, the rest from the programme alone.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, assert_never

from pumpd.core.codes import Reason, ReasonCode, Severity
from pumpd.core.library import Container, DoseUnit, Entry
from pumpd.core.order import Order
from pumpd.core.programme import Programme
from pumpd.core.regimen import Regimen, RegimenStep
from pumpd.core.steps import StepKind
from pumpd.core.units import PPM

OFF_PPM_MAX: Final = 5_000  # 0.5 %: our proposal


def _asked_per_h(step: RegimenStep, order: Order, unit: DoseUnit) -> Fraction:
    """Nanograms an hour; for saline, which has no mass, nanolitres an hour."""
    match unit:
        case DoseUnit.MG_PER_KG:
            return Fraction(step.dose * order.weight_g, step.duration_s) * 3_600
        case DoseUnit.MG_PER_KG_PER_H:
            return Fraction(step.dose * order.weight_g)
        case DoseUnit.MG_PER_H | DoseUnit.ML_PER_H:
            return Fraction(step.dose * 1_000)
        case _:
            assert_never(unit)


def _off_ppm(one: Fraction, other: Fraction) -> int:
    """How far two values lie apart, in millionths of the larger one, rounded up."""
    larger = max(one, other)
    return 0 if larger <= 0 else -(-abs(one - other) * PPM // larger)


def judge_triangle(
    programme: Programme,
    asked: tuple[RegimenStep, ...],
    *,
    order: Order,
    regimen: Regimen,
    entry: Entry,
    container: Container,
) -> list[Reason]:
    """How far the programme's worst step, or its total, is from what was asked after the scheme's own caps."""
    carries = 1_000 if entry.unit is DoseUnit.ML_PER_H else container.concentration_ug_per_ml
    wanted = [_asked_per_h(step, order, entry.unit) for step in asked]
    cap_ng_per_h = order.cap_ng_per_h(regimen.cap_ng_per_h(order.weight_g))
    if cap_ng_per_h is not None and entry.unit is not DoseUnit.ML_PER_H:
        wanted = [min(each, Fraction(cap_ng_per_h)) for each in wanted]
    # a ramp takes its volume from the step beside it, and KVO comes on top of the dose (steps.py)
    runs = [Fraction(each.rate_ul_per_h * carries) for each in programme.steps if each.kind is StepKind.ORDERED]
    dosed_nl = sum(each.volume_nl for each in programme.steps if each.kind is not StepKind.KVO)
    total = sum(
        (each * Fraction(step.duration_s, 3_600) for each, step in zip(wanted, asked, strict=True)), start=Fraction(0)
    )
    worst_ppm = _off_ppm(total, Fraction(dosed_nl * carries, 1_000))
    place = 0
    for each in wanted:  # steps that a cap or the pump's grid made equal run as one
        here_ppm = _off_ppm(each, runs[place])
        if here_ppm > OFF_PPM_MAX and place + 1 < len(runs):
            place += 1
            here_ppm = _off_ppm(each, runs[place])
        worst_ppm = max(worst_ppm, here_ppm)
    if worst_ppm <= OFF_PPM_MAX:
        return []
    return [Reason(code=ReasonCode.TRIANGLE_PPM, severity=Severity.HARD, asked=worst_ppm, limit=OFF_PPM_MAX)]
