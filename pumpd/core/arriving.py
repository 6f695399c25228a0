"""Decides the requests of arrival_requests.py: from an order to a patient who may be started.

Like the gates of gates.py each notes who asked, collects every reason against it, and only then acts. Nothing here
moves a pump.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core.arrival_facts import SeriesSigned, VisitOpened
from pumpd.core.arrival_requests import ArrivalRequest, SeriesSignRequested, VisitOpenRequested
from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.codes import Action, Reason, ReasonCode, Severity
from pumpd.core.course_tally import attended_in, course_for, last_before
from pumpd.core.departure_facts import VisitMoved
from pumpd.core.leaving import against_leaving, against_next_patient, free_pumps
from pumpd.core.limits import judge_order
from pumpd.core.order import Course
from pumpd.core.people import Act
from pumpd.core.premedicating import premedication_notes
from pumpd.core.reading_back import against_bound
from pumpd.core.regimen import Regimen
from pumpd.core.rise import hard
from pumpd.core.schedules import PAIN_HRS, Profile, profile_for
from pumpd.core.series import SeriesOrder
from pumpd.core.turn import Turn


def arrive(turn: Turn, request: ArrivalRequest) -> None:
    match request:
        case SeriesSignRequested():
            sign_series(turn, request)
        case VisitOpenRequested():
            open_visit(turn, request)
        case _:
            assert_never(request)


def sign_series(turn: Turn, request: SeriesSignRequested) -> None:
    """A prescriber signs for all visits of a series."""
    note(turn, request, Action.SIGN_SERIES, text=request.order.regimen)
    reasons = gate_of_person(request, Act.ORDER)
    order = request.order
    regimen = turn.setup.rules.catalogue.regimen(order.regimen)
    if regimen is None:
        reasons.append(hard(ReasonCode.UNKNOWN_REGIMEN))
    elif not 1 <= order.visits <= regimen.sessions:
        reasons.append(hard(ReasonCode.SERIES_VISITS, asked=order.visits, limit=regimen.sessions))
    if turn.state.path.signed(order.series) is not None:
        reasons.append(hard(ReasonCode.SERIES_KNOWN))
    if order.expires_day < request.today_day:
        reasons.append(hard(ReasonCode.SERIES_EXPIRED))
    if order.weighed_day > request.today_day:
        reasons.append(hard(ReasonCode.DAY_TO_COME))
    reasons += _against_amendment(turn, order)
    reasons += dict.fromkeys(reason for each in order.bounds for reason in against_bound(each))
    if regimen is not None and not reasons:
        reasons += against_content(turn, order, regimen, request.today_day)
    if reasons or request.actor is None:
        refuse(turn, request, Action.SIGN_SERIES, reasons)
        return
    person = request.actor.person
    signed = replace(order, prescriber=person, signed_at_ns=turn.now_ns, signed_day=request.today_day)
    notes = () if regimen is None else premedication_notes(order, regimen)
    turn.record(SeriesSigned(at_ns=turn.now_ns, person=person, order=signed, notes=notes))
    accept(turn, request, notes)


def _against_amendment(turn: Turn, order: SeriesOrder) -> list[Reason]:
    """What it takes the place of is a standing order of the same patient."""
    if order.replaces is None:
        return []
    before = turn.state.path.signed(order.replaces)
    if before is None or before.patient != order.patient:
        return [hard(ReasonCode.NOTHING_TO_REPLACE)]
    return [hard(ReasonCode.SERIES_REPLACED)] if turn.state.path.replaced(order.replaces) else []


def against_content(turn: Turn, order: SeriesOrder, regimen: Regimen, today_day: int) -> list[Reason]:
    """What would refuse a visit of it on every pump of this bed is told to whoever can still change it."""
    rules = turn.setup.rules
    entry = rules.library.entry(regimen.entry)
    found = []
    if entry is None or entry.high_alert:
        if not any(each.strip() for each in order.failed_treatments):
            found.append(hard(ReasonCode.FAILED_TREATMENTS_NEEDED))
        if order.consent_day is None or order.consent_day > today_day:
            found.append(hard(ReasonCode.CONSENT_NEEDED))
    refusals: list[list[Reason]] = []
    for _, info in turn.setup.pumps:
        judged = (judge_order(order.order_for(number), rules, info)[1] for number in range(1, order.visits + 1))
        hard_ones = (each for reasons in judged for each in reasons if each.severity is Severity.HARD)
        refusals.append(list({each.code: each for each in hard_ones}.values()))
    return found + min(refusals, key=len, default=[])


def open_visit(turn: Turn, request: VisitOpenRequested) -> None:
    """A patient comes to the bed. One at a time: the visit before has left it, or leaves it now by a person's word."""
    note(turn, request, Action.OPEN_VISIT, value=request.number, text=request.series)
    reasons = gate_of_person(request, Act.CARE)
    path = turn.state.path
    series = path.signed(request.series)
    before = path.at_bed
    if before is None:
        reasons += against_next_patient(turn)
    elif request.bed_is_empty:
        reasons += against_leaving(turn, before, line_off=request.line_off)
    else:
        reasons.append(hard(ReasonCode.BED_TAKEN))
    if path.visit(request.visit) is not None:
        reasons.append(hard(ReasonCode.VISIT_KNOWN))
    if series is None:
        reasons.append(hard(ReasonCode.NO_SUCH_SERIES))
    else:
        if path.replaced(series.series):
            reasons.append(hard(ReasonCode.SERIES_REPLACED))
        if series.expires_day < request.today_day:
            reasons.append(hard(ReasonCode.SERIES_EXPIRED))
        if not 1 <= request.number <= series.visits:
            reasons.append(hard(ReasonCode.SERIES_VISITS, asked=request.number, limit=series.visits))
        reasons += _against_course(turn, series, request)
    if reasons or request.actor is None or series is None:
        refuse(turn, request, Action.OPEN_VISIT, reasons)
        return
    if before is not None:
        person = request.actor.person
        turn.record(VisitMoved(at_ns=turn.now_ns, visit=before.visit, person=person, line_off=request.line_off))
        free_pumps(turn, before, person)
    turn.record(
        VisitOpened(
            at_ns=turn.now_ns,
            visit=request.visit,
            series=series.series,
            patient=series.patient,
            number=request.number,
            order=series.order_for(request.number, course=_course(turn, series, request)),
            opened_day=request.today_day,
            signed=series,
            person=request.actor.person,
            profile=_profile(turn, series, request.number),
            holds=series.held,
        )
    )
    accept(turn, request)


def _course(turn: Turn, series: SeriesOrder, request: VisitOpenRequested) -> Course:
    """What this course has had, and how long ago this patient had any, with what that scheme asks for in between."""
    path = turn.state.path
    course = course_for(path, series.series, request.number)
    last = last_before(path, series.patient, request.today_day)
    if last is None:
        return course
    before, day = last
    regimen = turn.setup.rules.catalogue.regimen(before.regimen)
    return replace(course, days_since=request.today_day - day, apart_days=0 if regimen is None else regimen.apart_days)


def _against_course(turn: Turn, series: SeriesOrder, request: VisitOpenRequested) -> list[Reason]:
    """One visit a day, whatever series it is of, and each number of a series once; its rest on that day is the same."""
    path = turn.state.path
    theirs = [each.series for each in path.series if each.patient == series.patient]
    had = [(known, each) for known in theirs for each in attended_in(path, known)]
    own = [each.day for known, each in had if (known, each.number) == (series.series, request.number)]
    others = [each.day for known, each in had if (known, each.number) != (series.series, request.number)]
    found = [hard(ReasonCode.VISIT_TODAY_ALREADY)] if request.today_day in others else []
    if any(day != request.today_day for day in own):
        found.append(hard(ReasonCode.NUMBER_GIVEN, asked=request.number, limit=series.visits))
    return found


def _profile(turn: Turn, series: SeriesOrder, number: int) -> Profile:
    """How often this visit is observed, by how long it lasts; what no catalogue knows is observed most often."""
    regimen = turn.setup.rules.catalogue.regimen(series.regimen)
    steps = None if regimen is None else regimen.steps_on(number)
    return PAIN_HRS if steps is None else profile_for(sum(step.duration_s for step in steps))
