"""Patients who come and go, for exploring: their moves, what of them tells two states apart, and that all can leave.

A bed of one pump and two patients. What is told apart is whether somebody is at the bed, and whether what is on the
pump was for them, for somebody who has left, or for nobody; everything else of a visit stands in no way of a pump.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pumpd.core import requests as r
from pumpd.core.actor import Actor
from pumpd.core.arrival_requests import SeriesSignRequested, VisitOpenRequested
from pumpd.core.bed import decide
from pumpd.core.codes import Phase
from pumpd.core.departure import Exit
from pumpd.core.departure_requests import DischargeRequested, ExitRequested, MoveRequested
from pumpd.core.effects import Reply
from pumpd.core.events import Ticked
from pumpd.core.people import Role
from pumpd.core.series import Disposition, SeriesOrder
from pumpd.core.state import BedState
from pumpd.core.turn import Setup
from pumpd.core.visit import Path
from pumpd.testing.bed_story import NURSE
from pumpd.testing.explore_rules import STEPS, order_of

DOCTOR: Final = Actor(person="doctor-1", role=Role.PRESCRIBER)
TODAY: Final = 20_000
ASKED_AT_THE_END: Final = 2_000_000  # no search asks so often: ids of its own
Asked = tuple[str, r.PersonRequest]  # the sentence of a move, and the request


def series_of(number: int) -> SeriesOrder:
    """Of one patient after the other."""
    order = order_of(STEPS)
    return SeriesOrder(
        series=f"s{number}", patient=f"patient-{number}", prescriber="", signed_at_ns=0, signed_day=TODAY,
        expires_day=TODAY, regimen=STEPS, visits=1, weight_g=order.weight_g, weighed_day=TODAY,
        height_mm=order.height_mm, container=order.container, disposition=Disposition.HOME,
        weight_basis=order.weight_basis, failed_treatments=("two others",), consent_day=TODAY,
    )  # fmt: skip


def visits(state: BedState, now_ns: int, asked: int) -> Iterator[Asked]:
    """Two patients, one after the other: each is signed for and comes, and leaves in every way."""
    common: dict[str, Any] = {"at_ns": now_ns, "request_id": f"q{asked}", "actor": NURSE}
    number = len(state.path.series) + 1
    if number <= 2:
        signs = {**common, "actor": DOCTOR}
        yield (
            f"the prescriber signs for patient {number}",
            SeriesSignRequested(**signs, order=series_of(number), today_day=TODAY),
        )
    for number, series in enumerate(state.path.series, start=1):
        if any(each.series == series.series for each in state.path.visits):
            continue
        for empty, off in ((False, False), (True, False), (True, True)):
            how = ("", "; the bed is empty", "; the bed is empty, the line off")[empty + off]
            yield f"patient {number} comes{how}", VisitOpenRequested(
                **common, visit=f"v{number}", series=series.series, number=1, today_day=TODAY, bed_is_empty=empty,
                line_off=off,
            )  # fmt: skip
    for each in state.path.visits:
        for off, how in ((False, ""), (True, ", the line off")):
            yield f"{each.patient} leaves the bed{how}", MoveRequested(**common, visit=each.visit, line_off=off)
            yield (
                f"{each.patient} goes against advice{how}",
                ExitRequested(**common, visit=each.visit, exit=Exit.LEFT, reason="wants to", line_off=off),
            )
        yield (
            f"{each.patient} goes home",
            DischargeRequested(
                **common, visit=each.visit, to=Disposition.HOME, escort_present=True, instructions_given=True
            ),
        )


def of_path(state: BedState) -> tuple[object, ...]:
    """What of the visits tells two states apart."""
    path = state.path
    places = tuple(each.place for each in path.visits)
    return (len(path.series), places, tuple(_whose(path, pump.infusion.visit) for pump in state.pumps if pump.infusion))


def _whose(path: Path, visit: str | None) -> str:
    if visit is None:
        return "nobody's"
    return "at the bed" if path.at_bed is not None and path.at_bed.visit == visit else "left"


def all_leave(state: BedState, setup: Setup, now_ns: int) -> tuple[BedState, list[str]]:
    """From here, without a word from any pump, every patient leaves: the state then, and whom it keeps."""
    asked = ASKED_AT_THE_END

    def take(request: r.PersonRequest) -> bool:
        nonlocal state
        decision = decide(state, request, setup)
        state = decision.state
        return any(isinstance(effect, Reply) and effect.accepted for effect in decision.effects)

    for visit in state.path.visits:
        if not visit.is_open:
            continue
        theirs = [pump for pump in state.pumps if pump.infusion is not None and pump.infusion.visit == visit.visit]
        for pump in theirs:
            if pump.phase is Phase.ENDED:
                continue
            asked += 2
            take(r.StopRequested(at_ns=now_ns, request_id=f"q{asked}", actor=None, slot=pump.slot))
            if state.on(pump.slot).phase is Phase.STOPPED:
                take(r.EndRequested(at_ns=now_ns, request_id=f"q{asked + 1}", actor=NURSE, slot=pump.slot))
        asked += 2
        take(
            ExitRequested(
                at_ns=now_ns, request_id=f"q{asked}", actor=NURSE, visit=visit.visit, exit=Exit.EMERGENCY, reason="",
                line_off=True,
            )
        )  # fmt: skip
    state = decide(state, Ticked(at_ns=now_ns), setup).state  # the clock goes on, and nobody is observed any more
    return state, [f"{each.visit} cannot be closed" for each in state.path.visits if each.is_open]
