"""What the facts of departure_facts.py make of the bed's state: applied, never judged, as in evolve.py.

A patient who leaves the bed takes what was primed for them along: no pump of this bed is armed any longer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core.departure import Closing, Leftover, Scored
from pumpd.core.departure_facts import (
    DepartureFact,
    PrescriberTold,
    RecoveryScored,
    VisitClosed,
    VisitMoved,
    Wasted,
    WasteWitnessed,
)
from pumpd.core.state import BedState, PumpState
from pumpd.core.visit import Place, Visit


def departed(state: BedState, fact: DepartureFact) -> BedState:
    visit = state.path.visit(fact.visit)
    assert visit is not None, fact
    after = _after(visit, fact)
    state = replace(state, path=state.path.with_visit(after))
    if isinstance(fact, Wasted):
        return replace(state, pumps=tuple(_balanced(pump, fact) for pump in state.pumps))
    if visit.place is not Place.AT_BED or after.place is Place.AT_BED:
        return state
    return replace(state, pumps=tuple(replace(pump, primed=None) for pump in state.pumps))


def _after(visit: Visit, fact: DepartureFact) -> Visit:
    at_ns, person = fact.at_ns, fact.person
    match fact:
        case VisitMoved():
            return replace(visit, place=Place.RECOVERING, left_bed_at_ns=at_ns)
        case RecoveryScored():
            scored = Scored(
                at_ns=at_ns, person=person, padss=fact.padss, sedation_at_baseline=fact.sedation_at_baseline
            )
            return replace(visit, score=scored)
        case VisitClosed():
            closing = Closing(
                at_ns=at_ns, person=person, exit=fact.exit, reason=fact.reason, prescriber=fact.prescriber,
                handed_over_to=fact.handed_over_to,
            )  # fmt: skip
            left_at_ns = at_ns if visit.left_bed_at_ns is None else visit.left_bed_at_ns
            return replace(visit, place=Place.CLOSED, left_bed_at_ns=left_at_ns, closing=closing)
        case PrescriberTold():
            assert visit.closing is not None, fact
            reason = visit.closing.reason or fact.reason
            return replace(visit, closing=replace(visit.closing, prescriber=fact.prescriber, reason=reason))
        case Wasted():
            leftover = Leftover(
                at_ns=at_ns, person=person, loaded_nl=fact.loaded_nl, wasted_nl=fact.wasted_nl,
                difference_nl=fact.difference_nl, remark=fact.remark, witness=fact.witness,
            )  # fmt: skip
            return _with_dose(visit, fact.infusion_id, leftover=leftover, balance_nl=fact.difference_nl)
        case WasteWitnessed():
            left = next(each.leftover for each in visit.doses if each.infusion_id == fact.infusion_id)
            assert left is not None, fact
            return _with_dose(visit, fact.infusion_id, leftover=replace(left, witness=person))
        case _:
            assert_never(fact)


def _with_dose(visit: Visit, infusion_id: int, **changed: object) -> Visit:
    doses = (replace(each, **changed) if each.infusion_id == infusion_id else each for each in visit.doses)  # type: ignore[arg-type]  # fields of a dose
    return replace(visit, doses=tuple(doses))


def _balanced(pump: PumpState, fact: Wasted) -> PumpState:
    """The pump that still has this infusion is armed no longer, as after any balance."""
    infusion = pump.infusion
    if infusion is None or infusion.infusion_id != fact.infusion_id:
        return pump
    return replace(pump, infusion=replace(infusion, balance=fact.difference_nl))
