"""While it runs: a person changes the rate, or takes a step that is due.

Down is free. Up goes through the one gate of rise.py (wall 10), and needs what raising.py says.
"""

from __future__ import annotations

from pumpd.core import facts as f
from pumpd.core.asking import accept, gate_of_person, gate_of_phase, note, refuse
from pumpd.core.bolus import end_bolus
from pumpd.core.codes import Action, Phase, Reason, ReasonCode, Severity
from pumpd.core.deliveries import BeyondAgreed
from pumpd.core.new_rate import against_lease, set_rate
from pumpd.core.people import Act
from pumpd.core.programme import rate_range_ul_per_h
from pumpd.core.raising import TIMES_SAID_TWICE, RiseReview, against_review, agreement_on, review_rise, unchecked
from pumpd.core.requests import (
    RateRequested,
    StepRequested,
)
from pumpd.core.rise import against_a_rise, against_next_step, hard
from pumpd.core.state import Infusion
from pumpd.core.turn import Turn
from pumpd.core.units import on_grid
from pumpd.core.watch import take_step


def rate(turn: Turn, request: RateRequested) -> None:
    """Titrate: down is free; up needs what raising.py says."""
    slot, wanted = request.slot, request.rate_ul_per_h
    note(turn, request, Action.CHANGE_RATE, value=wanted)
    pump = turn.pump(slot)
    infusion = pump.infusion
    rises = infusion is not None and wanted > infusion.rate_ul_per_h
    reasons = gate_of_person(request, Act.RAISE if rises else None)
    reasons += gate_of_phase(turn, slot, Phase.INFUSING)
    if infusion is not None and not reasons:
        if rises:
            reasons += against_a_rise(turn, slot)
            reasons += against_review(turn, request, review_rise(turn, slot, wanted))
        elif infusion.bolus is not None and wanted > infusion.bolus.basal_ul_per_h:
            reasons.append(hard(ReasonCode.BOLUS_RUNNING_UL_PER_H, wanted, infusion.bolus.basal_ul_per_h))
        elif pump.command is not None or pump.stop is not None:
            reasons.append(hard(ReasonCode.COMMAND_PENDING))
        if wanted == infusion.rate_ul_per_h:
            reasons.append(hard(ReasonCode.NOT_A_CHANGE_UL_PER_H, wanted, infusion.rate_ul_per_h))
        reasons += _fits_pump(turn, slot, infusion, wanted) + against_lease(turn, slot, wanted)
        if rises and request.actor is not None:
            reasons += unchecked(turn, slot, request.actor, review_rise(turn, slot, wanted), reasons)
    if reasons:
        refuse(turn, request, Action.CHANGE_RATE, reasons)
        return
    turn.record(f.StepsByTap(at_ns=turn.now_ns, slot=slot))
    _note_agreement(turn, request)
    if rises and infusion is not None and wanted > infusion.plan[infusion.step].rate_ul_per_h:
        _raise_confirmed(turn, slot, review_rise(turn, slot, wanted))
    elif infusion is not None and infusion.bolus is not None:
        end_bolus(turn, slot, wanted)
    else:
        set_rate(turn, slot, wanted)
    accept(turn, request)


def _note_agreement(turn: Turn, request: RateRequested) -> None:
    """Which soft limits two people let this rise cross, and why: on record, and shown for the rest of the infusion."""
    infusion = turn.infusion(request.slot)
    override = agreement_on(turn, request)
    if request.actor is None or override is None or request.rate_ul_per_h <= infusion.rate_ul_per_h:
        return
    review = review_rise(turn, request.slot, request.rate_ul_per_h)
    crossed = tuple(reason for reason in review.grant.reasons if reason.severity is Severity.SOFT)
    if crossed:
        turn.record(
            BeyondAgreed(
                at_ns=turn.now_ns, slot=request.slot, person=request.actor.person, reasons=crossed,
                override_reason=override.reason, override_person=override.second.person,
                checked_by=review.checked_by if review.to_be_checked else None,
            )
        )  # fmt: skip


def _raise_confirmed(turn: Turn, slot: str, review: RiseReview) -> None:
    """From here on this is the confirmed rate of the step, whatever becomes of the command."""
    larger = sum(step.volume_nl for step in review.plan) > turn.infusion(slot).total_nl
    set_rate(turn, slot, review.after_ul_per_h, anew=larger)
    turn.record(f.PlanCut(at_ns=turn.now_ns, slot=slot, plan=review.plan, planned_end_ns=review.planned_end_ns))


def _fits_pump(turn: Turn, slot: str, infusion: Infusion, wanted: int) -> list[Reason]:
    """Rate range and grid of this pump with this syringe: refused, never rounded behind anybody's back."""
    info = turn.setup.info(slot)
    diameter_um = infusion.programme.syringe_diameter_um
    found = []
    least, most = rate_range_ul_per_h(info, diameter_um)
    if wanted < least:
        found.append(hard(ReasonCode.PUMP_RATE_MIN_UL_PER_H, wanted, least))
    if most is not None and wanted > most:
        found.append(hard(ReasonCode.PUMP_RATE_MAX_UL_PER_H, wanted, most))
    finest = on_grid(max(wanted, 0), info.rate_step_ul_per_h, info.rate_digits)
    if finest != wanted:
        found.append(hard(ReasonCode.ROUNDED_RATE_UL_PER_H, wanted, finest))
    return found


def _against_tap(infusion: Infusion, request: StepRequested) -> list[Reason]:
    """A step was read at the start, and a tap lets it begin; one to five times the rate repeats the value (FLOW-04)."""
    planned, said = infusion.plan[infusion.step + 1].rate_ul_per_h, request.rate_ul_per_h
    if said is not None and said != planned:
        return [hard(ReasonCode.REVIEW_CHANGED, said, planned)]
    if said is None and planned >= TIMES_SAID_TWICE * infusion.rate_ul_per_h:
        return [hard(ReasonCode.RISE_TO_BE_SAID_TWICE_UL_PER_H, planned, infusion.rate_ul_per_h)]
    return []


def step(turn: Turn, request: StepRequested) -> None:
    """The tap that a due step up waits for."""
    slot = request.slot
    note(turn, request, Action.STEP)
    reasons = gate_of_person(request, Act.RAISE) + gate_of_phase(turn, slot, Phase.INFUSING)
    reasons += against_a_rise(turn, slot)
    infusion = turn.pump(slot).infusion
    if infusion is None or not infusion.step_due:
        reasons.append(hard(ReasonCode.NO_STEP_DUE))
    elif not reasons:
        reasons += _against_tap(infusion, request) + against_next_step(turn, slot)
    if reasons or request.actor is None:
        refuse(turn, request, Action.STEP, reasons)
        return
    take_step(turn, slot, person=request.actor.person)
    accept(turn, request)
