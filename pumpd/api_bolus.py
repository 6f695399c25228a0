"""The calls for a prescriber's bolus: its review, and the bolus itself. Only an entry that asks for it has one."""

from __future__ import annotations

from fastapi import Response

from pumpd import api_typed
from pumpd.api_calls import At, By, acts_under, told
from pumpd.api_models import AnswerView
from pumpd.api_rise_models import BolusBody, BolusReviewView
from pumpd.core.requests import BolusRequested

acts = acts_under()


@acts.post("/pumps/{slot}/bolus/review")
async def review_bolus(desk: At, slot: str, body: BolusBody) -> BolusReviewView:
    """What this bolus would become on top of what runs, and everything that speaks against it. Changes nothing."""
    return desk.review_bolus(slot, api_typed.bolus_ug_per_kg(body), api_typed.bolus_s(body))


@acts.post("/pumps/{slot}/bolus", response_model=AnswerView)
async def bolus(desk: At, by: By, slot: str, body: BolusBody) -> Response:
    dose_ug_per_kg, duration_s = api_typed.bolus_ug_per_kg(body), api_typed.bolus_s(body)
    override = None if body.override is None else await desk.sessions.override(body.override)
    return told(
        await desk.act(
            by,
            slot,
            body,
            lambda common: BolusRequested(
                **common,
                slot=slot,
                dose_ug_per_kg=dose_ug_per_kg,
                duration_s=duration_s,
                digest=body.digest or "",
                override=override,
                reason=body.reason or "",
            ),
        )
    )
