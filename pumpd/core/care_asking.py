"""What every request of a visit's care has in common: who may, which visit, and when it can have happened.

What was seen, measured or given is written down by whoever may care for patients, also on a locked page and however
long the request was on its way: the truth is not refused for being late.
"""

from __future__ import annotations

from typing import Final

from pumpd.core.care_requests import CareRequest
from pumpd.core.codes import Reason, ReasonCode
from pumpd.core.people import Act, may
from pumpd.core.rise import hard
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S
from pumpd.core.visit import Visit
from pumpd.core.visit_named import against_visit_named

AHEAD_NS: Final = 1 * NS_PER_S
AGO_S: Final = 12 * 3_600  # charted at the end of a shift
BEFORE_VISIT_NS: Final = 3_600 * NS_PER_S  # in the waiting room


def against_asking(request: CareRequest, visit: Visit | None) -> list[Reason]:
    """Whoever may write down what was seen, and a visit that is not closed."""
    found = []
    if request.actor is None:
        found.append(hard(ReasonCode.NOT_SIGNED_IN))
    elif not may(request.actor.role, Act.OBSERVE):
        found.append(hard(ReasonCode.ROLE_MAY_NOT))
    return found + against_visit_named(visit)


def against_time(turn: Turn, visit: Visit, at_ns: int) -> list[Reason]:
    """In this visit or shortly before it, and not in the future."""
    ago_s = (turn.now_ns - at_ns) // NS_PER_S
    if at_ns - turn.now_ns > AHEAD_NS:
        return [hard(ReasonCode.TAKEN_AHEAD_S, -ago_s, 0)]
    if ago_s > AGO_S or at_ns < visit.opened_at_ns - BEFORE_VISIT_NS:
        return [hard(ReasonCode.TAKEN_LONG_AGO_S, ago_s, AGO_S)]
    return []
