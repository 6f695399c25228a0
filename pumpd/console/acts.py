"""What a person does: each form becomes one call of the daemon's API, and its answer is shown as it is.

STOP needs nobody, and a pause that nobody asks for is one. Everything else needs a session, and the token that only a
page of that session carries. A page that was left alone is locked: what the daemon wants a PIN for leads to the page
that asks for it. A refusal comes back as the page it was asked from, with every reason; it is never retried here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from pumpd import api_client
from pumpd.api_models import Answer, AnswerView, AuthorBody, Keep, PauseReason, ReasonCode
from pumpd.console.guard import COOKIE, TOKEN_FIELD, holds_token
from pumpd.console.pages import show_bed, show_pump
from pumpd.console.room import UNAUTHORISED, Look, Room, go, local, room_of, typed
from pumpd.errors import ApiError

SIGN_IN_FIRST: Final = "Sign in first; nothing was done."
LOCKED: Final = "This page is locked; nothing was done. Enter your PIN, then do it again."
UNREADABLE: Final = "This form cannot be read; nothing was done. Try again."

Ask = Callable[[Room, Look, dict[str, str]], Awaitable[AnswerView]]


# --- signing in and out -------------------------------------------------------------------------------------


async def sign_in_form(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    return await ask_who(room, look, request.query_params.get("next", "/"))


async def sign_in(request: Request) -> Response:
    room = room_of(request)
    values = await typed(request)
    onward = local(values.get("next", "/"))
    try:
        before = request.cookies.get(COOKIE) or None
        opened = await room.client.sign_in(values.get("person") or "-", values.get("pin") or "-", before)
    except ApiError as error:
        if error.status is None:
            raise
        return await ask_who(room, await room.look(request), onward, fault=str(error))
    answer = go(onward)
    answer.set_cookie(
        COOKIE, opened.token, httponly=True, samesite="strict", secure=request.url.scheme == "https", path="/"
    )
    return answer


async def sign_out(request: Request) -> Response:
    room = room_of(request)
    values = await typed(request)
    answer = go("/")
    if holds_token(request, values.get(TOKEN_FIELD, "")):
        try:
            await room.client.sign_out(request.cookies.get(COOKIE, ""))
        except ApiError as error:
            if error.status is None:
                raise
        answer.delete_cookie(COOKIE, path="/")
    return answer


async def lock(request: Request) -> Response:
    """Whoever walks away: the next one types a PIN for whatever could raise delivery."""
    room = room_of(request)
    values = await typed(request)
    if holds_token(request, values.get(TOKEN_FIELD, "")):
        try:
            await room.client.send(api_client.lock(), request.cookies.get(COOKIE, ""))
        except ApiError as error:
            if error.status is None:
                raise
    return go("/")


async def settle(request: Request) -> Response:
    """What was done in somebody's name on the locked page: theirs, or not."""

    async def ask(room: Room, look: Look, values: dict[str, str]) -> AnswerView:
        acts = tuple(filter(None, values.get("acts", "").split(",")))
        body = AuthorBody(acts=acts, mine=values.get("mine") == "yes")
        return await room.client.send(api_client.settle_author(body, key_of(values)), look.token)

    return await act(request, ask)


async def ask_who(
    room: Room, look: Look, onward: str, *, fault: str | None = None, notice: str | None = None, instead: bool = False
) -> Response:
    """The sign-in, which leads on to `onward`. `instead`: of something else that was asked for, and is not shown."""
    people = await room.client.people()
    status = UNAUTHORISED if instead or fault or notice else HTTPStatus.OK
    return room.show("sign_in", look, people=people, here=local(onward), fault=fault, notice=notice, status=status)


# --- STOP -----------------------------------------------------------------------------------------------------


async def stop(request: Request) -> Response:
    """One pump, or all. No session, no token, no question; the next page says what became of it."""
    room = room_of(request)
    slot = request.path_params.get("slot")
    token = request.cookies.get(COOKIE) or None
    try:
        await room.client.stop(slot, token)
    except ApiError as error:
        return room.show(
            "stop_failed", None, slot=slot, detail=str(error), status=error.status or HTTPStatus.SERVICE_UNAVAILABLE
        )
    return go("/stopping" if slot is None else f"/stopping/{slot}")


# --- everything else ------------------------------------------------------------------------------------------


async def act(request: Request, ask: Ask, *, free: bool = False) -> Response:
    room = room_of(request)
    look = await room.look(request)
    slot = request.path_params.get("slot")
    values = await typed(request)
    onward = "/" if slot is None else f"/pumps/{slot}"
    if not free and (look.person is None or not holds_token(request, values.get(TOKEN_FIELD, ""))):
        return await ask_who(room, look, onward, notice=SIGN_IN_FIRST)
    try:
        answer = await ask(room, look, values)
    except ValueError:  # a form that is not ours: an enum's value that does not exist
        return await _told(room, look, slot, UNREADABLE, HTTPStatus.UNPROCESSABLE_ENTITY)
    if answer.accepted:
        return go(onward)
    look = await room.look(request)
    if any(each.code is ReasonCode.PIN_NEEDED for each in answer.reasons):
        return await ask_who(room, look, onward, notice=LOCKED)
    return await _told(room, look, slot, f"Not done. {answer.text}", HTTPStatus.CONFLICT)


async def _told(room: Room, look: Look, slot: str | None, notice: str, status: HTTPStatus) -> Response:
    if slot is None:
        return await show_bed(room, look, notice=notice, status=status)
    return await show_pump(room, look, slot, notice=notice, status=status)


def key_of(values: Mapping[str, str]) -> str | None:
    return values.get("key") or None


def author_of(values: Mapping[str, str]) -> str | None:
    """Whom somebody chose on a locked page."""
    return values.get("author") or None


async def pause(request: Request) -> Response:
    slot = request.path_params["slot"]

    async def ask(room: Room, look: Look, values: dict[str, str]) -> AnswerView:
        reason = PauseReason(values.get("reason", PauseReason.OTHER.value))
        pausing = replace(api_client.pause(slot, reason, key_of(values)), author=author_of(values))
        return await room.client.send(pausing, look.token or None)

    return await act(request, ask, free=True)


async def resume(request: Request) -> Response:
    slot = request.path_params["slot"]

    async def ask(room: Room, look: Look, values: dict[str, str]) -> AnswerView:
        keep = Keep(values.get("keep", Keep.END_TIME.value))
        return await room.client.resume(slot, look.token, keep, key_of(values))

    return await act(request, ask)


async def step(request: Request) -> Response:
    slot = request.path_params["slot"]

    async def ask(room: Room, look: Look, values: dict[str, str]) -> AnswerView:
        return await room.client.step(slot, look.token, key_of(values))

    return await act(request, ask)


async def end(request: Request) -> Response:
    slot = request.path_params["slot"]

    async def ask(room: Room, look: Look, values: dict[str, str]) -> AnswerView:
        return await room.client.end(slot, look.token, key_of(values))

    return await act(request, ask)


async def answer(request: Request) -> Response:
    slot = request.path_params["slot"]

    async def ask(room: Room, look: Look, values: dict[str, str]) -> AnswerView:
        return await room.client.answer(slot, Answer(values.get("answer", "")), look.token, key_of(values))

    return await act(request, ask)


async def rearm(request: Request) -> Response:
    slot = request.path_params["slot"]

    async def ask(room: Room, look: Look, values: dict[str, str]) -> AnswerView:
        return await room.client.rearm(slot, look.token, key_of(values))

    return await act(request, ask)


async def label(request: Request) -> Response:
    """The label on the housing of a pump that may be another one."""
    slot = request.path_params["slot"]

    async def ask(room: Room, look: Look, values: dict[str, str]) -> AnswerView:
        return await room.client.label(slot, values.get("asset", "") or "-", look.token, key_of(values))

    return await act(request, ask)


async def acknowledge(request: Request) -> Response:
    alarm_id = request.path_params["alarm_id"]

    async def ask(room: Room, look: Look, values: dict[str, str]) -> AnswerView:
        return await room.client.acknowledge(alarm_id, look.token or None, key_of(values))

    return await act(request, ask, free=True)
