"""The patient leaves the bed, recovers, and goes: the last step of a visit, and the list of all who recover.

The bed is free as soon as somebody says that the patient has left it. From then on several may recover at once, so each
screen names its patient at the top, and the list puts whoever may go next first. What keeps a patient here is the
daemon's word, for the way home and for the ward side by side; how long it still takes stands there as a time of day and
as what is left of it, and is asked for anew by itself (`waiting`), while what is being typed beside it stays.

Every other way out is open whatever that list says, with a reason. A visit that is closed shows how it ended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd.api_check_in_calls import answer_risk, check_in, sign_risk_plan
from pumpd.api_check_in_models import RiskBody, RiskPlanBody, Watching
from pumpd.api_departure_calls import discharge, leave, move, recovery, recovery_of, score
from pumpd.api_departure_models import DischargeBody, Exit, ExitBody, MoveBody, RecoveryView, ScoreBody
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, Phase, Role
from pumpd.api_path_models import Disposition, Place
from pumpd.console.names import names_of
from pumpd.console.path import Ask, Sight, do, seen, show
from pumpd.console.room import go, room_of
from pumpd.console.sending import NOTHING_TYPED, Told, Values, given_of

STEP: Final = "recovery"
AGAIN_S: Final = 20  # so often the waiting is asked for anew: it is told in minutes

# item of the score -> its name, and what 2, 1 and 0 are (Chung 1995)
PADSS: Final = (
    ("vital_signs", "Blood pressure and pulse", ("within 20 % of before", "20 to 40 % off", "more than 40 % off")),
    ("activity", "Activity", ("steady, no dizziness", "needs help", "cannot stand up")),
    ("nausea", "Nausea", ("little or none", "moderate", "severe")),
    ("pain", "Pain", ("little or none", "moderate", "severe")),
)
EXITS: Final = (
    (Exit.ADMITTED.value, "Admitted here"),
    (Exit.TRANSFERRED.value, "Transferred to another hospital"),
    (Exit.LEFT.value, "Left against advice"),
    (Exit.EMERGENCY.value, "Emergency: charted later"),
    (Exit.NOT_TREATED.value, "Not treated: nothing was given"),
)
WATCHED: Final = (
    (Watching.CONSTANT.value, "All the time"),
    (Watching.CLOSE.value, "At least every 15 min"),
    (Watching.ROUTINE.value, "As usual"),
)
_IN_DOUBT: Final = (Phase.STOPPING, Phase.UNCERTAIN, Phase.FAULT)


async def screen(request: Request) -> Response:
    return await _show("", await seen(request), NOTHING_TYPED)


async def _show(sent: str, sight: Sight, told: Told) -> Response:
    """`sent`: the form that came back."""
    client = sight.room.client
    here = await client.send(recovery_of(sight.id), sight.token)
    asked = await client.send(check_in(sight.id), sight.token)
    home, ward = ({each.code for each in closed} for closed in (here.closed_home, here.closed_ward))
    return show(
        sight,
        "recovery",
        STEP,
        told,
        recovery=here,
        sent=sent,
        both=[each for each in here.closed_home if each.code in ward],
        only_home=[each for each in here.closed_home if each.code not in ward],
        only_ward=[each for each in here.closed_ward if each.code not in home],
        check_in=asked,
        left_over=any(each.is_over and not each.witness for each in here.doses),
        is_bed=sight.visit.place is Place.AT_BED,
        is_here=sight.visit.place is not Place.CLOSED,
        in_doubt=any(pump.phase in _IN_DOUBT for pump in sight.look.view.pumps),
        padss=PADSS,
        exits=EXITS,
        watched=WATCHED,
        prescribers=tuple(each for each in await client.people() if each.role is Role.PRESCRIBER),
        signs_plans=sight.look.person is not None and sight.look.person.role is Role.PRESCRIBER,
        refresh=sight.at(STEP),
        again=AGAIN_S,
    )


# --- what each form becomes -----------------------------------------------------------------------------------


def _move(sight: Sight, values: Values) -> Call[AnswerView]:
    return move(sight.id, MoveBody(line_off="line_off" in values))


def _score(sight: Sight, values: Values) -> Call[AnswerView]:
    said = given_of(values, *(name for name, _, _ in PADSS), "sedation_at_baseline")
    return score(sight.id, ScoreBody.model_validate(said))


def _risk(sight: Sight, values: Values) -> Call[AnswerView]:
    return answer_risk(sight.id, positive=RiskBody.model_validate(given_of(values, "positive")).positive)


def _plan(sight: Sight, values: Values) -> Call[AnswerView]:
    return sign_risk_plan(sight.id, RiskPlanBody.model_validate(given_of(values, "plan", "watching")))


def _home(sight: Sight, values: Values) -> Call[AnswerView]:
    return discharge(
        sight.id,
        DischargeBody(
            to=Disposition.HOME,
            escort_present="escort_present" in values,
            instructions_given="instructions_given" in values,
            line_off="line_off" in values,
        ),
    )


def _ward(sight: Sight, values: Values) -> Call[AnswerView]:
    taken_over = given_of(values, "handed_over_to")
    return discharge(sight.id, DischargeBody.model_validate({"to": Disposition.WARD} | taken_over))


def _leave(sight: Sight, values: Values) -> Call[AnswerView]:
    said = given_of(values, "exit", "reason", "prescriber")
    return leave(sight.id, ExitBody.model_validate(said | {"line_off": "line_off" in values}))


_FORMS: Final[Mapping[str, Ask]] = {
    "move": _move,
    "score": _score,
    "risk": _risk,
    "plan": _plan,
    "home": _home,
    "ward": _ward,
    "leave": _leave,
}


def _sent(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def sent(request: Request) -> Response:
        return await do(request, _FORMS[name], partial(_show, name), STEP)

    return sent


async def back(request: Request) -> Response:
    """Whoever loads a refused form anew gets the screen."""
    return go(f"/visits/{request.path_params['visit']}/{STEP}")


# --- the list -------------------------------------------------------------------------------------------------


async def everybody(request: Request) -> Response:
    """Whoever may go next stands first. Names are for who is signed in: a list can be read over a shoulder."""
    room = room_of(request)
    look = await room.look(request)
    known = await room.client.send(recovery(), look.token or None)
    waiting = sorted((each for each in known if each.place is Place.RECOVERING), key=_when)
    return room.show(
        "recovering",
        look,
        waiting=waiting,
        names=await names_of(room, look),
        refresh="/recovery",
        again=AGAIN_S,
    )


def _when(visit: RecoveryView) -> int:
    return visit.earliest_ts_ms or 0


ROUTES: Final = (
    Route("/recovery", everybody, methods=["GET"]),
    Route(f"/visits/{{visit}}/{STEP}", screen, methods=["GET"]),
    *(Route(f"/visits/{{visit}}/{STEP}/{name}", _sent(name), methods=["POST"]) for name in _FORMS),
    *(Route(f"/visits/{{visit}}/{STEP}/{name}", back, methods=["GET"]) for name in _FORMS),
)
