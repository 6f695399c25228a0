"""The API's calls of a check-in. As in api_visits.py every act becomes one request on the bed's queue.

What a patient says of themselves is compared here with the table of names, off the loop; the bed gets to know which
identifiers agreed and which did not, and never what they are.
"""

from __future__ import annotations

import asyncio

from fastapi import Response

from pumpd import api_typed
from pumpd.api_calls import At, By, acts_under, looks_under, told
from pumpd.api_check_in_models import (
    CheckInView,
    CompanyBody,
    FindingBody,
    IdentityBody,
    ItemsBody,
    RiskBody,
    RiskPlanBody,
    UnchangedBody,
    WeightBody,
)
from pumpd.api_check_in_views import check_in_view
from pumpd.api_models import AnswerView
from pumpd.api_patients import Names
from pumpd.core import check_in_requests as c
from pumpd.core.check_in import Said
from pumpd.core.people import Act
from pumpd.errors import ApiError
from pumpd.identities import Escort, Known

acts = acts_under("/visits/{visit}")
looks = looks_under("/visits/{visit}")


@looks.get("/check-in")
async def check_in(desk: At, visit: str) -> CheckInView:
    """How far the check-in of this visit is, and what an earlier visit said."""
    return check_in_view(desk.state, desk.setup, desk.require_visit(visit), desk.place.people)


@acts.post("/identity", response_model=AnswerView)
async def identity(desk: At, by: By, names: Names, visit: str, body: IdentityBody) -> Response:
    """Compare what the patient says with what is kept of whom this visit is for."""
    said = Known(name=body.name, born=body.born, number=body.number)
    patient = desk.require_visit(visit).patient
    found = await asyncio.to_thread(names.compare, patient, said)
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: c.IdentityCompared(**common, visit=visit, matched=found.matched, differed=found.differed),
        )
    )


@acts.post("/items", response_model=AnswerView)
async def items(desk: At, by: By, visit: str, body: ItemsBody) -> Response:
    """Answers to what is asked of every patient."""
    today_day = desk.today_day
    answers = tuple(Said(item=each.item, answered=each.answered, remark=each.remark) for each in body.answers)
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: c.ItemsAnswered(**common, visit=visit, answers=answers, today_day=today_day),
        )
    )


@acts.post("/unchanged", response_model=AnswerView)
async def unchanged(desk: At, by: By, visit: str, body: UnchangedBody) -> Response:
    """What stands in an earlier visit of this patient holds today."""
    today_day = desk.today_day
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: c.UnchangedConfirmed(
                **common, visit=visit, of_visit=body.of_visit, items=body.items, today_day=today_day
            ),
        )
    )


@acts.post("/finding", response_model=AnswerView)
async def finding(desk: At, by: By, visit: str, body: FindingBody) -> Response:
    """A prescriber lets the visit go on with what was found."""
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: c.FindingAccepted(**common, visit=visit, item=body.item, why=body.why),
        )
    )


@acts.post("/weight", response_model=AnswerView)
async def weight(desk: At, by: By, visit: str, body: WeightBody) -> Response:
    """What the scale shows today."""
    weight_g = api_typed.quantity(body.weight_kg, 1_000, field="weight_kg", said="Today's weight in kilograms")
    return told(
        await desk.act(by, None, body, lambda common: c.PatientWeighed(**common, visit=visit, weight_g=weight_g))
    )


@acts.post("/company", response_model=AnswerView)
async def company(desk: At, by: By, names: Names, visit: str, body: CompanyBody) -> Response:
    """Who takes the patient over after the visit."""
    patient = desk.require_visit(visit).patient
    named = bool(body.escort_name.strip())
    if named and not body.escort_phone.strip():
        raise ApiError("The escort's telephone is missing. Enter it.", status=422, field="escort_phone")
    if named:
        desk.sessions.require(by, Act.CARE)
        escort = Escort(name=body.escort_name, phone=body.escort_phone)
        await asyncio.to_thread(names.keep_escort, patient, escort)
    elif body.same_escort and await asyncio.to_thread(names.escort, patient) is None:
        raise ApiError("No escort is kept of an earlier visit. Enter one.", status=409, field="same_escort")
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: c.CompanyNamed(
                **common, visit=visit, escort=named or body.same_escort, ward=body.ward.strip()
            ),
        )
    )


@acts.post("/risk", response_model=AnswerView)
async def risk(desk: At, by: By, visit: str, body: RiskBody) -> Response:
    """The result of the risk question. Where it is positive, GET check-in says whom to call."""
    return told(
        await desk.act(by, None, body, lambda common: c.RiskAnswered(**common, visit=visit, positive=body.positive))
    )


@acts.post("/risk/plan", response_model=AnswerView)
async def risk_plan(desk: At, by: By, visit: str, body: RiskPlanBody) -> Response:
    """A prescriber signs what happens after a risk was found; the way home is open with it."""
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: c.RiskPlanSigned(**common, visit=visit, plan=body.plan, watching=body.watching),
        )
    )
