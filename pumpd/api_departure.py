"""The API's calls about the end of a visit: the patient leaves the bed, recovers, and goes, from any console.

As in api.py every act becomes one request on the bed's queue, and each names its visit: several may be recovering.
"""

from __future__ import annotations

from fastapi import Response

from pumpd import api_typed
from pumpd.api_calls import At, By, acts_under, looks_under, told
from pumpd.api_departure_models import (
    DischargeBody,
    ExitBody,
    MoveBody,
    RecoveryView,
    ScoreBody,
    TellBody,
    TodoView,
    WasteBody,
    WitnessBody,
)
from pumpd.api_models import AnswerView
from pumpd.core import departure_requests as dr
from pumpd.core.departure import Padss

acts = acts_under()
looks = looks_under()


@looks.get("/recovery")
async def recovery(desk: At) -> tuple[RecoveryView, ...]:
    """Every visit that is not closed: what it gave, and what still keeps the patient here."""
    return desk.recovery_views()


@looks.get("/visits/{visit}/recovery")
async def recovery_of(desk: At, visit: str) -> RecoveryView:
    """One visit, open or closed."""
    return desk.recovery_view(desk.require_visit(visit))


@looks.get("/todo")
async def todo(desk: At) -> tuple[TodoView, ...]:
    """What is still to be done for patients of this bed, the oldest first. Nothing of it holds anything up."""
    return desk.todo_views()


@acts.post("/visits/{visit}/move", response_model=AnswerView)
async def move(desk: At, by: By, visit: str, body: MoveBody) -> Response:
    """The patient leaves the bed to recover: bed and pumps are free."""
    return told(
        await desk.act(
            by, None, body, lambda common: dr.MoveRequested(**common, visit=visit, line_off=body.line_off)
        )
    )  # fmt: skip


@acts.post("/visits/{visit}/score", response_model=AnswerView)
async def score(desk: At, by: By, visit: str, body: ScoreBody) -> Response:
    padss = Padss(
        vital_signs=body.vital_signs, activity=body.activity, nausea=body.nausea, pain=body.pain, bleeding=body.bleeding
    )
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: dr.ScoreRequested(
                **common, visit=visit, padss=padss, sedation_at_baseline=body.sedation_at_baseline
            ),
        )
    )


@acts.post("/visits/{visit}/discharge", response_model=AnswerView)
async def discharge(desk: At, by: By, visit: str, body: DischargeBody) -> Response:
    """Home with the escort, or to the ward."""
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: dr.DischargeRequested(
                **common,
                visit=visit,
                to=body.to,
                escort_present=body.escort_present,
                instructions_given=body.instructions_given,
                handed_over_to=body.handed_over_to,
                line_off=body.line_off,
            ),
        )
    )


@acts.post("/visits/{visit}/leave", response_model=AnswerView)
async def leave(desk: At, by: By, visit: str, body: ExitBody) -> Response:
    """Every other way out of a visit; always open, with a reason."""
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: dr.ExitRequested(
                **common,
                visit=visit,
                exit=body.exit,
                reason=body.reason,
                prescriber=body.prescriber,
                line_off=body.line_off,
            ),
        )
    )


@acts.post("/visits/{visit}/tell", response_model=AnswerView)
async def tell(desk: At, by: By, visit: str, body: TellBody) -> Response:
    """The prescriber was told how a closed visit ended."""
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: dr.TellRequested(**common, visit=visit, prescriber=body.prescriber, reason=body.reason),
        )
    )


@acts.post("/visits/{visit}/waste", response_model=AnswerView)
async def waste(desk: At, by: By, visit: str, body: WasteBody) -> Response:
    """What is left over was thrown away; the witness signs at once, or follows from the list of what is to be done."""
    loaded_nl = api_typed.volume_nl(body.loaded_ml, field="loaded_ml")
    wasted_nl = api_typed.volume_nl(body.wasted_ml, field="wasted_ml")
    saw = body.witness
    witness = None if saw is None else await desk.sessions.second(saw.second_person, saw.second_pin)
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: dr.WasteRequested(
                **common,
                visit=visit,
                infusion_id=body.infusion_id,
                loaded_nl=loaded_nl,
                wasted_nl=wasted_nl,
                remark=body.remark,
                witness=witness,
            ),
        )
    )


@acts.post("/visits/{visit}/witness", response_model=AnswerView)
async def witness(desk: At, by: By, visit: str, body: WitnessBody) -> Response:
    """Whoever is signed in saw what was thrown away of this infusion."""
    return told(
        await desk.act(
            by, None, body, lambda common: dr.WitnessRequested(**common, visit=visit, infusion_id=body.infusion_id)
        )
    )
