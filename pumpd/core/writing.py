"""One writer a visit: who fills it in, seen by everybody, and taken over with one tap.

Two people who fill in one visit from two pages answer each other's questions without knowing, and neither has looked at
all of it. So whoever opens a visit writes it until somebody takes it over, and of the requests in `WRITES` only the
writer's are taken. Nothing else waits for a writer: not what lowers or stops, not what is seen at the bed and written
down, not what a prescriber signs, not the second person's check, not the start, which has its own gates, and nothing in
recovery, which is another room with other people.
"""

from __future__ import annotations

from typing import Final

from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.check_in_requests import (
    CompanyNamed,
    IdentityCompared,
    ItemsAnswered,
    PatientWeighed,
    RiskAnswered,
    UnchangedConfirmed,
)
from pumpd.core.codes import Action, ReasonCode
from pumpd.core.people import Act
from pumpd.core.preparation_requests import LabelRead, LineChecked
from pumpd.core.requests import PathRequest
from pumpd.core.rise import hard
from pumpd.core.turn import Turn
from pumpd.core.visit import Place
from pumpd.core.visit_named import against_visit_named
from pumpd.core.writer_facts import WriterTaken, WriterTook

WRITES: Final = (
    IdentityCompared, ItemsAnswered, UnchangedConfirmed, PatientWeighed, CompanyNamed, RiskAnswered, LabelRead,
    LineChecked,
)  # fmt: skip


def is_anothers(turn: Turn, request: PathRequest) -> bool:
    """Refuses what only the writer of the visit may write, when somebody else asks who could take it over."""
    if not isinstance(request, WRITES) or request.actor is None or gate_of_person(request, Act.CARE):
        return False  # what is wrong with whoever asks is said with the rest
    visit = turn.state.path.visit(request.visit)
    if visit is None or visit.place is not Place.AT_BED or visit.writer == request.actor.person:
        return False
    note(turn, request, Action.WRITE_VISIT, text=request.visit)
    refuse(turn, request, Action.WRITE_VISIT, [hard(ReasonCode.ANOTHER_WRITES)])
    return True


def take_over(turn: Turn, request: WriterTaken) -> None:
    """One tap, at any time: whoever wrote before sees it, and what they wrote stands."""
    note(turn, request, Action.WRITE_VISIT, text=request.visit)
    reasons = gate_of_person(request, Act.CARE)
    reasons += against_visit_named(turn.state.path.visit(request.visit))
    if reasons or request.actor is None:
        refuse(turn, request, Action.WRITE_VISIT, reasons)
        return
    turn.record(WriterTook(at_ns=turn.now_ns, visit=request.visit, person=request.actor.person))
    accept(turn, request)
