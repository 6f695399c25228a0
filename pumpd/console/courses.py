"""The orders of this bed, and one course added up: what it has had, how it went, and what is due.

Each sum says what it rests on, in the daemon's words. Outcomes are typed as totals for a day and drawn beside the
table; what is asked about in the long run stands as questions with two answers. A course travels to another bed of the
site as a signed file; no name travels with it, so that the bed which takes it in asks once who the patient is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd.api_check_in_calls import add_patient
from pumpd.api_check_in_models import PatientBody
from pumpd.api_course_calls import attest, course, export, follow_up, outcome, take_in
from pumpd.api_course_models import AttestBody, CourseView, FollowUpBody, ImportBody, Instrument, OutcomeBody
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, Role
from pumpd.api_path_calls import series, series_of, visits
from pumpd.console.course_chart import outcome_chart
from pumpd.console.names import names_of
from pumpd.console.room import Look, Room, go, room_of, typed
from pumpd.console.sending import NOTHING_TYPED, Told, Values, faults_of, require_person, sent
from pumpd.errors import ApiError, SignInNeeded

LIST: Final = "/series"
INSTRUMENTS: Final = (
    (Instrument.NRS.value, "Pain (NRS), 0 to 10"),
    (Instrument.BPI.value, "Brief Pain Inventory, 0 to 110"),
    (Instrument.MADRS.value, "MADRS, 0 to 60"),
    (Instrument.PHQ9.value, "PHQ-9, 0 to 27"),
    (Instrument.PCL5.value, "PCL-5, 0 to 80"),
    (Instrument.YBOCS.value, "Y-BOCS, 0 to 40"),
    (Instrument.SSI.value, "SSI, 0 to 38"),
)
NOT_A_DAY: Final = "Type the day as in 2026-12-31."
NO_FILE: Final = "Choose the file that the other bed gave."
_FIRST_DAY: Final = date(1970, 1, 1)


# --- the list of orders ---------------------------------------------------------------------------------------


async def orders(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    if look.person is None:
        raise SignInNeeded(None)
    return await _orders(room, look, NOTHING_TYPED)


async def _orders(room: Room, look: Look, told: Told) -> Response:
    signed = await room.client.send(series(), look.token)
    return room.show(
        "series",
        look,
        orders=sorted(signed, key=lambda each: (each.replaced, -each.signed_day)),
        names=await names_of(room, look),
        people={each.id: each.name for each in await room.client.people()},
        prescribes=prescribes(look),
        values=told.values,
        faults=told.faults,
        notice=told.notice,
        status=told.status,
        here=LIST,
    )


def prescribes(look: Look) -> bool:
    """Whether a form for prescribers is shown; the daemon decides who may."""
    return look.person is not None and look.person.role is Role.PRESCRIBER


async def taken_in(request: Request) -> Response:
    """A file of another bed."""
    room = room_of(request)
    look = await room.look(request)
    async with request.form(max_files=1, max_fields=8) as form:
        values = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
        given = form.get("file")
        content = await given.read() if isinstance(given, UploadFile) else b""
    require_person(request, look, values, LIST)
    if not content:
        return await _orders(room, look, Told(values=values, faults={"file": NO_FILE}))
    text = content.decode("utf-8", "replace").strip()
    back = await sent(room, look, values, lambda: take_in(ImportBody(file=text)), onward=LIST)
    return await _orders(room, look, back) if isinstance(back, Told) else go(LIST)


# --- one course -----------------------------------------------------------------------------------------------


def at(name: str) -> str:
    """The address of a course."""
    return f"{LIST}/{name}/course"


async def screen(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    if look.person is None:
        raise SignInNeeded(None)
    return await _course(room, look, request.path_params["series"], NOTHING_TYPED)


async def _course(room: Room, look: Look, name: str, told: Told) -> Response:
    view = await room.client.send(course(name), look.token)
    signed = await room.client.send(series_of(name), look.token)
    same = (signed.order.patient, signed.order.regimen)  # also under an order that this one replaced
    known_visits = await room.client.send(visits(), look.token)
    drawn = [each for each in Instrument if any(found.instrument is each for found in view.outcomes)]
    known = (await names_of(room, look)).get(signed.order.patient)
    return room.show(
        "course",
        look,
        course=view,
        order=signed.order,
        known=known,
        today_text=_day_of(view.today_day),
        records={each.number: each.visit for each in known_visits if (each.patient, each.regimen) == same},
        drawn=[each.value for each in drawn],
        instruments=INSTRUMENTS,
        people={each.id: each.name for each in await room.client.people()},
        prescribes=prescribes(look),
        here=at(name),
        values=told.values,
        faults=told.faults,
        notice=told.notice,
        status=told.status,
        refresh=at(name),
        again=3_600,
    )


def _day_of(day: int) -> str:
    return date.fromordinal(_FIRST_DAY.toordinal() + day).isoformat()


def _outcome(name: str, values: Values) -> Call[AnswerView]:
    said = {each: values[each] for each in ("instrument", "total") if each in values}
    day = date.fromisoformat(values["day"]).toordinal() - _FIRST_DAY.toordinal() if values.get("day") else None
    return outcome(name, OutcomeBody.model_validate(said | {"day": day}))


def _follow_up(name: str, values: Values) -> Call[AnswerView]:
    said = {each: values[each] for each in ("prompt", "found") if each in values}
    return follow_up(name, FollowUpBody.model_validate(said))


def _attest(name: str, values: Values) -> Call[AnswerView]:
    said = {each: values.get(each, "") for each in ("visits", "given_mg")}
    return attest(name, AttestBody.model_validate(said))


_FORMS: Final[Mapping[str, Callable[[str, Values], Call[AnswerView]]]] = {
    "outcome": _outcome,
    "follow-up": _follow_up,
    "attest": _attest,
}


def _sends(form: str) -> Callable[[Request], Awaitable[Response]]:
    async def one(request: Request) -> Response:
        room, name = room_of(request), request.path_params["series"]
        look, values = await room.look(request), await typed(request)
        require_person(request, look, values, at(name))
        if form == "outcome" and not _is_day(values.get("day", "")):
            return await _course(room, look, name, Told(values=values, faults={"day": NOT_A_DAY}))
        back = await sent(room, look, values, lambda: _FORMS[form](name, values), onward=at(name))
        return await _course(room, look, name, back) if isinstance(back, Told) else go(at(name))

    return one


def _is_day(text: str) -> bool:
    try:
        return not text or bool(date.fromisoformat(text))
    except ValueError:
        return False


async def named(request: Request) -> Response:
    """Who the patient of an order is that came from another bed."""
    room, name = room_of(request), request.path_params["series"]
    look, values = await room.look(request), await typed(request)
    require_person(request, look, values, at(name))
    patient = (await room.client.send(series_of(name), look.token)).order.patient
    try:
        said = {each: values.get(each, "") for each in ("name", "born", "number")}
        body = PatientBody.model_validate(said | {"patient": patient})
        await room.client.send(add_patient(body), look.token)
    except ValidationError as error:
        return await _course(room, look, name, Told(values=values, faults=faults_of(error)))
    except ApiError as error:
        if error.status is None:
            raise
        return await _course(room, look, name, Told(values=values, notice=f"Not done. {error}"))
    return go(at(name))


async def exported(request: Request) -> Response:
    """The signed file, to be carried to another bed."""
    room, name = room_of(request), request.path_params["series"]
    look = await room.look(request)
    if look.person is None:
        raise SignInNeeded(None, at(name))
    found = await room.client.send(export(name), look.token)
    kept = {"Content-Disposition": f'attachment; filename="course-{name}.json"'}
    return Response(found.file, media_type="application/json", headers=kept)


async def chart(request: Request) -> Response:
    room = room_of(request)
    wanted = request.query_params.get("of", "")
    token = (await room.look(request)).token
    view: CourseView = await room.client.send(course(request.path_params["series"]), token)
    found = [each for each in view.outcomes if each.instrument.value == wanted]
    if not found:
        raise ApiError("Nothing of this was asked in this course.", status=HTTPStatus.NOT_FOUND)
    return Response(outcome_chart(found), media_type="image/svg+xml")


async def back(request: Request) -> Response:
    """Whoever loads a refused form anew gets the screen."""
    return go(at(request.path_params["series"]) if "series" in request.path_params else LIST)


_HERE: Final = f"{LIST}/{{series}}/course"

ROUTES: Final = (
    Route(LIST, orders, methods=["GET"]),
    Route(f"{LIST}/import", taken_in, methods=["POST"]),
    Route(f"{LIST}/import", back, methods=["GET"]),
    Route(_HERE, screen, methods=["GET"]),
    Route(f"{_HERE}/export", exported, methods=["GET"]),
    Route(f"{_HERE}/outcome.svg", chart, methods=["GET"]),
    Route(f"{_HERE}/name", named, methods=["POST"]),
    *(Route(f"{_HERE}/{form}", _sends(form), methods=["POST"]) for form in _FORMS),
    *(Route(f"{_HERE}/{form}", back, methods=["GET"]) for form in (*_FORMS, "name")),
)
