"""What is left over is thrown away and seen by somebody else: for the visit, and never at the pump's or bed's cost."""

from __future__ import annotations

import pytest

from pumpd.core.actor import Actor
from pumpd.core.armed import is_armed
from pumpd.core.bed import Decision
from pumpd.core.codes import Phase, ReasonCode
from pumpd.core.departure import Exit
from pumpd.core.departure_requests import WasteRequested, WitnessRequested
from pumpd.core.people import Role
from pumpd.core.todo import Todo
from pumpd.core.units import NL_PER_ML
from pumpd.core.wasting import to_do
from pumpd.testing.bed_story import NURSE, SECOND
from pumpd.testing.departure_story import DepartureStory

PHARMACIST = Actor(person="pharmacist-1", role=Role.PHARMACIST)
VIEWER = Actor(person="viewer-1", role=Role.VIEWER)
GIVEN_UL = 2_000  # of the ordered infusion


class WasteStory(DepartureStory):
    """An infusion of 2 mL has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.here()
        self.infuses()
        self.gives(GIVEN_UL)
        self.infusion_id = self.visit.doses[0].infusion_id

    def wastes(
        self, ml: int, *, loaded_ml: int = 20, remark: str = "", witness: Actor | None = None, actor: Actor = NURSE
    ) -> Decision:
        return self.by(
            WasteRequested, actor, visit="v1", infusion_id=self.infusion_id, loaded_nl=loaded_ml * NL_PER_ML,
            wasted_nl=ml * NL_PER_ML, remark=remark, witness=witness,
        )  # fmt: skip

    def witnesses(self, actor: Actor) -> Decision:
        return self.by(WitnessRequested, actor, visit="v1", infusion_id=self.infusion_id)

    @property
    def todo(self) -> set[Todo]:
        return {each.todo for each in to_do(self.state)}


def test_what_is_to_be_done_stays_on_the_list_until_two_people_did_it() -> None:
    story = WasteStory()
    assert story.todo == {Todo.WASTE}
    story.wastes(18)
    story.accepted()
    assert story.todo == {Todo.WITNESS}
    story.witnesses(SECOND)
    story.accepted()
    assert story.todo == set()


def test_a_witness_may_sign_at_once() -> None:
    story = WasteStory()
    story.wastes(18, witness=PHARMACIST)
    assert story.todo == set()


@pytest.mark.parametrize("witness", [NURSE, VIEWER])
def test_a_witness_is_somebody_else_and_may_be_one(witness: Actor) -> None:
    story = WasteStory()
    story.wastes(18, witness=witness)
    assert story.refusals == {ReasonCode.WITNESS_MAY_NOT}
    story.wastes(18)
    story.witnesses(witness)
    assert story.refusals & {ReasonCode.WITNESS_MAY_NOT, ReasonCode.ROLE_MAY_NOT}
    assert story.todo == {Todo.WITNESS}


def test_waste_is_recorded_after_the_next_patient_has_come() -> None:
    """The pump is free at once, and nothing of the former infusion is on it any more."""
    story = WasteStory()
    story.signed_for("patient-2")
    story.next_patient()
    story.accepted()
    assert story.pump().infusion is None
    story.wastes(18)
    story.witnesses(SECOND)
    story.accepted()
    assert story.todo == set()


def test_waste_is_recorded_of_a_closed_visit_and_the_list_outlives_its_closing() -> None:
    story = WasteStory()
    story.leaves(Exit.LEFT)
    assert story.todo == {Todo.WASTE, Todo.TELL_PRESCRIBER}
    story.wastes(18, witness=SECOND)
    story.tells()
    assert story.todo == set()


def test_an_emergency_is_written_down_later() -> None:
    story = WasteStory()
    story.leaves(Exit.EMERGENCY, reason="")
    story.tells()
    assert story.refusals == {ReasonCode.REASON_NEEDED}
    story.tells(reason="asystole")
    closing = story.known().closing
    assert closing is not None
    assert (closing.reason, closing.prescriber) == ("asystole", "doctor-1")


def test_what_does_not_add_up_takes_a_remark_and_stays_on_record() -> None:
    story = WasteStory()
    story.wastes(12)
    assert story.refusals == {ReasonCode.BALANCE_DIFFERENCE_NL}
    story.wastes(12, remark="dropped")
    story.accepted()
    left = story.known().doses[0].leftover
    assert left is not None
    assert left.difference_nl > 5 * NL_PER_ML
    assert left.remark == "dropped"


def test_a_figure_is_mended_until_somebody_has_witnessed_it() -> None:
    story = WasteStory()
    story.wastes(17)
    story.wastes(18, witness=SECOND)
    story.accepted()
    story.wastes(10, remark="no")
    assert story.refusals == {ReasonCode.WASTED_ALREADY}
    story.witnesses(PHARMACIST)
    assert story.refusals == {ReasonCode.WASTED_ALREADY}


def test_nothing_is_thrown_away_of_an_infusion_that_could_go_on() -> None:
    story = DepartureStory()
    story.here()
    story.infuses()
    story.flows(40)  # a checkpoint tells what is in
    assert [each.todo for each in to_do(story.state)] == [], "what is left of it is not known yet"
    story.by(WasteRequested, visit="v1", infusion_id=1, loaded_nl=1, wasted_nl=1)
    assert story.refusals == {ReasonCode.INFUSION_NOT_ENDED}
    story.by(WitnessRequested, SECOND, visit="v1", infusion_id=1)
    assert story.refusals == {ReasonCode.NOT_WASTED_YET}
    story.by(WitnessRequested, SECOND, visit="v1", infusion_id=9)
    assert story.refusals == {ReasonCode.NO_SUCH_DOSE}
    story.stop()
    story.stop_confirmed(infused_ul=200)
    assert [each.todo for each in to_do(story.state)] == [], "it could go on"
    story.end()
    story.accepted()
    assert [each.todo for each in to_do(story.state)] == [Todo.WASTE]


@pytest.mark.parametrize("visit", ["v9", "v2"])
def test_what_was_left_over_of_one_visit_is_not_thrown_away_or_witnessed_in_the_name_of_another(visit: str) -> None:
    story = WasteStory()
    story.signed_for("patient-2")
    story.next_patient()
    code = ReasonCode.NO_SUCH_DOSE if visit == "v2" else ReasonCode.NO_SUCH_VISIT
    story.by(
        WasteRequested, visit=visit, infusion_id=story.infusion_id, loaded_nl=20 * NL_PER_ML, wasted_nl=18 * NL_PER_ML
    )
    assert story.refusals == {code}
    assert story.todo == {Todo.WASTE}
    story.wastes(18)
    story.by(WitnessRequested, SECOND, visit=visit, infusion_id=story.infusion_id)
    assert story.refusals == {code}
    assert story.todo == {Todo.WITNESS}


def test_a_pump_whose_balance_is_on_record_is_armed_no_longer() -> None:
    story = WasteStory()
    assert story.phase() is Phase.ENDED
    assert is_armed(story.pump())
    story.wastes(18)
    assert not is_armed(story.pump())
