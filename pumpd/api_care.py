"""The API's calls about a visit's care: what was observed and done, what is due, and an emergency.

EMERGENCY needs nobody, as STOP does: it stops whatever runs for this visit even where it cannot be put on record.
"""

from __future__ import annotations

from fastapi import Response

from pumpd import api_care_typed, api_care_views, api_typed
from pumpd.api_calls import At, By, acts_under, looks_under, told
from pumpd.api_care_models import (
    AcceptBody,
    CareView,
    HandOverBody,
    InfiltrationBody,
    MarkBody,
    ObservationsBody,
    RescueBody,
    SideEffectBody,
)
from pumpd.api_models import AnswerView
from pumpd.core import care_requests as cr

acts = acts_under()
looks = looks_under()


@looks.get("/visits/{visit}/care")
async def care(desk: At, visit: str) -> CareView:
    """What is due when in this visit, what holds, and what was seen last."""
    return api_care_views.care_view(desk.state, desk.setup, desk.require_visit(visit), desk.moment)


@acts.post("/visits/{visit}/observations", response_model=AnswerView)
async def observe(desk: At, by: By, visit: str, body: ObservationsBody) -> Response:
    """Enter a set of observations: values, or why there is none, and what was seen."""
    desk.require_visit(visit)
    readings = api_care_typed.readings(body)
    moment = desk.moment
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: cr.ObserveRequested(
                **common,
                visit=visit,
                taken_at_ns=None if body.taken_ts_ms is None else moment.at_second_ns(body.taken_ts_ms),
                readings=readings,
                signs=body.signs,
            ),
        )
    )


@acts.post("/visits/{visit}/accept_value", response_model=AnswerView)
async def accept_value(desk: At, by: By, visit: str, body: AcceptBody) -> Response:
    """A prescriber lets a value stand that holds: it is usual for this patient."""
    desk.require_visit(visit)
    second = None if body.prescriber is None else await desk.sessions.second(body.prescriber, body.prescriber_pin)
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: cr.AcceptRequested(
                **common, visit=visit, item=body.item, value=body.value, remark=body.remark, second=second
            ),
        )
    )


@acts.post("/visits/{visit}/side_effects", response_model=AnswerView)
async def side_effect(desk: At, by: By, visit: str, body: SideEffectBody) -> Response:
    """A side effect was seen, and this was done about it."""
    desk.require_visit(visit)
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: cr.SideEffectRequested(
                **common,
                visit=visit,
                effect=body.effect,
                severity=body.severity,
                remedies=body.remedies,
                remark=body.remark,
            ),
        )
    )


@acts.post("/visits/{visit}/rescues", response_model=AnswerView)
async def rescue(desk: At, by: By, visit: str, body: RescueBody) -> Response:
    """A rescue drug was given by hand. What speaks against it is told first, and recorded with it."""
    desk.require_visit(visit)
    dose_ug = api_typed.quantity(body.dose_mg, 1_000, field="dose_mg", said="The dose in milligrams")
    moment = desk.moment
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: cr.RescueRequested(
                **common,
                visit=visit,
                drug=body.drug,
                dose_ug=dose_ug,
                route=body.route,
                given_by=body.given_by,
                against=body.against,
                given_at_ns=None if body.given_ts_ms is None else moment.at_second_ns(body.given_ts_ms),
                all_the_same=body.all_the_same,
            ),
        )
    )


@acts.post("/visits/{visit}/infiltration", response_model=AnswerView)
async def infiltration(desk: At, by: By, visit: str, body: InfiltrationBody) -> Response:
    """The line ran beside the vein: the pump is paused, and what it pumped goes on counting as given."""
    desk.require_visit(visit)
    return told(
        await desk.act(
            by,
            body.slot,
            body,
            lambda common: cr.InfiltrationRequested(**common, visit=visit, slot=body.slot, remark=body.remark),
        )
    )


@acts.post("/visits/{visit}/emergency", response_model=AnswerView)
async def emergency(desk: At, by: By, visit: str) -> Response:
    """Help: everything of this visit stops, and the bed asks for nothing until it is over."""
    desk.require_visit(visit)
    return told(await desk.act(by, None, None, lambda common: cr.EmergencyRequested(**common, visit=visit), free=True))


@acts.post("/visits/{visit}/emergency/marks", response_model=AnswerView)
async def mark(desk: At, by: By, visit: str, body: MarkBody) -> Response:
    """One tap: this happened now."""
    desk.require_visit(visit)
    return told(
        await desk.act(
            by, None, body, lambda common: cr.MarkRequested(**common, visit=visit, moment=body.moment), free=True
        )
    )


@acts.post("/visits/{visit}/emergency/over", response_model=AnswerView)
async def emergency_over(desk: At, by: By, visit: str) -> Response:
    """The emergency is over: what is due is due now."""
    desk.require_visit(visit)
    return told(await desk.act(by, None, None, lambda common: cr.EmergencyOverRequested(**common, visit=visit)))


@acts.post("/visits/{visit}/handover", response_model=AnswerView)
async def hand_over(desk: At, by: By, visit: str, body: HandOverBody) -> Response:
    """Tell whoever cares next what they have to know; they take the visit over as its writer."""
    desk.require_visit(visit)
    return told(
        await desk.act(by, None, body, lambda common: cr.HandOverRequested(**common, visit=visit, said=body.said))
    )
