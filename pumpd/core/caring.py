"""Decides the requests of care_requests.py: what a nurse observed, and what a prescriber lets stand.

An observation is taken in from whoever may care for patients, however long the request was on its way: it lowers
nothing and raises nothing by itself, and the truth is not refused for being late. What cannot be true is refused with
every flaw. Nothing here moves a pump.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from pumpd.core.asking import accept, note, refuse
from pumpd.core.attending import attend
from pumpd.core.care_facts import Observed, ValueAccepted
from pumpd.core.care_requests import AcceptRequested, CareRequest, ObserveRequested
from pumpd.core.codes import Action, Reason, ReasonCode
from pumpd.core.held import standing
from pumpd.core.holds import Accepted, Band
from pumpd.core.observing import flaws
from pumpd.core.people import Act, may
from pumpd.core.rise import hard
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S
from pumpd.core.visit import Place, Visit

TAKEN_AHEAD_NS: Final = 1 * NS_PER_S
TAKEN_AGO_S: Final = 12 * 3_600  # charted at the end of a shift
TAKEN_BEFORE_VISIT_NS: Final = 3_600 * NS_PER_S  # in the waiting room


def care(turn: Turn, request: CareRequest) -> None:
    match request:
        case ObserveRequested():
            observe(turn, request)
        case AcceptRequested():
            accept_value(turn, request)
        case _:
            assert_never(request)
    attend(turn)


def observe(turn: Turn, request: ObserveRequested) -> None:
    """A set is entered; what it means for the next rise follows from it."""
    note(turn, request, Action.OBSERVE, value=len(request.readings))
    visit = turn.state.path.visit(request.visit)
    taken_at_ns = turn.now_ns if request.taken_at_ns is None else request.taken_at_ns
    reasons = _who(request) + _which(visit)
    if not request.readings and request.signs is None:
        reasons.append(hard(ReasonCode.NOTHING_OBSERVED))
    for each in flaws(request.readings):
        flaw = hard(ReasonCode.OBSERVATION_IMPOSSIBLE, each.value, each.limit)
        reasons.append(replace(flaw, about=each.item.value))
    if visit is not None:
        reasons += _taken_when(turn, visit, taken_at_ns)
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
    reasons = _who(request) + _which(visit)
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


def _who(request: CareRequest) -> list[Reason]:
    """Whoever may care for patients; late is better than never."""
    if request.actor is None:
        return [hard(ReasonCode.NOT_SIGNED_IN)]
    return [] if may(request.actor.role, Act.OBSERVE) else [hard(ReasonCode.ROLE_MAY_NOT)]


def _which(visit: Visit | None) -> list[Reason]:
    if visit is None:
        return [hard(ReasonCode.NO_SUCH_VISIT)]
    return [hard(ReasonCode.VISIT_CLOSED)] if visit.place is Place.CLOSED else []


def _taken_when(turn: Turn, visit: Visit, taken_at_ns: int) -> list[Reason]:
    """In this visit or shortly before it, and not in the future."""
    ago_s = (turn.now_ns - taken_at_ns) // NS_PER_S
    if taken_at_ns - turn.now_ns > TAKEN_AHEAD_NS:
        return [hard(ReasonCode.TAKEN_AHEAD_S, -ago_s, 0)]
    if ago_s > TAKEN_AGO_S or taken_at_ns < visit.opened_at_ns - TAKEN_BEFORE_VISIT_NS:
        return [hard(ReasonCode.TAKEN_LONG_AGO_S, ago_s, TAKEN_AGO_S)]
    return []
