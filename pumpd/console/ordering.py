"""Saline for training, from choosing a regimen to START: one screen to fill in, one to read, one button.

A drug is started by the order of a patient's visit (starting.py), which reads its review and holds its START as here.

What was typed travels as typed, from the form to the daemon and back into the form: nothing is parsed, rounded or
repaired on the way, so a typed comma is refused by the one that knows what a number is. What the nurse reads is the
daemon's review, and START carries that review's fingerprint: if anything is different by then, nothing starts and the
new review is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from pumpd.api_models import (
    OrderBody,
    OverrideBody,
    ReasonView,
    RegimenView,
    ReviewRequest,
    ReviewView,
    Severity,
    StartBody,
)
from pumpd.console.acts import ask_who
from pumpd.console.guard import TOKEN_FIELD, holds_token
from pumpd.console.room import Look, Room, go, room_of, typed
from pumpd.errors import ApiError

CONTAINER_OF: Final = "container:"  # the form's field is this and the regimen's id: each regimen has its own choice
DAY_OF: Final = "day:"
TOO_LONG: Final = "This is too long to be right. Type it again."
MISSING: Final = "Choose one."
_MAY_BE_LEFT_OUT: Final = ("weight_basis", "actual_weight_kg", "verified_weight_kg", "sex", "age_years")
_GROUPS: Final = (
    (Severity.HARD, "Cannot be given"),
    (Severity.SOFT, "Needs a reason and a second person"),
    (Severity.CLAMPED, "Reduced"),
    (Severity.NOTE, "Note"),
)


async def choose(request: Request) -> Response:
    """The empty form."""
    room = room_of(request)
    look = await room.look(request)
    return await _form(room, look, request.path_params["slot"], {}, {})


async def change(request: Request) -> Response:
    """Back from the review, with everything as it was typed."""
    room = room_of(request)
    look = await room.look(request)
    return await _form(room, look, request.path_params["slot"], await typed(request), {})


async def review(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    slot = request.path_params["slot"]
    values = await typed(request)
    order, faults = _order(values)
    if order is None:
        return await _form(room, look, slot, values, faults)
    try:
        read = await room.client.review(ReviewRequest(slot=slot, order=order), look.token or None)
    except ApiError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        return await _form(room, look, slot, values, {error.field or "regimen": str(error)})
    return await _review(room, look, slot, order, read)


async def start(request: Request) -> Response:
    """The one button that makes a pump move for the first time."""
    room = room_of(request)
    look = await room.look(request)
    slot = request.path_params["slot"]
    values = await typed(request)
    order, faults = _order(values)
    if order is None:
        return await _form(room, look, slot, values, faults)
    if look.person is None or not holds_token(request, values.get(TOKEN_FIELD, "")):
        return await ask_who(room, look, f"/pumps/{slot}/new", notice="Sign in before you start an infusion.")
    override, faults = override_of(values)
    answer = None
    if not faults:
        try:
            body = StartBody(order=order, digest=values.get("digest", "")[:64] or "-", override=override)
            answer = await room.client.start(slot, body, look.token, values.get("key") or None)
        except ApiError as error:
            if error.status is None or error.field is None:
                raise
            faults = {error.field: str(error)}
    if answer is not None and answer.accepted:
        return go(f"/pumps/{slot}")
    read = await room.client.review(ReviewRequest(slot=slot, order=order), look.token)
    look = await room.look(request)
    told = None if answer is None else f"Not started. {answer.text}"
    return await _review(room, look, slot, order, read, notice=told, faults=faults, values=values)


# --- within -----------------------------------------------------------------------------------------------


def _order(values: Mapping[str, str]) -> tuple[OrderBody | None, dict[str, str]]:
    """What was typed, as an order, or what is wrong beside each field."""
    regimen = values.get("regimen", "")
    try:
        order = OrderBody(
            regimen=regimen,
            day=values.get(f"{DAY_OF}{regimen}", "1"),
            weight_kg=values.get("weight_kg", ""),
            height_cm=values.get("height_cm", ""),
            container=values.get(f"{CONTAINER_OF}{regimen}", ""),
            **{name: values[name] for name in _MAY_BE_LEFT_OUT if values.get(name)},
        )
    except ValidationError as error:
        faults = {}
        for fault in error.errors():
            name = str(fault["loc"][0])
            faults[name] = MISSING if fault["type"] == "string_too_short" else TOO_LONG
        return None, faults
    return order, {}


def override_of(values: Mapping[str, str]) -> tuple[OverrideBody | None, dict[str, str]]:
    """Only when the form asked for one; every field of it has to be there."""
    if "second_person" not in values:
        return None, {}
    needed = {
        "reason": "Say why the limit is crossed.",
        "second_person": "Choose the person who checks with you.",
        "second_pin": "The second person types their own PIN.",
    }
    faults = {name: told for name, told in needed.items() if not values.get(name)}
    if faults:
        return None, faults
    try:
        return OverrideBody(**{name: values[name] for name in needed}), {}
    except ValidationError as error:
        return None, {str(fault["loc"][0]): TOO_LONG for fault in error.errors()}


async def _form(room: Room, look: Look, slot: str, values: Mapping[str, str], faults: Mapping[str, str]) -> Response:
    regimens = await room.client.regimens(slot)
    return room.show(
        "new",
        look,
        pump=look.pump(slot),
        regimens=[each for each in regimens if not each.high_alert],  # a drug is started by a visit's own order
        values=values,
        faults=faults,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
    )


async def _review(
    room: Room,
    look: Look,
    slot: str,
    order: OrderBody,
    read: ReviewView,
    *,
    notice: str | None = None,
    faults: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
) -> Response:
    people = await room.client.people() if read.needs_override else ()
    regimen = named(await room.client.regimens(slot), order.regimen)
    return room.show(
        "review",
        look,
        pump=look.pump(slot),
        order=order,
        regimen=regimen,
        review=read,
        named=order.regimen,
        groups=groups_of(read),
        start_at=f"/pumps/{slot}/start",
        may_start=read.allowed,
        people=tuple(each for each in people if look.person is None or each.id != look.person.person),
        container_field=f"{CONTAINER_OF}{order.regimen}",
        day_field=f"{DAY_OF}{order.regimen}",
        notice=notice,
        faults=faults or {},
        values=values or {},
        status=HTTPStatus.CONFLICT if notice else HTTPStatus.OK,
    )


def groups_of(read: ReviewView) -> tuple[tuple[str, str, tuple[ReasonView, ...]], ...]:
    """Severity, heading, reasons; those of a reduction stand in the review itself and are not told twice."""
    said = {line.text for line in read.lines}
    groups = (
        (severity.value, told, tuple(r for r in read.reasons if r.severity is severity and r.text not in said))
        for severity, told in _GROUPS
    )
    return tuple(group for group in groups if group[2])


def named(regimens: tuple[RegimenView, ...], wanted: str) -> RegimenView | None:
    return next((each for each in regimens if each.id == wanted), None)
