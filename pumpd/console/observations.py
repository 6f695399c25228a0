"""A set of observations: what is due and what holds above, one field after another below, and an answer that says more.

Numbers are read off a monitor and typed on the keypad, which goes from one empty field to the next; sedation and scores
are steps to choose from, with their words. The last value stands beside each field and never in it. "Not measured" is a
choice with a reason, and a value like any other. Nothing here needs a PIN: a locked page asks whose hands these are.

A value that holds is said with what it asks for. Whoever may let it stand is the prescriber, with a reason; from a
nurse's page with the prescriber's own PIN.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd.api_care_calls import accept_value, care, observe
from pumpd.api_care_models import (
    AcceptBody,
    CareView,
    HoldView,
    ItemToTakeView,
    Measure,
    ObservationsBody,
    ReadingBody,
    Scale,
    ScaleView,
    Sign,
    WhyNot,
)
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, Role
from pumpd.console.path import Sight, do, seen, show
from pumpd.console.sending import NOTHING_TYPED, Told, Values
from pumpd.console.taken import taken_choices, taken_ts_ms
from pumpd.errors import ApiError

STEP: Final = "observations"
WHOLE_NUMBER: Final = "Whole numbers only. Type it again."
ONE_OR_OTHER: Final = "Either nothing unusual, or what it is."
TYPED: Final = (Measure.SYSTOLIC, Measure.DIASTOLIC, Measure.HEART_RATE, Measure.BREATHS, Measure.SPO2)
SCORES: Final = (Measure.PAIN, Measure.CADSS6)
OF_TEN: Final = (Measure.PAIN, Measure.DISTRESS, Measure.NAUSEA, Measure.HEADACHE)
SEEN_OR_ASKED: Final = (Measure.ETCO2, Measure.DISTRESS, Measure.NAUSEA, Measure.HEADACHE, *SCORES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What this set asks for: typed one after another, chosen, and what only some patients have."""

    typed: tuple[ItemToTakeView, ...]
    chosen: tuple[ItemToTakeView, ...]
    more: tuple[ItemToTakeView, ...]
    scale: ScaleView  # in which this patient's sedation is told
    other_scales: tuple[ScaleView, ...]


def asked(view: CareView) -> Asked:
    """The vital signs always, the scores where they are due or belong to the baseline, the rest where it was seen."""
    due = {each.item for each in view.due if each.state != "later"}
    known = {each.item for each in view.latest} | {each.item for each in view.due}
    wanted = {*TYPED, *(due & set(SEEN_OR_ASKED))} | ({Measure.ETCO2} & known)
    if not view.baseline:
        wanted |= set(SCORES)
    items = {each.item: each for each in view.words.items}
    used = next((each.scale for each in view.latest if each.scale is not None), Scale.POSS)
    return Asked(
        typed=_those(items.values(), wanted - set(OF_TEN)),
        chosen=_those(items.values(), wanted & set(OF_TEN)),
        more=_those(items.values(), set(SEEN_OR_ASKED) - wanted),
        scale=next(each for each in view.words.scales if each.scale is used),
        other_scales=tuple(each for each in view.words.scales if each.scale is not used),
    )


def _those(items: Iterable[ItemToTakeView], wanted: set[Measure]) -> tuple[ItemToTakeView, ...]:
    return tuple(each for each in items if each.item in wanted)


async def form(request: Request) -> Response:
    sight = await seen(request)
    return await _show(sight, NOTHING_TYPED, stand=request.query_params.get("stand", ""))


async def _again(sight: Sight, told: Told) -> Response:
    return await _show(sight, told, stand=told.values.get("item", ""))


async def _show(sight: Sight, told: Told, *, stand: str) -> Response:
    view = await sight.room.client.send(care(sight.id), sight.token)
    person = sight.look.person
    entered = [each for each in view.latest if each.entered_ts_ms == max(o.entered_ts_ms for o in view.latest)]
    return show(
        sight,
        "observations",
        STEP,
        told,
        live_at=sight.at(STEP),
        care=view,
        asked=asked(view),
        of_ten=OF_TEN,
        entered=entered,
        last={each.item: each for each in view.latest},
        taken_at=taken_choices(view),
        signs_typed=any(name.startswith("sign:") for name in told.values),
        standing=_to_let_stand(view, stand),
        prescribes=person is not None and not person.locked and person.role is Role.PRESCRIBER,
        prescribers=[each for each in await sight.room.client.people() if each.role is Role.PRESCRIBER],
        authors=await sight.room.authors(sight.look),
    )


def _to_let_stand(view: CareView, about: str) -> HoldView | None:
    """The value that a prescriber was asked about. What asks for a stop is nothing to ask about."""
    holds = (each for each in view.holds if each.value is not None and each.band != "stop")
    return next((each for each in holds if each.about == about), None)


# --- what was typed -------------------------------------------------------------------------------------------


async def enter(request: Request) -> Response:
    return await do(request, _observed, _again, STEP)


async def let_stand(request: Request) -> Response:
    return await do(request, _stands, _again, STEP)


def _observed(sight: Sight, values: Values) -> Call[AnswerView]:
    """Raises ApiError beside a field that is no number."""
    taken = taken_ts_ms(values.get("taken", ""), sight.look.view.ts_ms)
    readings = tuple(found for item in Measure if (found := _reading(item, values)) is not None)
    return observe(sight.id, ObservationsBody(readings=readings, signs=_signs(values), taken_ts_ms=taken))


def _reading(item: Measure, values: Values) -> ReadingBody | None:
    typed = values.get(item.value, "")
    why = values.get(f"why:{Measure.SYSTOLIC.value if item is Measure.DIASTOLIC else item.value}", "")
    if not typed and not why:
        return None
    scale, _, step = typed.rpartition(":")
    return ReadingBody(
        item=item,
        value=whole(item.value, step) if step else None,
        why_not=WhyNot(why) if why else None,
        scale=Scale(scale) if scale else None,
    )


def whole(name: str, typed: str) -> int:
    """Raises ApiError beside the field that is no whole number."""
    if not typed.removeprefix("-").isdecimal() or len(typed) > len("-999"):
        raise ApiError(WHOLE_NUMBER, status=HTTPStatus.UNPROCESSABLE_ENTITY, field=name)
    return int(typed)


def _signs(values: Values) -> tuple[Sign, ...] | None:
    """None where nobody said whether anything was seen."""
    found = tuple(sign for sign in Sign if f"sign:{sign.value}" in values)
    if "nothing_unusual" not in values:
        return found or None
    if found:
        raise ApiError(ONE_OR_OTHER, status=HTTPStatus.UNPROCESSABLE_ENTITY, field="nothing_unusual")
    return ()


def _stands(sight: Sight, values: Values) -> Call[AnswerView]:
    body = AcceptBody(
        item=Measure(values.get("item", "")),
        value=int(values.get("value", "")),
        remark=values.get("remark", ""),
        prescriber=values.get("prescriber") or None,
        prescriber_pin=values.get("prescriber_pin", ""),
    )
    return accept_value(sight.id, body)


ROUTES: Final = (
    Route("/visits/{visit}/observations", form, methods=["GET"]),
    Route("/visits/{visit}/observations/set", enter, methods=["POST"]),
    Route("/visits/{visit}/observations/stand", let_stand, methods=["POST"]),
)
