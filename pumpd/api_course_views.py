"""A course of the bed's state -> what crosses the socket. Decides nothing: the sums are the core's."""

from __future__ import annotations

from pumpd.api_course_models import AttendedView, CourseView, DueView, OutcomeView
from pumpd.core.course import TOTAL_MAX
from pumpd.core.course_tally import Due, due, gaps, tally
from pumpd.core.series import SeriesOrder
from pumpd.core.visit import Path
from pumpd.words_course import INSTRUMENTS, PROMPTS, mass_of_ng, rests_text
from pumpd.words_library import day_text


def course_view(path: Path, order: SeriesOrder, today_day: int, *, travels: bool) -> CourseView:
    so_far, log = tally(path, order.series), path.course(order.series)
    between = (None, *gaps(so_far))
    return CourseView(
        series=order.series,
        today_day=today_day,
        planned=order.visits,
        visits=so_far.visits,
        visits_rest_on=so_far.visits_rest_on,
        visits_text=f"{so_far.visits} of {order.visits} visits, {rests_text(so_far.visits_rest_on)}",
        given_text=mass_of_ng(so_far.given_ng),
        given_rests_on=so_far.given_rests_on,
        given_rests_text=rests_text(so_far.given_rests_on),
        attested_by=None if log.attested is None else log.attested.person,
        imported_from=log.imported_from or None,
        attended=tuple(
            AttendedView(
                number=each.number,
                day=each.day,
                day_text=day_text(each.day),
                given_text=mass_of_ng(each.given_ng),
                gap_days=gap,
            )
            for each, gap in zip(so_far.attended, between, strict=False)
        ),
        outcomes=tuple(
            OutcomeView(
                instrument=each.instrument,
                text=INSTRUMENTS[each.instrument],
                day=each.day,
                day_text=day_text(each.day),
                total=each.total,
                most=TOTAL_MAX[each.instrument],
                person=each.person,
            )
            for each in log.outcomes
        ),
        due=tuple(_due_view(each) for each in due(path, order, today_day)),
        travels=travels,
    )


def _due_view(each: Due) -> DueView:
    text = "" if each.instrument is None else f"{INSTRUMENTS[each.instrument]} after the last visit"
    return DueView(
        text=text if each.prompt is None else PROMPTS[each.prompt],
        day=each.day,
        day_text=day_text(each.day),
        instrument=each.instrument,
        prompt=each.prompt,
    )
