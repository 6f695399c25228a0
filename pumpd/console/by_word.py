"""What a prescriber orders by word: who said it, what it is, and what was read back, written down in one form.

Only what is less or helps has a form of its own: a lower rate, a rescue drug, a hold parameter. For all else there is
a form too, because a telephone asks for it: it is refused with the reason, and stands on record as asked. Whether an
order may be given by word is the daemon's to say; a form comes back with everything that speaks against it.

Below stands what was ordered so in this visit. A lower rate is set from there, through the confirmation that every rate
has; nothing here sets one. The prescriber signs on the list of what is still to be done (wasting.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd import words
from pumpd.api_care_calls import care
from pumpd.api_care_models import CareView, ItemToTakeView, Measure, VerbalView
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, PersonView, PumpView, Role
from pumpd.api_verbal_calls import order_by_word
from pumpd.api_verbal_models import VerbalOrderBody
from pumpd.console.live import FREE
from pumpd.console.observations import whole
from pumpd.console.path import Sight, do, seen, show
from pumpd.console.room import go
from pumpd.console.sending import LEFT_OUT, NOTHING_TYPED, Told, Values, given_of
from pumpd.errors import ApiError

STEP: Final = "by-word"
SCORED: Final = (Measure.PAIN, Measure.CADSS6)  # asked for the course's sake; no order holds anything by them

Said = dict[str, object]


# --- what each form becomes -----------------------------------------------------------------------------------


def _rate(values: Values) -> Said:
    return {"lower": {"slot": values.get("slot", ""), "rate_ml_per_h": values.get("rate_ml_per_h", "")}}


def _rescue(values: Values) -> Said:
    drug: Said = dict(given_of(values, "drug", "dose_mg", "most_mg", "route", "against"))
    return {"rescue": drug | {name: name in values for name in ("sedating", "reverses")}}


def _hold(values: Values) -> Said:
    """Raises ApiError beside a bound that is no number."""
    bounds = {name: whole(name, values[name]) for name in ("above", "below") if values.get(name)}
    scale = {"scale": values["scale"]} if values.get("scale") else {}
    return {"hold": given_of(values, "item", "band") | bounds | scale}


def _other(values: Values) -> Said:
    """It is refused, so it is typed once, and reading it back is an act. Raises ApiError where nobody typed it."""
    if not values.get("other"):
        raise ApiError(LEFT_OUT, status=HTTPStatus.UNPROCESSABLE_ENTITY, field="other")
    return {"other": values["other"], "read_back": "", "confirmed": "confirmed" in values}


KINDS: Final[Mapping[str, tuple[str, Callable[[Values], Said]]]] = {
    "rate": ("A lower rate", _rate),
    "rescue": ("A rescue drug", _rescue),
    "hold": ("A hold parameter", _hold),
    "other": ("Something else", _other),
}


def ordered(kind: str, values: Values) -> VerbalOrderBody:
    """Raises ValidationError, and ApiError beside a bound that is no number."""
    said = {"read_back": values.get("read_back", ""), "prescriber": values.get("prescriber", "")}
    return VerbalOrderBody.model_validate(said | KINDS[kind][1](values))


# --- what stands on the screen --------------------------------------------------------------------------------


async def screen(request: Request) -> Response:
    return await _show(await seen(request), NOTHING_TYPED, request.query_params.get("what", ""))


async def _show(sight: Sight, told: Told, what: str) -> Response:
    view = await sight.room.client.send(care(sight.id), sight.token)
    people = await sight.room.client.people()
    running = _running(sight)
    set_now = {
        each.slot: each.asked.ul_per_h for each in running if each.asked is not None and each.buttons.rate.allowed
    }
    return show(
        sight,
        "by_word",
        STEP,
        told,
        live_at=sight.at(_at(what)),
        care=view,
        kinds=[(kind, label) for kind, (label, _) in KINDS.items()],
        what=what if what in KINDS else "",
        running=running,
        prescribers=said_by_others(people, None if sight.look.person is None else sight.look.person.person),
        items=bounded(view),
        bands={each.code: each.text for each in view.words.bands},
        said=[(each, to_set(each, set_now)) for each in reversed(view.verbal)],
    )


def _at(what: str) -> str:
    return f"{STEP}?what={what}" if what in KINDS else STEP


def _running(sight: Sight) -> list[PumpView]:
    """The pumps that hold an infusion of this visit."""
    return [
        each
        for each in sight.look.view.pumps
        if each.infusion is not None and each.infusion.visit == sight.id and each.phase not in FREE
    ]


def said_by_others(people: Iterable[PersonView], mine: str | None) -> list[tuple[str, str]]:
    """Who may have said it: a prescriber, and somebody else than whoever writes it down."""
    return [(each.id, each.name) for each in people if each.role is Role.PRESCRIBER and each.id != mine]


def bounded(view: CareView) -> list[ItemToTakeView]:
    return [each for each in view.words.items if each.item not in SCORED]


def to_set(said: VerbalView, set_now: Mapping[str, int]) -> str:
    """The lower rate as it would be typed, where it was ordered, still counts, and more than that is set."""
    lower = said.lower
    if lower is None or said.agreed is False or set_now.get(lower.slot, 0) <= lower.rate_ul_per_h:
        return ""
    return words.typed_number(lower.rate_ul_per_h, digits=3)


# --- addresses ------------------------------------------------------------------------------------------------


async def _write_down(kind: str, request: Request) -> Response:
    def ask(sight: Sight, values: Values) -> Call[AnswerView]:
        return order_by_word(sight.id, ordered(kind, values))

    async def again(sight: Sight, told: Told) -> Response:
        return await _show(sight, told, kind)

    return await do(request, ask, again, STEP, form_at=_at(kind))


async def _back(kind: str, request: Request) -> Response:
    """Whoever loads a refused form anew gets it empty, or with what was kept of it."""
    return go(f"/visits/{request.path_params['visit']}/{_at(kind)}")


ROUTES: Final = (
    Route(f"/visits/{{visit}}/{STEP}", screen, methods=["GET"]),
    *(Route(f"/visits/{{visit}}/{STEP}/{kind}", partial(_write_down, kind), methods=["POST"]) for kind in KINDS),
    *(Route(f"/visits/{{visit}}/{STEP}/{kind}", partial(_back, kind), methods=["GET"]) for kind in KINDS),
)
