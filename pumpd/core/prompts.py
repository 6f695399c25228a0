"""What of a visit is due to be observed, item by item, at this moment.

Vital signs follow the visit's schedule; the capnograph's value is among them once the baseline has one. A value that
stands in the way of a rise is due again after the order's time for a re-check. Pain and dissociation are due with the
end. Everything else is observed when it is asked for or seen, and never due by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pumpd.core.care import Care
from pumpd.core.codes import Phase
from pumpd.core.held import standing
from pumpd.core.observing import SCORES, VITAL_SIGNS, Measure
from pumpd.core.schedules import GRACE_S, Delivered, Due, due_again, due_at_end
from pumpd.core.state import BedState
from pumpd.core.units import NS_PER_S
from pumpd.core.visit import Place, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDue:
    """When this item has to be taken."""

    item: Measure
    due: Due

    def is_due(self, now_ns: int) -> bool:
        return now_ns >= self.due.at_ns

    def is_overdue(self, now_ns: int) -> bool:
        return self.due.misses(now_ns) > 0


def drug_of(state: BedState, visit: Visit) -> Delivered | None:
    """When this visit's drug ran; None before it first did."""
    if visit.began_at_ns is None:
        return None
    rises = [
        pump.infusion.raised_at_ns
        for pump in state.pumps
        if pump.infusion is not None and pump.infusion.visit == visit.visit and pump.phase is not Phase.IDLE
    ]
    return Delivered(
        began_at_ns=visit.began_at_ns, raised_at_ns=max(rises, default=visit.began_at_ns), ended_at_ns=visit.ended_at_ns
    )


def scheduled(care: Care) -> tuple[Measure, ...]:
    """The vital signs of this patient."""
    return VITAL_SIGNS if care.at_start(Measure.ETCO2) is None else (*VITAL_SIGNS, Measure.ETCO2)


def dues(state: BedState, visit: Visit) -> tuple[ItemDue, ...]:
    """Every item that has a time, the most urgent first; nothing while an emergency lasts, and not before its end."""
    emergencies = visit.care.emergencies
    if visit.place is Place.CLOSED or visit.care.emergency is not None:
        return ()
    since_ns = emergencies[-1].over_at_ns if emergencies else None
    taken = {item: readings[-1].taken_at_ns for item, readings in visit.care.by_item().items()}
    asked = (*_by_schedule(state, visit, taken), *_by_hold(visit, taken), *_by_side_effect(visit))
    first: dict[Measure, ItemDue] = {}
    for each in asked:
        known = first.get(each.item)
        if known is None or each.due.at_ns < known.due.at_ns:
            first[each.item] = each
    found = [first[item] for item in Measure if item in first]
    if since_ns is not None:
        found = [replace(each, due=replace(each.due, at_ns=max(each.due.at_ns, since_ns))) for each in found]
    return tuple(sorted(found, key=lambda each: each.due.at_ns))


def overdue(state: BedState, visit: Visit, now_ns: int) -> tuple[ItemDue, ...]:
    return tuple(each for each in dues(state, visit) if each.is_overdue(now_ns))


def _by_schedule(state: BedState, visit: Visit, taken: dict[Measure, int]) -> list[ItemDue]:
    drug = drug_of(state, visit)
    if drug is None:
        return []
    found = []
    for item in (*scheduled(visit.care), *SCORES):
        due = (due_at_end if item in SCORES else due_again)(visit.profile, drug, taken.get(item))
        if due is not None:
            found.append(ItemDue(item=item, due=due))
    return found


def _by_hold(visit: Visit, taken: dict[Measure, int]) -> list[ItemDue]:
    """What is held is looked at again, after the end too, until it is within bounds."""
    again_s = visit.holds.recheck_s
    held = {each.about for each in standing(visit)}
    return [
        ItemDue(item=item, due=Due(at_ns=at_ns + again_s * NS_PER_S, every_s=max(again_s, GRACE_S)))
        for item, at_ns in taken.items()
        if item.value in held
    ]


def _by_side_effect(visit: Visit) -> list[ItemDue]:
    """Whether what was done has helped."""
    every_s = max(visit.holds.recheck_s, GRACE_S)
    return [ItemDue(item=each.measure, due=Due(at_ns=each.due_at_ns, every_s=every_s)) for each in visit.care.rechecks]
