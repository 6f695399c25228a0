"""Hold parameters: what a value asks for, what a prescriber lets stand, and what nothing rises against."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pumpd.core.codes import Condition, Phase, Priority, ReasonCode
from pumpd.core.effects import ChangeRate, Start, Stop
from pumpd.core.gates_of_care import against_going_up
from pumpd.core.held import standing
from pumpd.core.holds import Band
from pumpd.core.observing import VITAL_SIGNS, Measure, Scale, Sign, WhyNot, possible
from pumpd.core.pump import Drive
from pumpd.testing.bed_story import NURSE, SECOND
from pumpd.testing.path_story import PRESCRIBER, WELL, PathStory


def bands(story: PathStory) -> dict[str, Band]:
    return {each.about: each.band for each in standing(story.visit)}


def running(regimen: str = "MDD-2x3") -> PathStory:
    story = PathStory()
    story.begins(regimen)
    story.tick(1)
    return story


# clinical figures of the table, written a second time: the values on either side of every bound while it runs
WHILE_RUNNING = [
    (Measure.SYSTOLIC, {160: None, 161: Band.REDUCE, 200: Band.REDUCE, 201: Band.STOP}),
    (Measure.SYSTOLIC, {100: None, 99: Band.REDUCE, 89: Band.PAUSE, 79: Band.STOP}),
    (Measure.DIASTOLIC, {97: None, 98: Band.REDUCE, 120: Band.REDUCE, 121: Band.STOP}),
    (Measure.HEART_RATE, {110: None, 111: Band.REDUCE, 140: Band.REDUCE, 141: Band.STOP}),
    (Measure.SPO2, {94: None, 93: Band.REDUCE, 88: Band.REDUCE, 87: Band.STOP}),
    (Measure.BREATHS, {12: None, 11: Band.REDUCE, 9: Band.PAUSE, 7: Band.STOP}),
    (Measure.SEDATION, {2: None, 3: Band.PAUSE, 4: Band.STOP}),
    (Measure.DISTRESS, {3: None, 4: Band.REDUCE, 7: Band.PAUSE}),
    (Measure.NAUSEA, {3: None, 4: Band.REDUCE}),
    (Measure.HEADACHE, {3: None, 4: Band.REDUCE}),
    (Measure.ETCO2, {50: None, 51: Band.REDUCE, 56: Band.PAUSE}),
]


@pytest.mark.parametrize(("item", "values"), WHILE_RUNNING)
def test_each_bound_speaks_just_beyond_it(item: Measure, values: dict[int, Band | None]) -> None:
    for value, band in values.items():
        story = PathStory()
        story.begins(values={Measure.SYSTOLIC: 130})
        story.tick(1)
        pressure = {Measure.SYSTOLIC: {Measure.DIASTOLIC: 60}, Measure.DIASTOLIC: {Measure.SYSTOLIC: 150}}.get(item, {})
        story.observes({**pressure, item: value})
        assert bands(story).get(item.value) is band, value


@pytest.mark.parametrize(
    ("scale", "value", "band"),
    [
        (Scale.RASS, 1, None), (Scale.RASS, -2, Band.REDUCE), (Scale.RASS, 2, Band.PAUSE), (Scale.RASS, -3, Band.PAUSE),
        (Scale.RASS, -4, Band.STOP), (Scale.RASS, 3, Band.STOP), (Scale.MOAAS, 4, None), (Scale.MOAAS, 3, Band.REDUCE),
        (Scale.MOAAS, 2, Band.PAUSE), (Scale.MOAAS, 1, Band.STOP),
    ],
)  # fmt: skip
def test_a_number_means_what_its_scale_says(scale: Scale, value: int, band: Band | None) -> None:
    story = running()
    story.observes({Measure.SEDATION: value}, scale=scale)
    assert bands(story).get("sedation") is band


def test_a_high_pressure_is_taken_again_before_it_asks_for_a_pause() -> None:
    story = running()
    high: dict[Measure, int | WhyNot] = {Measure.SYSTOLIC: 185, Measure.DIASTOLIC: 95}
    story.observes(high)
    assert bands(story)["systolic_mmhg"] is Band.REDUCE
    story.tick(4 * 60)
    story.observes(high)
    assert bands(story)["systolic_mmhg"] is Band.REDUCE, "less than 5 min apart"
    story.tick(61)
    story.observes(high)
    assert bands(story)["systolic_mmhg"] is Band.PAUSE
    assert story.alarm(Condition.HOLD_PAUSE, None)


def test_a_high_pressure_with_symptoms_asks_for_a_pause_at_once() -> None:
    story = running()
    story.observes({Measure.SYSTOLIC: 185, Measure.DIASTOLIC: 95}, signs=(Sign.UNWELL,))
    assert bands(story)["systolic_mmhg"] is Band.PAUSE


def test_a_held_value_is_due_again_in_five_minutes_whatever_the_schedule() -> None:
    story = running()
    story.observes({**WELL, Measure.NAUSEA: 5})
    story.tick(5 * 60 - 1)
    assert story.alarm(Condition.OBSERVATION_DUE, None) is None
    story.tick(1)
    assert story.alarm(Condition.OBSERVATION_DUE, None)
    story.tick(5 * 60)
    missed = story.alarm(Condition.OBSERVATION_MISSED, None)
    assert missed is not None, "with a hold the first miss is MEDIUM"
    assert missed.priority is Priority.MEDIUM


def test_a_rise_of_a_third_above_the_baseline_holds() -> None:
    story = PathStory()
    story.begins(values={Measure.SYSTOLIC: 110})
    story.tick(1)
    story.observes({Measure.SYSTOLIC: 143, Measure.DIASTOLIC: 75})
    assert bands(story) == {}
    story.tick(60)
    story.observes({Measure.SYSTOLIC: 144, Measure.DIASTOLIC: 75})
    assert bands(story) == {"systolic_mmhg": Band.REDUCE}


def test_a_stop_value_is_high_until_the_pump_stands_still_and_stops_nothing_by_itself() -> None:
    story = running()
    decision = story.observes({Measure.SYSTOLIC: 205, Measure.DIASTOLIC: 100})
    high = story.alarm(Condition.HOLD_STOP, None)
    assert high is not None
    assert high.priority is Priority.HIGH
    assert [each for each in decision.effects if isinstance(each, Stop)] == []
    assert story.phase() is Phase.INFUSING
    story.acknowledge(Condition.HOLD_STOP, None)
    story.stop()
    story.stop_confirmed()
    story.tick(1)
    assert story.alarm(Condition.HOLD_STOP, None) is None


def test_do_not_start_holds_the_start_until_it_is_measured_again() -> None:
    story = PathStory()
    story.passes_to_start(values={Measure.SYSTOLIC: 165})
    story.start_visit(named="v1")
    assert story.refusals == {ReasonCode.VALUE_HOLDS}
    story.wait(300)
    story.observes({Measure.SYSTOLIC: 150, Measure.DIASTOLIC: 80})
    story.start_visit(named="v1")
    assert story.reply is not None
    assert story.reply.accepted


def test_an_accepted_start_value_speaks_again_only_beyond_its_margin() -> None:
    story = PathStory()
    story.passes_to_start(values={Measure.SYSTOLIC: 165})
    story.accepts(Measure.SYSTOLIC, 165)
    assert bands(story) == {}
    story.start_visit(named="v1")
    story.prepared()
    story.done(Drive.INFUSING)
    for value, band in ((175, None), (176, Band.REDUCE), (201, Band.STOP)):
        story.tick(60)
        story.observes({Measure.SYSTOLIC: value, Measure.DIASTOLIC: 75})
        assert bands(story).get("systolic_mmhg") is band, value


def test_only_a_prescriber_lets_a_value_stand_and_says_why() -> None:
    story = PathStory()
    story.passes_to_start(values={Measure.HEART_RATE: 112})
    story.accepts(Measure.HEART_RATE, 112, actor=NURSE)
    assert story.refusals == {ReasonCode.PRESCRIBER_NEEDED}
    story.accepts(Measure.HEART_RATE, 112, actor=NURSE, second=SECOND)
    assert story.refusals == {ReasonCode.PRESCRIBER_NEEDED}
    story.accepts(Measure.HEART_RATE, 112, remark=" ")
    assert story.refusals == {ReasonCode.REASON_NEEDED}
    story.accepts(Measure.HEART_RATE, 113)
    assert story.refusals == {ReasonCode.REVIEW_CHANGED}
    story.accepts(Measure.SPO2, 97)
    assert story.refusals == {ReasonCode.NOTHING_HOLDS}
    story.accepts(Measure.HEART_RATE, 112, actor=NURSE, second=PRESCRIBER)
    assert bands(story) == {}
    (accepted,) = story.visit.care.accepted
    assert (accepted.person, accepted.remark) == (PRESCRIBER.person, "usual")


def test_what_asks_for_a_stop_is_never_let_stand() -> None:
    story = running()
    story.observes({Measure.SPO2: 85})
    story.accepts(Measure.SPO2, 85)
    assert story.refusals == {ReasonCode.STOP_VALUE}


def test_not_measured_takes_no_hold_away() -> None:
    story = running()
    story.observes({Measure.SPO2: 90})
    story.tick(60)
    story.observes({Measure.SPO2: WhyNot.NO_READING})
    assert "spo2_percent" in bands(story)


def test_a_sign_holds_until_somebody_looked_and_it_was_gone() -> None:
    story = running()
    story.observes({}, signs=(Sign.CHEST_PAIN,))
    assert bands(story) == {"chest_pain": Band.STOP}
    story.tick(60)
    story.observes({Measure.SPO2: 97}, signs=None)
    assert bands(story) == {"chest_pain": Band.STOP}, "nobody looked"
    story.observes({Measure.SPO2: 97}, signs=())
    assert bands(story) == {}


def test_vomiting_of_a_drowsy_patient_asks_for_a_pause() -> None:
    story = running()
    story.observes({Measure.SEDATION: 2}, signs=(Sign.VOMITING,))
    assert bands(story) == {"vomiting": Band.REDUCE}
    story.tick(60)
    story.observes({Measure.SEDATION: 3}, signs=(Sign.VOMITING,))
    assert bands(story) == {"vomiting": Band.PAUSE, "sedation": Band.PAUSE}


def test_no_waveform_with_few_breaths_asks_for_a_pause() -> None:
    story = running()
    story.observes({Measure.BREATHS: 12}, signs=(Sign.LOST_WAVEFORM,))
    assert bands(story) == {"lost_waveform": Band.REDUCE}
    story.tick(60)
    story.observes({Measure.BREATHS: 8}, signs=(Sign.LOST_WAVEFORM,))
    assert bands(story)["lost_waveform"] is Band.PAUSE


def test_a_pause_is_not_gone_on_with_while_a_value_holds() -> None:
    story = running()
    story.observes({Measure.SYSTOLIC: 165, Measure.DIASTOLIC: 75})
    story.paused(10)
    story.resume()
    assert story.refusals == {ReasonCode.VALUE_HOLDS}
    story.report(infused_ul=10, after_s=120)
    story.observes({Measure.SYSTOLIC: 140, Measure.DIASTOLIC: 75})
    story.resumes()


def test_down_is_free_whatever_holds() -> None:
    story = running()
    story.observes({Measure.SYSTOLIC: 165, Measure.DIASTOLIC: 75})
    story.rate(story.infusion().rate_ul_per_h // 2)
    assert story.reply is not None
    assert story.reply.accepted
    story.pause()
    assert story.reply.accepted
    story.stop()
    assert story.reply.accepted


# --- nothing rises while it is overdue or held ------------------------------------------------------------------------

ITEMS = st.sampled_from([*VITAL_SIGNS, Measure.DISTRESS, Measure.NAUSEA, Measure.HEADACHE])


@st.composite
def sets(draw: st.DrawFn) -> dict[Measure, int | WhyNot]:
    values: dict[Measure, int | WhyNot] = {}
    for item in draw(st.lists(ITEMS, max_size=6, unique=True)):
        lowest, highest = possible(item, Scale.POSS) or (0, 0)
        values[item] = draw(st.sampled_from(list(WhyNot)) | st.integers(lowest, highest))
    if (Measure.SYSTOLIC in values) is not (Measure.DIASTOLIC in values):
        values |= {Measure.SYSTOLIC: 130, Measure.DIASTOLIC: 80}
    return values


def goes_up(story: PathStory, before_ul_per_h: int) -> bool:
    """Has anything just been sent that lets more flow than before?"""
    sent = [each for each in story.last.effects if isinstance(each, ChangeRate | Start)]
    return any(isinstance(each, Start) or each.rate_ul_per_h > before_ul_per_h for each in sent)


MOVES = st.one_of(
    st.tuples(st.just("observe"), sets()),
    st.tuples(st.just("pass"), st.integers(1, 20)),
    st.tuples(st.sampled_from(["tap", "rise", "pause", "resume", "lower"]), st.none()),
)


def passes(story: PathStory, seconds: int) -> None:
    """It runs on, is looked at, and the clock says so."""
    if story.phase() is Phase.INFUSING:
        counted_ul = story.pump().sighting.readings[-1].infused_nl // 1_000
        granted = story.infusion().granted_ul_per_h or 0
        story.drives(counted_ul + granted * seconds // 3_600, after_s=seconds)
        story.tick()
    else:
        story.tick(seconds)


def tries(story: PathStory, name: str) -> None:
    rate = story.infusion().rate_ul_per_h
    phase = story.phase()
    match name:
        case "tap":
            story.tap()
        case "rise" if phase is Phase.INFUSING:
            story.rises_to(rate + 600)
        case "lower" if phase is Phase.INFUSING and rate > 2_000:
            story.rate(rate * 3 // 4 // 10 * 10)
        case "pause" if phase is Phase.INFUSING:
            story.pause()
        case "resume":
            story.resume()


def settles(story: PathStory) -> None:
    """What was sent comes about, by the pump's own report."""
    counted_ul = story.pump().sighting.readings[-1].infused_nl // 1_000 if story.pump().sighting.readings else 0
    if story.pump().stop is not None:
        story.stop_confirmed(infused_ul=counted_ul)
    elif story.phase() is Phase.CHECKING:
        story.prepared()
        story.done(Drive.INFUSING)
    elif story.pump().command is not None:
        story.done(Drive.INFUSING, infused_ul=counted_ul)


@settings(max_examples=60, deadline=None)
@given(moves=st.lists(MOVES, min_size=1, max_size=14))
def test_no_sequence_lets_anything_rise_while_it_is_overdue_or_held(
    moves: list[tuple[str, dict[Measure, int | WhyNot] | int | None]],
) -> None:
    """Observations in any order, times that pass, misses, and what people ask for, at a due step up."""
    story = PathStory()
    story.begins("PAIN-4H")
    story.drives(story.infusion().boundary_nl(0) // 1_000 + 5, after_s=1_800)
    assert story.infusion().step_due
    for name, what in moves:
        before = story.infusion().granted_ul_per_h or 0
        closed = against_going_up(story.state, story.visit, story.now_ns)
        if isinstance(what, dict):
            story.observes(what)
            assert not goes_up(story, before)
        elif isinstance(what, int):
            passes(story, what * 30)
            assert not goes_up(story, before), "time raises nothing under `ask`"
        else:
            tries(story, name)
            assert not (closed and goes_up(story, before)), closed
        settles(story)
        assert not closed or (story.infusion().granted_ul_per_h or 0) <= before
