"""What an infusion gave, kept with the visit that it was for: applied with the facts that tell of it, never judged.

The pump forgets an infusion when the next one begins, and is free for the next patient as soon as this one has left.
What this patient had stays here.
"""

from __future__ import annotations

from dataclasses import replace

from pumpd.core.departure import Dose
from pumpd.core.state import BedState, Infusion
from pumpd.core.visit import Visit


def with_dose(state: BedState, slot: str, at_ns: int, *, since_ns: int) -> BedState:
    """The visit with what its infusion on this slot has given by now; `since_ns`: when the last such fact was."""
    infusion = state.on(slot).infusion
    visit = None if infusion is None or infusion.visit is None else state.path.visit(infusion.visit)
    if infusion is None or visit is None:
        return state
    before = next((each for each in visit.doses if each.infusion_id == infusion.infusion_id), None)
    if before is None:
        if infusion.delivered.high_nl == 0:
            return state
        before = _first(infusion, slot, since_ns)
    until_ns = at_ns if visit.left_bed_at_ns is None else min(at_ns, visit.left_bed_at_ns)  # then the line was off
    more = infusion.delivered.high_nl > before.delivered.high_nl or infusion.flushed_nl > before.flushed_nl
    dose = replace(
        before,
        delivered=infusion.delivered,
        flushed_nl=infusion.flushed_nl,
        balance_nl=infusion.balance,
        last_at_ns=max(until_ns, before.last_at_ns) if more else before.last_at_ns,
    )
    return replace(state, path=state.path.with_visit(_with(visit, dose)))


def _first(infusion: Infusion, slot: str, since_ns: int) -> Dose:
    entry, programme = infusion.entry, infusion.programme
    return Dose(
        infusion_id=infusion.infusion_id,
        slot=slot,
        drug=programme.drug,
        concentration_ug_per_ml=programme.concentration_ug_per_ml,
        is_sedating=entry is None or entry.high_alert,
        began_at_ns=since_ns,
        last_at_ns=since_ns,
    )


def _with(visit: Visit, dose: Dose) -> Visit:
    others = tuple(each for each in visit.doses if each.infusion_id != dose.infusion_id)
    return replace(visit, doses=(*others, dose))
