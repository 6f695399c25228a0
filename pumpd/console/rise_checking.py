"""The second person's page: what somebody else wants to set beyond the programme, entered from label and order alone.

It shows which pump and in which units, and no value: not the rate that runs, not what is wanted. What was typed travels
as typed and is never shown again, so that the next try is read off the sources anew. On a locked page whoever checks is
asked for their PIN first.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from pumpd.api_path_calls import visits
from pumpd.api_path_models import Place
from pumpd.api_preparation_calls import check_rise, check_task
from pumpd.api_preparation_models import CheckFieldView, CheckTaskView, RiseCheckBody
from pumpd.console.room import Look, Room, go, room_of, typed
from pumpd.console.sending import Told, given_of, require_person, sent

UNREADABLE: Final = "Fill in all three fields. Nothing was set."
AGREES: Final = "It agrees. Whoever asked for it may set it now."


async def form(request: Request) -> Response:
    room = room_of(request)
    return await _show(room, await room.look(request), request.path_params["slot"])


async def check(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    slot = request.path_params["slot"]
    values = await typed(request)
    here = f"/pumps/{slot}/check"
    require_person(request, look, values, here)
    task = await _task(room, look, slot)
    if task is None:
        return go(f"/pumps/{slot}")
    visit, entered = task.visit, given_of(values, "drug", "concentration_mg_per_ml", "dose_mg")
    back = await sent(
        room,
        look,
        values,
        lambda: check_rise(visit, RiseCheckBody.model_validate(entered)),
        onward=here,
        not_done="Nothing was set.",
    )
    outcome = back.notice or UNREADABLE if isinstance(back, Told) else AGREES
    return await _show(room, await room.look(request), slot, outcome, agreed=not isinstance(back, Told))


async def _task(room: Room, look: Look, slot: str) -> CheckTaskView | None:
    """What waits on this pump for a second person of the visit at the bed."""
    for visit in await room.client.send(visits(), look.token or None):
        if visit.place is Place.AT_BED:
            task = await room.client.send(check_task(visit.visit), look.token or None)
            return task if task.rise is not None and task.rise.slot == slot else None
    return None


async def _show(room: Room, look: Look, slot: str, outcome: str = "", *, agreed: bool = True) -> Response:
    task = None if look.person is None else await _task(room, look, slot)
    rise = None if task is None else task.rise
    return room.show(
        "rise_check",
        look,
        pump=look.pump(slot),
        texts={} if rise is None else {each.field.value: _label(each) for each in rise.fields},
        outcome=outcome,
        agreed=agreed,
        here=f"/pumps/{slot}/check",
        status=HTTPStatus.OK if agreed else HTTPStatus.CONFLICT,
    )


def _label(asked: CheckFieldView) -> str:
    return f"{asked.text}, in {asked.unit}" if asked.unit else asked.text
