"""The API's acts about containers and the line: what is read off a label, and what was done by hand at the bedside."""

from __future__ import annotations

from fastapi import Response

from pumpd import api_typed
from pumpd.api_calls import At, By, acts_under, told
from pumpd.api_container_models import BalanceBody, ContainerChangeBody, FlushBody, PrimeBody
from pumpd.api_models import AnswerView
from pumpd.core import requests as r

acts = acts_under()


@acts.post("/pumps/{slot}/change_container", response_model=AnswerView)
async def change_container(desk: At, by: By, slot: str, body: ContainerChangeBody) -> Response:
    """Another container hangs, with the line off the patient meanwhile: check its label and go on."""
    concentration = api_typed.concentration_ug_per_ml(body.concentration_mg_per_ml)
    named = body.second
    second = None if named is None else await desk.sessions.second(named.second_person, named.second_pin)
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


@acts.post("/pumps/{slot}/prime", response_model=AnswerView)
async def prime(desk: At, by: By, slot: str, body: PrimeBody) -> Response:
    """The line is primed, and was off the patient: from here on what this pump moves counts as given."""
    return told(
        await desk.act(
            by,
            slot,
            body,
            lambda common: r.PrimeConfirmed(**common, slot=slot, regimen=body.regimen, container=body.container),
        )
    )


@acts.post("/pumps/{slot}/flush", response_model=AnswerView)
async def flush(desk: At, by: By, slot: str, body: FlushBody) -> Response:
    """After the end: the line was flushed into the patient, and what it held counts as given."""
    volume_nl = api_typed.volume_nl(body.volume_ml, field="volume_ml")
    return told(
        await desk.act(
            by,
            slot,
            body,
            lambda common: r.FlushRecorded(**common, slot=slot, volume_nl=volume_nl, all_the_same=body.all_the_same),
        )
    )


@acts.post("/pumps/{slot}/balance", response_model=AnswerView)
async def balance(desk: At, by: By, slot: str, body: BalanceBody) -> Response:
    """After the end: what was drawn up and what is left over, against what was given."""
    loaded_nl = api_typed.volume_nl(body.loaded_ml, field="loaded_ml")
    residual_nl = api_typed.volume_nl(body.residual_ml, field="residual_ml")
    return told(
        await desk.act(
            by,
            slot,
            body,
            lambda common: r.ReconcileRequested(
                **common, slot=slot, loaded_nl=loaded_nl, residual_nl=residual_nl, remark=body.remark
            ),
        )
    )
