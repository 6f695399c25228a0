"""What can be looked at: the bed, one pump, its plot, a stop under way, the record. Nothing here changes the bed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from pumpd.api_care_calls import care
from pumpd.api_care_models import CareView
from pumpd.api_departure_calls import recovery
from pumpd.api_departure_models import RecoveryView
from pumpd.api_models import Answer, Drive, Keep, PauseReason, PumpView
from pumpd.api_path_models import Place
from pumpd.console.ears import NAME_MAX
from pumpd.console.names import name_at_bed, names_of
from pumpd.console.room import Look, Room, room_of, typed
from pumpd.errors import ApiError

RECORD_ROWS: Final = 100

PAUSE_REASONS: Final = (
    (PauseReason.TOILET, "Toilet"),
    (PauseReason.BLOOD_PRESSURE, "Blood pressure"),
    (PauseReason.RESITING, "New line or site"),
    (PauseReason.TRANSPORT, "Transport"),
    (PauseReason.OTHER, "Other"),
)
KEEPS: Final = (
    (Keep.END_TIME, "Keep the end time", "gives less in all"),
    (Keep.VOLUME, "Keep the volume", "ends later"),
)
ANSWERS: Final = (
    (Answer.DRIVEN, "Yes, it is driven"),
    (Answer.STOPPED, "No, it stands still"),
    (Answer.CANNOT_TELL, "I cannot tell: stop it"),
)


def stands_still(pump: PumpView) -> bool:
    """By the pump's own report, with no stop still under way."""
    return not pump.command_pending and pump.drive is Drive.STILL


async def show_bed(room: Room, look: Look, *, notice: str | None = None, status: int = HTTPStatus.OK) -> Response:
    """With what is due and what holds, for who may see it: after a refusal that is where to go on."""
    return room.show(
        "bed",
        look,
        care=await _care(room, look),
        patient=await name_at_bed(room, look),
        recovering=await _recovering(room, look),
        refresh="/",
        notice=notice,
        status=status,
    )


async def show_pump(
    room: Room, look: Look, slot: str, *, notice: str | None = None, status: int = HTTPStatus.OK
) -> Response:
    """As `show_bed`."""
    return room.show(
        "pump",
        look,
        care=await _care(room, look),
        patient=await name_at_bed(room, look),
        pump=look.pump(slot),
        refresh=f"/pumps/{slot}",
        keeps=KEEPS,
        answers=ANSWERS,
        notice=notice,
        status=status,
    )


async def _care(room: Room, look: Look) -> CareView | None:
    """None for nobody, and where nobody is at the bed."""
    if look.person is None or look.view.visit is None:
        return None
    try:
        return await room.client.send(care(look.view.visit), look.token)
    except ApiError as error:  # the visit has just ended, or is not for this person: the pumps are shown all the same
        if error.status is None:
            raise
        return None


async def _recovering(room: Room, look: Look) -> tuple[tuple[RecoveryView, str], ...]:
    """Who has left the bed and is not home yet, and what they are called, for who may see them."""
    if look.person is None:
        return ()
    try:
        known = await room.client.send(recovery(), look.token)
    except ApiError as error:
        if error.status is None:
            raise
        return ()
    waiting = tuple(each for each in known if each.place is Place.RECOVERING)
    names = await names_of(room, look) if waiting else {}
    return tuple((each, names[each.patient].name if each.patient in names else each.patient) for each in waiting)


async def bed(request: Request) -> Response:
    room = room_of(request)
    return await show_bed(room, await room.look(request))


async def far(request: Request) -> Response:
    """The same numbers, to be read from three metres."""
    room = room_of(request)
    return room.show("far", await room.look(request), refresh="/far")


async def pump(request: Request) -> Response:
    room = room_of(request)
    return await show_pump(room, await room.look(request), request.path_params["slot"])


async def stopping(request: Request) -> Response:
    """What became of a STOP: for one pump, or for all."""
    room = room_of(request)
    look = await room.look(request)
    slot = request.path_params.get("slot")
    pumps = look.view.pumps if slot is None else (look.pump(slot),)
    return room.show("stopping", look, pumps=pumps, stands_still=stands_still, refresh=request.url.path)


async def pause_form(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    pump, authors = look.pump(request.path_params["slot"]), await room.authors(look)
    return room.show("pause", look, pump=pump, reasons=PAUSE_REASONS, authors=authors)


async def end_form(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    return room.show("end", look, pump=look.pump(request.path_params["slot"]))


async def record(request: Request) -> Response:
    """The journal's last rows in a person's words."""
    room = room_of(request)
    look = await room.look(request)
    rows = await room.client.history(look.token or None, RECORD_ROWS)
    return room.show("record", look, rows=rows, refresh="/record")


async def events(request: Request) -> Response:
    room = room_of(request)
    if room.feed.full:
        return PlainTextResponse("Too many pages are open. Close some.", status_code=HTTPStatus.SERVICE_UNAVAILABLE)
    return StreamingResponse(room.feed.frames(), media_type="text/event-stream")


async def sound(request: Request) -> Response:
    """A page says whether an alarm would be heard at it. Needs nobody."""
    said = await typed(request)
    page = said.get("page", "")
    if 0 < len(page) <= NAME_MAX:
        room_of(request).ears.hear(page, armed=said.get("armed") == "yes")
    return Response(status_code=HTTPStatus.NO_CONTENT)
