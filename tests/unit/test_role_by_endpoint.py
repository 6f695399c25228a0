"""Who may do what over the API: one row an endpoint, one test for each role at each of them.

The rows stand here a second time on purpose, as a ward would write them down: a change of core/people.py, or an
endpoint that asks nobody, shows as a test that fails. An endpoint without a row fails by itself: give it one in MAY.

Every call can be read (pumpd/testing/called_bed.py), so that the answer is the bed's. What is looked for in it is only
who may: that the pump is in the wrong phase, or the order unknown, is no matter here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import httpx2
import pytest

from pumpd.api_models import ReasonCode
from pumpd.core.people import Role
from pumpd.testing.called_bed import STREAMS, Called

NURSE, PRESCRIBER, PHARMACIST = Role.NURSE, Role.PRESCRIBER, Role.PHARMACIST
ALL: Final = frozenset(Role)
CARING: Final = frozenset({NURSE, PRESCRIBER})
CHECKING: Final = CARING | {PHARMACIST}


@dataclass(frozen=True, slots=True, kw_only=True)
class May:
    """Roles that may; `locked`: a locked page may too; `nobody`: without any session."""

    roles: frozenset[Role]
    locked: bool = False
    nobody: bool = False


LOOK: Final = May(roles=ALL, locked=True, nobody=True)  # whoever can open the socket sees the bed, as at its screen
READS: Final = May(roles=ALL, locked=True)  # a patient's visit: whoever signed in here
STOP: Final = May(roles=ALL, locked=True, nobody=True)
LOWER: Final = May(roles=ALL, locked=True)  # less drug, or none of it changed: everybody who signed in here
OWN: Final = May(roles=ALL)  # one's own name, with the PIN
CARE: Final = May(roles=CARING)
CHECKS: Final = May(roles=CHECKING)  # the second person of a double check
PRESCRIBES: Final = May(roles=frozenset({PRESCRIBER}))
SEEN: Final = May(roles=CARING, locked=True)  # written down at the bed

MAY: Final = {
    "GET /v1/bed": LOOK,
    "GET /v1/history": READS,
    "GET /v1/people": LOOK,
    "GET /v1/regimens": LOOK,
    "GET /v1/samples": LOOK,
    "GET /v1/series": READS,
    "GET /v1/series/{series}": READS,
    "GET /v1/visits": READS,
    "GET /v1/visits/{visit}": READS,
    "GET /v1/visits/{visit}/review": READS,
    "GET /v1/visits/{visit}/recovery": READS,
    "POST /v1/review": LOOK,
    "POST /v1/pumps/{slot}/rate/review": LOOK,
    "POST /v1/pumps/{slot}/bolus/review": LOOK,
    "PUT /v1/listeners/{watcher}": LOOK,  # a page keeps its sound when its person has signed out
    "POST /v1/sessions": LOOK,  # a name and a PIN are the way in
    "GET /v1/sessions/mine": May(roles=ALL, locked=True),
    "POST /v1/sessions/mine/lock": May(roles=ALL, locked=True),
    "DELETE /v1/sessions/mine": May(roles=ALL, locked=True),
    "POST /v1/people/{person}/clear-wait": May(roles=frozenset({PRESCRIBER, PHARMACIST, Role.TECHNICIAN})),
    "POST /v1/authorship": OWN,
    "POST /v1/stop": STOP,
    "POST /v1/pumps/{slot}/stop": STOP,
    "POST /v1/pumps/{slot}/pause": STOP,  # by nobody it is one
    "POST /v1/pumps/{slot}/end": LOWER,
    "POST /v1/pumps/{slot}/answer": LOWER,
    "POST /v1/pumps/{slot}/label": CARE,
    "POST /v1/pumps/{slot}/flush": SEEN,
    "POST /v1/audio/pause": LOWER,
    "POST /v1/alarms/{alarm_id}/acknowledge": LOWER,
    "POST /v1/pumps/{slot}/start": CARE,
    "POST /v1/pumps/{slot}/resume": CARE,
    "POST /v1/pumps/{slot}/rate": CARE,  # up; the body asks for a rise
    "POST /v1/pumps/{slot}/step": CARE,
    "POST /v1/pumps/{slot}/rearm": CARE,
    "POST /v1/pumps/{slot}/prime": CARE,
    "POST /v1/pumps/{slot}/change_container": CARE,
    "POST /v1/pumps/{slot}/bolus": PRESCRIBES,
    "POST /v1/pumps/{slot}/balance": May(roles=CHECKING),
    "POST /v1/series": PRESCRIBES,
    "POST /v1/visits": CARE,
    "GET /v1/patients": CARE,  # names: by who cares for them, with the PIN
    "GET /v1/patients/{patient}": CARE,
    "POST /v1/patients": CARE,
    "DELETE /v1/patients/{patient}": PRESCRIBES,
    "GET /v1/visits/{visit}/check-in": READS,
    "POST /v1/visits/{visit}/identity": CARE,
    "POST /v1/visits/{visit}/items": CARE,
    "POST /v1/visits/{visit}/unchanged": CARE,
    "POST /v1/visits/{visit}/weight": CARE,
    "POST /v1/visits/{visit}/company": CARE,
    "POST /v1/visits/{visit}/risk": CARE,
    "POST /v1/visits/{visit}/finding": PRESCRIBES,
    "POST /v1/visits/{visit}/risk/plan": PRESCRIBES,
    "GET /v1/visits/{visit}/care": READS,
    "POST /v1/visits/{visit}/observations": SEEN,
    "POST /v1/visits/{visit}/side_effects": SEEN,
    "POST /v1/visits/{visit}/rescues": SEEN,
    "POST /v1/visits/{visit}/infiltration": SEEN,
    "POST /v1/visits/{visit}/handover": SEEN,
    "POST /v1/visits/{visit}/verbal": CARE,  # by whoever heard it and read it back
    "POST /v1/visits/{visit}/verbal/{said}/sign": PRESCRIBES,
    "POST /v1/visits/{visit}/emergency": LOWER,  # by nobody it stops all the same, and is not on record
    "POST /v1/visits/{visit}/emergency/marks": LOWER,
    "POST /v1/visits/{visit}/emergency/over": LOWER,
    "POST /v1/visits/{visit}/accept_value": CARE,  # a nurse with a prescriber's PIN beside it
    "GET /v1/visits/{visit}/preparation": READS,
    "GET /v1/visits/{visit}/check": READS,
    "POST /v1/visits/{visit}/label": CARE,
    "POST /v1/visits/{visit}/line": CARE,
    "POST /v1/visits/{visit}/premedication": CARE,
    "POST /v1/visits/{visit}/premedication/omitted": CARE,
    "POST /v1/visits/{visit}/check": CHECKS,
    "POST /v1/visits/{visit}/check/rise": CHECKS,
    "POST /v1/visits/{visit}/start": CARE,
    "GET /v1/recovery": READS,
    "GET /v1/series/{series}/course": READS,
    "GET /v1/series/{series}/export": CARE,
    "POST /v1/series/import": CARE,
    "POST /v1/series/{series}/attest": PRESCRIBES,
    "POST /v1/series/{series}/outcome": SEEN,
    "POST /v1/series/{series}/follow-up": SEEN,
    "GET /v1/todo": READS,
    "POST /v1/visits/{visit}/waste": May(roles=CHECKING),
    "POST /v1/visits/{visit}/witness": May(roles=CHECKING),
    "PUT /v1/drafts/{form}": SEEN,  # what is typed is safe when a page locks
    "GET /v1/drafts/{form}": CARE,  # it may name a patient
    "DELETE /v1/drafts/{form}": CARE,
    "POST /v1/visits/{visit}/move": CARE,
    "POST /v1/visits/{visit}/score": CARE,
    "POST /v1/visits/{visit}/discharge": CARE,
    "POST /v1/visits/{visit}/leave": CARE,
    "POST /v1/visits/{visit}/tell": CARE,
    "POST /v1/visits/{visit}/writer": CARE,
}
NOT_ALLOWED: Final = {ReasonCode.NOT_SIGNED_IN, ReasonCode.ROLE_MAY_NOT, ReasonCode.PIN_NEEDED}


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    with asyncio.Runner() as runner:
        yield Called(runner, tmp_path_factory.mktemp("bed"))


def may_by(response: httpx2.Response) -> bool:
    """Whether whoever asked may, by the answer."""
    assert response.status_code in {200, 201, 204, 401, 403, 409}, (
        f"{response.status_code}: {response.text} - the call did not reach the bed: say more of its body in EXAMPLES"
    )
    if response.status_code in {401, 403}:
        return False
    reasons = response.json().get("reasons", []) if response.status_code == 409 else []
    return not {each["code"] for each in reasons} & {code.value for code in NOT_ALLOWED}


def test_every_endpoint_has_a_row_and_every_row_an_endpoint(called: Called) -> None:
    known = {f"{method.upper()} {path}" for path, methods in called.document["paths"].items() for method in methods}
    assert known - STREAMS - set(MAY) == set(), "give them a row in MAY: who may, and whether a locked page may"
    assert set(MAY) - known == set()


@pytest.mark.requirement("SEC-02")
@pytest.mark.parametrize("endpoint", list(MAY))
@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_a_role_may_what_its_row_says(called: Called, role: Role, endpoint: str) -> None:
    assert may_by(called.ask(endpoint, role.value)) is (role in MAY[endpoint].roles)


@pytest.mark.requirement("SEC-02")
@pytest.mark.parametrize("endpoint", list(MAY))
def test_a_locked_page_may_what_its_row_says(called: Called, endpoint: str) -> None:
    person = max(MAY[endpoint].roles, key=list(Role).index)  # who may with the PIN
    assert may_by(called.ask(endpoint, person.value, locked=True)) is MAY[endpoint].locked


@pytest.mark.requirement("SEC-02")
@pytest.mark.parametrize("endpoint", list(MAY))
def test_without_a_session_there_is_only_looking_and_stop(called: Called, endpoint: str) -> None:
    assert may_by(called.ask(endpoint, None)) is MAY[endpoint].nobody


@pytest.mark.requirement("SEC-02")
def test_nobody_changes_anything_but_to_stop() -> None:
    free = {endpoint for endpoint, row in MAY.items() if row.nobody and row is not LOOK}
    assert free == {"POST /v1/stop", "POST /v1/pumps/{slot}/stop", "POST /v1/pumps/{slot}/pause"}
