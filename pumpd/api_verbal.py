"""The API's calls about orders by word: written down with what was read back, and signed by the prescriber afterwards.

A lower rate that was ordered is set with the same call as every lower rate, and waits for none of these.
"""

from __future__ import annotations

from fastapi import Response

from pumpd import api_path_typed, api_typed
from pumpd.api_calls import At, By, acts_under, told
from pumpd.api_models import AnswerView
from pumpd.api_verbal_models import LowerRateBody, VerbalOrderBody, VerbalSignBody
from pumpd.core import care_requests as cr
from pumpd.core.verbal import LowerRate

acts = acts_under("/visits/{visit}/verbal")


@acts.post("", response_model=AnswerView)
async def order(desk: At, by: By, visit: str, body: VerbalOrderBody) -> Response:
    """A prescriber ordered less, a rescue drug or a hold parameter by word, and it was read back."""
    desk.require_visit(visit)
    prescriber = desk.sessions.named(body.prescriber)
    lower = None if body.lower is None else _lower(body.lower)
    rescue = None if body.rescue is None else api_path_typed.rescue(body.rescue)
    bound = None if body.hold is None else api_path_typed.bound(body.hold)
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: cr.VerbalOrderRequested(
                **common,
                visit=visit,
                prescriber=prescriber,
                read_back=body.read_back,
                lower=lower,
                rescue=rescue,
                bound=bound,
                other=body.other,
                confirmed=body.confirmed,
            ),
        )
    )


@acts.post("/{said}/sign", response_model=AnswerView)
async def sign(desk: At, by: By, visit: str, said: str, body: VerbalSignBody) -> Response:
    """A prescriber signs what was ordered by word, or says that it was not so."""
    desk.require_visit(visit)
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: cr.VerbalSignRequested(
                **common, visit=visit, order=said, agrees=body.agrees, remark=body.remark
            ),
        )
    )


def _lower(typed: LowerRateBody) -> LowerRate:
    return LowerRate(slot=typed.slot, rate_ul_per_h=api_typed.rate_ul_per_h(typed.rate_ml_per_h))
