"""From one nurse to the next: words for what no record knows, beside everything that it does know.

Whoever goes says what the next one has to know; whoever comes takes the visit over with one tap, from here or from any
of its screens, and is then the one who fills it in. Nothing at the bed waits for either.
"""

from __future__ import annotations

from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd.api_care_calls import care, hand_over
from pumpd.api_care_models import HandOverBody
from pumpd.api_check_in_calls import check_in
from pumpd.api_departure_calls import todo
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView
from pumpd.api_path_calls import take_over
from pumpd.api_preparation_calls import preparation
from pumpd.console.live import FREE
from pumpd.console.path import Sight, do, seen, show
from pumpd.console.sending import NOTHING_TYPED, Told, Values
from pumpd.errors import ApiError

STEP: Final = "hand-over"

T = TypeVar("T")


async def form(request: Request) -> Response:
    return await _show(await seen(request), NOTHING_TYPED)


async def _show(sight: Sight, told: Told) -> Response:
    view = await sight.room.client.send(care(sight.id), sight.token)
    undone = await sight.room.client.send(todo(), sight.token)
    checked_in = await _readable(sight, check_in(sight.id))
    prepared = await _readable(sight, preparation(sight.id))
    baseline = {each.item: each for each in view.baseline}
    return show(
        sight,
        "hand_over",
        STEP,
        told,
        live_at=sight.at(STEP),
        care=view,
        last={},
        seen_last=[(each, baseline.get(each.item)) for each in view.latest],
        check_in=checked_in,
        preparation=prepared,
        pumps=[each for each in sight.look.view.pumps if each.infusion is not None and each.phase not in FREE],
        to_do=[each for each in undone if each.visit == sight.id],
        effects={each.effect: each.text for each in view.offers},
    )


async def _readable(sight: Sight, call: Call[T]) -> T | None:
    """What a locked page may not read is left out."""
    try:
        return await sight.room.client.send(call, sight.token)
    except ApiError as error:
        if error.status is None:
            raise
        return None


async def say(request: Request) -> Response:
    return await do(request, _said, _show, STEP)


def _said(sight: Sight, values: Values) -> Call[AnswerView]:
    return hand_over(sight.id, HandOverBody(said=values.get("said", "")))


async def take(request: Request) -> Response:
    """Whoever taps writes this visit from now on."""
    return await do(request, lambda sight, _: take_over(sight.id), _show, STEP)


ROUTES: Final = (
    Route("/visits/{visit}/hand-over", form, methods=["GET"]),
    Route("/visits/{visit}/hand-over/say", say, methods=["POST"]),
    Route("/visits/{visit}/hand-over/take", take, methods=["POST"]),
)
