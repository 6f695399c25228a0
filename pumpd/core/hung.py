"""What the facts of container_facts.py make of the bed's state: applied, never judged, as in evolve.py.

What a purge or a flush carried into the patient also goes into the history that the rolling windows count.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core import container_facts as c
from pumpd.core.codes import Given
from pumpd.core.given import with_given
from pumpd.core.state import BedState, Primed
from pumpd.core.units import Towards, mass_ng
from pumpd.core.visit_doses import with_dose

HungFact = c.ContainerChanged | c.LinePrimed | c.LinePurged | c.LineFlushed | c.Balanced


def hung(state: BedState, fact: HungFact) -> BedState:
    pump = state.on(fact.slot)
    match fact:
        case c.ContainerChanged():
            infusion = pump.due()
            changed = replace(infusion, container=fact.number, container_from=infusion.delivered)
            return state.with_pump(replace(pump, infusion=changed))
        case c.LinePrimed():
            primed = Primed(
                at_ns=fact.at_ns, drug=fact.drug, concentration_ug_per_ml=fact.concentration_ug_per_ml,
                counter_nl=fact.counter_nl,
            )  # fmt: skip
            return state.with_pump(replace(pump, primed=primed))
        case c.LinePurged():
            assert pump.primed is not None, pump
            primed = replace(pump.primed, at_ns=fact.at_ns, counter_nl=fact.counter_nl)
            state = state.with_pump(replace(pump, primed=primed))
            concentration, from_ns = primed.concentration_ug_per_ml, min(pump.primed.at_ns, fact.at_ns)
            whoever = state.path.at_bed
            return _given(
                state, primed.drug, concentration, fact.volume_nl, from_ns=from_ns, to_ns=fact.at_ns,
                patient=None if whoever is None else whoever.patient,
            )  # fmt: skip
        case c.LineFlushed():
            infusion = pump.due()
            state = state.with_pump(replace(pump, infusion=replace(infusion, flushed_nl=fact.given_nl)))
            programme, from_ns = infusion.programme, min(pump.phase_since_ns, fact.at_ns)
            state = with_dose(state, fact.slot, fact.at_ns, since_ns=from_ns)
            return _given(
                state, programme.drug, programme.concentration_ug_per_ml, fact.given_nl, from_ns=from_ns,
                to_ns=fact.at_ns, patient=infusion.patient,
            )  # fmt: skip
        case c.Balanced():
            state = state.with_pump(replace(pump, infusion=replace(pump.due(), balance=fact.difference_nl)))
            return with_dose(state, fact.slot, fact.at_ns, since_ns=fact.at_ns)
        case _:
            assert_never(fact)


def _given(
    state: BedState,
    drug: str,
    concentration_ug_per_ml: int,
    volume_nl: int,
    *,
    from_ns: int,
    to_ns: int,
    patient: str | None,
) -> BedState:
    """With this stretch in the history; it belongs to no infusion's counter, so no later report takes it back."""
    ng = mass_ng(volume_nl, concentration_ug_per_ml, Towards.UP)
    if ng == 0:
        return state
    given = Given(drug=drug, from_ns=from_ns, to_ns=to_ns, mass_ng=ng, patient=patient)
    return replace(state, history=with_given(state.history, given))
