"""Visits on their way out -> what crosses the socket. Decides nothing: what keeps a patient here is the core's."""

from __future__ import annotations

from pumpd.api_departure_models import DoseView, FlushView, RecoveryView, TodoView
from pumpd.api_moment import Moment
from pumpd.api_reviews import reason_view
from pumpd.core.departure import Dose
from pumpd.core.flushing import flush_of
from pumpd.core.recovery import against_going, earliest_ns
from pumpd.core.series import Disposition
from pumpd.core.state import BedState
from pumpd.core.turn import Setup, Turn
from pumpd.core.units import NG_PER_UG, Towards, divide, mass_ng
from pumpd.core.visit import Visit
from pumpd.core.wasting import is_over, to_do
from pumpd.words import interval_mass, interval_ml
from pumpd.words_departure import TODOS, closing_text, flush_text, leftover_text, score_text, wait_text
from pumpd.words_verbal import read_back_text


def recovery_view(state: BedState, setup: Setup, visit: Visit, moment: Moment) -> RecoveryView:
    turn, score = Turn(state, setup, moment.now_ns), visit.score
    earliest = earliest_ns(turn, visit)
    return RecoveryView(
        visit=visit.visit,
        patient=visit.patient,
        series=visit.series,
        number=visit.number,
        place=visit.place,
        regimen=visit.order.regimen,
        doses=tuple(dose_view(turn, visit, each, moment) for each in visit.doses),
        padss=None if score is None else score.padss.total,
        scored_ts_ms=None if score is None else moment.ts_ms(score.at_ns),
        score_text=None if score is None else score_text(score),
        earliest_ts_ms=None if earliest is None else moment.ts_ms(earliest),
        left_text=None if earliest is None or earliest <= moment.now_ns else wait_text(earliest - moment.now_ns),
        closed_home=tuple(reason_view(each) for each in against_going(turn, visit, Disposition.HOME)),
        closed_ward=tuple(reason_view(each) for each in against_going(turn, visit, Disposition.WARD)),
        closing_text=None if visit.closing is None else closing_text(visit.closing),
    )


def dose_view(turn: Turn, visit: Visit, dose: Dose, moment: Moment) -> DoseView:
    least_ng = mass_ng(dose.delivered.low_nl, dose.concentration_ug_per_ml, Towards.DOWN)
    most_ng = mass_ng(dose.given.high_nl, dose.concentration_ug_per_ml, Towards.UP)
    return DoseView(
        infusion_id=dose.infusion_id,
        slot=dose.slot,
        drug=dose.drug,
        given_text=interval_mass(divide(least_ng, NG_PER_UG, Towards.DOWN), divide(most_ng, NG_PER_UG, Towards.UP)),
        given_ml_text=interval_ml(dose.given.low_nl, dose.given.high_nl),
        is_over=is_over(turn.state, visit.visit, dose),
        is_wasted=dose.leftover is not None,
        wasted_text=None if dose.leftover is None else leftover_text(dose.leftover),
        wasted_by=None if dose.leftover is None else dose.leftover.person,
        witness=None if dose.leftover is None or not dose.leftover.witness else dose.leftover.witness,
        began_ts_ms=moment.ts_ms(dose.began_at_ns),
        last_ts_ms=moment.ts_ms(dose.last_at_ns),
        flush=flush_view(turn, dose),
    )


def flush_view(turn: Turn, dose: Dose) -> FlushView | None:
    """Only of the last infusion of its pump: the next one is given through another line."""
    pump = turn.state.pump(dose.slot)
    is_last = pump is not None and pump.infusion is not None and pump.infusion.infusion_id == dose.infusion_id
    flush = flush_of(turn, dose.slot) if is_last else None
    if flush is None:
        return None
    room = flush.course
    return FlushView(
        held_nl=flush.held_nl,
        held_ng=flush.held_ng,
        course_ng=None if room is None else room.stands_ng,
        course_limit_ng=None if room is None else room.limit_ng,
        visits_left=None if room is None else room.left,
        visits_left_ng=None if room is None else sum(room.planned_ng),
        visits_fitting=None if room is None else room.fitting,
        visits_fitting_without=None if room is None else room.fitting_without,
        beyond=tuple(reason_view(each) for each in flush.beyond),
        text=flush_text(flush),
    )


def todo_views(state: BedState, moment: Moment) -> tuple[TodoView, ...]:
    """What is still to be done for this bed's patients, the oldest first."""
    patients = {visit.visit: visit.patient for visit in state.path.visits}
    said = {order.order: order for visit in state.path.visits for order in visit.care.verbal}
    return tuple(
        TodoView(
            todo=each.todo,
            text=TODOS[each.todo],
            visit=each.visit,
            patient=patients[each.visit],
            infusion_id=each.infusion_id,
            since_ts_ms=moment.ts_ms(each.since_at_ns),
            order=each.order,
            prescriber=each.prescriber,
            detail="" if each.order is None else read_back_text(said[each.order]),
        )
        for each in to_do(state)
    )
