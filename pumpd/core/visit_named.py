"""The visit that a request names: there is none, it is closed, it is not at the bed, or this one.

Every request about a visit asks here, so that the same state of a visit has one reason and one sentence.
"""

from __future__ import annotations

from pumpd.core.codes import Reason, ReasonCode
from pumpd.core.rise import hard
from pumpd.core.turn import Turn
from pumpd.core.visit import Place, Visit


def against_visit_named(visit: Visit | None) -> list[Reason]:
    """Why nothing more can be done about it; empty where it is at the bed or in recovery."""
    if visit is None:
        return [hard(ReasonCode.NO_SUCH_VISIT)]
    return [] if visit.is_open else [hard(ReasonCode.VISIT_CLOSED)]


def open_visit(turn: Turn, visit: str) -> tuple[Visit | None, list[Reason]]:
    """At the bed or in recovery."""
    found = turn.state.path.visit(visit)
    return found, against_visit_named(found)


def at_bed(turn: Turn, visit: str) -> tuple[Visit | None, list[Reason]]:
    """Only the one at the bed."""
    found = turn.state.path.visit(visit)
    if found is None:
        return None, [hard(ReasonCode.NO_SUCH_VISIT)]
    return found, [] if found.place is Place.AT_BED else [hard(ReasonCode.VISIT_NOT_AT_BED)]
