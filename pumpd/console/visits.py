"""Who is at this bed and who recovers: what is closed before a start or a discharge, and what is still to be done.

A patient's name stands here for who is signed in and may read it, and the opaque key for everybody else: a page can be
read over a shoulder. The daemon says what is missing and in which words; a gate that opened is gone from the list the
next time somebody looks.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from pumpd.api_departure_calls import recovery, todo
from pumpd.api_path_calls import visits
from pumpd.api_path_models import Place
from pumpd.console.names import names_of
from pumpd.console.room import room_of

GONE_MAX: Final = 6  # older ones stand in their course


async def overview(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    known = await room.client.send(visits(), look.token or None)
    people = {each.id: each.name for each in await room.client.people()}
    recovers = await room.client.send(recovery(), look.token or None)
    undone = await room.client.send(todo(), look.token or None)
    return room.show(
        "visits",
        look,
        at_bed=tuple(each for each in known if each.place is Place.AT_BED),
        recovering=tuple(each for each in recovers if each.place is Place.RECOVERING),
        gone=tuple(each for each in reversed(known) if each.place is Place.CLOSED)[:GONE_MAX],
        to_do=undone,
        people=people,
        names=await names_of(room, look),
        refresh="/visits",
    )
