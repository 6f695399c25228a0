"""Decides the requests of care_requests.py: what a nurse observed, and what a prescriber lets stand.

An observation lowers nothing and raises nothing by itself. What cannot be true is refused with every flaw. After each
request the prompts and alarms of care are set anew, so that what was entered is seen in the same breath. Orders by word
are decided in reading_back.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core import alerting, reading_back
from pumpd.core.asking import accept, note, refuse
from pumpd.core.attending import attend
from pumpd.core.care_asking import against_asking, against_time
from pumpd.core.care_facts import HandedOver, Observed, ValueAccepted
from pumpd.core.care_requests import (
    AcceptRequested,
    CareRequest,
    EmergencyOverRequested,
    EmergencyRequested,
    HandOverRequested,
    InfiltrationRequested,
    MarkRequested,
    ObserveRequested,
    RescueRequested,
    SideEffectRequested,
    VerbalOrderRequested,
    VerbalSignRequested,
)
from pumpd.core.codes import Action, ReasonCode
from pumpd.core.held import standing
from pumpd.core.holds import Accepted, Band
from pumpd.core.observing import flaws
from pumpd.core.people import Act, may
from pumpd.core.relieving import note_infiltration, note_side_effect, record_rescue
from pumpd.core.rise import hard
from pumpd.core.turn import Turn


def care(turn: Turn, request: CareRequest) -> None:
    match request:
        case ObserveRequested():
            observe(turn, request)
        case AcceptRequested():
            accept_value(turn, request)
        case SideEffectRequested():
            note_side_effect(turn, request)
        case RescueRequested():
            record_rescue(turn, request)
        case InfiltrationRequested():
            note_infiltration(turn, request)
        case EmergencyRequested():
            alerting.call(turn, request)
        case MarkRequested():
            alerting.mark(turn, request)
        case EmergencyOverRequested():
            alerting.over(turn, request)
        case HandOverRequested():
            hand_over(turn, request)
        case VerbalOrderRequested():
            reading_back.order_by_word(turn, request)
        case VerbalSignRequested():
            reading_back.sign(turn, request)
        case _:
            assert_never(request)
    attend(turn)


def observe(turn: Turn, request: ObserveRequested) -> None:
    """A set is entered; what it means for the next rise follows from it."""
    note(turn, request, Action.OBSERVE, value=len(request.readings))
    visit = turn.state.path.visit(request.visit)
    taken_at_ns = turn.now_ns if request.taken_at_ns is None else request.taken_at_ns
    reasons = against_asking(request, visit)
    if not request.readings and request.signs is None:
        reasons.append(hard(ReasonCode.NOTHING_OBSERVED))
    for each in flaws(request.readings):
        flaw = hard(ReasonCode.OBSERVATION_IMPOSSIBLE, each.value, each.limit)
        reasons.append(replace(flaw, about=each.item.value))
    if visit is not None:
        reasons += against_time(turn, visit, taken_at_ns)
    if reasons or request.actor is None:
        refuse(turn, request, Action.OBSERVE, reasons)
        return
    turn.record(
        Observed(
            at_ns=turn.now_ns, visit=request.visit, person=request.actor.person, taken_at_ns=taken_at_ns,
            readings=request.readings, signs=request.signs,
        )
    )  # fmt: skip
    accept(turn, request)


def accept_value(turn: Turn, request: AcceptRequested) -> None:
    """A prescriber lets a value stand: what is usual for this patient. What asks for a stop is never let stand."""
    note(turn, request, Action.ACCEPT_VALUE, value=request.value, text=request.item.value)
    visit = turn.state.path.visit(request.visit)
    people = [each for each in (request.actor, request.second) if each is not None and each.confirmed]
    prescriber = next((each for each in people if may(each.role, Act.ORDER)), None)
    reasons = against_asking(request, visit)
    if prescriber is None:
        locked = request.actor is not None and not request.actor.confirmed
        reasons.append(hard(ReasonCode.PIN_NEEDED if locked else ReasonCode.PRESCRIBER_NEEDED))
    if not request.remark.strip():
        reasons.append(hard(ReasonCode.REASON_NEEDED))
    measured = () if visit is None else visit.care.measured(request.item)
    holds = () if visit is None else standing(visit)
    held = next((each for each in holds if each.about == request.item.value), None)
    if held is None:
        reasons.append(hard(ReasonCode.NOTHING_HOLDS))
    elif held.band is Band.STOP:
        reasons.append(replace(hard(ReasonCode.STOP_VALUE, held.value, held.limit), about=held.about))
    elif held.value != request.value:
        reasons.append(hard(ReasonCode.REVIEW_CHANGED, request.value, held.value))
    if reasons or prescriber is None or visit is None:
        refuse(turn, request, Action.ACCEPT_VALUE, reasons)
        return
    accepted = Accepted(
        item=request.item, value=request.value, scale=measured[-1].reading.scale, person=prescriber.person,
        accepted_at_ns=turn.now_ns, remark=request.remark,
    )  # fmt: skip
    turn.record(ValueAccepted(at_ns=turn.now_ns, visit=visit.visit, accepted=accepted))
    accept(turn, request)


def hand_over(turn: Turn, request: HandOverRequested) -> None:
    """Said to whoever cares next, in words: what the record tells by itself stands beside it on their page."""
    note(turn, request, Action.HAND_OVER)
    reasons = against_asking(request, turn.state.path.visit(request.visit))
    if not request.said.strip():
        reasons.append(hard(ReasonCode.NOTHING_SAID))
    if reasons or request.actor is None:
        refuse(turn, request, Action.HAND_OVER, reasons)
        return
    turn.record(HandedOver(at_ns=turn.now_ns, visit=request.visit, person=request.actor.person, said=request.said))
    accept(turn, request)
