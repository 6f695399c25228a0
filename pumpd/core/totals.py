"""Rates, totals and windows of what would go in, with what went in already: the limits of everything that runs.

Both the review of an order and every command at a running infusion pass here, with the steps that are still to come.
A session is 12 hours back, which spans every outpatient regimen and ends before the next day's; its caps count all of
the plan that is to come. A course adds what the order says of earlier visits. Ceilings are rolling windows, since an
infusion of days has no session: no 60 minutes and no 12 hours may hold more, whatever a library says.

A limit per kilogram is compared by scaling with the weight: `ug/kg x g` is exactly nanograms.
"""

from __future__ import annotations

from typing import Final

from pumpd.core.codes import Given, Reason, ReasonCode
from pumpd.core.exposure import committed, given_since_ng, steps_mass_ng, worst_window_ng
from pumpd.core.library import CEILINGS, Cap, DoseUnit, Entry
from pumpd.core.marks import hard_cap, under
from pumpd.core.programme import Programme
from pumpd.core.steps import Step
from pumpd.core.units import NG_PER_UG, NS_PER_H

SESSION_NS: Final = 12 * NS_PER_H

DOSE_CODE: Final = {
    DoseUnit.MG_PER_KG: ReasonCode.DOSE_UG_PER_KG,
    DoseUnit.MG_PER_KG_PER_H: ReasonCode.DOSE_UG_PER_KG_PER_H,
    DoseUnit.MG_PER_H: ReasonCode.DOSE_UG_PER_H,
    DoseUnit.ML_PER_H: ReasonCode.DOSE_UL_PER_H,
}


def judge_totals(
    steps: tuple[Step, ...],
    programme: Programme,
    entry: Entry,
    *,
    history: tuple[Given, ...],
    now_ns: int,
    course_ng: int,
) -> list[Reason]:
    """`course_ng`: what this course had, as far as it is not in the session that `history` tells."""
    concentration = programme.concentration_ug_per_ml
    weight_g = programme.weight_g
    own = tuple(given for given in history if given.drug == programme.drug)
    future = committed(steps, concentration, now_ns)
    ng_per_h = max((step.rate_ul_per_h for step in steps), default=0) * concentration
    total_ng = steps_mass_ng(steps, concentration) + given_since_ng(own, since_ns=now_ns - SESSION_NS)
    hour_ng = worst_window_ng(own, future, now_ns=now_ns, window_ns=NS_PER_H)
    session_ng = worst_window_ng(own, future, now_ns=now_ns, window_ns=SESSION_NS)
    in_course_ng = course_ng + total_ng
    code = ReasonCode
    judged: tuple[tuple[ReasonCode, int, Cap | None], ...] = (
        (code.CAP_UG_PER_H, ng_per_h, entry.cap_ug_per_h),
        (code.CAP_TOTAL_UG, total_ng, entry.cap_total_ug),
        (code.ROLLING_HOUR_UG, hour_ng, hard_cap(entry.rolling_hour_ug)),
        (code.CAP_COURSE_UG, in_course_ng, entry.cap_course_ug),
        (code.CEILING_UG_PER_H, ng_per_h, hard_cap(CEILINGS.rate_ug_per_h)),
        (code.CEILING_HOUR_UG, hour_ng, hard_cap(CEILINGS.hour_ug)),
        (code.CEILING_TOTAL_UG, session_ng, hard_cap(CEILINGS.session_ug)),
    )
    judged_per_kg: tuple[tuple[ReasonCode, int, Cap | None], ...] = (
        (code.RATE_LIMIT_UG_PER_KG_PER_H, ng_per_h, entry.rate_ug_per_kg_per_h),
        (code.CAP_TOTAL_UG_PER_KG, total_ng, entry.cap_total_ug_per_kg),
        (code.ROLLING_HOUR_UG_PER_KG, hour_ng, hard_cap(entry.rolling_hour_ug_per_kg)),
        (code.CAP_COURSE_UG_PER_KG, in_course_ng, entry.cap_course_ug_per_kg),
        (code.CEILING_UG_PER_KG_PER_H, ng_per_h, hard_cap(CEILINGS.rate_ug_per_kg_per_h)),
        (code.CEILING_HOUR_UG_PER_KG, hour_ng, hard_cap(CEILINGS.hour_ug_per_kg)),
        (code.CEILING_TOTAL_UG_PER_KG, session_ng, hard_cap(CEILINGS.session_ug_per_kg)),
        (code.CEILING_COURSE_UG_PER_KG, in_course_ng, hard_cap(CEILINGS.course_ug_per_kg)),
    )
    found: list[Reason] = []
    for each, value_ng, cap in judged:
        found += under(each, value_ng, cap, scale=NG_PER_UG)
    for each, value_ng, cap in judged_per_kg:
        found += under(each, value_ng, cap, scale=weight_g)
    return found


def course_limit_ng(entry: Entry, weight_g: int) -> int:
    """The lowest of the hard limits of a whole course, for this weight."""
    limits_ng = [CEILINGS.course_ug_per_kg * weight_g]
    if entry.cap_course_ug is not None:
        limits_ng.append(entry.cap_course_ug.hard * NG_PER_UG)
    if entry.cap_course_ug_per_kg is not None:
        limits_ng.append(entry.cap_course_ug_per_kg.hard * weight_g)
    return min(limits_ng)


def judge_dose_rate(steps: tuple[Step, ...], programme: Programme, entry: Entry) -> list[Reason]:
    """The upper limits of entries that are dosed by rate; lower ones bind no command: falling is free."""
    flow = max(step.rate_ul_per_h for step in steps)
    cap = Cap(soft=entry.dose.soft_high, hard=entry.dose.hard_high)
    code = DOSE_CODE[entry.unit]
    if entry.unit is DoseUnit.MG_PER_KG_PER_H:
        return under(code, flow * programme.concentration_ug_per_ml, cap, scale=programme.weight_g)
    if entry.unit is DoseUnit.MG_PER_H:
        return under(code, flow * programme.concentration_ug_per_ml, cap, scale=NG_PER_UG)
    if entry.unit is DoseUnit.ML_PER_H:
        return under(code, flow, cap, scale=1)
    return []  # mg/kg over minutes: the separate rate limit speaks
