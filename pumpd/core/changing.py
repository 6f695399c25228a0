"""The change of a container: a normal event of a long infusion, and the moment at which the wrong drug can be hung.

A change is possible from Stopped at any time: because the pump has used the container up, or earlier because a syringe
failed. Whoever changes it reads the new label. Its container and its concentration must be the programme's exactly;
nothing is converted. A high-alert drug in a container that nobody has checked in needs a second person who checks
it independently. The person says thereby that the line was off the patient while the new container was put on:
what its plunger needs to sit tight must not go into the patient.

Then the infusion goes on as it does after a resume: same step, same rate, totals carried on, through the one gate. The
volume is kept by default, because a change was foreseen in the plan and is no reason to give less.
"""

from __future__ import annotations

from pumpd.core.asking import accept, note, refuse
from pumpd.core.codes import Action, Phase, Reason, ReasonCode, Why
from pumpd.core.container_facts import ContainerChanged
from pumpd.core.people import may_be_second
from pumpd.core.phases import to
from pumpd.core.preparation_gates import check_stands, label_stands
from pumpd.core.programming import prepare
from pumpd.core.requests import ContainerChangeRequested
from pumpd.core.resuming import Onward, against_going_on, onward_from, set_plan
from pumpd.core.rise import hard
from pumpd.core.state import Infusion
from pumpd.core.turn import Turn
from pumpd.core.visit import Visit


def change(turn: Turn, request: ContainerChangeRequested) -> None:
    """Another container hangs: check its label, program the rest out of it, and go on."""
    slot, infusion = request.slot, turn.pump(request.slot).infusion
    note(turn, request, Action.CHANGE_CONTAINER, text=request.lot)
    reasons = against_going_on(turn, slot, request)
    if infusion is not None:
        reasons += _against_label(turn, infusion, request)
    onward, found = onward_from(turn, slot, request.keep) if not reasons else (Onward(), [])
    reasons += found
    if reasons or request.actor is None or infusion is None:
        refuse(turn, request, Action.CHANGE_CONTAINER, reasons)
        return
    set_plan(turn, slot, onward)
    to(turn, slot, Phase.CHECKING, Why.CONTAINER_CHANGED)  # first: what was in then is what was in before this one
    turn.record(
        ContainerChanged(
            at_ns=turn.now_ns,
            slot=slot,
            number=infusion.container + 1,
            person=request.actor.person,
            second_person=None if request.second is None else request.second.person,
            checked_in=request.checked_in,
            concentration_ug_per_ml=request.concentration_ug_per_ml,
            lot=request.lot,
        )
    )
    prepare(turn, slot)
    accept(turn, request)


def _against_label(turn: Turn, infusion: Infusion, request: ContainerChangeRequested) -> list[Reason]:
    """What stands on the label is what was ordered, and was checked by two people or before it came here."""
    found = []
    programme = infusion.programme
    if request.container != infusion.order.container:
        found.append(hard(ReasonCode.CONTAINER_NOT_AS_ORDERED))
    if request.concentration_ug_per_ml != programme.concentration_ug_per_ml:
        read, right = request.concentration_ug_per_ml, programme.concentration_ug_per_ml
        found.append(hard(ReasonCode.LABEL_UG_PER_ML, read, right))
    if programme.high_alert:
        visit = None if infusion.visit is None else turn.state.path.visit(infusion.visit)
        found += _against_unchecked(request) if visit is None else _against_unprepared(visit, request)
    return found


def _against_unprepared(visit: Visit, request: ContainerChangeRequested) -> list[Reason]:
    """In a visit the next container is prepared as the first one was: its label read, and checked independently."""
    label = visit.label
    if label is None or not label_stands(visit) or label.reading.lot != (request.lot or "").strip():
        return [hard(ReasonCode.LABEL_NOT_READ)]
    return [] if check_stands(visit) else [hard(ReasonCode.CHECK_NEEDED)]


def _against_unchecked(request: ContainerChangeRequested) -> list[Reason]:
    return [] if request.checked_in or _is_checked(request) else [hard(ReasonCode.SECOND_CHECK_NEEDED)]


def _is_checked(request: ContainerChangeRequested) -> bool:
    second, actor = request.second, request.actor
    return second is not None and actor is not None and may_be_second(actor.person, second.person, second.role)
