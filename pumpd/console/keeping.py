"""What is typed into a form of a visit and not yet sent is kept by the daemon, and stands there again for who goes on.

drafts.js sends it here while somebody types, also on a locked page; after a sign-out, a shift change or a power cut the
next page of that screen asks for it and fills it in, with who typed and when. A form that was accepted forgets it. PINs
are never kept, nor what the second person of a double check enters: it has to stay unseen by the first.

A draft that cannot be kept costs a draft and nothing else, so nothing here is ever told as a problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pumpd.api_path_calls import draft, drop_draft, keep_draft
from pumpd.console.acts import author_of
from pumpd.console.guard import TOKEN_FIELD, holds_token
from pumpd.console.room import Room, room_of, typed
from pumpd.errors import ApiError

FORM_FIELD: Final = "draft"  # the name under which a form is kept, in the form itself
NOT_TYPED: Final = frozenset({TOKEN_FIELD, FORM_FIELD, "key", "author"})
PIN: Final = "pin"  # how the field of anybody's PIN ends
FORMS_MAX: Final = 16  # of one screen


async def keep(request: Request) -> Response:
    """In the place of what was typed before; a form that was emptied is forgotten."""
    values = await typed(request)
    room, token = room_of(request), (await room_of(request).look(request)).token
    if not token or not holds_token(request, values.get(TOKEN_FIELD, "")):
        return Response(status_code=HTTPStatus.FORBIDDEN)
    visit, form = request.path_params["visit"], request.path_params["form"]
    await keep_typed(room, token, visit, {**values, FORM_FIELD: form})
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def keep_typed(room: Room, token: str, visit: str, values: Mapping[str, str]) -> None:
    """What stands in a form that says under which name it is kept; nothing where it does not, or is empty."""
    form = values.get(FORM_FIELD, "")
    if not form:
        return
    fields = {
        name: value for name, value in values.items() if value and name not in NOT_TYPED and not name.endswith(PIN)
    }
    if not fields:
        await forget(room, token, visit, form)
        return
    with suppress(ApiError, ValidationError):
        await room.client.send(replace(keep_draft(form, fields, visit), author=author_of(values)), token)


async def kept(request: Request) -> Response:
    """Of each form what was typed, by whom and when; nothing on a locked page, since it may name a patient."""
    room = room_of(request)
    token = (await room.look(request)).token
    names = {each.id: each.name for each in await room.client.people()} if token else {}
    found: dict[str, Mapping[str, object]] = {}
    for form in request.query_params.getlist("form")[:FORMS_MAX] if token else ():
        with suppress(ApiError):
            view = await room.client.send(draft(form, request.path_params["visit"]), token)
            if view.fields:
                person = names.get(view.person, view.person)
                found[form] = {
                    "fields": view.fields,
                    "told": f"Typed by {person} at {room.clock(view.ts_ms)}, not sent.",
                }
    return JSONResponse(found)


async def forget(room: Room, token: str, visit: str, form: str) -> None:
    """It was sent, or emptied. A locked page may not drop, and keeps nothing in its place instead."""
    try:
        await room.client.send(drop_draft(form, visit), token)
    except ApiError as error:
        if error.status == HTTPStatus.UNAUTHORIZED:
            with suppress(ApiError):
                await room.client.send(keep_draft(form, {}, visit), token)


ROUTES: Final = (
    Route("/visits/{visit}/drafts", kept, methods=["GET"]),
    Route("/visits/{visit}/drafts/{form}", keep, methods=["POST"]),
)
