"""What every request of a person has in common: it is noted, then accepted or refused, and who may is asked first.

The answer to a refusal carries every reason at once, so that nobody mends one thing to be refused for the next.
"""

from __future__ import annotations

from pumpd.core import facts as f
from pumpd.core.codes import Action, Phase, Reason, ReasonCode
from pumpd.core.effects import Reply
from pumpd.core.people import Act, may
from pumpd.core.requests import (
    AcknowledgeRequested,
    PersonRequest,
)
from pumpd.core.rise import hard
from pumpd.core.turn import Turn


def note(turn: Turn, request: PersonRequest, action: Action, value: int | None = None, text: str | None = None) -> None:
    slot = None if isinstance(request, AcknowledgeRequested) else request.slot
    turn.record(
        f.PersonAsked(
            at_ns=turn.now_ns, request_id=request.request_id, slot=slot, action=action, value=value, text=text,
            person=None if request.actor is None else request.actor.person,
        )
    )  # fmt: skip


def accept(turn: Turn, request: PersonRequest) -> None:
    turn.want(Reply(request_id=request.request_id, accepted=True))


def refuse(turn: Turn, request: PersonRequest, action: Action, reasons: list[Reason]) -> None:
    slot = None if isinstance(request, AcknowledgeRequested) else request.slot
    turn.record(
        f.RequestRefused(
            at_ns=turn.now_ns, request_id=request.request_id, slot=slot, action=action, reasons=tuple(reasons)
        )
    )
    turn.want(Reply(request_id=request.request_id, accepted=False, reasons=tuple(reasons)))


def gate_of_person(request: PersonRequest, act: Act | None) -> list[Reason]:
    if request.actor is None:
        return [hard(ReasonCode.NOT_SIGNED_IN)]
    if act is not None and not may(request.actor.role, act):
        return [hard(ReasonCode.ROLE_MAY_NOT)]
    return []


def gate_of_phase(turn: Turn, slot: str, *phases: Phase) -> list[Reason]:
    phase = turn.pump(slot).phase
    if phase in phases:
        return []
    if phase is Phase.UNCERTAIN:
        return [hard(ReasonCode.DELIVERY_UNKNOWN)]
    if phase is Phase.FAULT:
        return [hard(ReasonCode.NEEDS_REARM)]
    return [hard(ReasonCode.WRONG_PHASE)]
