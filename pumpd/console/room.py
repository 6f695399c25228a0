"""What every page needs: the daemon's socket, the stream, the templates, and who is looking.

A page is rendered from one view of the bed that was asked for just now (shared.py says how just); nothing about the bed
is kept here between two pages. `Look` is one look by one person; a session that has ended is a look by nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pumpd import words
from pumpd.api_client import AsyncClient
from pumpd.api_models import BedView, PersonView, PumpView, SessionView
from pumpd.console import live
from pumpd.console.ears import Ears
from pumpd.console.feed import Feed
from pumpd.console.guard import COOKIE, THEME_COOKIE, form_token
from pumpd.console.svg import local_offset_min
from pumpd.console.traces import Traces
from pumpd.errors import ApiError

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
UNAUTHORISED: Final = 401
NOT_FOUND: Final = 404
FIELDS_MAX: Final = 120  # of one form: a series order has the most, about eighty


def _clock(ts_ms: int) -> str:
    return words.clock_time(ts_ms, offset_min=local_offset_min(ts_ms))


def _clock_s(ts_ms: int) -> str:
    return words.clock_time(ts_ms, offset_min=local_offset_min(ts_ms), seconds=True)


def _sentence(text: str) -> str:
    """As at the beginning of a sentence; "POSS" stays as it is."""
    return text[:1].upper() + text[1:]


def templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"clock": _clock, "clock_s": _clock_s, "figures": live.figures_of, "capitalize_first": _sentence}
    found.globals |= {"freshness": live.freshness, "age_text": live.age_text, "MOVING": live.MOVING, "FREE": live.FREE}
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the bed, and by whom."""

    view: BedView
    person: SessionView | None
    quiet: bool = False  # the theme for a dark room

    @property
    def token(self) -> str:
        return "" if self.person is None else self.person.token

    def pump(self, slot: str) -> PumpView:
        """Raises ApiError for a pump that this bed has not."""
        for pump in self.view.pumps:
            if pump.slot == slot:
                return pump
        raise ApiError("This bed has no such pump.", status=NOT_FOUND)

    def key(self, act: str) -> str:
        """The same for every tap on one button of one page, so that two taps are one request."""
        return f"{self.view.boot}-{self.view.number}-{act}"[:64]


class Room:
    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.feed = Feed(client)
        self.ears = Ears(client, self.feed.name)
        self.traces = Traces(client)
        self._templates = templates()

    async def look(self, request: Request) -> Look:
        """Raises ApiError when the daemon cannot be asked."""
        view = await self.client.bed()
        token = request.cookies.get(COOKIE, "")
        person = None
        if token:
            try:
                person = await self.client.session(token)
            except ApiError as error:
                if error.status != UNAUTHORISED:
                    raise
        return Look(view=view, person=person, quiet=request.cookies.get(THEME_COOKIE) == "quiet")

    async def authors(self, look: Look) -> tuple[PersonView, ...]:
        """Whom a locked page may name, its own person first; nobody on any other."""
        own = look.person
        if own is None or not own.locked:
            return ()
        return tuple(sorted(await self.client.people(), key=lambda each: each.id != own.person))

    def clock(self, ts_ms: int) -> str:
        """Time of day, as every page writes it."""
        return _clock(ts_ms)

    def show(self, name: str, look: Look | None, *, status: int = HTTPStatus.OK, **told: object) -> HTMLResponse:
        """`look` None: the bed could not be asked."""
        view = None if look is None else look.view
        context: dict[str, object] = {
            "look": look,
            "view": view,
            "person": None if look is None else look.person,
            "form_token": "" if look is None or not look.token else form_token(look.token),
            "fields": {} if view is None else live.fields(view),
            "meters": {} if view is None else live.meters(view),
            "sound": "" if view is None else live.sound(view),
            "quiet": look is not None and look.quiet,
            "shape": "gone" if view is None else live.shape(view),
            "refresh": None,  # the page's own address: it is laid out anew whenever the bed's layout changes
            "live_at": None,  # where a page that holds a form fetches its live parts from
            "here": "",  # where a screen that is no address to renew comes back to, after a sign-in
            "again": 0,
            "notice": None,
        }
        page = self._templates.get_template(f"{name}.html.j2").render(context | told)
        return HTMLResponse(page, status_code=status)


def room_of(request: Request) -> Room:
    room: Room = request.app.state.room
    return room


def go(path: str) -> Response:
    """To another page, as a fresh look."""
    return RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER)


def local(path: str) -> str:
    """A page of ours, or the bed: nobody is sent elsewhere after typing a PIN."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


async def typed(request: Request) -> dict[str, str]:
    """A form's fields, without the blanks that a keyboard leaves around them."""
    async with request.form(max_files=0, max_fields=FIELDS_MAX) as form:
        return {name: value.strip() for name, value in form.items() if isinstance(value, str)}
