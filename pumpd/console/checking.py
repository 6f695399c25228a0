"""The independent double check on the page: another person, at any page of this bed, enters everything from its source.

Nothing that the first person entered may stand in this screen, nor what was ordered: it says what to enter and from
where. What was typed is forgotten after a difference, so that the next try is read anew; what differed is told by
name.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from pumpd import api_preparation_calls as calls
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, ReasonCode
from pumpd.api_preparation_models import CheckBody, CheckField
from pumpd.console.path import Sight, screen_routes, show
from pumpd.console.sending import NOTHING_TYPED, Told, Values, given_of

STEP: Final = "check"

# what is entered -> the field of the form, and the digits behind its point (None: words)
FIELDS: Final = {
    CheckField.WEIGHT: ("weight_kg", 3),
    CheckField.DRUG: ("drug", None),
    CheckField.CONCENTRATION: ("concentration_mg_per_ml", 3),
    CheckField.SIZE: ("size_ml", 3),
    CheckField.BRAND: ("brand", None),
    CheckField.DOSE: ("dose_mg", 3),
}


def _check(sight: Sight, values: Values) -> Call[AnswerView]:
    names = (name for name, _ in FIELDS.values())
    return calls.enter_check(sight.id, CheckBody.model_validate(given_of(values, *names)))


async def _screen(sight: Sight) -> Response:
    return await _show(sight, NOTHING_TYPED)


async def _show(sight: Sight, told: Told) -> Response:
    task = await sight.room.client.send(calls.check_task(sight.id), sight.token)
    far = await sight.room.client.send(calls.preparation(sight.id), sight.token)
    if far.differed:
        told = Told(notice=told.notice, faults=told.faults)
    closed = {each.code: each.text for each in sight.visit.missing}
    return show(
        sight,
        "check",
        STEP,
        told,
        task=task,
        entries=[(*FIELDS[each.field], each) for each in task.fields],
        checked_by=sight.names.get(far.checked_by or "", far.checked_by),
        differed_text=far.differed_text,
        not_yet=[closed[each] for each in (ReasonCode.LABEL_NOT_READ, ReasonCode.NOT_WEIGHED) if each in closed],
    )


ROUTES: Final[tuple[Route, ...]] = screen_routes(STEP, _screen, {"enter": (_check, _show)})
