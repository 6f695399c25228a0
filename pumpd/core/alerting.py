"""Decides about an emergency: called, marked, over.

Calling one stops every pump that gives to this patient, in the same breath and before anything else: who calls for
help at a bed where ketamine runs wants it off. It needs nobody's PIN. Then the bed is quiet: nothing is due, and
nothing goes up until somebody says that it is over.
"""

from __future__ import annotations

from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.care_facts import EmergencyCalled, EmergencyMarked, EmergencyOver
from pumpd.core.care_requests import EmergencyOverRequested, EmergencyRequested, MarkRequested
from pumpd.core.codes import Action, Phase, Reason, ReasonCode, Why
from pumpd.core.phases import stop_now
from pumpd.core.rise import hard
from pumpd.core.turn import Turn
from pumpd.core.visit import Place, Visit
from pumpd.core.visit_named import against_visit_named


def call(turn: Turn, request: EmergencyRequested) -> None:
    """Everything of this visit stops, and the bed asks for nothing."""
    note(turn, request, Action.EMERGENCY)
    visit = turn.state.path.visit(request.visit)
    reasons = gate_of_person(request, None) + against_visit_named(visit)
    if visit is not None and visit.care.emergency is not None:
        reasons.append(hard(ReasonCode.EMERGENCY_LASTS))
    if (
        visit is not None and visit.place is Place.AT_BED
    ):  # also where the rest is refused: a second call stops once more
        for pump in turn.state.pumps:
            if pump.infusion is not None and pump.infusion.visit == visit.visit and pump.phase is not Phase.STOPPED:
                stop_now(turn, pump.slot, Why.STOP_PRESSED)
    if reasons or request.actor is None or visit is None:
        refuse(turn, request, Action.EMERGENCY, reasons)
        return
    turn.record(EmergencyCalled(at_ns=turn.now_ns, visit=visit.visit, person=request.actor.person))
    accept(turn, request)


def mark(turn: Turn, request: MarkRequested) -> None:
    """One tap."""
    note(turn, request, Action.MARK, text=request.moment.value)
    visit = turn.state.path.visit(request.visit)
    reasons = gate_of_person(request, None) + against_visit_named(visit) + _without_emergency(visit)
    if reasons or request.actor is None or visit is None:
        refuse(turn, request, Action.MARK, reasons)
        return
    turn.record(
        EmergencyMarked(at_ns=turn.now_ns, visit=visit.visit, person=request.actor.person, moment=request.moment)
    )
    accept(turn, request)


def over(turn: Turn, request: EmergencyOverRequested) -> None:
    """It is over: what is due is due now."""
    note(turn, request, Action.EMERGENCY_OVER)
    visit = turn.state.path.visit(request.visit)
    reasons = gate_of_person(request, None) + against_visit_named(visit) + _without_emergency(visit)
    if reasons or request.actor is None or visit is None:
        refuse(turn, request, Action.EMERGENCY_OVER, reasons)
        return
    turn.record(EmergencyOver(at_ns=turn.now_ns, visit=visit.visit, person=request.actor.person))
    accept(turn, request)


def _without_emergency(visit: Visit | None) -> list[Reason]:
    return [] if visit is None or visit.care.emergency is not None else [hard(ReasonCode.NO_EMERGENCY)]
