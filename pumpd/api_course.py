"""The API's calls about a course: what it has had, what a prescriber attests, outcomes, and how it travels."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Response

from pumpd import api_typed, course_file
from pumpd.api_calls import At, By, acts_under, looks_under, told
from pumpd.api_course_models import (
    FILE_CHARS_MAX,
    AttestBody,
    CourseView,
    ExportView,
    FollowUpBody,
    ImportBody,
    OutcomeBody,
)
from pumpd.api_course_views import course_view
from pumpd.api_desk import Desk
from pumpd.api_models import AnswerView
from pumpd.core import course_requests as cr
from pumpd.core.course_tally import attended_in
from pumpd.core.people import Act
from pumpd.core.series import SeriesOrder
from pumpd.core.units import NG_PER_UG
from pumpd.errors import ApiError, CourseFileError

acts = acts_under()
looks = looks_under()


def _order(desk: Desk, series: str) -> SeriesOrder:
    found = desk.state.path.signed(series)
    if found is None:
        raise ApiError("This bed knows no such series. Look at the list of orders.", status=404, field="series")
    return found


def _key(desk: Desk) -> bytes:
    if desk.place.site_key is None:
        raise ApiError(
            "This bed has no key of its site, so no course travels. Ask support for site_key.",
            status=422,
            field="file",
        )
    return desk.place.site_key


@looks.get("/series/{series}/course")
async def course(desk: At, series: str) -> CourseView:
    """What this course has had, and what each sum rests on."""
    travels = desk.place.site_key is not None
    return course_view(desk.state.path, _order(desk, series), desk.today_day, travels=travels)


@looks.get("/series/{series}/export")
async def export(desk: At, by: By, series: str) -> ExportView:
    """The course as signed text, for another bed of this site."""
    desk.sessions.require(by, Act.CARE)  # it takes all of a patient along
    order, path = _order(desk, series), desk.state.path
    source = f"{desk.place.site}/{desk.place.ward}/{desk.place.bed}"
    log = replace(path.course(series), earlier=attended_in(path, series), imported_from=source)
    return ExportView(
        file=course_file.written(course_file.Travelling(order=order, log=log), _key(desk), chars_max=FILE_CHARS_MAX)
    )


@acts.post("/series/import", response_model=AnswerView)
async def take_in(desk: At, by: By, body: ImportBody) -> Response:
    """Take in what another bed of this site exported. The same file twice adds nothing."""
    desk.sessions.require(by, Act.CARE)  # before anything that somebody sent is read
    try:
        found = course_file.read(body.file, _key(desk))
    except CourseFileError as error:
        raise ApiError(str(error), status=422, field="file") from None
    return told(
        await desk.act(by, None, body, lambda common: cr.ImportRequested(**common, order=found.order, log=found.log))
    )


@acts.post("/series/{series}/attest", response_model=AnswerView)
async def attest(desk: At, by: By, series: str, body: AttestBody) -> Response:
    """A prescriber says what this course has had in all, wherever it was given. The larger figure counts."""
    today_day = desk.today_day
    given_ug = api_typed.quantity(body.given_mg, 1_000, field="given_mg", said="What was given, in milligrams")
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: cr.AttestRequested(
                **common, series=series, visits=body.visits, given_ng=given_ug * NG_PER_UG, today_day=today_day
            ),
        )
    )


@acts.post("/series/{series}/outcome", response_model=AnswerView)
async def outcome(desk: At, by: By, series: str, body: OutcomeBody) -> Response:
    """The total of one instrument, for today or an earlier day."""
    today_day = desk.today_day
    day = today_day if body.day is None else body.day
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: cr.OutcomeRequested(
                **common, series=series, instrument=body.instrument, total=body.total, day=day, today_day=today_day
            ),
        )
    )


@acts.post("/series/{series}/follow-up", response_model=AnswerView)
async def follow_up(desk: At, by: By, series: str, body: FollowUpBody) -> Response:
    """What ketamine may do in the long run was asked about."""
    today_day = desk.today_day
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: cr.FollowUpRequested(
                **common, series=series, prompt=body.prompt, found=body.found, today_day=today_day
            ),
        )
    )
