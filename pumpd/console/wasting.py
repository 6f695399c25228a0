"""What is left over of a drug, and the list of all that is still to be done for patients of this bed.

First the line: what it holds after the end counts as given once somebody says that it was flushed in. What that would
mean for the course stands above the form; where a limit speaks against it the form is folded away. Then the rest:
drawn up, given and thrown away have to add up, and a second person has to have seen it go: with their own PIN beside
the figures, or later, signed in as themselves. What was ordered by word is signed on the list. None of it holds up a
pump or a bed, so the same small forms stand on the visit's own screen, also after it is closed, and on the list, where
each entry has the form that settles it. What was typed and refused comes back in the form that sent it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd import api_client
from pumpd.api_container_models import SecondBody
from pumpd.api_departure_calls import recovery_of, tell, todo, waste, witness
from pumpd.api_departure_models import DoseView, RecoveryView, TellBody, Todo, TodoView, WasteBody, WitnessBody
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, PersonView, Role
from pumpd.api_verbal_calls import sign_by_word
from pumpd.api_verbal_models import VerbalSignBody
from pumpd.console.names import names_of
from pumpd.console.path import Again, Ask, Sight, do, seen, show
from pumpd.console.recovering import AGAIN_S
from pumpd.console.room import Look, Room, go, room_of
from pumpd.console.sending import NOTHING_TYPED, Told, Values, given_of

STEP: Final = "waste"
LIST: Final = "/to-do"
WITNESSES: Final = frozenset({Role.NURSE, Role.PRESCRIBER, Role.PHARMACIST})


# --- what each form becomes -----------------------------------------------------------------------------------


def _flush(_sight: Sight, values: Values) -> Call[AnswerView]:
    return api_client.flush(values["slot"], values.get("volume_ml", ""), all_the_same="all_the_same" in values)


def _waste(sight: Sight, values: Values) -> Call[AnswerView]:
    said: dict[str, object] = {name: values.get(name, "") for name in ("loaded_ml", "wasted_ml", "remark")}
    said["infusion_id"] = int(values["infusion_id"])
    if values.get("second_person"):
        said["witness"] = SecondBody.model_validate(given_of(values, "second_person", "second_pin"))
    return waste(sight.id, WasteBody.model_validate(said))


def _witness(sight: Sight, values: Values) -> Call[AnswerView]:
    return witness(sight.id, WitnessBody(infusion_id=int(values["infusion_id"])))


def _tell(sight: Sight, values: Values) -> Call[AnswerView]:
    return tell(sight.id, TellBody.model_validate(given_of(values, "prescriber", "reason")))


def _sign(sight: Sight, values: Values) -> Call[AnswerView]:
    said = VerbalSignBody(agrees=values.get("agrees") == "yes", remark=values.get("remark", ""))
    return sign_by_word(sight.id, values.get("order") or "-", said)


_FORMS: Final[Mapping[str, Ask]] = {
    "flush": _flush,
    "waste": _waste,
    "witness": _witness,
    "tell": _tell,
    "sign": _sign,
}
_LIST_ONLY: Final = frozenset({"sign"})


# --- what stands on a screen ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that is to be done, or was, with its form's address. `id` tells the fields of one from another's."""

    id: str
    visit: str
    patient: str
    todo: Todo | None  # None: nothing any more
    dose: DoseView | None
    since_ts_ms: int
    here: str
    order: str = ""  # an order by word ...
    detail: str = ""
    prescriber: str = ""  # ... and whose signature it waits for


def _entries_of(visit: RecoveryView) -> list[Entry]:
    return [
        Entry(
            id=str(each.infusion_id),
            visit=visit.visit,
            patient=visit.patient,
            todo=_todo_of(each),
            dose=each,
            since_ts_ms=each.last_ts_ms,
            here=f"/visits/{visit.visit}/{STEP}",
        )
        for each in visit.doses
    ]


def _todo_of(dose: DoseView) -> Todo | None:
    if not dose.is_wasted:
        return Todo.WASTE
    return None if dose.witness else Todo.WITNESS


def _entry(found: TodoView, visit: RecoveryView) -> Entry:
    dose = next((each for each in visit.doses if each.infusion_id == found.infusion_id), None)
    return Entry(
        id=f"{found.visit}-{found.infusion_id or found.order or found.todo.value}",
        visit=found.visit,
        patient=found.patient,
        todo=found.todo,
        dose=dose,
        since_ts_ms=found.since_ts_ms,
        here=f"{LIST}/{found.visit}",
        order=found.order or "",
        detail=found.detail,
        prescriber=found.prescriber or "",
    )


async def screen(request: Request) -> Response:
    return await _show(await seen(request), NOTHING_TYPED)


async def _show(sight: Sight, told: Told) -> Response:
    client = sight.room.client
    here = await client.send(recovery_of(sight.id), sight.token)
    people = await client.people()
    return show(
        sight,
        "waste",
        STEP,
        told,
        entries=_entries_of(here),
        sent=_sent_id(told, ""),
        witnesses=_witnesses(people, sight.look),
        people={each.id: each.name for each in people},
        doctors=[each for each in people if each.role is Role.PRESCRIBER],
    )


async def everything(request: Request) -> Response:
    """What is still to be done for patients of this bed, the oldest first, each with its form."""
    room = room_of(request)
    return await _list(room, await room.look(request), NOTHING_TYPED)


async def _list_again(sight: Sight, told: Told) -> Response:
    return await _list(sight.room, sight.look, told, of=sight.id)


async def _list(room: Room, look: Look, told: Told, of: str = "") -> Response:
    """`of`: the visit of the form that came back."""
    undone = await room.client.send(todo(), look.token or None)
    open_ = dict.fromkeys(each.visit for each in undone)
    visits = {each: await room.client.send(recovery_of(each), look.token or None) for each in open_}
    people = await room.client.people()
    return room.show(
        "to_do",
        look,
        entries=[_entry(each, visits[each.visit]) for each in undone],
        names=await names_of(room, look),
        sent=_sent_id(told, of),
        witnesses=_witnesses(people, look),
        people={each.id: each.name for each in people},
        doctors=[each for each in people if each.role is Role.PRESCRIBER],
        values=told.values,
        faults=told.faults,
        notice=told.notice,
        status=told.status,
        refresh=LIST,
        again=AGAIN_S,
    )


def _sent_id(told: Told, of: str) -> str:
    """Which entry's form came back; empty for none."""
    about = (
        told.values.get("infusion_id")
        or told.values.get("order")
        or (Todo.TELL_PRESCRIBER.value if told.values else "")
    )
    return f"{of}-{about}" if of and about else about


def _witnesses(people: tuple[PersonView, ...], look: Look) -> list[PersonView]:
    """Somebody else, in a role that may."""
    mine = None if look.person is None else look.person.person
    return [each for each in people if each.role in WITNESSES and each.id != mine]


# --- addresses ------------------------------------------------------------------------------------------------


def _sends(name: str, again: Again, onward: str) -> Callable[[Request], Awaitable[Response]]:
    async def sent(request: Request) -> Response:
        return await do(request, _FORMS[name], again, onward)

    return sent


async def back(request: Request) -> Response:
    """Whoever loads a refused form anew gets the screen."""
    return go(LIST if request.url.path.startswith(LIST) else f"/visits/{request.path_params['visit']}/{STEP}")


ROUTES: Final = (
    Route(LIST, everything, methods=["GET"]),
    Route(f"/visits/{{visit}}/{STEP}", screen, methods=["GET"]),
    *(Route(f"{LIST}/{{visit}}/{name}", _sends(name, _list_again, LIST), methods=["POST"]) for name in _FORMS),
    *(
        Route(f"/visits/{{visit}}/{STEP}/{name}", _sends(name, _show, STEP), methods=["POST"])
        for name in _FORMS
        if name not in _LIST_ONLY
    ),
    *(
        Route(f"{at}/{name}", back, methods=["GET"])
        for at in (f"{LIST}/{{visit}}", f"/visits/{{visit}}/{STEP}")
        for name in _FORMS
    ),
)
