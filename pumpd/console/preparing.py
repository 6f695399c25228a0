"""Preparation on the page: what was ordered before the start, the label, the line, and the prime.

The premedication stands first, since its wait runs while everything else is prepared. What stands on label and barrel
is typed or scanned as it is read; the order's own values are never filled in. Whoever reads a label the second time,
after a difference, is told what differed by name alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from pumpd import api_client, words
from pumpd import api_preparation_calls as calls
from pumpd.api_container_models import PrimeBody
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, ReasonCode
from pumpd.api_preparation_models import LabelReadBody, OmissionBody, PremedicationBody
from pumpd.console.path import Ask, Sight, screen_routes, show
from pumpd.console.sending import NOTHING_TYPED, Told, Values, given_of

STEP: Final = "preparation"
LABEL: Final = ("drug", "concentration_mg_per_ml", "lot", "expires", "size_ml", "brand")


def _label(sight: Sight, values: Values) -> Call[AnswerView]:
    return calls.read_label(sight.id, LabelReadBody.model_validate(given_of(values, *LABEL)))


def _line(sight: Sight, _: Values) -> Call[AnswerView]:
    return calls.check_line(sight.id)


def _prime(sight: Sight, values: Values) -> Call[AnswerView]:
    """The visit's own container, on the pump that was chosen."""
    body = PrimeBody(regimen=sight.visit.regimen, container=sight.visit.container)
    return api_client.prime(values.get("slot", "") or "-", body)


def _given(sight: Sight, values: Values) -> Call[AnswerView]:
    given = {name: value for name, value in _of_drug(values, "dose_mg", "given_by", "ago_min").items() if value}
    body = {"dose_mg": "", **given, **given_of(values, "route")}
    return calls.give_premedication(sight.id, PremedicationBody.model_validate(body))


def _omitted(sight: Sight, values: Values) -> Call[AnswerView]:
    return calls.leave_premedication(sight.id, OmissionBody.model_validate(_of_drug(values, "why")))


def _of_drug(values: Values, *names: str) -> dict[str, str]:
    """Each premedication has fields of its own: `why:midazolam`."""
    drug = values.get("of", "")
    return {"drug": drug, **{name: values.get(f"{name}:{drug}", "") for name in names}}


_FORMS: Final[Mapping[str, Ask]] = {
    "label": _label,
    "line": _line,
    "prime": _prime,
    "premedication": _given,
    "omitted": _omitted,
}

_OF_A_DRUG: Final = ("premedication", "omitted")


async def _show(sent: str, sight: Sight, told: Told) -> Response:
    """`sent`: the form that came back."""
    view = await sight.room.client.send(calls.preparation(sight.id), sight.token)
    closed = {each.code: each.text for each in sight.visit.missing}
    drug = told.values.get("of", "") if sent in _OF_A_DRUG else ""
    if drug:
        told = replace(told, faults={f"{name}:{drug}": text for name, text in told.faults.items()})
    return show(
        sight,
        "preparation",
        STEP,
        told,
        preparation=view,
        sent=sent,
        of=drug,
        before=[(each, words.duration(each.left_s or 0)) for each in view.premedication],
        reads_label=ReasonCode.LABEL_NOT_READ in closed or sent == "label",
        checks_line=ReasonCode.LINE_NOT_CHECKED in closed,
        primes=ReasonCode.NOT_PRIMED in closed or sent == "prime",
        pumps=[(each.slot, f"{each.slot}: {each.title}") for each in sight.look.view.pumps],
        told_why={code.value: text for code, text in closed.items()},
    )


async def _screen(sight: Sight) -> Response:
    return await _show("", sight, NOTHING_TYPED)


ROUTES: Final[tuple[Route, ...]] = screen_routes(
    STEP, _screen, {name: (ask, partial(_show, name)) for name, ask in _FORMS.items()}
)
