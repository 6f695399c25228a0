"""What every request of a person has in common: it is noted, then accepted or refused, and who may is asked first.

What may raise delivery expires: a tap that was 10 s on its way (a daemon that was suspended, a page that hung) is no
longer what anybody expects. And every request is decided once: a reply that was lost makes a page, or a person, ask
again, and the second bolus that this gave elsewhere (LoopKit/Loop #1434) must not happen. The last answers are part of
the state, made of the facts that tell of them, so a restart forgets none.

The answer to a refusal carries every reason at once, so that nobody mends one thing to be refused for the next.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pumpd.core import facts as f
from pumpd.core.codes import Action, Phase, Reason, ReasonCode
from pumpd.core.effects import Reply
from pumpd.core.limits import fingerprint
from pumpd.core.people import WITHOUT_PIN, Act, may
from pumpd.core.requests import (
    PersonRequest,
    StopRequested,
)
from pumpd.core.rise import hard
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S

AGE_MAX_NS: Final = 10 * NS_PER_S  # whoever tapped longer ago has tapped again, or walked away
FUTURE_MAX_NS: Final = 1 * NS_PER_S  # a tap from the future is a clock that cannot be compared


def note(turn: Turn, request: PersonRequest, action: Action, value: int | None = None, text: str | None = None) -> None:
    slot: str | None = getattr(request, "slot", None)  # some are about the whole bed
    turn.record(
        f.PersonAsked(
            at_ns=turn.now_ns, request_id=request.request_id, slot=slot, action=action, value=value, text=text,
            person=None if request.actor is None else request.actor.person, content=content_of(request),
            confirmed=request.actor is None or request.actor.confirmed,
        )
    )  # fmt: skip


def content_of(request: PersonRequest) -> str:
    """The fingerprint of all that was asked, but for the times."""
    return fingerprint(type(request).__name__, replace(request, at_ns=0, asked_at_ns=None))


def answered_before(turn: Turn, request: PersonRequest) -> bool:
    """A request that was decided already gets its answer again and is not done twice; a STOP is done every time."""
    known = next((each for each in turn.state.answers if each.request_id == request.request_id), None)
    if known is None or isinstance(request, StopRequested):
        return False
    reasons = known.reasons if known.content == content_of(request) else (hard(ReasonCode.REQUEST_ID_USED),)
    turn.want(Reply(request_id=request.request_id, accepted=not reasons, reasons=reasons))
    return True


def accept(turn: Turn, request: PersonRequest, notes: tuple[Reason, ...] = ()) -> None:
    """`notes`: what is remarked on all the same."""
    turn.want(Reply(request_id=request.request_id, accepted=True, reasons=notes))


def refuse(turn: Turn, request: PersonRequest, action: Action, reasons: list[Reason]) -> None:
    slot: str | None = getattr(request, "slot", None)  # some are about the whole bed
    turn.record(
        f.RequestRefused(
            at_ns=turn.now_ns, request_id=request.request_id, slot=slot, action=action, reasons=tuple(reasons)
        )
    )
    turn.want(Reply(request_id=request.request_id, accepted=False, reasons=tuple(reasons)))


def gate_of_person(request: PersonRequest, act: Act | None) -> list[Reason]:
    """Who may, and not too late: what can only lower or end delivery (`act` is None) harms nobody when it is late."""
    if request.actor is None:
        return [hard(ReasonCode.NOT_SIGNED_IN)]
    if act is None:
        return []
    found = [] if may(request.actor.role, act) else [hard(ReasonCode.ROLE_MAY_NOT)]
    if not request.actor.confirmed and act not in WITHOUT_PIN:
        found.append(hard(ReasonCode.PIN_NEEDED))
    age_ns = 0 if request.asked_at_ns is None else request.at_ns - request.asked_at_ns
    if not -FUTURE_MAX_NS <= age_ns <= AGE_MAX_NS:
        found.append(hard(ReasonCode.REQUEST_EXPIRED))
    return found


def gate_of_phase(turn: Turn, slot: str, *phases: Phase) -> list[Reason]:
    phase = turn.pump(slot).phase
    if phase in phases:
        return []
    if phase is Phase.UNCERTAIN:
        return [hard(ReasonCode.DELIVERY_UNKNOWN)]
    if phase is Phase.FAULT:
        return [hard(ReasonCode.NEEDS_REARM)]
    return [hard(ReasonCode.WRONG_PHASE)]
