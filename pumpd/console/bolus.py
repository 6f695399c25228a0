"""A prescriber's bolus on top of what runs: typed, read with what both give together, then begun with what it needs.

Only where the library's entry lets one be given; for every other infusion there is no such page, and none that is
shipped has one. As with another rate (titrating.py) what it needs comes with the daemon's review: in a visit another
person checks it independently first (rise_checking.py is theirs), asked for by confirming once.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from pumpd.api_models import AnswerView
from pumpd.api_rise_calls import give_bolus, review_bolus
from pumpd.api_rise_models import BolusBody, BolusReviewView
from pumpd.console.acts import key_of
from pumpd.console.rising import TOO_LONG, agreeing, agreement_missing, confirm, who_may_agree, why_alone
from pumpd.console.room import Look, Room, go, room_of, typed
from pumpd.errors import ApiError

MISSING: Final = "Type the dose and over how long it is given, or go back."
_TYPED: Final = ("dose_mg_per_kg", "duration_min")


async def form(request: Request) -> Response:
    room = room_of(request)
    return await _show(room, await room.look(request), request.path_params["slot"], {})


async def give(request: Request) -> Response:
    """First the review; with `confirmed`, the bolus itself."""
    room, slot, values = room_of(request), request.path_params["slot"], await typed(request)
    look = await room.look(request)
    if not all(values.get(name) for name in _TYPED):
        return await _show(room, look, slot, values, fault=MISSING)
    if "confirmed" not in values:
        return await _review(room, look, slot, values)
    try:
        body = _body(values)
    except ValidationError:
        return await _review(room, look, slot, values, fault=agreement_missing(values))

    async def ask(room: Room, look: Look, values: dict[str, str]) -> AnswerView:
        return await room.client.send(give_bolus(slot, body, key_of(values)), look.token)

    return await confirm(request, ask, values, lambda fault: _review(room, look, slot, values, fault=fault))


def _body(values: Mapping[str, str]) -> BolusBody:
    """Raises ValidationError."""
    return BolusBody(
        dose_mg_per_kg=values["dose_mg_per_kg"],
        duration_min=values["duration_min"],
        digest=values.get("digest") or None,
        override=agreeing(values),
        reason=why_alone(values),
    )


async def _review(
    room: Room, look: Look, slot: str, values: Mapping[str, str], *, fault: str | None = None
) -> Response:
    try:
        asked = BolusBody(dose_mg_per_kg=values["dose_mg_per_kg"], duration_min=values["duration_min"])
        review = await room.client.send(review_bolus(slot, asked))
    except ApiError as error:
        if error.status is None:
            raise
        return await _show(room, look, slot, values, fault=str(error))
    except ValidationError:
        return await _show(room, look, slot, values, fault=TOO_LONG)
    return await _show(room, look, slot, values, review=review, fault=fault)


async def _show(
    room: Room,
    look: Look,
    slot: str,
    values: Mapping[str, str],
    *,
    review: BolusReviewView | None = None,
    fault: str | None = None,
) -> Response:
    pump = look.pump(slot)
    if pump.infusion is None or not pump.infusion.bolus_text:
        return go(f"/pumps/{slot}")
    return room.show(
        "bolus",
        look,
        pump=pump,
        values=values,
        review=review,
        **await who_may_agree(room, look, review),
        fault=fault,
        status=HTTPStatus.OK if fault is None else HTTPStatus.UNPROCESSABLE_ENTITY,
    )
