"""The API's calls about who a patient is: the one place where a name crosses the socket.

They go to the table of names (identities.py) and not to the bed, which knows keys alone. Whoever asks is signed in and
cares for patients; a prescriber erases, once no visit of the patient is open any more.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from pumpd.api_calls import EVERYWHERE, ROOT, At, By
from pumpd.api_check_in_models import ErasedView, PatientBody, PatientView
from pumpd.api_models import ProblemView
from pumpd.core.people import Act
from pumpd.core.visit import Place
from pumpd.errors import ApiError
from pumpd.identities import Identities, Known


async def _identities(request: Request) -> Identities:
    """Raises ApiError at a bed that keeps no names."""
    found: Identities | None = request.app.state.identities
    if found is None:
        raise ApiError("This bed keeps no names. Call support.", status=503)
    return found


Names = Annotated[Identities, Depends(_identities)]

calls = APIRouter(
    prefix=f"{ROOT}/patients",
    responses={
        **EVERYWHERE,
        401: {"model": ProblemView, "description": "nobody is signed in, or the page is locked"},
        403: {"model": ProblemView, "description": "somebody else may"},
        409: {"model": ProblemView, "description": "not now, or no more of them"},
        503: {"model": ProblemView, "description": "no table of names"},
    },
)


@calls.get("")
async def patients(desk: At, by: By, names: Names) -> tuple[PatientView, ...]:
    """Everybody whose name is kept here."""
    desk.sessions.require(by, Act.CARE)
    return tuple(_view(key, known) for key, known in await asyncio.to_thread(names.all_known))


@calls.get("/{patient}")
async def patient_of(desk: At, by: By, names: Names, patient: str) -> PatientView:
    desk.sessions.require(by, Act.CARE)
    known = await asyncio.to_thread(names.known, patient)
    if known is None:
        raise ApiError("No name is kept for this patient.", status=404, field="patient")
    escort = await asyncio.to_thread(names.escort, patient)
    return _view(patient, known).model_copy(
        update={"escort": "" if escort is None else f"{escort.name}, {escort.phone}"}
    )


@calls.post("", status_code=201)
async def add(desk: At, by: By, names: Names, body: PatientBody) -> PatientView:
    """Keep who this is, under a new key that says nothing of them, or under that of an order without a name."""
    desk.sessions.require(by, Act.CARE)
    key = body.patient or desk.clock.new_id()
    if body.patient is not None:
        ordered = any(each.patient == key for each in desk.state.path.series)
        if not ordered or await asyncio.to_thread(names.known, key) is not None:
            raise ApiError(
                "No order here waits for this name. Look at the list of orders.", status=409, field="patient"
            )
    known = Known(name=body.name, born=body.born, number=body.number)
    await asyncio.to_thread(names.add, key, known)
    return _view(key, known)


@calls.delete("/{patient}")
async def erase(desk: At, by: By, names: Names, patient: str) -> ErasedView:
    """Forget who this is. What was given stays on record, under a key that nobody can read any more."""
    desk.sessions.require(by, Act.ORDER)
    if any(each.patient == patient and each.place is not Place.CLOSED for each in desk.state.path.visits):
        raise ApiError("A visit of this patient is still open. Close it first.", status=409, field="patient")
    if not await asyncio.to_thread(names.erase, patient):
        raise ApiError("No name is kept for this patient.", status=404, field="patient")
    return ErasedView(patient=patient)


def _view(key: str, known: Known) -> PatientView:
    return PatientView(patient=key, name=known.name, born=known.born, number=known.number)
