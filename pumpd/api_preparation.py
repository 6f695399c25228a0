"""The API's calls while an infusion is prepared and checked. As in api_visits.py every act is one request to the bed.

The second person's task has a call of its own, which tells what to enter and from where, and no value: a view that held
one would make two people out of one.
"""

from __future__ import annotations

from fastapi import Response

from pumpd import api_preparation_typed as typed
from pumpd.api_calls import At, By, acts_under, looks_under, told
from pumpd.api_models import AnswerView
from pumpd.api_preparation_models import (
    CheckBody,
    CheckTaskView,
    LabelReadBody,
    OmissionBody,
    PremedicationBody,
    PreparationView,
    RiseCheckBody,
)
from pumpd.api_preparation_views import check_task, preparation_view
from pumpd.core import preparation_requests as p

acts = acts_under("/visits/{visit}")
looks = looks_under("/visits/{visit}")


@looks.get("/preparation")
async def preparation(desk: At, visit: str) -> PreparationView:
    """How far the preparation of the container that hangs next is."""
    return preparation_view(desk.state, desk.setup, desk.require_visit(visit), desk.moment)


@looks.get("/check")
async def check(desk: At, visit: str) -> CheckTaskView:
    """What a second person enters, and from where; no value."""
    return check_task(desk.state, desk.setup, desk.require_visit(visit), desk.moment)


@acts.post("/label", response_model=AnswerView)
async def label(desk: At, by: By, visit: str, body: LabelReadBody) -> Response:
    """What stands on the label and the barrel of the container that hangs next."""
    reading, today_day = typed.reading(body), desk.today_day
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: p.LabelRead(**common, visit=visit, reading=reading, today_day=today_day),
        )
    )


@acts.post("/line", response_model=AnswerView)
async def line(desk: At, by: By, visit: str) -> Response:
    """The line is open, used for nothing else, and traced to the patient."""
    return told(await desk.act(by, None, None, lambda common: p.LineChecked(**common, visit=visit)))


@acts.post("/premedication", response_model=AnswerView)
async def premedication(desk: At, by: By, visit: str, body: PremedicationBody) -> Response:
    """An ordered premedication was given."""
    dose_ug = typed.dose_ug(body)
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: p.PremedicationGiven(
                **common,
                visit=visit,
                drug=body.drug,
                dose_ug=dose_ug,
                route=body.route,
                given_by=body.given_by,
                ago_s=body.ago_min * 60,
            ),
        )
    )


@acts.post("/premedication/omitted", response_model=AnswerView)
async def omitted(desk: At, by: By, visit: str, body: OmissionBody) -> Response:
    """An ordered premedication is left out today, with a reason."""
    return told(
        await desk.act(
            by,
            None,
            body,
            lambda common: p.PremedicationOmitted(**common, visit=visit, drug=body.drug, why=body.why),
        )
    )


@acts.post("/check", response_model=AnswerView)
async def enter_check(desk: At, by: By, visit: str, body: CheckBody) -> Response:
    """A second person enters it from the sources. A difference is answered by name, never by value."""
    entered = typed.entered(body)
    return told(await desk.act(by, None, body, lambda common: p.CheckEntered(**common, visit=visit, entered=entered)))


@acts.post("/check/rise", response_model=AnswerView)
async def check_rise(desk: At, by: By, visit: str, body: RiseCheckBody) -> Response:
    """A second person enters a rise that waits, off label and order; a difference is answered without the value."""
    entered = typed.rise_entered(body)
    return told(
        await desk.act(by, None, body, lambda common: p.RiseCheckEntered(**common, visit=visit, entered=entered))
    )
