"""What is left of an infusion's plan: the rest as it stands, and the rest that still fits before the planned end.

The plan counts volumes from the infusion's start, so what is left follows from what is in: by the upper end of the
delivered interval, so that the rest never makes more of the whole than was confirmed.
"""

from __future__ import annotations

from dataclasses import replace

from pumpd.core.state import Infusion
from pumpd.core.steps import Step, StepKind
from pumpd.core.units import Towards, delivered_nl, duration_for_ns


def rest_of(infusion: Infusion, in_nl: int) -> tuple[Step, ...]:
    """What is left of the plan when so much is in: the present step first, never above its rate now."""
    rest, done_nl = [], in_nl
    for index in range(infusion.step, len(infusion.plan)):
        part_nl = infusion.boundary_nl(index) - done_nl
        if part_nl <= 0:
            continue
        planned = infusion.plan[index].rate_ul_per_h
        rate = min(planned, infusion.rate_ul_per_h) if index == infusion.step else planned
        rest.append(replace(infusion.plan[index], rate_ul_per_h=rate, volume_nl=part_nl))
        done_nl += part_nl
    return tuple(rest)


def plan_until_end(infusion: Infusion, now_ns: int) -> tuple[Step, ...]:
    """The plan cut so that it ends when it would have ended: less volume, the same end, never a higher rate."""
    left_ns = infusion.planned_end_ns - now_ns
    done_nl = infusion.delivered.high_nl
    allowed_nl = done_nl
    for step in rest_of(infusion, done_nl):
        if step.kind is StepKind.KVO:
            break  # it comes after the end, and the end is kept
        whole_ns = duration_for_ns(step.volume_nl, step.rate_ul_per_h, Towards.UP)
        part_ns = max(0, min(left_ns, whole_ns))
        if part_ns == whole_ns:
            allowed_nl += step.volume_nl
        else:
            allowed_nl += min(step.volume_nl, delivered_nl(step.rate_ul_per_h, part_ns, Towards.DOWN))
        left_ns -= part_ns
    cut, before_nl = [], 0
    for step in infusion.plan:
        volume_nl = max(0, min(step.volume_nl, allowed_nl - before_nl))
        cut.append(replace(step, volume_nl=volume_nl))
        before_nl += volume_nl
    return tuple(cut)
