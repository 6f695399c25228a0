"""Who may do what over the API: one row an endpoint, one test for each role at each of them.

The rows stand here a second time on purpose, as a ward would write them down: a change of core/people.py, or an endpoint
that asks nobody, shows as a test that fails. An endpoint without a row fails by itself: give it one in MAY.

Every call is made with a body that the endpoint can read, made of the document's own schema (EXAMPLES has what a
schema cannot say), so that the answer is the bed's. What is looked for in it is only who may: that the pump is in the
wrong phase, or the order unknown, is no matter here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import pytest
from fastapi import FastAPI

from pumpd.accounts import Accounts, AccountsTable, PersonTable, Session
from pumpd.api import create_app
from pumpd.api_desk import Desk
from pumpd.api_models import ReasonCode
from pumpd.api_views import Place
from pumpd.bedside import Bedside
from pumpd.clock import SystemClock
from pumpd.core.people import Role
from pumpd.samples import RecentSamples
from pumpd.testing.path_story import PathStory
from pumpd.testing.simulated_journal import Disk, SimulatedJournal

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
STOP: Final = May(roles=ALL, locked=True, nobody=True)
LOWER: Final = May(roles=ALL, locked=True)  # less drug, or none of it changed: everybody who signed in here
OWN: Final = May(roles=ALL)  # one's own name, with the PIN
CARE: Final = May(roles=CARING)
SEEN: Final = May(roles=CARING, locked=True)  # written down at the bed

MAY: Final = {
    "GET /v1/bed": LOOK,
    "GET /v1/history": LOOK,
    "GET /v1/people": LOOK,
    "GET /v1/regimens": LOOK,
    "GET /v1/samples": LOOK,
    "GET /v1/series": LOOK,
    "GET /v1/visits": LOOK,
    "GET /v1/visits/{visit}": LOOK,
    "GET /v1/visits/{visit}/review": LOOK,
    "POST /v1/review": LOOK,
    "POST /v1/pumps/{slot}/rate/review": LOOK,
    "POST /v1/pumps/{slot}/bolus/review": LOOK,
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
    "POST /v1/pumps/{slot}/bolus": May(roles=frozenset({PRESCRIBER})),
    "POST /v1/pumps/{slot}/balance": May(roles=CHECKING),
    "POST /v1/series": May(roles=frozenset({PRESCRIBER})),
    "POST /v1/visits": CARE,
    "POST /v1/visits/{visit}/start": CARE,
}
STREAMS: Final = {"GET /v1/events"}  # never ends; who may look may follow
NOT_ALLOWED: Final = {ReasonCode.NOT_SIGNED_IN, ReasonCode.ROLE_MAY_NOT, ReasonCode.PIN_NEEDED}

# what a schema cannot say, by endpoint: fields put into the body that was made of it
EXAMPLES: Final[dict[str, dict[str, object]]] = {
    "POST /v1/pumps/{slot}/rate": {"rate_ml_per_h": "1000"},  # a rise: what lowers is everybody's
    "POST /v1/pumps/{slot}/answer": {"answer": "driven"},
    "POST /v1/sessions": {"person": "nurse"},
    "POST /v1/people/{person}/clear-wait": {},
}
PATH: Final = {"slot": "p1", "visit": "v1", "alarm_id": "1", "person": "nurse-2", "series": "s1"}
QUERY: Final = {"slot": "p1"}
PEOPLE: Final = [(role.value, role) for role in Role] + [("nurse-2", NURSE)]
_HASH: Final = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


class StillClock(SystemClock):
    """Stands where the story left it, so that nothing falls due between two calls."""

    def __init__(self, now_ns: int) -> None:
        self._still_ns = now_ns

    def now_ns(self) -> int:
        return self._still_ns


async def _every_pin_fits(pin_hash: str, _pin: str) -> bool:
    return pin_hash == _HASH


class Called:
    """A bed where a visit is open and saline runs, and its calls, on a loop that a test can step."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        story = PathStory()
        story.runs("TRAIN-5MIN")
        story.sign("MDD-2x3")
        story.opens()
        self._state = story.state
        self.app = runner.run(self._build(story))
        self.document: dict[str, Any] = self.app.openapi()

    async def _build(self, story: PathStory) -> FastAPI:
        clock, samples = StillClock(story.now_ns), RecentSamples()
        journal = SimulatedJournal("boot", random.Random(0), Disk())
        self._bedside = Bedside(
            setup=story.setup, journal=journal, samples=samples, clock=clock, send=lambda _: None, beat=lambda: None
        )
        self._bedside.boot("boot")
        table = AccountsTable(
            person=tuple(PersonTable(id=name, name=name, role=role, pin_hash=_HASH) for name, role in PEOPLE)
        )
        self._accounts = Accounts(table, clock, idle_s=300, verify=_every_pin_fits)
        return create_app(Desk(self._bedside, self._accounts, samples, Place(site="s", ward="w", bed="b")))

    def ask(self, endpoint: str, person: str | None, *, locked: bool = False) -> httpx2.Response:
        return self._runner.run(self._ask(endpoint, person, locked=locked))

    async def _ask(self, endpoint: str, person: str | None, *, locked: bool) -> httpx2.Response:
        self._bedside._state = self._state  # every call meets the same bed
        headers = {}
        if person is not None:
            session = await self._accounts.sign_in(person, "1234")
            assert isinstance(session, Session)
            headers["Authorization"] = f"Bearer {session.token}"
            if locked:
                self._accounts.lock(session.token)
        method, _, path = endpoint.partition(" ")
        turning = asyncio.create_task(self._bedside.run())
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://pumpd") as http:
            response = await http.request(
                method, path.format(**PATH), params=QUERY, json=self.body(endpoint), headers=headers
            )
        turning.cancel()
        await asyncio.wait([turning])
        return response

    def body(self, endpoint: str) -> object:
        """The least that the endpoint can read; None where it reads nothing."""
        method, _, path = endpoint.partition(" ")
        asked = self.document["paths"][path][method.lower()].get("requestBody")
        if asked is None:
            return None
        made = self._made(asked["content"]["application/json"]["schema"])
        assert isinstance(made, dict)
        return made | EXAMPLES.get(endpoint, {})

    def _made(self, schema: dict[str, Any]) -> object:
        if "$ref" in schema:
            return self._made(self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                return self._made(next(each for each in schema[key] if each.get("type") != "null"))
        if "enum" in schema:
            return schema["enum"][0]
        if "const" in schema:
            return schema["const"]
        match schema.get("type"):
            case "object":
                named = {name: self._made(schema["properties"][name]) for name in schema.get("required", ())}
                return named | {name: PATH[name] for name in named if name in PATH}
            case "array":
                return [self._made(schema["items"])] * schema.get("minItems", 0)
            case "integer":
                return schema.get("minimum", 1)
            case "boolean":
                return True
            case _:
                return "1"


@pytest.fixture(scope="module")
def called() -> Iterator[Called]:
    with asyncio.Runner() as runner:
        yield Called(runner)


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


@pytest.mark.parametrize("endpoint", list(MAY))
@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_a_role_may_what_its_row_says(called: Called, role: Role, endpoint: str) -> None:
    assert may_by(called.ask(endpoint, role.value)) is (role in MAY[endpoint].roles)


@pytest.mark.parametrize("endpoint", list(MAY))
def test_a_locked_page_may_what_its_row_says(called: Called, endpoint: str) -> None:
    person = max(MAY[endpoint].roles, key=list(Role).index)  # who may with the PIN
    assert may_by(called.ask(endpoint, person.value, locked=True)) is MAY[endpoint].locked


@pytest.mark.parametrize("endpoint", list(MAY))
def test_without_a_session_there_is_only_looking_and_stop(called: Called, endpoint: str) -> None:
    assert may_by(called.ask(endpoint, None)) is MAY[endpoint].nobody


def test_nobody_changes_anything_but_to_stop() -> None:
    free = {endpoint for endpoint, row in MAY.items() if row.nobody and row is not LOOK}
    assert free == {"POST /v1/stop", "POST /v1/pumps/{slot}/stop", "POST /v1/pumps/{slot}/pause"}
