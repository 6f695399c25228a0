"""What the facts of care_facts.py, and those of delivery, make of a visit: applied, never judged, as in evolve.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from pumpd.core.care import KEPT_OF_AN_ITEM, Care, HandOver
from pumpd.core.care_facts import (
    CareFact,
    EmergencyCalled,
    EmergencyMarked,
    EmergencyOver,
    HandedOver,
    Infiltrated,
    Observed,
    RescueNoted,
    SideEffectNoted,
    ValueAccepted,
    VerballyOrdered,
    VerballySettled,
)
from pumpd.core.codes import Phase
from pumpd.core.emergency import MARKS_MAX, Emergency, Mark
from pumpd.core.observing import Measure, Observation
from pumpd.core.side_effects import NOTES_MAX
from pumpd.core.state import BedState
from pumpd.core.units import NS_PER_S
from pumpd.core.verbal import VerbalOrder, with_order
from pumpd.core.visit import Path

RECHECKED_EARLY_NS: Final = 120 * NS_PER_S  # a look so soon before it is due stands for it
CORRECTED_WITHIN_NS: Final = 30 * NS_PER_S  # the same item taken twice within this is a typing mistake, corrected


def cared(path: Path, fact: CareFact) -> Path:
    visit = path.visit(fact.visit)
    assert visit is not None, fact.visit
    return path.with_visit(replace(visit, care=_cared(visit.care, fact)))


def _cared(care: Care, fact: CareFact) -> Care:
    match fact:
        case Observed():
            return _observed(care, fact)
        case ValueAccepted():
            others = tuple(each for each in care.accepted if each.item is not fact.accepted.item)
            return replace(care, accepted=(*others, fact.accepted))
        case SideEffectNoted():
            asked = {each.measure for each in fact.rechecks}
            rechecks = (*(each for each in care.rechecks if each.measure not in asked), *fact.rechecks)
            return replace(care, side_effects=(*care.side_effects, fact.noted)[-NOTES_MAX:], rechecks=rechecks)
        case RescueNoted():
            return replace(care, rescues=(*care.rescues, fact.rescue)[-NOTES_MAX:])
        case Infiltrated():
            return replace(care, infiltrated=(*care.infiltrated, fact.infusion_id)[-NOTES_MAX:])
        case EmergencyCalled():
            began = Emergency(called_at_ns=fact.at_ns, person=fact.person)
            return replace(care, emergencies=(*care.emergencies, began)[-NOTES_MAX:])
        case EmergencyMarked():
            mark = Mark(moment=fact.moment, marked_at_ns=fact.at_ns, person=fact.person)
            latest = care.emergencies[-1]
            return _with_latest(care, replace(latest, marks=(*latest.marks, mark)[-MARKS_MAX:]))
        case HandedOver():
            handed = HandOver(person=fact.person, said=fact.said, handed_at_ns=fact.at_ns)
            return replace(care, handed_over=handed)
        case EmergencyOver():
            return _with_latest(care, replace(care.emergencies[-1], over_at_ns=fact.at_ns))
        case VerballyOrdered():
            return replace(care, verbal=with_order(care.verbal, fact.order))
        case VerballySettled():
            return replace(care, verbal=tuple(_settled(each, fact) for each in care.verbal))
        case _:
            assert_never(fact)


def _settled(order: VerbalOrder, fact: VerballySettled) -> VerbalOrder:
    if order.order != fact.order:
        return order
    return replace(order, agreed=fact.agreed, signed_by=fact.person, signed_at_ns=fact.at_ns, remark=fact.remark)


def _with_latest(care: Care, emergency: Emergency) -> Care:
    return replace(care, emergencies=(*care.emergencies[:-1], emergency))


def delivery_went(state: BedState, slot: str, phase: Phase, at_ns: int) -> BedState:
    """The drug of a visit first ran, ran again, or is over on every pump that gave it."""
    infusion = state.on(slot).infusion
    visit = None if infusion is None or infusion.visit is None else state.path.visit(infusion.visit)
    if visit is None:
        return state
    if phase is Phase.INFUSING and visit.began_at_ns is None:
        care = replace(visit.care, baseline=_baseline(visit.care))
        visit = replace(visit, began_at_ns=at_ns, care=care)
    elif phase is Phase.INFUSING:
        visit = replace(visit, ended_at_ns=None)
    elif phase is Phase.ENDED and visit.began_at_ns is not None and not _runs_elsewhere(state, slot, visit.visit):
        visit = replace(visit, ended_at_ns=at_ns)
    return replace(state, path=state.path.with_visit(visit))


def _runs_elsewhere(state: BedState, slot: str, visit: str) -> bool:
    return any(
        pump.slot != slot
        and pump.infusion is not None
        and pump.infusion.visit == visit
        and pump.phase not in (Phase.IDLE, Phase.ENDED)
        for pump in state.pumps
    )


def _baseline(care: Care) -> tuple[Observation, ...]:
    return tuple(found[-1] for item in Measure if (found := care.measured(item)))


def _observed(care: Care, fact: Observed) -> Care:
    new = tuple(
        Observation(reading=each, taken_at_ns=fact.taken_at_ns, entered_at_ns=fact.at_ns, person=fact.person)
        for each in fact.readings
    )
    items = {each.item for each in new}
    stays = (
        each
        for each in care.observations
        if each.item not in items or abs(each.taken_at_ns - fact.taken_at_ns) >= CORRECTED_WITHIN_NS
    )
    still = tuple(
        each
        for each in care.rechecks
        if each.measure not in items or fact.taken_at_ns < each.due_at_ns - RECHECKED_EARLY_NS
    )
    care = replace(care, observations=_room((*stays, *new)), rechecks=still)
    if fact.signs is None or (care.signs_at_ns is not None and care.signs_at_ns > fact.taken_at_ns):
        return care
    return replace(care, signs=fact.signs, signs_at_ns=fact.taken_at_ns)


def _room(observations: tuple[Observation, ...]) -> tuple[Observation, ...]:
    """By the time they were taken, the newest of each item."""
    ordered = sorted(observations, key=lambda each: each.taken_at_ns)
    kept: list[Observation] = []
    for item in Measure:
        kept += [each for each in ordered if each.item is item][-KEPT_OF_AN_ITEM:]
    return tuple(sorted(kept, key=lambda each: each.taken_at_ns))
