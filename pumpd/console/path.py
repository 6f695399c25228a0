"""What the screens of one visit have in common: the strip of steps, the sight of the visit, and how a form is sent.

A nurse goes from left to right, and may go anywhere: the strip says what is still closed under each step, the daemon
decides what that closes. A screen holds several small forms. Each is one call of the API; what the daemon refuses
comes back as the same screen, with everything as it was typed and each complaint beside its field.

A screen shows one patient's data, so it asks for somebody who is signed in; a locked page keeps what works without a
PIN. Nothing here is needed to stop a pump.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd import api_path_calls
from pumpd.api_check_in_models import PatientView
from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, ReasonCode, ReasonView
from pumpd.api_path_models import Place, VisitView
from pumpd.console.keeping import FORM_FIELD, forget, keep_typed
from pumpd.console.live import MOVING
from pumpd.console.names import name_of
from pumpd.console.room import Look, Room, go, room_of, typed
from pumpd.console.sending import NOTHING_TYPED, Told, Values, require_person, sent
from pumpd.errors import SignInNeeded


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One screen of a visit. `codes`: the closed gates that are opened there."""

    name: str  # the last part of its address
    title: str
    places: frozenset[Place]
    codes: frozenset[ReasonCode] = frozenset()
    until_start: bool = False  # what is done there comes before a start


_BED: Final = frozenset({Place.AT_BED})
_HERE: Final = frozenset({Place.AT_BED, Place.RECOVERING})

STEPS: Final = (
    Step(
        name="check-in",
        until_start=True,
        title="Check-in",
        places=_BED,
        codes=frozenset({
            ReasonCode.IDENTITY_NOT_COMPARED, ReasonCode.IDENTITY_DIFFERS, ReasonCode.ALLERGIES_NOT_ASKED,
            ReasonCode.ALLERGY_FOUND, ReasonCode.PREGNANCY_NOT_ASKED, ReasonCode.PREGNANCY_FOUND,
            ReasonCode.FASTING_NOT_ASKED, ReasonCode.NOT_FASTED, ReasonCode.CONTRAINDICATIONS_NOT_ASKED,
            ReasonCode.CONTRAINDICATION_FOUND, ReasonCode.WARD_NOT_NAMED, ReasonCode.ESCORT_NOT_NAMED,
            ReasonCode.NOT_WEIGHED, ReasonCode.RISK_NOT_ASKED,
        }),
    ),
    Step(
        name="preparation",
        until_start=True,
        title="Preparation",
        places=_BED,
        codes=frozenset({
            ReasonCode.LABEL_NOT_READ, ReasonCode.LINE_NOT_CHECKED, ReasonCode.NOT_PRIMED,
            ReasonCode.PREMEDICATION_NOT_GIVEN, ReasonCode.PREMEDICATION_WAIT_S,
        }),
    ),
    Step(
        name="observations",
        title="Observations",
        places=_HERE,
        codes=frozenset({
            ReasonCode.BASELINE_MISSING_S, ReasonCode.VALUE_HOLDS, ReasonCode.OBSERVATION_OVERDUE,
            ReasonCode.NOT_MEASURED, ReasonCode.EMERGENCY_LASTS,
        }),
    ),
    Step(
        name="check",
        until_start=True,
        title="Double check",
        places=_BED,
        codes=frozenset({ReasonCode.CHECK_NEEDED, ReasonCode.CHECK_DIFFERED}),
    ),
    Step(name="start", title="Review, start", places=_BED, until_start=True),
    Step(name="side-effects", title="Side effects", places=_HERE),
    Step(name="hand-over", title="Hand-over", places=_HERE),
    Step(name="recovery", title="End, recovery", places=_HERE),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMark:
    """One step in the strip, with the gates that are closed there."""

    step: Step
    closed: tuple[ReasonView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One look at one visit, by somebody who is signed in."""

    room: Room
    look: Look
    visit: VisitView
    patient: PatientView | None  # None where this person, or a locked page, may not read a name
    names: Mapping[str, str] = field(default_factory=dict)  # of the people of this bed

    @property
    def id(self) -> str:
        return self.visit.visit

    @property
    def token(self) -> str:
        return self.look.token

    @property
    def has_begun(self) -> bool:
        """The way to a start is behind: an infusion of this visit is on a pump, running or over, or the bed is left."""
        if self.visit.place is not Place.AT_BED:
            return True
        here = (pump.infusion for pump in self.look.view.pumps)
        return any(each is not None and each.visit == self.id for each in here)

    @property
    def marks(self) -> tuple[StepMark, ...]:
        """The strip. What no step names is told where the start is; once that is behind, nothing of it is told."""
        return tuple(
            StepMark(step=step, closed=() if self.has_begun else self.closed_at(step))
            for step in STEPS
            if self.visit.place in step.places
        )

    def closed_at(self, step: Step) -> tuple[ReasonView, ...]:
        """What closes a start and is opened there; also for a second start, of which the strip does not speak."""
        if step.name == "start":
            known = frozenset(code for each in STEPS for code in each.codes)
            return tuple(each for each in self.visit.missing if each.code not in known)
        return tuple(each for each in self.visit.missing if each.code in step.codes)

    @property
    def is_known(self) -> bool:
        """Two identifiers agree. Before that the screen keeps them back, so that nobody compares them with it."""
        compared = {ReasonCode.IDENTITY_NOT_COMPARED, ReasonCode.IDENTITY_DIFFERS}
        return not any(each.code in compared for each in self.visit.missing)

    @property
    def next_step(self) -> Step | None:
        """Until the start: where something is still closed, the first such from the left; else where it is started."""
        if self.has_begun:
            return None
        waits = ReasonCode.PREMEDICATION_WAIT_S  # nobody can do anything about it, and everything else goes on
        closed = (mark.step for mark in self.marks if any(each.code is not waits for each in mark.closed))
        return next(closed, next(step for step in STEPS if step.name == "start"))

    def at(self, step: str) -> str:
        """The address of a screen of this visit; one that is an address already stays it."""
        if step.startswith("/"):
            return step
        return f"/visits/{self.id}/{step}" if step else f"/visits/{self.id}"


Ask = Callable[[Sight, Values], Call[AnswerView]]


Again = Callable[[Sight, Told], Awaitable[Response]]


async def seen(request: Request) -> Sight:
    """Raises SignInNeeded for nobody, ApiError for a visit that this bed does not know."""
    room = room_of(request)
    look = await room.look(request)
    if look.person is None:
        raise SignInNeeded(None)
    visit = await room.client.send(api_path_calls.visit(request.path_params["visit"]), look.token)
    people = await room.client.people()
    return Sight(
        room=room,
        look=look,
        visit=visit,
        patient=await name_of(room, look, visit.patient),
        names={each.id: each.name for each in people},
    )


def show(sight: Sight, template: str, step: str, told: Told = NOTHING_TYPED, **more: object) -> Response:
    """`step`: which of the strip this is; empty for none. `template` extends path.html.j2.

    With one pump moving its own STOP stands in the bar of every screen, beside STOP ALL.
    """
    moving = [pump for pump in sight.look.view.pumps if pump.phase in MOVING]
    if len(moving) == 1:
        more.setdefault("pump", moving[0])
    more.setdefault("live_at", sight.at(step))
    return sight.room.show(
        template,
        sight.look,
        sight=sight,
        visit=sight.visit,
        step=step,
        here=sight.at(step),
        values=told.values,
        faults=told.faults,
        notice=told.notice,
        status=told.status,
        **more,
    )


async def do(request: Request, ask: Ask, again: Again, onward: str, *, form_at: str = "") -> Response:
    """One form: one call. Accepted leads to the screen `onward`, all else comes `again`, as typed.

    Where a PIN is needed first, what was typed is kept, and stands again where the form is: `form_at`, else `onward`.
    """
    sight = await seen(request)
    values = await typed(request)
    there, from_there = sight.at(onward), sight.at(form_at or onward)
    require_person(request, sight.look, values, from_there)
    try:
        back = await sent(sight.room, sight.look, values, lambda: ask(sight, values), onward=from_there)
    except SignInNeeded:
        await keep_typed(sight.room, sight.token, sight.id, values)
        raise
    if isinstance(back, Told):
        return await again(await seen(request) if back.notice else sight, back)
    if values.get(FORM_FIELD):
        await forget(sight.room, sight.token, sight.id, values[FORM_FIELD])
    return go(there)


def screen_routes(
    step: str, screen: Callable[[Sight], Awaitable[Response]], forms: Mapping[str, tuple[Ask, Again]]
) -> tuple[Route, ...]:
    """A screen and its forms, each with what it becomes and how it comes back; accepted leads to the screen again."""
    here = f"/visits/{{visit}}/{step}"

    async def shown(request: Request) -> Response:
        return await screen(await seen(request))

    async def back(request: Request) -> Response:
        """A form's own address, asked for without a form: after a reload, or a sign-in."""
        return go(here.format(visit=request.path_params["visit"]))

    def sent(ask: Ask, again: Again) -> Callable[[Request], Awaitable[Response]]:
        async def done(request: Request) -> Response:
            return await do(request, ask, again, step)

        return done

    posts = (Route(f"{here}/{name}", sent(*form), methods=["POST"]) for name, form in forms.items())
    return (Route(here, shown, methods=["GET"]), *posts, Route(f"{here}/{{form}}", back, methods=["GET"]))


async def overview(request: Request) -> Response:
    """Everything that is still closed, and where it is opened."""
    sight = await seen(request)
    return show(sight, "visit", "")
