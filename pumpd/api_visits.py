"""The API's calls about series and visits: the nurse's path, from a signed order to a start.

As in api.py every act becomes one request on the bed's queue. The id of an act that makes something is the id of what
it made: so a repetition with the same key finds the same series or visit.
"""

from __future__ import annotations

from dataclasses import replace

from fastapi import Response

from pumpd import api_path_typed, api_path_views
from pumpd.api_calls import At, By, acts_under, looks_under, told
from pumpd.api_models import AnswerView, ReviewView
from pumpd.api_path_models import SeriesBody, SeriesView, SignedView, VisitBody, VisitStartBody, VisitView
from pumpd.core import arrival_requests as ar
from pumpd.core import requests as r
from pumpd.core.writer_facts import WriterTaken
from pumpd.errors import ApiError

acts = acts_under()
looks = looks_under()


@looks.get("/series")
async def all_series(desk: At) -> tuple[SeriesView, ...]:
    """Every series order that was signed at this bed."""
    path, rules = desk.state.path, desk.setup.rules
    return tuple(api_path_views.series_view(each, path, rules) for each in path.series)


@looks.get("/series/{series}")
async def series_of(desk: At, series: str) -> SignedView:
    """One order whole, as it was signed."""
    found = desk.state.path.signed(series)
    if found is None:
        raise ApiError("This bed knows no such series. Look at the list of orders.", status=404, field="series")
    return api_path_views.signed_view(found, desk.state.path, desk.setup.rules)


@looks.get("/visits")
async def visits(desk: At) -> tuple[VisitView, ...]:
    """Every visit that this bed knows, the latest last."""
    return tuple(desk.visit_view(each) for each in desk.state.path.visits)


@looks.get("/visits/{visit}")
async def visit_of(desk: At, visit: str) -> VisitView:
    return desk.visit_view(desk.require_visit(visit))


@looks.get("/visits/{visit}/review")
async def review(desk: At, visit: str, slot: str) -> ReviewView:
    """What the visit's own order would become on this pump, and everything that speaks against it. Changes nothing."""
    return desk.review(slot, desk.require_visit(visit).order)


@acts.post("/series", response_model=AnswerView)
async def sign_series(desk: At, by: By, body: SeriesBody) -> Response:
    """A prescriber signs for a series of visits."""
    today_day = desk.today_day
    order = api_path_typed.series(body, today_day)
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: ar.SeriesSignRequested(
                **common,
                order=replace(order, series=common["request_id"]),
                today_day=today_day,
            ),
        )
    )


@acts.post("/visits", response_model=AnswerView)
async def open_visit(desk: At, by: By, body: VisitBody) -> Response:
    """A patient is at the bed."""
    today_day = desk.today_day
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: ar.VisitOpenRequested(
                **common,
                visit=common["request_id"],
                series=body.series,
                number=body.number,
                today_day=today_day,
                bed_is_empty=body.bed_is_empty,
                line_off=body.line_off,
            ),
        )
    )


@acts.post("/visits/{visit}/writer", response_model=AnswerView)
async def take_over(desk: At, by: By, visit: str) -> Response:
    """I write this visit from now on, whoever did before."""
    return told(await desk.act(by, None, None, lambda common: WriterTaken(**common, visit=visit)))


@acts.post("/visits/{visit}/start", response_model=AnswerView)
async def start(desk: At, by: By, visit: str, body: VisitStartBody) -> Response:
    """Start what the visit's own order asks for, as it was read in the review."""
    order = desk.require_visit(visit).order
    override = None if body.override is None else await desk.sessions.override(body.override)
    return told(
        await desk.act(
            by,
            body.slot,
            body,
            lambda common: r.StartRequested(
                **common, slot=body.slot, order=order, digest=body.digest, override=override, visit=visit
            ),
        )
    )
