"""Another rate: typed, then read as old and new with the end that it brings, then confirmed with all that it needs.

What it needs is the daemon's to say, and comes with the review: a digest for what has to be read, the rate once more
where it is five times as much, a reason and a second person beyond the order. In a visit another person checks that
independently, and this page asks for it by confirming once (rise_checking.py is theirs). Where the review can not be
had (the pump runs no longer) the daemon's own sentence is shown beside the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from pumpd import words
from pumpd.api_models import AnswerView, InfusionView, RateBody
from pumpd.api_rise_calls import review_rate, set_rate
from pumpd.api_rise_models import RateReviewView
from pumpd.console.acts import author_of, key_of
from pumpd.console.rising import TOO_LONG, agreeing, agreement_missing, confirm, who_may_agree, why_alone
from pumpd.console.room import Look, Room, go, room_of, typed
from pumpd.errors import ApiError

MISSING: Final = "Type the new rate, or go back."


async def form(request: Request) -> Response:
    room = room_of(request)
    return await _show(room, await room.look(request), request.path_params["slot"], {})


async def change(request: Request) -> Response:
    """First the review; with `confirmed`, the change itself."""
    room = room_of(request)
    slot = request.path_params["slot"]
    values = await typed(request)
    look = await room.look(request)
    if not values.get("rate_ml_per_h"):
        return await _show(room, look, slot, values, fault=MISSING)
    if "confirmed" not in values:
        return await _review(room, look, slot, values)
    try:
        body = RateBody(
            rate_ml_per_h=values["rate_ml_per_h"],
            digest=values.get("digest") or None,
            repeated_ml_per_h=values.get("repeated_ml_per_h") or None,
            override=agreeing(values),
            reason=why_alone(values),
        )
    except ValidationError:
        return await _review(room, look, slot, values, fault=agreement_missing(values))

    async def ask(room: Room, look: Look, values: dict[str, str]) -> AnswerView:
        call = replace(set_rate(slot, body, key_of(values)), author=author_of(values))
        return await room.client.send(call, look.token)

    return await confirm(request, ask, values, lambda fault: _review(room, look, slot, values, fault=fault))


async def _review(
    room: Room, look: Look, slot: str, values: Mapping[str, str], *, fault: str | None = None
) -> Response:
    try:
        review = await room.client.send(review_rate(slot, values["rate_ml_per_h"]), look.token or None)
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
    review: RateReviewView | None = None,
    fault: str | None = None,
) -> Response:
    pump = look.pump(slot)
    if pump.infusion is None:
        return go(f"/pumps/{slot}")
    return room.show(
        "rate",
        look,
        pump=pump,
        values=values,
        rate_typed=values.get("rate_ml_per_h", "")[:32],
        authors=await room.authors(look),
        review=review,
        **await who_may_agree(room, look, review),
        ordered=ordered_rates(pump.infusion),
        fault=fault,
        status=HTTPStatus.OK if fault is None else HTTPStatus.UNPROCESSABLE_ENTITY,
    )


def ordered_rates(infusion: InfusionView) -> list[str]:
    """The rates of the plan that may be set now, as they would be typed: each once, in the plan's order."""
    within = [step.rate_ul_per_h for step in infusion.plan if step.rate_ul_per_h <= infusion.rate_max.ul_per_h]
    return [words.typed_number(rate, digits=3) for rate in dict.fromkeys(within)]
