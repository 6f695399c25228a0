"""The second person's page: what somebody else wants to set beyond the programme, entered from label and order alone.

It shows which pump and in which units, and no value: not the rate that runs, not what is wanted. What was typed travels
as typed and is never shown again after a difference, so that the next try is read off the sources anew.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from pumpd.api_path_calls import visits
from pumpd.api_path_models import Place
from pumpd.api_preparation_calls import check_rise, check_task
from pumpd.api_preparation_models import CheckTaskView, RiseCheckBody, RiseTaskView
from pumpd.console.acts import key_of
from pumpd.console.guard import TOKEN_FIELD, holds_token
from pumpd.console.room import UNAUTHORISED, Look, Room, go, room_of, typed
from pumpd.errors import ApiError

UNREADABLE: Final = "This form cannot be read; nothing was done. Fill in all three fields."
SIGN_IN: Final = "Sign in with your own name before you check."


async def form(request: Request) -> Response:
    room = room_of(request)
    return await _show(room, await room.look(request), request.path_params["slot"])


async def check(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    slot = request.path_params["slot"]
    values = await typed(request)
    if look.person is None or not holds_token(request, values.get(TOKEN_FIELD, "")):
        return room.show("sign_in", look, people=await room.client.people(), next=f"/pumps/{slot}/check", fault=None,
                         notice=SIGN_IN, status=UNAUTHORISED)  # fmt: skip
    task = await _task(room, look, slot)
    if task is None:
        return go(f"/pumps/{slot}")
    try:
        body = RiseCheckBody(
            drug=values.get("drug", ""),
            concentration_mg_per_ml=values.get("concentration_mg_per_ml", ""),
            dose_mg=values.get("dose_mg", ""),
        )
        answer = await room.client.send(check_rise(task.visit, body, key_of(values)), look.token)
    except ValidationError:
        return await _show(room, look, slot, fault=UNREADABLE)
    except ApiError as error:
        if error.status is None or error.field is None:
            raise
        return await _show(room, look, slot, fault=str(error))
    told = "It agrees. Whoever asked for it may set it now." if answer.accepted else f"Nothing was set. {answer.text}"
    return await _show(room, await room.look(request), slot, told=told, agreed=answer.accepted)


async def _task(room: Room, look: Look, slot: str) -> CheckTaskView | None:
    """What waits on this pump for a second person of the visit at the bed."""
    for visit in await room.client.send(visits(), look.token or None):
        if visit.place is Place.AT_BED:
            task = await room.client.send(check_task(visit.visit), look.token or None)
            return task if task.rise is not None and task.rise.slot == slot else None
    return None


async def _show(
    room: Room, look: Look, slot: str, *, fault: str | None = None, told: str | None = None, agreed: bool = False
) -> Response:
    task = None if look.person is None else await _task(room, look, slot)
    rise: RiseTaskView | None = None if task is None else task.rise
    return room.show(
        "rise_check",
        look,
        pump=look.pump(slot),
        texts={} if rise is None else {each.field.value: each.text for each in rise.fields},
        fault=fault,
        told=told,
        status=HTTPStatus.OK if fault is None and (told is None or agreed) else HTTPStatus.CONFLICT,
    )
