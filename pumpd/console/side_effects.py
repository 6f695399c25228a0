"""A side effect: which, how bad, and what was done, each one tap; and beside them what the order allows.

The lower rates and the rescue drugs come from the daemon, already on the pump's own grid and with what is left of them.
A lower rate leads to the confirmation that every rate has, filled in. A drug that was given goes on record whatever
speaks against it: the refusal says all of it, and the same form then offers to record it with that.

Nothing here needs a PIN, since all of it writes down or lowers; a locked page asks whose hands these are.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd import words
from pumpd.api_care_calls import care, note_infiltration, note_side_effect, record_rescue
from pumpd.api_care_models import (
    CareView,
    InfiltrationBody,
    Measure,
    OfferView,
    Remedy,
    RescueBody,
    SideEffect,
    SideEffectBody,
)
from pumpd.api_care_models import Route as Way
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, Phase
from pumpd.console.path import Sight, do, seen, show
from pumpd.console.sending import NOTHING_TYPED, Told, Values
from pumpd.console.taken import taken_choices, taken_ts_ms
from pumpd.errors import ApiError

STEP: Final = "side-effects"
OF_TEN: Final = "A whole number from 0 to 10."
HOLDS_DRUG: Final = (Phase.STARTING, Phase.INFUSING, Phase.STOPPING, Phase.STOPPED, Phase.UNCERTAIN)


async def form(request: Request) -> Response:
    return await _show(await seen(request), NOTHING_TYPED, request.query_params.get("effect", ""))


async def _again(sight: Sight, told: Told) -> Response:
    return await _show(sight, told, told.values.get("effect") or told.values.get("against", ""))


async def _show(sight: Sight, told: Told, effect: str) -> Response:
    view = await sight.room.client.send(care(sight.id), sight.token)
    offer = next((each for each in view.offers if each.effect.value == effect), None)
    pumps = sight.look.view.pumps
    return show(
        sight,
        "side_effects",
        STEP,
        told,
        live_at=sight.at(STEP if offer is None else f"{STEP}?effect={offer.effect.value}"),
        care=view,
        last={each.item: each for each in view.latest},
        offer=offer,
        of_ten=frozenset({Measure.DISTRESS, Measure.NAUSEA, Measure.HEADACHE}),
        done=_done(view, offer),
        lower=[(each, words.typed_number(each.rate_ul_per_h, digits=3)) for each in view.reductions],
        may_give=[(each, words.typed_number(each.dose_ug, digits=3)) for each in view.may_give],
        moving=[each for each in pumps if each.buttons.pause.allowed],
        holding=[each for each in pumps if each.infusion is not None and each.phase in HOLDS_DRUG],
        spoken_against=bool(told.notice and told.values.get("drug")),
        taken_at=taken_choices(view),
        staff=await sight.room.client.people(),
        authors=await sight.room.authors(sight.look),
    )


def _done(view: CareView, offer: OfferView | None) -> list[tuple[str, str]]:
    """What may have been done: what is offered for this side effect first, then the rest."""
    first = () if offer is None else offer.remedies
    order = {each.value: place for place, each in enumerate(first)}
    told = [(each.code, each.text) for each in view.words.remedies]
    return sorted(told, key=lambda each: order.get(each[0], len(told)))


async def note(request: Request) -> Response:
    return await do(request, _noted, _again, STEP)


async def rescue(request: Request) -> Response:
    return await do(request, _rescued, _again, STEP)


async def infiltration(request: Request) -> Response:
    return await do(request, _infiltrated, _again, STEP)


def _noted(sight: Sight, values: Values) -> Call[AnswerView]:
    severity = values.get("severity", "")
    if severity and not (severity.isdecimal() and int(severity) <= 10):
        raise ApiError(OF_TEN, status=HTTPStatus.UNPROCESSABLE_ENTITY, field="severity")
    body = SideEffectBody(
        effect=SideEffect(values.get("effect", "")),
        severity=int(severity) if severity else None,
        remedies=tuple(each for each in Remedy if f"done:{each.value}" in values),
        remark=values.get("remark", ""),
    )
    return note_side_effect(sight.id, body)


def _rescued(sight: Sight, values: Values) -> Call[AnswerView]:
    against = values.get("against", "")
    body = RescueBody(
        drug=values.get("drug", ""),
        dose_mg=values.get("dose_mg", ""),
        route=Way(values.get("route", Way.VEIN.value)),
        given_by=values.get("given_by") or values.get("author", ""),
        against=SideEffect(against) if against else None,
        given_ts_ms=taken_ts_ms(values.get("given", ""), sight.look.view.ts_ms),
        all_the_same="all_the_same" in values,
    )
    return record_rescue(sight.id, body)


def _infiltrated(sight: Sight, values: Values) -> Call[AnswerView]:
    return note_infiltration(sight.id, InfiltrationBody(slot=values.get("slot", ""), remark=values.get("seen", "")))


ROUTES: Final = (
    Route("/visits/{visit}/side-effects", form, methods=["GET"]),
    Route("/visits/{visit}/side-effects/note", note, methods=["POST"]),
    Route("/visits/{visit}/side-effects/rescue", rescue, methods=["POST"]),
    Route("/visits/{visit}/side-effects/infiltration", infiltration, methods=["POST"]),
)
