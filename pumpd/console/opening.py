"""A patient comes to the bed: a visit is opened from one of the signed orders.

Whoever is still at the bed is named here and has to be answered for ("new patient?"), so that nobody inherits what
another left; the patient before goes to recovery in the same breath.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd.api_check_in_calls import patients
from pumpd.api_models import ReasonCode
from pumpd.api_path_calls import open_visit, series, visits
from pumpd.api_path_models import Place, SeriesView, VisitBody, VisitView
from pumpd.console.acts import LOCKED, SIGN_IN_FIRST, key_of
from pumpd.console.guard import TOKEN_FIELD, holds_token
from pumpd.console.path import NOTHING_TYPED, Told, faults_of
from pumpd.console.room import Look, Room, go, room_of, typed
from pumpd.errors import ApiError, SignInNeeded

HERE: Final = "/visits/new"
CHOOSE: Final = "Choose whose order it is."


async def form(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    if look.person is None:
        raise SignInNeeded(None)
    return await _show(room, look, NOTHING_TYPED)


async def opened(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    values = await typed(request)
    if look.person is None or not holds_token(request, values.get(TOKEN_FIELD, "")):
        raise SignInNeeded(SIGN_IN_FIRST, HERE)
    chosen = values.get("series", "")
    try:
        body = VisitBody.model_validate({
            "series": chosen,
            "number": values.get(f"number:{chosen}", ""),
            "bed_is_empty": "bed_is_empty" in values,
            "line_off": "line_off" in values,
        })  # fmt: skip
    except ValidationError as error:
        faults = faults_of(error) if chosen else {"series": CHOOSE}
        return await _show(room, look, Told(values=values, faults=faults))
    try:
        answer = await room.client.send(open_visit(body, key_of(values)), look.token)
    except ApiError as error:
        if error.status is None or error.field is None:
            raise
        return await _show(room, look, Told(values=values, faults={error.field: str(error)}))
    if answer.accepted:
        return go(f"/visits/{answer.request_id}/check-in")
    if any(each.code is ReasonCode.PIN_NEEDED for each in answer.reasons):
        raise SignInNeeded(LOCKED, HERE)
    return await _show(room, await room.look(request), Told(values=values, notice=f"Not done. {answer.text}"))


async def _show(room: Room, look: Look, told: Told) -> Response:
    known = await room.client.send(visits(), look.token)
    signed = await room.client.send(series(), look.token)
    names = {}
    try:
        names = {each.patient: each for each in await room.client.send(patients(), look.token)}
    except ApiError as error:
        if error.status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise
    return room.show(
        "opening",
        look,
        at_bed=next((each for each in known if each.place is Place.AT_BED), None),
        orders=tuple((each, _next_number(each, known)) for each in signed),
        patients=names,
        people={each.id: each.name for each in await room.client.people()},
        values=told.values,
        faults=told.faults,
        notice=told.notice,
        status=told.status,
    )  # fmt: skip


def _next_number(order: SeriesView, known: tuple[VisitView, ...]) -> int:
    """What is offered; a repeated visit of the same day has its number again, and is chosen by hand."""
    taken = [each.number for each in known if each.series == order.series]
    return min(max(taken, default=0) + 1, order.visits)


ROUTES: Final = (
    Route(HERE, form, methods=["GET"]),
    Route(HERE, opened, methods=["POST"]),
)
