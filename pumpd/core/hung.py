"""What the facts of container_facts.py make of a pump's state: applied, never judged, as in evolve.py."""

from __future__ import annotations

from dataclasses import replace

from pumpd.core import container_facts as c
from pumpd.core.state import PumpState

HungFact = c.ContainerChanged


def hung(pump: PumpState, fact: HungFact) -> PumpState:
    infusion = pump.due()
    changed = replace(infusion, container=fact.number, container_from=infusion.delivered)
    return replace(pump, infusion=changed)
