"""Care beside the straight way: visits that recover, that are closed, that start again, and who asks for what."""

from __future__ import annotations

import pytest

from pumpd.core.by_hand import sedated_at_ns
from pumpd.core.care_requests import EmergencyRequested, InfiltrationRequested, RescueRequested, SideEffectRequested
from pumpd.core.codes import Condition, Phase, ReasonCode
from pumpd.core.departure import Exit
from pumpd.core.effects import Stop
from pumpd.core.held import standing
from pumpd.core.holds import STANDARD_HOLDS, Accepted, Band, hold_of
from pumpd.core.observing import Measure, Observation, Reading, WhyNot
from pumpd.core.offering import reductions
from pumpd.core.prescribed import Premedication, Route
from pumpd.core.prompts import dues
from pumpd.core.pump import Drive
from pumpd.core.side_effects import Remedy, SideEffect
from pumpd.testing.departure_story import DepartureStory

MIDAZOLAM = Premedication(drug="midazolam", dose_ug=2_000, route=Route.VEIN, wait_s=300, sedating=True)


def recovering(*, premedication: tuple[Premedication, ...] = ()) -> DepartureStory:
    """The infusion was stopped early and ended; the patient is still at the bed."""
    story = DepartureStory()
    story.connected()
    story.sign("MDD-2x3", premedication=premedication)
    story.begins("MDD-2x3")
    story.gives(2_000)
    return story


def test_one_more_visit_that_needs_a_look_is_heard_anew() -> None:
    """Two recover at once: the alarm about the first was seen, and hides nothing of the second."""
    story = recovering()
    first_ended_ns = story.now_ns
    story.sign("MDD-2x3", series="s2", patient="patient-2")
    story.next_patient()
    story.accepted()
    story.passes_to_start(number=2)
    story.start_visit()
    story.accepted()
    story.prepared()
    story.done(Drive.INFUSING)
    story.gives(2_000)
    later_s = (story.now_ns - first_ended_ns) // 10**9
    assert 60 < later_s < 10 * 60
    story.tick(20 * 60 - later_s)
    story.acknowledge(Condition.OBSERVATION_OVERDUE, None)
    story.tick(later_s - 1)
    seen = story.alarm(Condition.OBSERVATION_OVERDUE, None)
    assert seen is not None
    assert (seen.acknowledged, seen.value) == (True, 1)
    story.tick(1)
    news = story.alarm(Condition.OBSERVATION_OVERDUE, None)
    assert news is not None
    assert (news.acknowledged, news.value) == (False, 2)


def test_what_is_closed_is_not_written_on_any_more_and_asks_for_nothing() -> None:
    story = recovering()
    story.leaves(Exit.LEFT, told="doctor-1")
    story.accepted()
    assert dues(story.state, story.known()) == ()
    story.observes(visit="v1")
    assert story.refusals == {ReasonCode.VISIT_CLOSED}
    story.by(EmergencyRequested, visit="v1")
    assert story.refusals == {ReasonCode.VISIT_CLOSED}
    story.by(EmergencyRequested, visit="v7")
    assert story.refusals == {ReasonCode.NO_SUCH_VISIT}
    story.by(RescueRequested, visit="v7", drug="midazolam", dose_ug=1_000, route=Route.VEIN, given_by="x")
    assert story.refusals == {ReasonCode.NO_SUCH_VISIT}


def test_recovery_counts_from_a_premedication_that_sedates() -> None:
    story = recovering(premedication=(MIDAZOLAM,))
    (given,) = story.visit.premedicated
    assert sedated_at_ns(story.visit) == (given.given_at_ns,)
    assert sedated_at_ns(recovering().visit) == ()


def test_a_second_infusion_of_the_visit_waits_for_what_is_overdue_and_not_for_a_new_baseline() -> None:
    story = recovering()
    story.tick(20 * 60)
    assert ReasonCode.OBSERVATION_OVERDUE in story.missing
    assert ReasonCode.BASELINE_MISSING_S not in story.missing
    story.observes()
    story.observes({Measure.PAIN: 1, Measure.CADSS6: 0})
    assert ReasonCode.OBSERVATION_OVERDUE not in story.missing


def test_a_value_that_holds_before_the_start_is_due_again_too() -> None:
    story = DepartureStory()
    story.passes_to_start(values={Measure.SYSTOLIC: 165})
    assert {each.item for each in dues(story.state, story.visit)} == {Measure.SYSTOLIC}


def test_a_side_effect_beyond_its_scale_is_refused() -> None:
    story = recovering()
    story.by(SideEffectRequested, effect=SideEffect.NAUSEA, severity=11, remedies=(Remedy.WATCHED,))
    assert story.refusals == {ReasonCode.OBSERVATION_IMPOSSIBLE}
    assert story.visit.care.side_effects == ()


def test_a_fresh_pressure_is_not_asked_for_again_by_a_headache() -> None:
    story = recovering()
    story.observes({Measure.SYSTOLIC: 130, Measure.DIASTOLIC: 80})
    story.by(SideEffectRequested, effect=SideEffect.HEADACHE, severity=2, remedies=())
    assert {each.measure for each in story.visit.care.rechecks} == {Measure.HEADACHE}


def test_a_line_that_ran_beside_the_vein_is_noted_after_the_pump_stands_still_too() -> None:
    story = recovering()
    decision = story.by(InfiltrationRequested, slot="p1")
    story.accepted()
    assert [each for each in decision.effects if isinstance(each, Stop)] == []
    assert story.phase() is Phase.ENDED


def test_a_drug_that_no_table_knows_is_flagged_as_not_ordered_and_counts_as_sedating() -> None:
    story = recovering()
    story.by(
        RescueRequested, drug="haloperidol", dose_ug=1_000, route=Route.VEIN, given_by="x", all_the_same=True
    )  # fmt: skip
    (rescue,) = story.visit.care.rescues
    assert rescue.sedating
    assert not rescue.reverses


def test_a_rate_that_the_pump_cannot_go_below_is_not_offered() -> None:
    story = DepartureStory()
    story.begins("MDD-2x3")
    story.rate(10)
    if story.pump().command is not None:
        story.drives(0)
    assert all(each.rate_ul_per_h > 0 for each in reductions(story.state, story.setup, story.visit))


@pytest.mark.parametrize("why", list(WhyNot))
def test_what_was_not_measured_holds_nothing(why: WhyNot) -> None:
    reading = Reading(item=Measure.SYSTOLIC, why_not=why)
    last = Observation(reading=reading, taken_at_ns=0, entered_at_ns=0, person="n")
    assert hold_of(STANDARD_HOLDS, [last], baseline=120, accepted=None, unwell=False) == []


def test_a_low_value_that_a_prescriber_let_stand_speaks_again_below_its_margin() -> None:
    story = DepartureStory()
    story.passes_to_start(values={Measure.SPO2: 92})
    story.accepts(Measure.SPO2, 92)
    for value, holds in ((90, False), (89, True)):
        story.wait(60)
        story.observes({Measure.SPO2: value})
        assert bool(standing(story.visit)) is holds, value


def test_a_bound_that_asks_for_a_stop_is_never_moved_whatever_was_accepted() -> None:
    reading = Reading(item=Measure.SYSTOLIC, value=205)
    last = Observation(reading=reading, taken_at_ns=0, entered_at_ns=0, person="n")
    accepted = Accepted(
        item=Measure.SYSTOLIC, value=204, scale=None, person="doctor-1", accepted_at_ns=0, remark="usual"
    )
    found = hold_of(STANDARD_HOLDS, [last], baseline=None, accepted=accepted, unwell=False)
    assert [(each.band, each.limit) for each in found] == [(Band.STOP, 200)]
