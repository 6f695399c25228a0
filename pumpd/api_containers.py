"""The API's acts about containers and the line: what is read off a label, and what was done by hand at the bedside."""

from __future__ import annotations

from fastapi import APIRouter, Response

from pumpd import api_typed
from pumpd.api_calls import At, By, told
from pumpd.api_container_models import ContainerChangeBody
from pumpd.api_models import AnswerView
from pumpd.core import requests as r

acts = APIRouter()


@acts.post("/pumps/{slot}/change_container", response_model=AnswerView)
async def change_container(desk: At, by: By, slot: str, body: ContainerChangeBody) -> Response:
    """Another container hangs, with the line off the patient meanwhile: check its label and go on."""
    concentration = api_typed.concentration_ug_per_ml(body.concentration_mg_per_ml)
    second = None if body.second is None else await desk.second(body.second.second_person, body.second.second_pin)
    return told(
        await desk.act(
            by,
            slot,
            body,
            lambda common: r.ContainerChangeRequested(
                **common,
                slot=slot,
                container=body.container,
                concentration_ug_per_ml=concentration,
                lot=body.lot or None,
                second=second,
                keep=body.keep,
            ),
        )
    )
