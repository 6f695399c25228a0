"""Every gate between an order and a start carries weight: without it the start goes through, with it nothing moves.

A visit that has passed every gate loses what one of them asks for. Then the start is refused, for that alone; and with
that one gate taken out of the wall it is accepted, so no other gate stands in for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import pytest

from pumpd.core import visit_gates
from pumpd.core.care import NO_CARE
from pumpd.core.check_in import Item
from pumpd.core.codes import Phase, ReasonCode
from pumpd.core.events import PagesListen
from pumpd.core.prescribed import Premedication, Route
from pumpd.core.state import BedState, Hearing
from pumpd.core.visit import Visit
from pumpd.core.visit_gates import GATES, Gate
from pumpd.testing.path_story import PathStory

MIDAZOLAM: Final = Premedication(drug="midazolam", dose_ug=2_000, route=Route.VEIN, wait_s=300, sedating=True)

Loss = Callable[[BedState, int], BedState]


def of_visit(change: Callable[[Visit], Visit]) -> Loss:
    def lost(state: BedState, _: int) -> BedState:
        assert state.path.at_bed is not None
        return replace(state, path=state.path.with_visit(change(state.path.at_bed)))

    return lost


def without(item: Item) -> Loss:
    return of_visit(lambda visit: replace(visit, answers=tuple(e for e in visit.answers if e.said.item is not item)))


def given_just_now(state: BedState, now_ns: int) -> BedState:
    def at_once(visit: Visit) -> Visit:
        return replace(visit, premedicated=tuple(replace(each, given_at_ns=now_ns) for each in visit.premedicated))

    return of_visit(at_once)(state, now_ns)


def unprimed(state: BedState, _: int) -> BedState:
    return state.with_pump(replace(state.on("p1"), primed=None))


def unheard(state: BedState, _: int) -> BedState:
    return replace(state, hearing=Hearing())


# gate -> what a visit loses that had passed it, and what the refusal names
LOSSES: Final[Mapping[str, tuple[Loss, ReasonCode]]] = {
    "identity_gate": (of_visit(lambda visit: replace(visit, identity=None)), ReasonCode.IDENTITY_NOT_COMPARED),
    "allergies_gate": (without(Item.ALLERGIES), ReasonCode.ALLERGIES_NOT_ASKED),
    "pregnancy_gate": (without(Item.PREGNANCY), ReasonCode.PREGNANCY_NOT_ASKED),
    "fasting_gate": (without(Item.FASTING), ReasonCode.FASTING_NOT_ASKED),
    "contraindications_gate": (without(Item.CONTRAINDICATIONS), ReasonCode.CONTRAINDICATIONS_NOT_ASKED),
    "company_gate": (of_visit(lambda visit: replace(visit, company=None)), ReasonCode.ESCORT_NOT_NAMED),
    "weight_gate": (of_visit(lambda visit: replace(visit, weighed=None)), ReasonCode.NOT_WEIGHED),
    "risk_gate": (of_visit(lambda visit: replace(visit, risk=None)), ReasonCode.RISK_NOT_ASKED),
    "label_gate": (of_visit(lambda visit: replace(visit, label=None)), ReasonCode.LABEL_NOT_READ),
    "line_gate": (of_visit(lambda visit: replace(visit, line=None)), ReasonCode.LINE_NOT_CHECKED),
    "prime_gate": (unprimed, ReasonCode.NOT_PRIMED),
    "care_gate": (of_visit(lambda visit: replace(visit, care=NO_CARE)), ReasonCode.BASELINE_MISSING_S),
    "premedication_gate": (
        of_visit(lambda visit: replace(visit, premedicated=())),
        ReasonCode.PREMEDICATION_NOT_GIVEN,
    ),
    "premedication_wait_gate": (given_just_now, ReasonCode.PREMEDICATION_WAIT_S),
    "check_gate": (of_visit(lambda visit: replace(visit, check=None)), ReasonCode.CHECK_NEEDED),
    "sound_gate": (unheard, ReasonCode.NOBODY_LISTENS),
}


def passed() -> PathStory:
    story = PathStory()
    story.connected()
    story.sign("MDD-2x3", premedication=(MIDAZOLAM,))
    story.opens()
    story.passes_to_start()
    story.setup = replace(story.setup, needs_sound=True)
    story.take(PagesListen(at_ns=story.now_ns, watcher="console", pages=1))
    return story


def test_every_gate_has_its_loss_here() -> None:
    assert [gate.__name__ for gate in GATES] == list(LOSSES)


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_a_start_is_refused_by_the_name_of_each_gate_and_goes_through_without_it(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = passed()
    lose, code = LOSSES[gate.__name__]
    story.state = story.kept = lose(story.state, story.now_ns)
    story.start_visit()
    assert story.refusals == {code}
    assert story.phase() is Phase.IDLE
    monkeypatch.setattr(visit_gates, "GATES", tuple(each for each in GATES if each is not gate))
    story.start_visit()
    story.accepted()
    assert story.phase() is Phase.CHECKING
