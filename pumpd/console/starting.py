"""Review and START of a visit: what its own order becomes on the pump, read whole, and the button that is held.

The order was signed and nothing of it is typed here, so nothing can be typed wrongly. Each gate that is still closed
stands above with a way to its step; START is there only when the daemon would take it. It carries the fingerprint of
the review that was read: if anything is different by then, nothing starts and the new review is shown.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView
from pumpd.api_path_calls import review_visit, start_visit
from pumpd.api_path_models import VisitStartBody
from pumpd.api_preparation_calls import preparation
from pumpd.console.ordering import groups_of, named, override_of
from pumpd.console.path import STEPS, Sight, StepMark, seen, show
from pumpd.console.room import go, typed
from pumpd.console.sending import NOTHING_TYPED, Told, require_person, sent

STEP: Final = "start"
HERE: Final = f"/visits/{{visit}}/{STEP}"


async def screen(request: Request) -> Response:
    return await _show(await seen(request), request.query_params.get("slot", ""), NOTHING_TYPED)


async def start(request: Request) -> Response:
    """The button that gives a drug."""
    sight = await seen(request)
    values = await typed(request)
    slot = values.get("slot", "")
    onward = f"{sight.at(STEP)}?slot={slot}"
    require_person(request, sight.look, values, onward)
    override, faults = override_of(values)
    if faults:
        return await _show(sight, slot, Told(values=values, faults=faults))

    def ask() -> Call[AnswerView]:
        digest = values.get("digest", "")[:64] or "-"
        return start_visit(sight.id, VisitStartBody(slot=slot or "-", digest=digest, override=override))

    back = await sent(sight.room, sight.look, values, ask, onward=onward, not_done="Not started.")
    if isinstance(back, Told):
        return await _show(await seen(request), slot, back)
    return go(f"/pumps/{slot}")


async def _show(sight: Sight, wanted: str, told: Told) -> Response:
    client, pumps = sight.room.client, sight.look.view.pumps
    slot = wanted or await _likely(sight)
    if not slot:
        return show(sight, "start_where", STEP, told, pumps=pumps)
    pump = sight.look.pump(slot)
    read = await client.send(review_visit(sight.id, slot), sight.token)
    me = None if sight.look.person is None else sight.look.person.person
    return show(
        sight,
        "start",
        STEP,
        told,
        pump=pump,
        pumps=pumps,
        order=None,
        named=sight.visit.regimen,
        regimen=named(await client.regimens(slot), sight.visit.regimen),
        review=read,
        groups=groups_of(read),
        people=[each for each in await client.people() if each.id != me] if read.needs_override else [],
        start_at=sight.at(STEP),
        marks=[StepMark(step=step, closed=sight.closed_at(step)) for step in STEPS if sight.closed_at(step)],
        may_start=read.allowed and not sight.visit.missing,
    )


async def _likely(sight: Sight) -> str:
    """The only pump, or the only one whose line is primed with what was ordered; empty: somebody has to say."""
    slots = [each.slot for each in sight.look.view.pumps]
    if len(slots) > 1:
        slots = list((await sight.room.client.send(preparation(sight.id), sight.token)).primed)
    return slots[0] if len(slots) == 1 else ""


ROUTES: Final[tuple[Route, ...]] = (
    Route(HERE, screen, methods=["GET"]),
    Route(HERE, start, methods=["POST"]),
)
