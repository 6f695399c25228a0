"""A visit is observed on its schedule: prompts, what comes of a miss, and what nothing goes up without."""

from __future__ import annotations

import pytest

from pumpd.core.actor import Actor
from pumpd.core.codes import Condition, Priority, ReasonCode
from pumpd.core.evolve import evolve
from pumpd.core.facts import BootStarted
from pumpd.core.observing import Measure, WhyNot
from pumpd.core.people import Role
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S
from pumpd.core.visit_gates import missing
from pumpd.testing.path_story import WELL, PathStory

STEP_UP = "PAIN-4H"  # 0.3, 0.4, 0.5 mg/kg/h: two steps up, each on a tap


def closed(story: PathStory) -> set[tuple[ReasonCode, str]]:
    """What is missing for a start of the visit at the bed."""
    reasons = missing(Turn(story.state, story.setup, story.now_ns), story.visit)
    return {(each.code, each.about) for each in reasons}


def levels(story: PathStory) -> dict[Condition, Priority]:
    return {each.condition: each.priority for each in story.state.alarms if each.slot is None and not each.over}


def test_a_drug_waits_for_a_whole_baseline() -> None:
    story = PathStory()
    story.connected()
    story.sign("MDD-2x3")
    story.opens()
    story.checks_in()
    story.prepares()
    story.start_visit(named="v1")
    assert ReasonCode.BASELINE_MISSING_S in story.refusals
    story.observes()
    assert closed(story) == {(ReasonCode.BASELINE_MISSING_S, "pain"), (ReasonCode.BASELINE_MISSING_S, "cadss6")}
    story.observes({Measure.PAIN: 3, Measure.CADSS6: WhyNot.DECLINED})
    assert closed(story) == set()
    story.start_visit(named="v1")
    assert story.reply is not None
    assert story.reply.accepted


def test_a_baseline_grows_old() -> None:
    story = PathStory()
    story.passes_to_start()
    story.wait(15 * 60)
    assert closed(story) == set()
    story.wait(1)
    assert closed(story) == {(ReasonCode.BASELINE_MISSING_S, item.value) for item in WELL}


def test_a_vital_sign_of_the_baseline_is_measured() -> None:
    story = PathStory()
    story.passes_to_start(values={Measure.SPO2: WhyNot.NO_EQUIPMENT})
    assert closed(story) == {(ReasonCode.BASELINE_MISSING_S, "spo2_percent")}


def test_due_is_a_prompt_overdue_is_low_and_two_misses_are_medium() -> None:
    story = PathStory()
    story.begins("MDD-2x3")
    story.tick(9 * 60)
    assert levels(story) == {}
    story.tick(61)
    assert levels(story) == {Condition.OBSERVATION_DUE: Priority.PROMPT}
    story.tick(5 * 60)
    assert levels(story) == {Condition.OBSERVATION_OVERDUE: Priority.LOW}
    story.tick(10 * 60)
    assert levels(story) == {Condition.OBSERVATION_MISSED: Priority.MEDIUM}
    story.observes()
    assert levels(story) == {}


def test_a_punctual_nurse_hears_nothing() -> None:
    story = PathStory()
    story.begins("MDD-2x3")
    for _ in range(3):
        story.runs_on(10 * 60 + 4)
        assert levels(story) == {Condition.OBSERVATION_DUE: Priority.PROMPT}
        story.observes()
        assert levels(story) == {}
    heard = [fact for fact in story.facts if getattr(fact, "priority", Priority.PROMPT) is not Priority.PROMPT]
    assert heard == []


def test_not_measured_keeps_the_schedule_and_lets_nothing_rise() -> None:
    story = PathStory()
    story.begins(STEP_UP)
    for _ in range(2):
        story.runs_on(5 * 60)
        story.observes()
    story.runs_on(5 * 60)
    story.observes({**WELL, Measure.SEDATION: WhyNot.ASLEEP})
    assert levels(story) == {}
    story.rises_to(story.infusion().rate_ul_per_h + 1_000)
    assert ReasonCode.NOT_MEASURED in story.refusals
    story.observes({Measure.SEDATION: 1})
    story.rises_to(story.infusion().rate_ul_per_h + 1_000)
    assert ReasonCode.NOT_MEASURED not in story.refusals


def test_a_step_up_waits_while_an_observation_is_overdue() -> None:
    story = PathStory()
    story.begins(STEP_UP)
    story.runs_on(30 * 60 + 8)
    assert story.infusion().step_due
    story.tap()
    assert story.refusals == {ReasonCode.OBSERVATION_OVERDUE}
    story.observes()
    story.tap()
    assert story.reply is not None
    assert story.reply.accepted


def test_what_was_taken_counts_and_not_when_it_was_entered() -> None:
    story = PathStory()
    story.begins("MDD-2x3")
    story.tick(12 * 60)
    story.observes(ago_s=4 * 60)
    story.tick(6 * 60 + 4)
    assert levels(story) == {Condition.OBSERVATION_DUE: Priority.PROMPT}


def test_the_end_asks_for_a_set_and_the_scores() -> None:
    story = PathStory()
    story.begins("MDD-2x3")
    story.runs_on(60)
    story.observes()
    story.tick(6 * 60)
    story.stop()
    story.stop_confirmed(infused_ul=story.pump().sighting.readings[-1].infused_nl // 1_000)
    story.end()
    story.tick(1)
    assert levels(story).keys() >= {Condition.OBSERVATION_DUE}
    story.observes()
    assert levels(story).keys() >= {Condition.OBSERVATION_DUE}
    story.observes({Measure.PAIN: 2, Measure.CADSS6: 3})
    assert Condition.OBSERVATION_DUE not in levels(story)
    story.tick(15 * 60)
    assert levels(story).keys() >= {Condition.OBSERVATION_DUE}


def test_a_second_reading_within_half_a_minute_corrects_the_first() -> None:
    story = PathStory()
    story.begins("MDD-2x3")
    story.tick(60)
    story.observes({Measure.HEART_RATE: 172})
    assert Condition.HOLD_STOP in levels(story)
    story.tick(12)
    story.observes({Measure.HEART_RATE: 72})
    values = [each.reading.value for each in story.visit.care.readings(Measure.HEART_RATE)]
    assert values == [72, 72]


@pytest.mark.parametrize(
    ("values", "ago_s", "code"),
    [
        ({Measure.SPO2: 970}, 0, ReasonCode.OBSERVATION_IMPOSSIBLE),
        (WELL, -120, ReasonCode.TAKEN_AHEAD_S),
        (WELL, 13 * 3_600, ReasonCode.TAKEN_LONG_AGO_S),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    values: dict[Measure, int | WhyNot], ago_s: int, code: ReasonCode
) -> None:
    story = PathStory()
    story.begins("MDD-2x3")
    before = story.visit.care
    story.observes(values, ago_s=ago_s)
    assert code in story.refusals
    assert story.visit.care == before


@pytest.mark.parametrize("role", [Role.PHARMACIST, Role.TECHNICIAN, Role.VIEWER])
def test_observations_are_entered_by_those_who_care_for_the_patient(role: Role) -> None:
    story = PathStory()
    story.passes_to_start()
    story.observes(actor=Actor(person="x", role=role))
    assert story.refusals == {ReasonCode.ROLE_MAY_NOT}
    story.observes(actor=None)
    assert story.refusals == {ReasonCode.NOT_SIGNED_IN}
    story.observes(visit="v9")
    assert story.refusals == {ReasonCode.NO_SUCH_VISIT}
    story.observes({}, signs=None)
    assert story.refusals == {ReasonCode.NOTHING_OBSERVED}


def test_due_times_move_with_a_boot_of_the_machine() -> None:
    story = PathStory()
    story.begins("MDD-2x3")
    boot = BootStarted(at_ns=5 * NS_PER_S, boot="b2", kernel_boot="k2", shift_ns=-900 * NS_PER_S, slots=("p1",))
    moved = evolve(story.state, boot).path.at_bed
    assert moved is not None
    assert moved.began_at_ns == (story.visit.began_at_ns or 0) - 900 * NS_PER_S
    assert {each.taken_at_ns for each in moved.care.baseline} == {
        each.taken_at_ns - 900 * NS_PER_S for each in story.visit.care.baseline
    }
    assert moved.profile == story.visit.profile
