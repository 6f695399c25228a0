"""Decides about orders by word: what may be said at all, that it was read back, and that the prescriber signs it.

By word goes only what is less, or helps: a lower rate, a rescue drug, a hold parameter. More drug, a start, another
regimen or weight is an order that somebody reads before it is signed; by word a 15 is a 50, and nobody can look it up
afterwards. What asks for a stop is not moved by word either.

The nurse who writes it down reads it back, with the numbers, and what was read back stands in the record beside who
said it. It counts at once, and stands on the list of what is still to be done until the prescriber signs, or says that
it was not so: then it counts no longer. Another prescriber may look in their place, with a remark. A lower rate that
was ordered is set like every lower rate, before, after or without all this. What is refused anyway is written down
once, and on record as read aloud and confirmed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.care_facts import VerballyOrdered, VerballySettled
from pumpd.core.care_requests import VerbalOrderRequested, VerbalSignRequested
from pumpd.core.codes import Action, Phase, Reason, ReasonCode, Severity
from pumpd.core.holds import Band
from pumpd.core.observing import Measure, possible
from pumpd.core.people import Act, may
from pumpd.core.prescribed import Rescue
from pumpd.core.rise import hard
from pumpd.core.turn import Turn
from pumpd.core.verbal import UNSIGNED_MAX, HoldBound, LowerRate, VerbalOrder
from pumpd.core.visit import Visit
from pumpd.core.visit_named import open_visit

DOSE_MAX_UG: Final = 10_000_000  # 10 g: beyond every dose of every drug, and a slip of the unit


def order_by_word(turn: Turn, request: VerbalOrderRequested) -> None:
    """Written down by whoever heard it and read it back."""
    note(turn, request, Action.ORDER_BY_WORD, text=request.other or request.visit)
    visit, reasons = open_visit(turn, request.visit)
    reasons += gate_of_person(request, Act.CARE)
    said_by = request.prescriber
    if said_by is None or not may(said_by.role, Act.ORDER):
        reasons.append(hard(ReasonCode.VERBAL_NO_PRESCRIBER))
    elif request.actor is not None and request.actor.person == said_by.person:
        reasons.append(hard(ReasonCode.VERBAL_BY_ONESELF))
    if not (request.confirmed if request.other else request.read_back.strip()):
        reasons.append(hard(ReasonCode.READ_BACK_NEEDED))
    if visit is not None:
        reasons += _against_what(turn, visit, request)
        if sum(each.agreed is None for each in visit.care.verbal) >= UNSIGNED_MAX:
            reasons.append(hard(ReasonCode.VERBAL_TOO_MANY, UNSIGNED_MAX + 1, UNSIGNED_MAX))
    if request.other and request.confirmed and said_by is not None:
        heard = Reason(code=ReasonCode.VERBAL_WAS_READ_BACK, severity=Severity.NOTE)
        reasons.append(replace(heard, about=f"{said_by.person}: {request.other.strip()}"))
    if reasons or visit is None or request.actor is None or said_by is None:
        refuse(turn, request, Action.ORDER_BY_WORD, reasons)
        return
    order = VerbalOrder(
        order=request.request_id, given_at_ns=turn.now_ns, prescriber=said_by.person, person=request.actor.person,
        read_back=request.read_back.strip(), lower=request.lower, rescue=request.rescue, bound=request.bound,
    )  # fmt: skip
    turn.record(VerballyOrdered(at_ns=turn.now_ns, visit=visit.visit, order=order))
    accept(turn, request)


def _against_what(turn: Turn, visit: Visit, request: VerbalOrderRequested) -> list[Reason]:
    said = [each for each in (request.lower, request.rescue, request.bound) if each is not None]
    if len(said) != 1 or request.other:
        return [hard(ReasonCode.VERBAL_ONLY_LESS)]
    found = [] if request.lower is None else _against_rate(turn, visit, request.lower)
    found += [] if request.rescue is None else _against_rescue(request.rescue)
    return found + ([] if request.bound is None else against_bound(request.bound))


def _against_rate(turn: Turn, visit: Visit, lower: LowerRate) -> list[Reason]:
    """Not above what runs, or what was last set where it has been lowered already."""
    pump = turn.state.pump(lower.slot)
    infusion = None if pump is None or pump.phase in (Phase.IDLE, Phase.ENDED) else pump.infusion
    if infusion is None or infusion.visit != visit.visit:
        return [hard(ReasonCode.NOT_OF_THIS_VISIT)]
    if lower.rate_ul_per_h > infusion.rate_ul_per_h:
        return [hard(ReasonCode.VERBAL_RISE_UL_PER_H, lower.rate_ul_per_h, infusion.rate_ul_per_h)]
    return []


def _against_rescue(rescue: Rescue) -> list[Reason]:
    clear = rescue.drug.strip() and 0 < rescue.dose_ug <= rescue.most_ug <= DOSE_MAX_UG
    return [] if clear else [hard(ReasonCode.DOSE_UNCLEAR)]


def against_bound(bound: HoldBound) -> list[Reason]:
    """Of a word and of a signed order alike: what asks for a stop is moved by neither."""
    if bound.band is Band.STOP:
        return [hard(ReasonCode.VERBAL_STOP_BOUND)]
    bounds = [each for each in (bound.above, bound.below) if each is not None]
    between = possible(bound.item, bound.scale)
    with_scale = (bound.scale is not None) == (bound.item is Measure.SEDATION)
    upside_down = bound.above is not None and bound.below is not None and bound.above <= bound.below
    if not bounds or between is None or not with_scale or upside_down:
        return [hard(ReasonCode.VERBAL_HOLD_UNCLEAR)]
    can_be = all(between[0] <= each <= between[1] for each in bounds)
    return [] if can_be else [hard(ReasonCode.VERBAL_HOLD_UNCLEAR)]


def sign(turn: Turn, request: VerbalSignRequested) -> None:
    """The prescriber has looked at it: it was so, or it was not. Also after the visit is closed."""
    note(turn, request, Action.SIGN_BY_WORD, text=request.order)
    visit = turn.state.path.visit(request.visit)
    reasons = gate_of_person(request, Act.ORDER)
    order = None if visit is None else next((e for e in visit.care.verbal if e.order == request.order), None)
    if visit is None:
        reasons.append(hard(ReasonCode.NO_SUCH_VISIT))
    elif order is None:
        reasons.append(hard(ReasonCode.NO_SUCH_VERBAL_ORDER))
    elif order.agreed is not None:
        reasons.append(hard(ReasonCode.VERBAL_SIGNED_BEFORE))
    elif not request.remark.strip() and not _signs_their_own(request, order):
        reasons.append(hard(ReasonCode.REASON_NEEDED))
    if reasons or visit is None or request.actor is None:
        refuse(turn, request, Action.SIGN_BY_WORD, reasons)
        return
    turn.record(
        VerballySettled(
            at_ns=turn.now_ns, visit=visit.visit, order=request.order, person=request.actor.person,
            agreed=request.agrees, remark=request.remark.strip(),
        )
    )  # fmt: skip
    accept(turn, request)


def _signs_their_own(request: VerbalSignRequested, order: VerbalOrder) -> bool:
    return request.agrees and (request.actor is None or request.actor.person == order.prescriber)
