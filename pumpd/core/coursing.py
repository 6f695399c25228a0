"""Decides the requests of course_requests.py, and whether a visit may begin by what its course has had."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.codes import Action, Reason, ReasonCode
from pumpd.core.course import TOTAL_MAX
from pumpd.core.course_facts import CourseAttested, CourseImported, FollowUpNoted, OutcomeNoted
from pumpd.core.course_requests import (
    AttestRequested,
    CourseRequest,
    FollowUpRequested,
    ImportRequested,
    OutcomeRequested,
)
from pumpd.core.people import Act
from pumpd.core.rise import hard
from pumpd.core.turn import Turn

ATTESTED_VISITS_MAX: Final = 1_000  # beyond any course; keeps garbage out of the sums
ATTESTED_NG_MAX: Final = 10**14  # 100 g


def course(turn: Turn, request: CourseRequest) -> None:
    match request:
        case AttestRequested():
            attest(turn, request)
        case ImportRequested():
            take_in(turn, request)
        case OutcomeRequested():
            note_outcome(turn, request)
        case FollowUpRequested():
            note_follow_up(turn, request)
        case _:
            assert_never(request)


def attest(turn: Turn, request: AttestRequested) -> None:
    """Counts where it is more than this bed knows of; it never makes less of what was given here."""
    note(turn, request, Action.ATTEST_COURSE, value=request.visits, text=request.series)
    reasons = gate_of_person(request, Act.ORDER) + _unknown(turn, request.series)
    if not 0 <= request.visits <= ATTESTED_VISITS_MAX or not 0 <= request.given_ng <= ATTESTED_NG_MAX:
        reasons.append(hard(ReasonCode.ATTESTED_VISITS, max(request.visits, 0), ATTESTED_VISITS_MAX))
    if reasons or request.actor is None:
        refuse(turn, request, Action.ATTEST_COURSE, reasons)
        return
    turn.record(
        CourseAttested(
            at_ns=turn.now_ns, series=request.series, person=request.actor.person, day=request.today_day,
            visits=request.visits, given_ng=request.given_ng,
        )
    )  # fmt: skip
    accept(turn, request)


def take_in(turn: Turn, request: ImportRequested) -> None:
    """The same file twice adds nothing; a file of another order under a known name is refused."""
    note(turn, request, Action.IMPORT_COURSE, text=request.order.series)
    reasons = gate_of_person(request, Act.CARE)
    known = turn.state.path.signed(request.order.series)
    if known is not None and replace(known, signed_at_ns=0) != replace(request.order, signed_at_ns=0):
        reasons.append(hard(ReasonCode.COURSE_DIFFERS))
    if turn.setup.rules.catalogue.regimen(request.order.regimen) is None:
        reasons.append(hard(ReasonCode.UNKNOWN_REGIMEN))
    if reasons or request.actor is None:
        refuse(turn, request, Action.IMPORT_COURSE, reasons)
        return
    order = replace(request.order, signed_at_ns=turn.now_ns)  # another machine's clock says nothing here
    turn.record(CourseImported(at_ns=turn.now_ns, person=request.actor.person, order=order, log=request.log))
    accept(turn, request)


def note_outcome(turn: Turn, request: OutcomeRequested) -> None:
    note(turn, request, Action.NOTE_OUTCOME, value=request.total, text=request.series)
    reasons = gate_of_person(request, Act.OBSERVE) + _unknown(turn, request.series)
    most = TOTAL_MAX[request.instrument]
    if not 0 <= request.total <= most:
        reasons.append(hard(ReasonCode.OUTCOME_TOTAL, max(request.total, 0), most))
    if request.day > request.today_day:
        reasons.append(hard(ReasonCode.DAY_TO_COME))
    if reasons or request.actor is None:
        refuse(turn, request, Action.NOTE_OUTCOME, reasons)
        return
    turn.record(
        OutcomeNoted(
            at_ns=turn.now_ns, series=request.series, person=request.actor.person, day=request.day,
            instrument=request.instrument, total=request.total,
        )
    )  # fmt: skip
    accept(turn, request)


def note_follow_up(turn: Turn, request: FollowUpRequested) -> None:
    note(turn, request, Action.NOTE_FOLLOW_UP, text=request.series)
    reasons = gate_of_person(request, Act.OBSERVE) + _unknown(turn, request.series)
    if reasons or request.actor is None:
        refuse(turn, request, Action.NOTE_FOLLOW_UP, reasons)
        return
    turn.record(
        FollowUpNoted(
            at_ns=turn.now_ns, series=request.series, person=request.actor.person, day=request.today_day,
            prompt=request.prompt, found=request.found,
        )
    )  # fmt: skip
    accept(turn, request)


def _unknown(turn: Turn, series: str) -> list[Reason]:
    return [] if turn.state.path.signed(series) is not None else [hard(ReasonCode.NO_SUCH_SERIES)]
