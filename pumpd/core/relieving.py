"""Decides about side effects: what was seen and done, a rescue drug that was given, a line that ran beside the vein.

A side effect's severity is an observation, and is kept as one: so its hold and its re-check follow from the order's
hold parameters, as for every other value. A headache asks for the blood pressure at once, unless it was just taken.

A drug that was given is recorded whatever speaks against it, once that was read (rescue.py). Of what a pump gave beside
the vein every limit goes on counting all as given: nobody can say how much of it arrives, and when. The pump is paused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pumpd.core.alarm_table import OURS
from pumpd.core.asking import accept, note, refuse
from pumpd.core.care_asking import against_asking, against_time
from pumpd.core.care_facts import Infiltrated, Observed, RescueNoted, SideEffectNoted
from pumpd.core.care_requests import InfiltrationRequested, RescueRequested, SideEffectRequested
from pumpd.core.codes import Action, PauseReason, Phase, Reason, ReasonCode, Why
from pumpd.core.deliveries import PauseNoted
from pumpd.core.observing import BLOOD_PRESSURE, Measure, Reading, Sign, flaws
from pumpd.core.phases import stop_now
from pumpd.core.prescribed import Given, Rescue
from pumpd.core.rescue import Flag, Flagged, GivenRescue, does_reverse, flagged, is_sedating, ordered
from pumpd.core.rise import hard
from pumpd.core.side_effects import LOOK_AGAIN, SEVERITY, Noted, Recheck, SideEffect
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S
from pumpd.core.verbal import rescues_with
from pumpd.core.visit import Visit

FRESH_NS: Final = 300 * NS_PER_S  # a blood pressure this new answers the question that a headache asks
DOSE_MAX_UG: Final = 10_000_000  # 10 g: beyond every dose of every drug, and a slip of the unit
_TOLD: Final[dict[Flag, ReasonCode]] = {
    Flag.NOT_ORDERED: ReasonCode.RESCUE_NOT_ORDERED,
    Flag.ABOVE_ORDER: ReasonCode.RESCUE_AT_ONCE_UG,
    Flag.ABOVE_ORDER_IN_VISIT: ReasonCode.RESCUE_IN_VISIT_UG,
    Flag.ABOVE_USUAL: ReasonCode.USUAL_AT_ONCE_UG,
    Flag.ABOVE_USUAL_IN_VISIT: ReasonCode.USUAL_IN_VISIT_UG,
    Flag.PRESSURE_FIRST: ReasonCode.PRESSURE_FIRST,
}


def note_side_effect(turn: Turn, request: SideEffectRequested) -> None:
    """It was seen, this was done, and by then somebody looks again."""
    note(turn, request, Action.SIDE_EFFECT, value=request.severity, text=request.effect.value)
    visit = turn.state.path.visit(request.visit)
    measure = SEVERITY.get(request.effect)
    readings = () if measure is None or request.severity is None else (Reading(item=measure, value=request.severity),)
    reasons = against_asking(request, visit)
    for each in flaws(readings):
        reasons.append(replace(hard(ReasonCode.OBSERVATION_IMPOSSIBLE, each.value, each.limit), about=each.item.value))
    if reasons or request.actor is None or visit is None:
        refuse(turn, request, Action.SIDE_EFFECT, reasons)
        return
    person = request.actor.person
    sees = request.effect is SideEffect.HALLUCINATION
    if readings or sees:
        others = tuple(each for each in visit.care.signs if each is not Sign.HALLUCINATION)
        turn.record(
            Observed(
                at_ns=turn.now_ns, visit=visit.visit, person=person, taken_at_ns=turn.now_ns, readings=readings,
                signs=(*others, Sign.HALLUCINATION) if sees else None,
            )
        )  # fmt: skip
    noted = Noted(
        effect=request.effect, severity=request.severity, remedies=request.remedies, remark=request.remark,
        noted_at_ns=turn.now_ns, person=person,
    )  # fmt: skip
    rechecks = _rechecks(turn, visit, request.effect)
    turn.record(SideEffectNoted(at_ns=turn.now_ns, visit=visit.visit, noted=noted, rechecks=rechecks))
    accept(turn, request)


def _rechecks(turn: Turn, visit: Visit, effect: SideEffect) -> tuple[Recheck, ...]:
    """After the order's time; the pressure behind a headache at once, and not at all if it was just taken."""
    later_ns = turn.now_ns + visit.holds.recheck_s * NS_PER_S
    found = []
    for measure in LOOK_AGAIN[effect]:
        first = effect is SideEffect.HEADACHE and measure in BLOOD_PRESSURE
        if not first:
            found.append(Recheck(measure=measure, due_at_ns=later_ns))
        elif not pressure_is_fresh(visit, turn.now_ns):
            found.append(Recheck(measure=measure, due_at_ns=turn.now_ns))
    return tuple(found)


def pressure_is_fresh(visit: Visit, now_ns: int) -> bool:
    """Was the blood pressure measured just now?"""
    measured = visit.care.measured(Measure.SYSTOLIC)
    return bool(measured) and now_ns - measured[-1].taken_at_ns <= FRESH_NS


def record_rescue(turn: Turn, request: RescueRequested) -> None:
    """A drug was given by hand. What speaks against it is read first, and then it is on record all the same."""
    note(turn, request, Action.RESCUE, value=request.dose_ug, text=request.drug)
    visit = turn.state.path.visit(request.visit)
    given_at_ns = turn.now_ns if request.given_at_ns is None else request.given_at_ns
    reasons = against_asking(request, visit)
    if visit is not None:
        reasons += against_time(turn, visit, given_at_ns)
    if not request.drug.strip() or not request.given_by.strip() or not 0 < request.dose_ug <= DOSE_MAX_UG:
        reasons.append(hard(ReasonCode.DOSE_UNCLEAR))
    flags = [] if visit is None else flags_of(visit, request.drug, request.dose_ug, request.against, turn.now_ns)
    if flags and not request.all_the_same:
        reasons += [told(each, request.drug) for each in flags]
    if reasons or request.actor is None or visit is None:
        refuse(turn, request, Action.RESCUE, reasons)
        return
    given = Given(
        at_ns=turn.now_ns, person=request.actor.person, given_by=request.given_by, given_at_ns=given_at_ns,
        drug=request.drug, dose_ug=request.dose_ug, route=request.route,
    )  # fmt: skip
    order = ordered(rescues_of(visit), request.drug)
    rescue = GivenRescue(
        given=given, against=request.against, flags=tuple(each.flag for each in flags),
        sedating=is_sedating(request.drug, order), reverses=does_reverse(request.drug, order),
    )  # fmt: skip
    turn.record(RescueNoted(at_ns=turn.now_ns, visit=visit.visit, rescue=rescue))
    accept(turn, request)


def rescues_of(visit: Visit) -> tuple[Rescue, ...]:
    """What the visit's own copy of the order lets give, and what a prescriber has ordered by word since."""
    return rescues_with(() if visit.signed is None else visit.signed.rescue, visit.care.verbal)


def flags_of(visit: Visit, drug: str, dose_ug: int, against: SideEffect | None, now_ns: int) -> list[Flagged]:
    """Everything that speaks against this dose now."""
    rescued = tuple(each.given for each in visit.care.rescues)
    found = flagged(
        drug, dose_ug, rescues=rescues_of(visit), given=(*visit.premedicated, *rescued), rescued=rescued,
        age_years=visit.order.age_years,
    )  # fmt: skip
    if against is SideEffect.HEADACHE and not pressure_is_fresh(visit, now_ns):
        found.append(Flagged(flag=Flag.PRESSURE_FIRST))
    return found


def told(flag: Flagged, drug: str) -> Reason:
    asked = None if flag.limit_ug is None else flag.dose_ug
    return replace(hard(_TOLD[flag.flag], asked, flag.limit_ug), about=drug)


def note_infiltration(turn: Turn, request: InfiltrationRequested) -> None:
    """What this pump gave did not all arrive: it is paused, and everything goes on counting."""
    note(turn, request, Action.INFILTRATED, text=request.remark)
    visit, pump = turn.state.path.visit(request.visit), turn.pump(request.slot)
    reasons = against_asking(request, visit)
    infusion = pump.infusion
    if visit is not None and (infusion is None or infusion.visit != visit.visit or pump.phase is Phase.IDLE):
        reasons.append(hard(ReasonCode.NOT_OF_THIS_VISIT))
    if reasons or request.actor is None or visit is None or infusion is None:
        refuse(turn, request, Action.INFILTRATED, reasons)
        return
    turn.record(
        Infiltrated(
            at_ns=turn.now_ns, visit=visit.visit, slot=request.slot, infusion_id=infusion.infusion_id,
            person=request.actor.person, delivered=turn.delivered(request.slot), remark=request.remark,
        )
    )  # fmt: skip
    if pump.phase in OURS:
        turn.record(PauseNoted(at_ns=turn.now_ns, slot=request.slot, reason=PauseReason.RESITING))
        stop_now(turn, request.slot, Why.PAUSED)
    accept(turn, request)
