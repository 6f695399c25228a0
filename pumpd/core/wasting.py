"""What is left over of a drug is thrown away, added up, and seen by a second person, at the bed or later.

Ketamine is a controlled substance: drawn up, given and thrown away have to add up, and somebody else has to have seen
it go. That somebody is not always free when the patient leaves. So the pump and the bed are not held for it: it is done
for the *visit's* infusion from any console, after the next patient has come if need be, and what is missing stands in a
list (todo.py) until it is done.

The sum is the one of balance.py, with the same tolerance. A figure may be corrected until a witness has confirmed it.
"""

from __future__ import annotations

from typing import Final

from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.balance import difference
from pumpd.core.codes import Action, Phase, Reason, ReasonCode, Severity
from pumpd.core.departure import Dose
from pumpd.core.departure_facts import Wasted, WasteWitnessed
from pumpd.core.departure_requests import WasteRequested, WitnessRequested
from pumpd.core.people import Act, may
from pumpd.core.rise import hard
from pumpd.core.state import BedState
from pumpd.core.todo import Open, open_of
from pumpd.core.turn import Turn
from pumpd.core.visit import Visit

_OVER: Final = (Phase.IDLE, Phase.ENDED)


def waste(turn: Turn, request: WasteRequested) -> None:
    """Both figures, and perhaps the witness with their own PIN; beyond the tolerance only with a remark."""
    remark, seen_by = request.remark.strip(), request.witness
    note(turn, request, Action.WASTE, value=request.wasted_nl, text=request.visit)
    reasons = gate_of_person(request, Act.WASTE)
    dose, missing = _dose(turn, request.visit, request.infusion_id)
    reasons += missing
    if dose is not None and not is_over(turn.state, request.visit, dose):
        reasons.append(hard(ReasonCode.INFUSION_NOT_ENDED))
    if dose is not None and dose.leftover is not None and dose.leftover.witness:
        reasons.append(hard(ReasonCode.WASTED_ALREADY))
    itself = request.actor is not None and seen_by is not None and seen_by.person == request.actor.person
    if seen_by is not None and (itself or not may(seen_by.role, Act.WITNESS)):
        reasons.append(hard(ReasonCode.WITNESS_MAY_NOT))
    if reasons or dose is None or request.actor is None:
        refuse(turn, request, Action.WASTE, reasons)
        return
    found = difference(loaded_nl=request.loaded_nl, given=dose.given, residual_nl=request.wasted_nl)
    if not found.is_within and not remark:
        off = Reason(
            code=ReasonCode.BALANCE_DIFFERENCE_NL, severity=Severity.SOFT, asked=found.nl, limit=found.tolerance_nl
        )
        refuse(turn, request, Action.WASTE, [off])
        return
    turn.record(
        Wasted(
            at_ns=turn.now_ns, visit=request.visit, infusion_id=dose.infusion_id, person=request.actor.person,
            loaded_nl=request.loaded_nl, given=dose.given, wasted_nl=request.wasted_nl, difference_nl=found.nl,
            tolerance_nl=found.tolerance_nl, remark=remark, witness="" if seen_by is None else seen_by.person,
        )
    )  # fmt: skip
    accept(turn, request)


def witness(turn: Turn, request: WitnessRequested) -> None:
    """Later, and by somebody else."""
    note(turn, request, Action.WITNESS, text=request.visit)
    reasons = gate_of_person(request, Act.WITNESS)
    dose, missing = _dose(turn, request.visit, request.infusion_id)
    reasons += missing
    left = None if dose is None else dose.leftover
    if dose is not None and left is None:
        reasons.append(hard(ReasonCode.NOT_WASTED_YET))
    if left is not None and left.witness:
        reasons.append(hard(ReasonCode.WASTED_ALREADY))
    if left is not None and request.actor is not None and left.person == request.actor.person:
        reasons.append(hard(ReasonCode.WITNESS_MAY_NOT))
    if reasons or dose is None or request.actor is None:
        refuse(turn, request, Action.WITNESS, reasons)
        return
    person = request.actor.person
    turn.record(WasteWitnessed(at_ns=turn.now_ns, visit=request.visit, infusion_id=dose.infusion_id, person=person))
    accept(turn, request)


def to_do(state: BedState) -> tuple[Open, ...]:
    """Everything for this bed's patients, the oldest first. Of a drug that still runs nobody knows what is left."""
    found = [each for visit in state.path.visits for each in open_of(visit) if _can_be_done(state, visit, each)]
    return tuple(sorted(found, key=lambda each: each.since_at_ns))


def _can_be_done(state: BedState, visit: Visit, open_: Open) -> bool:
    dose = next((each for each in visit.doses if each.infusion_id == open_.infusion_id), None)
    return dose is None or is_over(state, visit.visit, dose)


def is_over(state: BedState, visit: str, dose: Dose) -> bool:
    """No pump gives this patient more of it: it has ended, or they have left and the line is off them."""
    found = state.path.visit(visit)
    if found is not None and found.left_bed_at_ns is not None:
        return True
    pumps = (pump for pump in state.pumps if pump.infusion is not None)
    return all(pump.due().infusion_id != dose.infusion_id or pump.phase in _OVER for pump in pumps)


def _dose(turn: Turn, visit: str, infusion_id: int) -> tuple[Dose | None, list[Reason]]:
    """Of a visit that is open or closed."""
    found = turn.state.path.visit(visit)
    if found is None:
        return None, [hard(ReasonCode.NO_SUCH_VISIT)]
    dose = next((each for each in found.doses if each.infusion_id == infusion_id), None)
    return dose, [] if dose is not None else [hard(ReasonCode.NO_SUCH_DOSE)]
