"""EMERGENCY: everything of the visit stops, the bed is quiet, and one tap marks a moment; charting comes later.

Like STOP it needs nobody: whoever sees a patient in trouble calls it, also with no session, and what runs is stopped
all the same. Only putting it on record takes a person, and the page says so. Each mark has a key of its own, so that
two different taps in one second are two marks, and the same tap twice is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd.api_care_calls import care, emergency, emergency_over, mark
from pumpd.api_care_models import CareView, MarkBody, Moment
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, ReasonCode
from pumpd.console.acts import author_of, key_of
from pumpd.console.room import Look, Room, go, room_of, typed
from pumpd.errors import ApiError

NOT_ON_RECORD: Final = (
    "Everything of this visit is being stopped. The emergency is not on record, because nobody is signed in here: "
    "look after the patient, and sign in when there is a hand free."
)
STOPPED_ONCE_MORE: Final = "The emergency lasts already. Everything of this visit was stopped once more."
KEY_MAX: Final = 64


async def screen(request: Request) -> Response:
    room = room_of(request)
    return await _show(room, await room.look(request), request.path_params["visit"])


async def _show(
    room: Room, look: Look, visit: str, *, notice: str | None = None, status: int = HTTPStatus.OK
) -> Response:
    view = await _care(room, look, visit)
    people = {each.id: each.name for each in await room.client.people()}
    return room.show(
        "emergency",
        look,
        visit=visit,
        here=f"/visits/{visit}/emergency",
        live_at=f"/visits/{visit}/emergency",
        care=view,
        values={},
        names=people,
        authors=await room.authors(look),
        notice=notice,
        status=status,
    )


async def _care(room: Room, look: Look, visit: str) -> CareView | None:
    """None for nobody: what a stranger may do here is to stop everything."""
    if look.person is None:
        return None
    return await room.client.send(care(visit), look.token)


async def _ask(request: Request, call: Call[AnswerView], values: Mapping[str, str]) -> Response:
    room = room_of(request)
    look = await room.look(request)
    visit = request.path_params["visit"]
    call = replace(call, author=author_of(dict(values)))
    answer = await room.client.send(call, look.token or None)
    if answer.accepted:
        return go(f"/visits/{visit}/emergency")
    codes = {each.code for each in answer.reasons}
    notice, status = f"Not done. {answer.text}", HTTPStatus.CONFLICT
    if ReasonCode.NOT_SIGNED_IN in codes:
        notice, status = NOT_ON_RECORD, HTTPStatus.UNAUTHORIZED
    elif ReasonCode.EMERGENCY_LASTS in codes:
        notice = STOPPED_ONCE_MORE
    return await _show(room, await room.look(request), visit, notice=notice, status=status)


async def call(request: Request) -> Response:
    values = await typed(request)
    return await _ask(request, emergency(request.path_params["visit"], key_of(values)), values)


async def marked(request: Request) -> Response:
    values = await typed(request)
    try:
        moment = Moment(values.get("moment", ""))
    except ValueError as error:
        raise ApiError(
            "This form cannot be read; nothing was marked.", status=HTTPStatus.UNPROCESSABLE_ENTITY
        ) from error
    key = f"{moment.value}-{values.get('key', '')}"[:KEY_MAX]
    return await _ask(request, mark(request.path_params["visit"], MarkBody(moment=moment), key), values)


async def over(request: Request) -> Response:
    values = await typed(request)
    return await _ask(request, emergency_over(request.path_params["visit"], key_of(values)), values)


ROUTES: Final = (
    Route("/visits/{visit}/emergency", screen, methods=["GET"]),
    Route("/visits/{visit}/emergency/call", call, methods=["POST"]),
    Route("/visits/{visit}/emergency/mark", marked, methods=["POST"]),
    Route("/visits/{visit}/emergency/over", over, methods=["POST"]),
)
