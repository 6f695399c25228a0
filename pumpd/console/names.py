"""What a patient is called: asked for with each page, kept on none, told only to who may read it.

The journal and every view of the bed know a patient by an opaque key; names lie apart from them, so that they can be
erased. Whoever is signed in at a page and may read names sees the name wherever the key is meant: also at the pump that
infuses, to be compared with the wristband. A locked page, and a person without that right, see none.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from pumpd import api_path_calls
from pumpd.api_check_in_calls import patient, patients
from pumpd.api_check_in_models import PatientView
from pumpd.console.room import Look, Room
from pumpd.errors import ApiError

_NOT_TOLD: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE)


async def names_of(room: Room, look: Look) -> dict[str, PatientView]:
    """Everybody's, by the opaque key; empty where none may be read."""
    try:
        return {each.patient: each for each in await room.client.send(patients(), look.token or None)}
    except ApiError as error:
        if error.status not in _NOT_TOLD:
            raise
        return {}


async def name_of(room: Room, look: Look, key: str) -> PatientView | None:
    """None where it may not be read, and of somebody whose name was erased."""
    try:
        return await room.client.send(patient(key), look.token)
    except ApiError as error:
        if error.status is None:
            raise
        return None


async def name_at_bed(room: Room, look: Look) -> PatientView | None:
    """Of whoever is at the bed; None for nobody, or as `name_of`."""
    if look.person is None or look.person.locked or look.view.visit is None:
        return None
    try:
        visit = await room.client.send(api_path_calls.visit(look.view.visit), look.token)
    except ApiError as error:
        if error.status is None:
            raise
        return None
    return await name_of(room, look, visit.patient)
