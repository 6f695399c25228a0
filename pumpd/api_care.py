"""The API's calls about a visit's care: observations, what is due, and what a prescriber lets stand."""

from __future__ import annotations

from fastapi import APIRouter, Response

from pumpd import api_care_typed, api_care_views
from pumpd.api_calls import At, By, told
from pumpd.api_care_models import AcceptBody, CareView, ObservationsBody
from pumpd.api_models import AnswerView
from pumpd.core import care_requests as cr

acts = APIRouter()
looks = APIRouter()


@looks.get("/visits/{visit}/care")
async def care(desk: At, visit: str) -> CareView:
    """What is due when in this visit, what holds, and what was seen last."""
    return api_care_views.care_view(desk.state, desk.require_visit(visit), desk.moment)


@acts.post("/visits/{visit}/observations", response_model=AnswerView)
async def observe(desk: At, by: By, visit: str, body: ObservationsBody) -> Response:
    """Enter a set of observations: values, or why there is none, and what was seen."""
    desk.require_visit(visit)
    readings = api_care_typed.readings(body)
    moment = desk.moment
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: cr.ObserveRequested(
                **common,
                visit=visit,
                taken_at_ns=None if body.taken_ts_ms is None else moment.at_second_ns(body.taken_ts_ms),
                readings=readings,
                signs=body.signs,
            ),
        )
    )


@acts.post("/visits/{visit}/accept_value", response_model=AnswerView)
async def accept_value(desk: At, by: By, visit: str, body: AcceptBody) -> Response:
    """A prescriber lets a value stand that holds: it is usual for this patient."""
    desk.require_visit(visit)
    second = None if body.prescriber is None else await desk.sessions.second(body.prescriber, body.prescriber_pin)
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: cr.AcceptRequested(
                **common, visit=visit, item=body.item, value=body.value, remark=body.remark, second=second
            ),
        )
    )
