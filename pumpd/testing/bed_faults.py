"""What must hold of every decision of a bed, whatever was asked: for stories, properties and explorers alike.

State is the fold of the facts, phases go only along their table, and INFUSING, STOPPED and ENDED are entered from a
moving phase only by a report of the pump itself (wall 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pumpd.core import events as e
from pumpd.core import requests as r
from pumpd.core.codes import Phase
from pumpd.core.evolve import evolve
from pumpd.core.facts import Fact, PhaseChanged
from pumpd.core.phases import TRANSITIONS
from pumpd.core.state import BedState

PROVED_BY_REPORT: Final = (Phase.INFUSING, Phase.STOPPED, Phase.ENDED)
MOTOR_MAY_TURN: Final = (Phase.STARTING, Phase.INFUSING, Phase.STOPPING, Phase.UNCERTAIN)


def carries_report(request: r.Request) -> bool:
    """Did the pump itself speak in it?"""
    if isinstance(request, e.CommandEnded):
        return isinstance(request.outcome, e.Done) and request.outcome.report is not None
    return isinstance(request, e.PumpReported)


def faults_of(before: BedState, request: r.Request, facts: Sequence[Fact], after: BedState) -> list[str]:
    """What is wrong with a decision, whatever was asked; empty when nothing is."""
    found = []
    state = before
    for fact in facts:
        if isinstance(fact, PhaseChanged):
            pump = state.pump(fact.slot)
            assert pump is not None
            if fact.phase not in TRANSITIONS[pump.phase]:
                found.append(f"{pump.phase.value} -> {fact.phase.value} is not in the table")
            proved = carries_report(request) or pump.phase not in MOTOR_MAY_TURN
            if fact.phase in PROVED_BY_REPORT and not proved:
                found.append(f"{pump.phase.value} -> {fact.phase.value} without a report, by {request}")
        state = evolve(state, fact)
    if state != after:
        found.append("the state is not the fold of its facts")
    return found
