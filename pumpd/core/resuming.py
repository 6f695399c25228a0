"""Going on from Stopped: with what is left, at no higher rate than before, through the one gate of rise.py.

There is no resume on any wire (wall 13): the pump is programmed anew with the rest, read back, and started. A resume
and a change of the container go on in the same way; they differ in what a person has to bring.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pumpd.core import facts as f
from pumpd.core.asking import accept, gate_of_person, gate_of_phase, note, refuse
from pumpd.core.codes import Action, Phase, Reason, ReasonCode, Why
from pumpd.core.containers import REST_SMALLEST_NL, is_used_up, left_in_container_nl
from pumpd.core.people import Act
from pumpd.core.phases import to
from pumpd.core.programming import prepare
from pumpd.core.requests import Keep, PersonRequest, ResumeRequested
from pumpd.core.rest import plan_until_end, rest_of
from pumpd.core.rise import against_a_rise, against_rest, hard
from pumpd.core.steps import Step
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S, Towards, duration_for_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Onward:
    """What would go on: the plan as it is kept, and what is left of it."""

    plan: tuple[Step, ...] = ()
    rest: tuple[Step, ...] = ()


def resume(turn: Turn, request: ResumeRequested) -> None:
    """Go on from Stopped with what is left."""
    slot = request.slot
    note(turn, request, Action.RESUME, text=request.keep.value)
    reasons = against_going_on(turn, slot, request)
    onward, found = onward_from(turn, slot, request.keep) if not reasons else (Onward(), [])
    reasons += found
    if not reasons and is_used_up(turn.infusion(slot)):
        left_nl = left_in_container_nl(turn.infusion(slot))
        reasons.append(hard(ReasonCode.CONTAINER_USED_UP_NL, left_nl, REST_SMALLEST_NL))
    if reasons:
        refuse(turn, request, Action.RESUME, reasons)
        return
    set_plan(turn, slot, onward)
    to(turn, slot, Phase.CHECKING, Why.RESUMED)
    prepare(turn, slot)
    accept(turn, request)


def against_going_on(turn: Turn, slot: str, request: PersonRequest) -> list[Reason]:
    """Who may, from where, and whether anything may rise on this pump now."""
    reasons = gate_of_person(request, Act.RESUME)
    reasons += gate_of_phase(turn, slot, Phase.STOPPED)
    return reasons + against_a_rise(turn, slot)


def onward_from(turn: Turn, slot: str, keep: Keep) -> tuple[Onward, list[Reason]]:
    """What is left of a stopped infusion, and what time and limits say against it."""
    infusion = turn.infusion(slot)
    reasons: list[Reason] = []
    waited_ns = turn.now_ns - (infusion.stopped_since_ns or turn.now_ns)
    if waited_ns > turn.setup.resume_limit_s * NS_PER_S:
        reasons.append(hard(ReasonCode.RESUME_TIME_OVER_S, waited_ns // NS_PER_S, turn.setup.resume_limit_s))
    plan = infusion.plan if keep is Keep.VOLUME else plan_until_end(infusion, turn.now_ns)
    rest = rest_of(replace(infusion, plan=plan), infusion.delivered.high_nl)
    left_nl = sum(step.volume_nl for step in rest)
    if left_nl < REST_SMALLEST_NL:
        reasons.append(hard(ReasonCode.NOTHING_LEFT_NL, left_nl, REST_SMALLEST_NL))
    else:
        reasons += against_rest(turn, slot, rest)
    return Onward(plan=plan, rest=rest), reasons


def set_plan(turn: Turn, slot: str, onward: Onward) -> None:
    """The plan as it goes on from here, and when it will end."""
    left_ns = sum(duration_for_ns(step.volume_nl, step.rate_ul_per_h, Towards.UP) for step in onward.rest)
    turn.record(f.PlanCut(at_ns=turn.now_ns, slot=slot, plan=onward.plan, planned_end_ns=turn.now_ns + left_ns))
