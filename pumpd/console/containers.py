"""The change of a container on the page: what stands on the new label, typed as it is read, and who else has read it.

What was typed travels as typed. Whether it is the right container is for the daemon to say, and its answer comes back
beside the form, so that a wrong label is read again and not typed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from pumpd.api_container_models import ContainerChangeBody, SecondBody
from pumpd.console.acts import ask_who
from pumpd.console.guard import TOKEN_FIELD, holds_token
from pumpd.console.room import Look, Room, go, room_of, typed
from pumpd.errors import ApiError

UNREADABLE: Final = "This form cannot be read; nothing was done. Look at what was typed."


async def form(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    return await _form(room, look, request.path_params["slot"], {})


async def change(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    slot = request.path_params["slot"]
    values = await typed(request)
    if look.person is None or not holds_token(request, values.get(TOKEN_FIELD, "")):
        return await ask_who(room, look, f"/pumps/{slot}/container", notice="Sign in before you change a container.")
    infusion = look.pump(slot).infusion
    if infusion is None:
        return go(f"/pumps/{slot}")
    try:
        second = None
        if values.get("second_person"):
            second = SecondBody(second_person=values["second_person"], second_pin=values.get("second_pin") or "-")
        body = ContainerChangeBody(
            container=infusion.container_ordered,
            concentration_mg_per_ml=values.get("concentration_mg_per_ml", ""),
            lot=values.get("lot", ""),
            second=second,
        )
    except ValidationError:
        return await _form(room, look, slot, values, fault=UNREADABLE)
    try:
        answer = await room.client.change_container(slot, body, look.token, values.get("key") or None)
    except ApiError as error:
        if error.status is None or error.field is None:
            raise
        return await _form(room, look, slot, values, fault=str(error))
    if answer.accepted:
        return go(f"/pumps/{slot}")
    return await _form(room, await room.look(request), slot, values, fault=f"Nothing was done. {answer.text}")


async def _form(room: Room, look: Look, slot: str, values: Mapping[str, str], *, fault: str | None = None) -> Response:
    pump = look.pump(slot)
    if pump.infusion is None:
        return go(f"/pumps/{slot}")
    people = await room.client.people() if pump.infusion.high_alert else ()
    return room.show(
        "container",
        look,
        pump=pump,
        people=tuple(each for each in people if look.person is None or each.id != look.person.person),
        values=values,
        fault=fault,
        status=HTTPStatus.OK if fault is None else HTTPStatus.CONFLICT,
    )
