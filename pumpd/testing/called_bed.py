"""The daemon's calls in memory, on a bed where a visit is open and saline runs, for tests that call every endpoint.

Every call meets the same bed: the state is put back before each, so that an order of calls makes no difference, and
nothing falls due between two of them. A call is made with a body that the endpoint can read, made of the document's own
schema; `EXAMPLES` has what a schema cannot say.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any, Final

import httpx2
from fastapi import FastAPI

from pumpd.accounts import Accounts, AccountsTable, PersonTable, Session
from pumpd.api import create_app
from pumpd.api_course_models import FILE_CHARS_MAX
from pumpd.api_desk import Desk
from pumpd.api_views import Place
from pumpd.bedside import Bedside
from pumpd.clock import SystemClock
from pumpd.core.course import CourseLog
from pumpd.core.people import Role
from pumpd.core.pump import Drive
from pumpd.course_file import Travelling, written
from pumpd.drafts import Draft, Drafts, Form
from pumpd.identities import Identities, Known
from pumpd.samples import RecentSamples
from pumpd.testing.path_story import PATIENT, PathStory, series_order
from pumpd.testing.simulated_journal import Disk, SimulatedJournal

SITE_KEY: Final = b"a key of a site that is no hospital"
_ANOTHERS: Final = Travelling(order=series_order("PAIN-4H", series="s9"), log=CourseLog(series="s9"))
# what a schema cannot say, by endpoint: fields put into the body that was made of it
EXAMPLES: Final[dict[str, dict[str, object]]] = {
    "POST /v1/pumps/{slot}/rate": {"rate_ml_per_h": "1000"},  # a rise: what lowers is everybody's
    "POST /v1/pumps/{slot}/answer": {"answer": "driven"},
    "POST /v1/sessions": {"person": "nurse"},
    "POST /v1/series/import": {"file": written(_ANOTHERS, SITE_KEY, chars_max=FILE_CHARS_MAX)},
    "POST /v1/visits/{visit}/accept_value": {"value": 165},
    "POST /v1/visits/{visit}/rescues": {"dose_mg": "1"},
    "POST /v1/visits/{visit}/verbal": {
        "prescriber": "prescriber",
        "lower": None,
        "rescue": None,
        "hold": None,
        "other": "a blanket",
        "confirmed": True,
    },
    "POST /v1/patients": {"name": "Eva", "born": "1970-12-31"},
    "POST /v1/visits/{visit}/label": {"expires": "2099-01-31"},
}
BASE_URL: Final = "http://pumpd"
STREAMS: Final = frozenset({"GET /v1/events"})  # never ends; who may look may follow
PATH: Final = {
    "slot": "p1",
    "visit": "v1",
    "alarm_id": "1",
    "person": "nurse-2",
    "series": "s1",
    "said": "w1",
    "patient": PATIENT,
    "form": "weight",
    "watcher": "console-1",
}
QUERY: Final = {"slot": "p1", "visit": "v1"}
PEOPLE: Final = [(role.value, role) for role in Role] + [("nurse-2", Role.NURSE)]
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

    def __init__(self, runner: asyncio.Runner, folder: Path) -> None:
        """`folder`: for the table of names."""
        self._runner = runner
        self._identities = Identities(folder / "identities.sqlite3")
        self._drafts = Drafts(folder / "drafts.sqlite3")
        self._drafts.keep(Form(form="weight", visit="v1"), Draft(person="nurse", wall_ms=0, fields={}))
        self._identities.add(PATIENT, Known(name="Eva Test", born="1970-12-31"))
        story = PathStory()
        story.passes_to_start("TRAIN-5MIN")
        story.start_visit()
        story.prepared()
        story.done(Drive.INFUSING)
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
        return create_app(
            Desk(self._bedside, self._accounts, samples, Place(site="s", ward="w", bed="b", site_key=SITE_KEY)),
            self._identities,
            self._drafts,
        )

    def ask(self, endpoint: str, person: str | None, *, locked: bool = False) -> httpx2.Response:
        """A call that can be read, by this person; None: by nobody."""
        method, _, path = endpoint.partition(" ")
        return self.send(method, path.format(**PATH), person, locked=locked, query=QUERY, body=self.body(endpoint))

    def send(
        self,
        method: str,
        path: str,
        person: str | None,
        *,
        locked: bool = False,
        query: dict[str, Any] | None = None,
        body: object = None,
    ) -> httpx2.Response:
        """Any call."""
        return self._runner.run(self._send(method, path, person, locked=locked, query=query, body=body))

    async def _send(
        self, method: str, path: str, person: str | None, *, locked: bool, query: dict[str, Any] | None, body: object
    ) -> httpx2.Response:
        self._bedside._state = self._state  # noqa: SLF001  # every call meets the same bed
        headers = {}
        if person is not None:
            session = await self._accounts.sign_in(person, "1234")
            assert isinstance(session, Session)
            headers["Authorization"] = f"Bearer {session.token}"
            if locked:
                self._accounts.lock(session.token)
        turning = asyncio.create_task(self._bedside.run())
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            response = await http.request(method, path, params=query, json=body, headers=headers)
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
                return int(schema.get("minimum", 1))
            case "boolean":
                return True
            case _:
                return "1"
