"""Decides the requests of departure_requests.py: a patient leaves the bed, recovers, and goes.

Each notes who asked, collects every reason against it, and only then acts, as in gates.py. Several visits may be
recovering; each names its own. A visit can be closed from wherever it stands: what closes a discharge never closes the
other exits, which need a reason and nothing else but a patient who is off the line.
"""

from __future__ import annotations

from typing import Final, assert_never

from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.codes import Action, ReasonCode
from pumpd.core.departure import Exit
from pumpd.core.departure_facts import (
    PrescriberTold,
    RecoveryScored,
    VisitClosed,
    VisitMoved,
)
from pumpd.core.departure_requests import (
    DepartureRequest,
    DischargeRequested,
    ExitRequested,
    MoveRequested,
    ScoreRequested,
    TellRequested,
    WasteRequested,
    WitnessRequested,
)
from pumpd.core.leaving import against_leaving, free_pumps
from pumpd.core.people import Act
from pumpd.core.recovery import against_discharge
from pumpd.core.rise import hard
from pumpd.core.series import Disposition
from pumpd.core.turn import Turn
from pumpd.core.visit import Place
from pumpd.core.visit_named import open_visit
from pumpd.core.wasting import waste, witness

ITEM_MAX: Final = 2  # of PADSS
_EXIT: Final = {Disposition.HOME: Exit.HOME, Disposition.WARD: Exit.WARD}


def depart(turn: Turn, request: DepartureRequest) -> None:
    match request:
        case MoveRequested():
            move(turn, request)
        case ScoreRequested():
            score(turn, request)
        case DischargeRequested():
            discharge(turn, request)
        case ExitRequested():
            leave(turn, request)
        case TellRequested():
            tell(turn, request)
        case WasteRequested():
            waste(turn, request)
        case WitnessRequested():
            witness(turn, request)
        case _:
            assert_never(request)


def move(turn: Turn, request: MoveRequested) -> None:
    """To recovery: the bed and its pumps are free."""
    note(turn, request, Action.MOVE_VISIT, text=request.visit)
    reasons = gate_of_person(request, Act.CARE)
    visit, closed = open_visit(turn, request.visit)
    reasons += closed
    if visit is not None and not closed:
        if visit.place is not Place.AT_BED:
            reasons.append(hard(ReasonCode.VISIT_NOT_AT_BED))
        reasons += against_leaving(turn, visit, line_off=request.line_off)
    if reasons or visit is None or request.actor is None:
        refuse(turn, request, Action.MOVE_VISIT, reasons)
        return
    person = request.actor.person
    turn.record(VisitMoved(at_ns=turn.now_ns, visit=visit.visit, person=person, line_off=request.line_off))
    free_pumps(turn, visit, request.actor.person)
    accept(turn, request)


def score(turn: Turn, request: ScoreRequested) -> None:
    note(turn, request, Action.SCORE, value=request.padss.total, text=request.visit)
    visit, closed = open_visit(turn, request.visit)
    reasons = gate_of_person(request, Act.CARE) + closed
    if not all(0 <= item <= ITEM_MAX for item in request.padss.items):
        reasons.append(hard(ReasonCode.PADSS_ITEM, limit=ITEM_MAX))
    if reasons or visit is None or request.actor is None:
        refuse(turn, request, Action.SCORE, reasons)
        return
    turn.record(
        RecoveryScored(
            at_ns=turn.now_ns, visit=visit.visit, person=request.actor.person, padss=request.padss,
            sedation_at_baseline=request.sedation_at_baseline,
        )
    )  # fmt: skip
    accept(turn, request)


def discharge(turn: Turn, request: DischargeRequested) -> None:
    """Home with an escort, or to the ward."""
    note(turn, request, Action.DISCHARGE, text=request.visit)
    visit, closed = open_visit(turn, request.visit)
    reasons = gate_of_person(request, Act.CARE) + closed
    if visit is not None and not closed:
        reasons += against_leaving(turn, visit, line_off=request.line_off)
        reasons += against_discharge(turn, visit, request)
    if reasons or visit is None or request.actor is None:
        refuse(turn, request, Action.DISCHARGE, reasons)
        return
    turn.record(
        VisitClosed(
            at_ns=turn.now_ns, visit=visit.visit, person=request.actor.person, exit=_EXIT[request.to],
            escort_present=request.escort_present, instructions_given=request.instructions_given,
            handed_over_to=request.handed_over_to.strip(), line_off=request.line_off,
        )
    )  # fmt: skip
    free_pumps(turn, visit, request.actor.person)
    accept(turn, request)


def leave(turn: Turn, request: ExitRequested) -> None:
    """Any other way: a reason, and a patient who is off the line. An emergency is written down later."""
    note(turn, request, Action.LEAVE, text=request.visit)
    visit, closed = open_visit(turn, request.visit)
    reasons = gate_of_person(request, Act.CARE) + closed
    if request.exit in _EXIT.values():
        reasons.append(hard(ReasonCode.DISCHARGE_INSTEAD))
    if request.exit is not Exit.EMERGENCY and not request.reason.strip():
        reasons.append(hard(ReasonCode.REASON_NEEDED))
    if visit is not None and not closed:
        reasons += against_leaving(turn, visit, line_off=request.line_off)
        if request.exit is Exit.NOT_TREATED and visit.doses:
            reasons.append(hard(ReasonCode.SOMETHING_WAS_GIVEN))
    if reasons or visit is None or request.actor is None:
        refuse(turn, request, Action.LEAVE, reasons)
        return
    turn.record(
        VisitClosed(
            at_ns=turn.now_ns, visit=visit.visit, person=request.actor.person, exit=request.exit,
            reason=request.reason.strip(), prescriber=request.prescriber.strip(), line_off=request.line_off,
        )
    )  # fmt: skip
    free_pumps(turn, visit, request.actor.person)
    accept(turn, request)


def tell(turn: Turn, request: TellRequested) -> None:
    """The prescriber, of an exit that nobody told them of."""
    note(turn, request, Action.TELL_PRESCRIBER, text=request.visit)
    visit = turn.state.path.visit(request.visit)
    reasons = gate_of_person(request, Act.CARE)
    if visit is None or visit.closing is None:
        reasons.append(hard(ReasonCode.NO_SUCH_VISIT))
    unsaid = visit is not None and visit.closing is not None and not (visit.closing.reason or request.reason.strip())
    if not request.prescriber.strip() or unsaid:
        reasons.append(hard(ReasonCode.REASON_NEEDED))
    if reasons or visit is None or request.actor is None:
        refuse(turn, request, Action.TELL_PRESCRIBER, reasons)
        return
    prescriber = request.prescriber.strip()
    turn.record(
        PrescriberTold(
            at_ns=turn.now_ns, visit=visit.visit, person=request.actor.person, prescriber=prescriber,
            reason=request.reason.strip(),
        )
    )  # fmt: skip
    accept(turn, request)
