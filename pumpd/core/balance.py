"""The balance of an infusion: what was drawn up is what was given and what is left over.

A nurse reads what was drawn up in all and what is left over in all (containers, line, what priming spilt). The given
volume is the pump's, as an interval, with what was flushed in. If the three do not add up to within 1 mL or 5 % of what
was drawn up, whichever is more, something is wrong with one of them: a misread syringe, a leak, a pump that counted
what did not flow. That is no reason to refuse the record, but it needs a sentence from whoever records it.

What is thrown away, and who saw it, belongs to the visit (wasting.py), with the same sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pumpd.core.asking import accept, gate_of_person, gate_of_phase, note, refuse
from pumpd.core.codes import Action, Phase, Reason, ReasonCode, Severity
from pumpd.core.container_facts import Balanced
from pumpd.core.delivered import Interval
from pumpd.core.people import Act
from pumpd.core.requests import ReconcileRequested
from pumpd.core.state import Infusion
from pumpd.core.turn import Turn
from pumpd.core.units import NL_PER_ML, Towards, divide

WITHIN_NL: Final = 1 * NL_PER_ML
WITHIN_PERCENT: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far what was drawn up lies from what was given and what is left, and how far it may."""

    nl: int  # 0 where some value of the interval fits
    tolerance_nl: int

    @property
    def is_within(self) -> bool:
        return self.nl <= self.tolerance_nl


def difference(*, loaded_nl: int, given: Interval, residual_nl: int) -> Difference:
    """Drawn up less left over, against the interval of what was given."""
    gone_nl = loaded_nl - residual_nl
    off_nl = max(given.low_nl - gone_nl, gone_nl - given.high_nl, 0)
    by_share_nl = divide(max(loaded_nl, 0) * WITHIN_PERCENT, 100, Towards.DOWN)
    return Difference(nl=off_nl, tolerance_nl=max(WITHIN_NL, by_share_nl))


def given_nl(infusion: Infusion) -> Interval:
    """What went in by the pump, and by the flush: a flush may have carried all of the line's drug, or little."""
    delivered = infusion.delivered
    return Interval(low_nl=delivered.low_nl, high_nl=delivered.high_nl + infusion.flushed_nl)


def reconcile(turn: Turn, request: ReconcileRequested) -> None:
    """The nurse's two figures after the end; beyond the tolerance only with a note."""
    slot, remark = request.slot, request.remark.strip()
    note(turn, request, Action.RECONCILE, value=request.residual_nl)
    reasons = gate_of_person(request, Act.WASTE) + gate_of_phase(turn, slot, Phase.ENDED)
    infusion = turn.pump(slot).infusion
    if reasons or infusion is None or request.actor is None:
        refuse(turn, request, Action.RECONCILE, reasons)
        return
    given = given_nl(infusion)
    found = difference(loaded_nl=request.loaded_nl, given=given, residual_nl=request.residual_nl)
    if not found.is_within and not remark:
        why = Reason(
            code=ReasonCode.BALANCE_DIFFERENCE_NL, severity=Severity.SOFT, asked=found.nl, limit=found.tolerance_nl
        )
        refuse(turn, request, Action.RECONCILE, [why])
        return
    turn.record(
        Balanced(
            at_ns=turn.now_ns,
            slot=slot,
            person=request.actor.person,
            loaded_nl=request.loaded_nl,
            given=given,
            residual_nl=request.residual_nl,
            difference_nl=found.nl,
            tolerance_nl=found.tolerance_nl,
            remark=remark,
        )
    )
    accept(turn, request)
