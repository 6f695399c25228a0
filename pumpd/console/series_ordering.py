"""A prescriber's order for a series: typed once, read back as a whole, and signed.

Three steps on one address, each a form that carries everything as it was typed: fill in, read, sign. What is read is
the daemon's own reading of the first visit (the same review that a nurse gets, on a pump of this bed) beside all that
goes for the whole series; the console works nothing out. A new patient is entered in the same form and kept when the
order is signed, so that nobody stands in the table of names without one.

A change of an order is a new order that names the one it replaces; its form begins with what that one says. Everybody
else than a prescriber reads the list and the course.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd.api_check_in_calls import add_patient
from pumpd.api_check_in_models import PatientBody
from pumpd.api_models import OrderBody, RegimenView, ReviewRequest, ReviewView
from pumpd.api_path_calls import series_of, sign_series
from pumpd.api_path_models import SeriesBody
from pumpd.console.courses import at, prescribes
from pumpd.console.names import names_of
from pumpd.console.room import Look, Room, go, room_of, typed
from pumpd.console.sending import Told, faults_of, require_person, sent
from pumpd.errors import ApiError, SignInNeeded

HERE: Final = "/series/new"
PREMEDICATIONS: Final = 2  # empty rows of the form; an order that is changed may have more
RESCUES: Final = 3
HOLDS: Final = 3
WHOLE_CHARS_MAX: Final = 4  # longer is no value of anything that is observed
OFFERED_MAX: Final = 4
CHOOSE: Final = "Choose one."
WHO: Final = "Choose the patient, or enter a new one."

ROUTES_OF: Final = (("vein", "vein"), ("mouth", "mouth"), ("skin", "skin"))
AGAINST: Final = ("nausea", "hypertension", "anxiety", "hallucinations", "over-sedation")
_PLAIN: Final = (
    "weight_kg", "height_cm", "disposition", "actual_weight_kg", "age_years", "expires_in_days", "max_mg_per_h",
    "consent_on", "extension", "weighed_on",
)  # fmt: skip
_MAY_BE_NONE: Final = ("weight_basis", "sex", "steps", "replaces")
_PREMEDICATION: Final = ("drug", "dose_mg", "route", "wait_min")
ITEMS: Final = (
    ("systolic_mmhg", "systolic pressure, mmHg"), ("diastolic_mmhg", "diastolic pressure, mmHg"),
    ("heart_rate_per_min", "heart rate, a minute"), ("spo2_percent", "oxygen saturation, %"),
    ("breaths_per_min", "breaths, a minute"), ("etco2_mmhg", "end-tidal CO2, mmHg"), ("sedation", "sedation"),
    ("distress", "distress, of 10"), ("nausea", "nausea, of 10"), ("headache", "headache, of 10"),
)  # fmt: skip
BANDS: Final = (("start", "not start"), ("reduce", "measure again, reduce"), ("pause", "pause, and call"))
SCALES: Final = (("poss", "POSS"), ("rass", "RASS"), ("moaas", "MOAA/S"))
_RESCUE: Final = ("drug", "dose_mg", "most_mg", "route", "against")


# --- three steps ----------------------------------------------------------------------------------------------


async def form(request: Request) -> Response:
    """Empty, or with what the order says that is to be replaced."""
    room = room_of(request)
    look = await room.look(request)
    if look.person is None:
        raise SignInNeeded(None)
    replaces = request.query_params.get("replaces", "")
    values = {} if not replaces else _again((await room.client.send(series_of(replaces), look.token)).body, replaces)
    return await _form(room, look, Told(values=values))


async def change(request: Request) -> Response:
    """Back from reading, with everything as it was typed."""
    room = room_of(request)
    return await _form(room, await room.look(request), Told(values=await typed(request)))


async def read(request: Request) -> Response:
    """What would be signed, read back. Nothing is kept yet."""
    room = room_of(request)
    look, values = await room.look(request), await typed(request)
    require_person(request, look, values, HERE)
    told = await _review(room, look, values)
    return await _form(room, look, told) if isinstance(told, Told) else await _read(room, look, values, told)


async def sign(request: Request) -> Response:
    room = room_of(request)
    look, values = await room.look(request), await typed(request)
    require_person(request, look, values, HERE)
    if not values.get("patient"):
        try:
            named = {"name": values.get("name", ""), "born": values.get("born", ""), "number": values.get("number", "")}
            values["patient"] = (
                await room.client.send(add_patient(PatientBody.model_validate(named)), look.token)
            ).patient
        except ValidationError as error:
            return await _form(room, look, Told(values=values, faults=faults_of(error)))
    back = await sent(
        room, look, values, lambda: sign_series(SeriesBody.model_validate(_body(values))), onward=HERE, faults=_faults
    )
    return await _form(room, look, back) if isinstance(back, Told) else go(at(back.request_id))


# --- what was typed -------------------------------------------------------------------------------------------


def _body(values: Mapping[str, str]) -> dict[str, object]:
    """As the API takes it; an answer that nobody chose is missing."""
    regimen = values.get("regimen", "")
    said: dict[str, object] = {name: values[name] for name in _PLAIN if values.get(name)}
    said |= {name: values[name] for name in _MAY_BE_NONE if values.get(name)}
    said |= {name: values[key] for name, key in _of_regimen(regimen).items() if values.get(key)}
    if regimen:
        said["regimen"] = regimen
    if values.get("patient"):
        said["patient"] = values["patient"]
    said["failed_treatments"] = [line.strip() for line in values.get("failed", "").splitlines() if line.strip()]
    said["premedication"] = _offered(values, regimen) + [
        _row(values, "premedication", row, _PREMEDICATION) | {"sedating": f"premedication:{row}:sedating" in values}
        for row in _rows(values, "premedication")
    ]
    said["rescue"] = [
        _row(values, "rescue", row, _RESCUE)
        | {name: f"rescue:{row}:{name}" in values for name in ("sedating", "reverses")}
        for row in _rows(values, "rescue")
    ]
    said["holds"] = [_hold(values, row) for row in _rows(values, "holds", by="item")]
    return said


def _hold(values: Mapping[str, str], row: int) -> dict[str, object]:
    """A bound that is no whole number stays as it was typed, and is told beside its field."""
    typed = {name: values.get(f"holds:{row}:{name}", "") for name in ("item", "band", "scale", "above", "below")}
    found: dict[str, object] = {name: typed[name] for name in ("item", "band", "scale") if typed[name]}
    for name in ("above", "below"):
        if typed[name]:
            found[name] = int(typed[name]) if _is_whole(typed[name]) else typed[name]
    return found


def _is_whole(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdecimal() and len(text) <= WHOLE_CHARS_MAX


def _of_regimen(regimen: str) -> dict[str, str]:
    """Each regimen of the form has its own containers and its own number of visits."""
    return {"container": f"container:{regimen}", "visits": f"visits:{regimen}"}


def _offered(values: Mapping[str, str], regimen: str) -> list[dict[str, object]]:
    """What the catalogue offers before the start of this regimen, where it was left ticked: sent as it was offered."""
    ticked = (values.get(f"before:{regimen}:{row}") for row in range(OFFERED_MAX))
    return [dict(zip((*_PREMEDICATION, "sedating"), text.split("|"), strict=False)) for text in ticked if text]


def _rows(values: Mapping[str, str], kind: str, by: str = "drug") -> list[int]:
    """Those with a drug typed or a value chosen; an order that is changed may have more than the form offers."""
    named = re.compile(rf"{kind}:([0-9]+):{by}")
    return sorted(int(found[1]) for name, text in values.items() if text and (found := named.fullmatch(name)))


def _row(values: Mapping[str, str], kind: str, row: int, names: tuple[str, ...]) -> dict[str, object]:
    return {name: values.get(f"{kind}:{row}:{name}", "") for name in names}


def _faults(error: ValidationError) -> dict[str, str]:
    """Beside its own field, also in the rows of drugs."""
    found = faults_of(error)
    for fault in error.errors():
        *where, name = (str(part) for part in fault["loc"])
        if where:
            found[":".join((*where, name))] = found[name]
    return found


def _again(body: SeriesBody, replaces: str) -> dict[str, str]:
    """What an order says, as the form has it."""
    said = {name: str(value) for name, value in body.model_dump(mode="json").items() if isinstance(value, str | int)}
    said |= {f"container:{body.regimen}": body.container, f"visits:{body.regimen}": str(body.visits)}
    said["failed"] = "\n".join(body.failed_treatments)
    for kind, rows in (("premedication", body.premedication), ("rescue", body.rescue), ("holds", body.holds)):
        for row, each in enumerate(rows):
            fields = each.model_dump(mode="json").items()
            typed_or_ticked = ((name, value) for name, value in fields if value is not None and value is not False)
            said |= {f"{kind}:{row}:{name}": str(value) for name, value in typed_or_ticked}
    return said | {"replaces": replaces}


async def _review(room: Room, look: Look, values: Mapping[str, str]) -> ReviewView | Told:
    """The daemon's reading of the first visit, or what is wrong beside each field."""
    body = _body(values)
    patient = body.setdefault("patient", "new")
    try:
        asked = SeriesBody.model_validate(body)
        if patient == "new":
            named = {"name": values.get("name", ""), "born": values.get("born", ""), "number": values.get("number", "")}
            PatientBody.model_validate(named)
    except ValidationError as error:
        faults = _faults(error)
        if "regimen" not in faults and "container" in faults:
            faults["regimen"] = CHOOSE
        if not values.get("patient") and not values.get("name"):
            faults["patient"] = WHO
        return Told(values=values, faults=faults)
    order = OrderBody(
        regimen=asked.regimen, day=1, weight_kg=asked.weight_kg, height_cm=asked.height_cm, container=asked.container,
        weight_basis=asked.weight_basis, actual_weight_kg=asked.actual_weight_kg, sex=asked.sex,
        age_years=asked.age_years,
    )  # fmt: skip
    try:
        return await room.client.review(ReviewRequest(slot=look.view.pumps[0].slot, order=order), look.token)
    except ApiError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        return Told(values=values, faults={error.field or "regimen": str(error)})


# --- what is shown --------------------------------------------------------------------------------------------


async def _form(room: Room, look: Look, told: Told) -> Response:
    if not prescribes(look):
        raise ApiError("An order is signed by a prescriber. Ask one; you can read all orders.", status=403)
    return room.show(
        "series_new",
        look,
        regimens=[each for each in await room.client.regimens(look.view.pumps[0].slot) if each.high_alert],
        patients=[(each.patient, f"{each.name}, born {each.born}") for each in (await names_of(room, look)).values()],
        premedications=sorted({*range(PREMEDICATIONS), *_rows(told.values, "premedication")}),
        rescues=sorted({*range(RESCUES), *_rows(told.values, "rescue")}),
        holds=sorted({*range(HOLDS), *_rows(told.values, "holds", by="item")}),
        items=ITEMS,
        bands=BANDS,
        scales=SCALES,
        ways=ROUTES_OF,
        against=AGAINST,
        here=HERE,
        values=told.values,
        faults=told.faults,
        notice=told.notice,
        status=told.status,
    )


async def _read(room: Room, look: Look, values: Mapping[str, str], review: ReviewView) -> Response:
    regimens = await room.client.regimens(look.view.pumps[0].slot)
    known = (await names_of(room, look)).get(values.get("patient", ""))
    body = SeriesBody.model_validate(_body(values) | ({} if values.get("patient") else {"patient": "new"}))
    return room.show(
        "series_read",
        look,
        body=body,
        regimen=_named(regimens, body.regimen),
        patient=f"{known.name}, born {known.born}"
        if known
        else f"{values.get('name')}, born {values.get('born')} (new)",
        review=review,
        items=dict(ITEMS),
        bands=dict(BANDS),
        scales=dict(SCALES),
        kept={name: value for name, value in values.items() if value and name not in ("token", "key")},
        here=HERE,
    )


def _named(regimens: tuple[RegimenView, ...], wanted: str) -> RegimenView | None:
    return next((each for each in regimens if each.id == wanted), None)


ROUTES: Final = (
    Route(HERE, form, methods=["GET"]),
    Route(f"{HERE}/change", change, methods=["POST"]),
    Route(f"{HERE}/read", read, methods=["POST"]),
    Route(f"{HERE}/sign", sign, methods=["POST"]),
    *(Route(f"{HERE}/{step}", form, methods=["GET"]) for step in ("change", "read", "sign")),
)
