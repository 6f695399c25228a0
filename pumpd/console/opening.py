"""A patient comes to the bed: a visit is opened from one of the signed orders.

Whoever is still at the bed is named here and has to be answered for ("new patient?"), so that nobody inherits what
another left; the patient before goes to recovery in the same breath.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd.api_path_calls import open_visit, series, visits
from pumpd.api_path_models import Place, SeriesView, VisitBody, VisitView
from pumpd.console.names import names_of
from pumpd.console.room import Look, Room, go, room_of, typed
from pumpd.console.sending import NOTHING_TYPED, Told, Values, faults_of, require_person, sent
from pumpd.errors import SignInNeeded

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
    require_person(request, look, values, HERE)
    chosen = values.get("series", "")
    back = await sent(
        room,
        look,
        values,
        lambda: open_visit(_visit(values, chosen)),
        onward=HERE,
        faults=lambda error: faults_of(error) if chosen else {"series": CHOOSE},
    )
    if isinstance(back, Told):
        return await _show(room, await room.look(request), back)
    return go(f"/visits/{back.request_id}/check-in")


def _visit(values: Values, chosen: str) -> VisitBody:
    return VisitBody.model_validate({
        "series": chosen,
        "number": values.get(f"number:{chosen}", ""),
        "bed_is_empty": "bed_is_empty" in values,
        "line_off": "line_off" in values,
    })  # fmt: skip


async def _show(room: Room, look: Look, told: Told) -> Response:
    known = await room.client.send(visits(), look.token)
    signed = await room.client.send(series(), look.token)
    return room.show(
        "opening",
        look,
        at_bed=next((each for each in known if each.place is Place.AT_BED), None),
        orders=tuple((each, _next_number(each, known)) for each in signed),
        patients=await names_of(room, look),
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
