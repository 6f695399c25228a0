"""The gates between an order and a start: each is open, or says by a code what is missing.

Asked before every start on a bed that keeps the path, all at once, so that a nurse reads everything that is missing in
one go. A drug needs a visit whose gates are all open; saline for training may be started without a visit, but a visit
that is at the bed holds for it as well. None of them stands in the way of a stop, a pause or a decrease.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pumpd.core import check_in_gates, preparation_gates
from pumpd.core.codes import Reason, ReasonCode
from pumpd.core.gates_of_care import against_start
from pumpd.core.listening import against_unheard_start, is_drug
from pumpd.core.requests import StartRequested
from pumpd.core.rise import hard
from pumpd.core.turn import Turn
from pumpd.core.visit import Visit

Gate = Callable[[Turn, Visit], list[Reason]]


def care_gate(turn: Turn, visit: Visit) -> list[Reason]:
    """A baseline in time, and nothing in it that holds."""
    return against_start(turn.state, visit, turn.now_ns)


def sound_gate(turn: Turn, visit: Visit) -> list[Reason]:
    """Somebody would hear an alarm."""
    return against_unheard_start(turn, visit.order)


GATES: Final[tuple[Gate, ...]] = (  # in the order in which a nurse comes to them
    check_in_gates.identity_gate,
    check_in_gates.allergies_gate,
    check_in_gates.pregnancy_gate,
    check_in_gates.fasting_gate,
    check_in_gates.contraindications_gate,
    check_in_gates.company_gate,
    check_in_gates.weight_gate,
    check_in_gates.risk_gate,
    preparation_gates.label_gate,
    preparation_gates.line_gate,
    preparation_gates.prime_gate,
    care_gate,
    preparation_gates.premedication_gate,
    preparation_gates.premedication_wait_gate,
    preparation_gates.check_gate,
    sound_gate,
)


def missing(turn: Turn, visit: Visit) -> list[Reason]:
    """Every gate of this visit that is still closed."""
    return [reason for gate in GATES for reason in gate(turn, visit)]


def against_visit(turn: Turn, request: StartRequested) -> list[Reason]:
    """Why the path lets nobody start this order now; empty on a bed that keeps no path."""
    unheard = against_unheard_start(turn, request.order)
    if not turn.setup.keeps_path:
        return unheard
    visit = turn.state.path.at_bed
    if visit is None:
        return [hard(ReasonCode.NO_VISIT), *unheard] if is_drug(turn, request.order) else []
    is_its_own = request.visit == visit.visit and request.order == visit.order
    own = [] if is_its_own else [hard(ReasonCode.ORDER_NOT_THE_VISITS)]
    return own + missing(turn, visit)
