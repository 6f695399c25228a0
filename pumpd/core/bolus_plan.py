"""A bolus as a step that is put into the plan, and what is left of the plan when it ends: volumes, nothing decided.

The plan before: what of the present step is in, the bolus, and the rest of the present step. While the bolus runs the
basal flow goes on inside it, so the bolus step holds the bolus and the basal share of its time, and the rest of the
step is shorter by that share. The whole grows by exactly the bolus. The basal rate is remembered apart and comes back
behind the bolus, at its own value, whatever the plan's step would allow.

A bolus that is cut short gives back the basal share of what did not run, and what is left of the bolus is gone: it is
never made up for later, by a resume, a restart or anything else (GIP 1.4.4; a bolus that was interrupted and gone on
with gave too much, Medfusion 2020).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pumpd.core.codes import Phase
from pumpd.core.state import Infusion
from pumpd.core.steps import Step, StepKind
from pumpd.core.units import NL_PER_UL, S_PER_H, Towards, divide

AT_REST = (Phase.IDLE, Phase.STOPPED, Phase.ENDED, Phase.FAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inserted:
    """The plan with a bolus in it; `step` is the bolus, `basal_nl` the basal share inside it."""

    plan: tuple[Step, ...]
    step: int
    basal_nl: int


def rate_with_bolus_ul_per_h(basal_ul_per_h: int, bolus_nl: int, duration_s: int) -> int:
    """Both together, rounded down."""
    return basal_ul_per_h + divide(bolus_nl * S_PER_H, duration_s * NL_PER_UL, Towards.DOWN)


def inserted(infusion: Infusion, *, high_nl: int, bolus_nl: int, rate_ul_per_h: int) -> Inserted | None:
    """The plan with this bolus at this rate, from now on; None where the present step ends before the bolus would."""
    basal_ul_per_h, index = infusion.rate_ul_per_h, infusion.step
    assert rate_ul_per_h > basal_ul_per_h, infusion
    present = infusion.plan[index]
    begins_nl = infusion.boundary_nl(index) - present.volume_nl
    done_nl = max(0, high_nl - begins_nl)
    whole_nl = divide(bolus_nl * rate_ul_per_h, rate_ul_per_h - basal_ul_per_h, Towards.DOWN)
    rest_nl = present.volume_nl - done_nl - (whole_nl - bolus_nl)
    if rest_nl <= 0:
        return None
    bolus = Step(rate_ul_per_h=rate_ul_per_h, volume_nl=whole_nl, kind=StepKind.BOLUS)
    parts = (replace(present, volume_nl=done_nl), bolus, replace(present, volume_nl=rest_nl))
    plan = (*infusion.plan[:index], *parts, *infusion.plan[index + 1 :])
    return Inserted(plan=plan, step=index + 1, basal_nl=whole_nl - bolus_nl)


def without_rest(infusion: Infusion) -> Infusion:
    """The bolus is over, given or not: what is in of it stays, and behind it the basal rate goes on."""
    bolus = infusion.bolus
    if bolus is None:
        return infusion
    index = bolus.step
    step = infusion.plan[index]
    begins_nl = infusion.boundary_nl(index) - step.volume_nl
    given_nl = min(step.volume_nl, max(0, infusion.delivered.high_nl - begins_nl))
    if bolus.began:
        back_nl = divide((step.volume_nl - given_nl) * bolus.basal_ul_per_h, step.rate_ul_per_h, Towards.DOWN)
    else:  # what flowed until the pump stood still was basal flow
        back_nl = max(0, bolus.basal_nl - given_nl)
    rest = infusion.plan[index + 1]
    plan = (
        *infusion.plan[:index],
        replace(step, volume_nl=given_nl),
        replace(rest, volume_nl=rest.volume_nl + back_nl),
        *infusion.plan[index + 2 :],
    )
    return replace(infusion, plan=plan, step=max(infusion.step, index + 1), bolus=None)


def bolus_in(infusion: Infusion, phase: Phase) -> Infusion:
    """What a change of phase makes of a bolus: at rest it is over, and after a doubt it will not go on."""
    bolus = infusion.bolus
    if bolus is None or infusion.waiting is not None:
        return infusion
    if phase in AT_REST:
        rate = min(infusion.rate_ul_per_h, bolus.basal_ul_per_h)
        return replace(without_rest(infusion), rate_ul_per_h=rate)
    if phase is Phase.UNCERTAIN:
        return replace(infusion, bolus=replace(bolus, doubted=True))
    return replace(infusion, bolus=replace(bolus, began=True)) if phase is Phase.INFUSING else infusion
