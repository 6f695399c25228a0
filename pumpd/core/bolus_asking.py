"""A prescriber asks for a bolus: everything that must hold before it begins.

Only where the library's entry asks for boluses, and none that is shipped does: a nurse may not give one (Arizona's
board of nursing 2015, and hospitals that leave it to anaesthetists), so it takes a prescriber's own sign-in. The dose
has its own limits beside all others, over a time that is not too short; basal and bolus together stay below what pump
and limits allow, in every window to come as well as in those that are past. None begins while anything is in alarm, in
doubt, on its way or not yet seen, while another one runs, or before the lockout since this patient's last one is
over, whatever was restarted or set in between. No programme has a bolus in it, so in a visit another person checks it
independently before (rise_check.py).

There is one kind of bolus and one at a time. A patient's own button (PCA), which would pre-empt it, is out of scope.
The bolus rate and the larger volume are written into a pump that stands still: it is stopped, programmed, started.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pumpd.core.asking import accept, gate_of_person, gate_of_phase, note, refuse
from pumpd.core.bolus_plan import Inserted, inserted, rate_with_bolus_ul_per_h
from pumpd.core.codes import Action, Grant, Phase, Priority, Reason, ReasonCode, Severity
from pumpd.core.confirming import against_confirmed
from pumpd.core.containers import left_in_container_nl
from pumpd.core.deliveries import BeyondAgreed, BolusBegan
from pumpd.core.library import CEILINGS, Bolus
from pumpd.core.limits import check_remaining, fingerprint, reasoned
from pumpd.core.new_rate import against_lease, set_rate
from pumpd.core.people import Act
from pumpd.core.programme import rate_range_ul_per_h
from pumpd.core.raising import agreed, is_for_people
from pumpd.core.requests import BolusRequested, Override
from pumpd.core.rest import rest_of
from pumpd.core.rise import against_a_rise, hard, history_for
from pumpd.core.rise_check import against_unchecked, agreement, checker_of, checking, is_checked_here
from pumpd.core.rise_proposed import ProposedRise
from pumpd.core.state import Infusion
from pumpd.core.steps import StepKind
from pumpd.core.turn import Turn
from pumpd.core.units import NL_PER_UL, NS_PER_S, Towards, on_grid, volume_for_nl


@dataclass(frozen=True, slots=True, kw_only=True)
class BolusReview:
    """What is confirmed: dose, time, and what the pump will do; `inserted` is None where it cannot be laid out."""

    dose_ug_per_kg: int
    duration_s: int
    bolus_nl: int
    basal_ul_per_h: int
    rate_ul_per_h: int
    inserted: Inserted | None
    grant: Grant
    digest: str
    to_be_checked: bool = False  # by another person, before it is confirmed
    checked_by: str | None = None
    agreed: bool = False  # by whoever has checked it


def ask_bolus(turn: Turn, request: BolusRequested) -> None:
    """Begin the bolus that a prescriber read and confirmed, or say everything that speaks against it."""
    slot = request.slot
    note(turn, request, Action.BOLUS, value=request.dose_ug_per_kg)
    reasons = gate_of_person(request, Act.BOLUS)
    reasons += gate_of_phase(turn, slot, Phase.INFUSING)
    reasons += against_a_rise(turn, slot)
    review = None if reasons else review_bolus(turn, slot, request.dose_ug_per_kg, request.duration_s)
    override = request.override if review is None else _agreement(turn, request, review)
    if review is not None:
        reasons += [each for each in review.grant.reasons if each.severity is Severity.HARD]
        reasons += against_confirmed(request.digest, review.digest, turn.now_ns)
        if review.grant.needs_override and not agreed(request.actor, override):
            reasons.append(hard(ReasonCode.OVERRIDE_NEEDED))
        if request.actor is not None and is_checked_here(turn.infusion(slot)):
            wanted = _wanted(turn, slot, request.actor.person, review)
            reasons += against_unchecked(turn, wanted, all_else_stands=is_for_people(reasons))
    if reasons or review is None or review.inserted is None or request.actor is None:
        refuse(turn, request, Action.BOLUS, reasons)
        return
    crossed = tuple(each for each in review.grant.reasons if each.severity is Severity.SOFT)
    if crossed and override is not None:
        turn.record(
            BeyondAgreed(
                at_ns=turn.now_ns, slot=slot, person=request.actor.person, reasons=crossed,
                override_reason=override.reason, override_person=override.second.person,
                checked_by=checker_of(turn, _wanted(turn, slot, request.actor.person, review)),
            )
        )  # fmt: skip
    set_rate(turn, slot, review.rate_ul_per_h, anew=True)
    turn.record(
        BolusBegan(
            at_ns=turn.now_ns, slot=slot, person=request.actor.person, dose_ug_per_kg=review.dose_ug_per_kg,
            bolus_nl=review.bolus_nl, basal_ul_per_h=review.basal_ul_per_h, basal_nl=review.inserted.basal_nl,
            step=review.inserted.step, plan=review.inserted.plan,
        )
    )  # fmt: skip
    accept(turn, request)


def _agreement(turn: Turn, request: BolusRequested, review: BolusReview) -> Override | None:
    return agreement(turn, _wanted(turn, request.slot, "", review), request.override, request.reason)


def _wanted(turn: Turn, slot: str, person: str, review: BolusReview) -> ProposedRise:
    return ProposedRise(
        at_ns=turn.now_ns, person=person, slot=slot, infusion_id=turn.infusion(slot).infusion_id,
        before_ul_per_h=review.basal_ul_per_h, wanted_ul_per_h=review.rate_ul_per_h,
        bolus_ug_per_kg=review.dose_ug_per_kg,
    )  # fmt: skip


def review_bolus(turn: Turn, slot: str, dose_ug_per_kg: int, duration_s: int) -> BolusReview:
    """The review of a bolus on top of what runs now."""
    infusion, info = turn.infusion(slot), turn.setup.info(slot)
    programme, basal = infusion.programme, infusion.rate_ul_per_h
    limits = None if infusion.entry is None else infusion.entry.bolus
    laid, bolus_nl, rate = None, 0, basal
    grant = Grant(allowed=True, reasons=())
    found = _against_now(turn, slot, infusion, limits)
    if limits is not None:
        found += _against_dose(dose_ug_per_kg, duration_s, limits)
    if dose_ug_per_kg > 0 and duration_s > 0 and programme.concentration_ug_per_ml > 0:
        dose_ng = dose_ug_per_kg * programme.weight_g
        bolus_nl = volume_for_nl(dose_ng, programme.concentration_ug_per_ml, Towards.DOWN)
        bolus_nl -= bolus_nl % (info.rate_step_ul_per_h * NL_PER_UL)
        together = rate_with_bolus_ul_per_h(basal, bolus_nl, duration_s)
        rate = on_grid(together, info.rate_step_ul_per_h, info.rate_digits)
    if rate > basal:
        high_nl = turn.delivered(slot).high_nl
        laid = inserted(infusion, high_nl=high_nl, bolus_nl=bolus_nl, rate_ul_per_h=rate)
        found += _against_pump(turn, slot, infusion, rate) + _against_container(infusion, laid)
    if laid is not None:
        after = replace(infusion, plan=laid.plan, step=laid.step, rate_ul_per_h=rate)
        rest = rest_of(after, turn.delivered(slot).high_nl)
        grant = check_remaining(programme, rest, infusion.entry, history_for(turn, slot), turn.now_ns)
    else:
        found.append(hard(ReasonCode.BOLUS_DOES_NOT_FIT_S, duration_s))
    grant = reasoned(grant, found)
    spoke = tuple((reason.code, reason.severity) for reason in grant.reasons)
    digest = fingerprint(slot, infusion.infusion_id, dose_ug_per_kg, duration_s, basal, rate, spoke)
    review = BolusReview(
        dose_ug_per_kg=dose_ug_per_kg, duration_s=duration_s, bolus_nl=bolus_nl, basal_ul_per_h=basal,
        rate_ul_per_h=rate, inserted=laid, grant=grant, digest=digest,
        to_be_checked=grant.allowed and is_checked_here(infusion),
    )  # fmt: skip
    wanted = _wanted(turn, slot, "", review)
    return replace(review, checked_by=checker_of(turn, wanted), agreed=checking(turn, wanted) is not None)


def _against_now(turn: Turn, slot: str, infusion: Infusion, limits: Bolus | None) -> list[Reason]:
    """May any bolus begin on this bed at this moment?"""
    found = []
    if limits is None:
        found.append(hard(ReasonCode.BOLUS_NOT_ALLOWED))
    if infusion.plan[infusion.step].kind is not StepKind.ORDERED:  # a bolus already, a stair, KVO
        found.append(hard(ReasonCode.BOLUS_RUNNING_UL_PER_H))
    if any(each.priority is not Priority.PROMPT and each.slot in (slot, None) for each in turn.state.alarms):
        found.append(hard(ReasonCode.BOLUS_IN_ALARM))
    last_ns = _last_bolus_ns(turn, infusion)
    if limits is not None and last_ns is not None and turn.now_ns - last_ns < limits.lockout_s * NS_PER_S:
        found.append(hard(ReasonCode.BOLUS_LOCKOUT_S, max(0, turn.now_ns - last_ns) // NS_PER_S, limits.lockout_s))
    return found


def _last_bolus_ns(turn: Turn, infusion: Infusion) -> int | None:
    """This patient's last one; on a bed without the path, the bed's."""
    theirs = [each.bolus_at_ns for each in turn.state.path.visits if each.patient == infusion.patient]
    known = (each for each in (*theirs, turn.state.bolus_at_ns) if each is not None)
    return max(known, default=None)


def _against_dose(dose_ug_per_kg: int, duration_s: int, limits: Bolus) -> list[Reason]:
    found = []
    cap = limits.dose_ug_per_kg
    hardest, shortest_s = min(cap.hard, CEILINGS.bolus_ug_per_kg), max(limits.shortest_s, CEILINGS.bolus_s)
    if dose_ug_per_kg > hardest:
        found.append(hard(ReasonCode.BOLUS_UG_PER_KG, dose_ug_per_kg, hardest))
    elif cap.soft is not None and dose_ug_per_kg > cap.soft:
        found.append(
            Reason(code=ReasonCode.BOLUS_UG_PER_KG, severity=Severity.SOFT, asked=dose_ug_per_kg, limit=cap.soft)
        )
    if duration_s < shortest_s:
        found.append(hard(ReasonCode.BOLUS_SHORT_S, max(0, duration_s), shortest_s))
    return found


def _against_pump(turn: Turn, slot: str, infusion: Infusion, rate_ul_per_h: int) -> list[Reason]:
    diameter_um = infusion.programme.syringe_diameter_um
    found = against_lease(turn, slot, rate_ul_per_h)
    _, most = rate_range_ul_per_h(turn.setup.info(slot), diameter_um)
    if most is not None and rate_ul_per_h > most:
        found = [*found, hard(ReasonCode.PUMP_RATE_MAX_UL_PER_H, rate_ul_per_h, most)]
    return found


def _against_container(infusion: Infusion, laid: Inserted | None) -> list[Reason]:
    """The container that hangs gives the whole bolus and all that it would have given without it."""
    left_nl = left_in_container_nl(infusion)
    if laid is None or left_nl is None:
        return []
    needed_nl = sum(step.volume_nl for step in laid.plan) - infusion.delivered.high_nl
    return [hard(ReasonCode.CONTAINER_VOLUME_NL, needed_nl, left_nl)] if needed_nl > left_nl else []
