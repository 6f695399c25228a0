"""Whose it was: what was done on a locked page in somebody's name is theirs only when they say so.

On a locked page nobody types a PIN before lowering a rate or writing down a blood pressure; whoever does it picks a
name. At the next sign-in with their PIN that person reads what was done in it, and takes it as theirs or says that it
was not. Either way the act stands: the pump was stopped, the pressure was taken, and the record says by whom, or that
nobody knows.
"""

from __future__ import annotations

from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.authorship_facts import AuthorSettled
from pumpd.core.codes import Action, ReasonCode
from pumpd.core.requests import AuthorAnswered
from pumpd.core.rise import hard
from pumpd.core.turn import Turn


def settle(turn: Turn, request: AuthorAnswered) -> None:
    """Only the person in whose name it was done, with their PIN."""
    note(turn, request, Action.SETTLE_AUTHOR)
    reasons = gate_of_person(request, None)
    actor = request.actor
    if actor is not None and not actor.confirmed:
        reasons.append(hard(ReasonCode.PIN_NEEDED))
    waiting = {each.request_id for each in turn.state.unconfirmed if actor is not None and each.person == actor.person}
    if not request.acts or not waiting.issuperset(request.acts):
        reasons.append(hard(ReasonCode.NOTHING_TO_CONFIRM))
    if reasons or actor is None:
        refuse(turn, request, Action.SETTLE_AUTHOR, reasons)
        return
    turn.record(AuthorSettled(at_ns=turn.now_ns, person=actor.person, acts=request.acts, mine=request.mine))
    accept(turn, request)
