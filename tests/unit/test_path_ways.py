"""Ways through a visit that are seldom taken: what nobody can sign, answer, forget, or wait for in vain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.arrival_facts import VisitOpened
from pumpd.core.arrived import arrived
from pumpd.core.check_in import Answered, Item, Said, Watching
from pumpd.core.check_in_requests import ItemsAnswered, RiskPlanSigned
from pumpd.core.codes import Grant, Phase, Reason, ReasonCode, Severity
from pumpd.core.course import EARLIER_MAX, Attended, CourseLog
from pumpd.core.course_facts import CourseImported
from pumpd.core.coursed import coursed, settled
from pumpd.core.effects import Stop
from pumpd.core.held import standing
from pumpd.core.holds import STANDARD_HOLDS, Band, hold_of
from pumpd.core.observing import Measure, Observation, Reading, WhyNot
from pumpd.core.preparation_requests import LabelRead, PremedicationGiven, PremedicationOmitted
from pumpd.core.prescribed import Premedication, Route
from pumpd.core.prompts import dues
from pumpd.core.pump import Drive
from pumpd.core.recovery import last_sedating_ns
from pumpd.core.turn import Turn
from pumpd.core.visit import VISITS_MAX, Place
from pumpd.testing.departure_story import DepartureStory
from pumpd.testing.path_story import PRESCRIBER, PathStory


def at_bed() -> PathStory:
    story = PathStory()
    story.sign("MDD-2x3")
    story.opens()
    return story


@pytest.mark.parametrize("visits", [0, 7])
def test_no_series_is_signed_for_more_visits_than_its_regimen_has(visits: int) -> None:
    story = PathStory()
    story.sign("MDD-2x3", visits=visits)
    assert story.refusals == {ReasonCode.SERIES_VISITS}


def test_only_of_a_pregnancy_can_be_said_that_it_does_not_apply() -> None:
    story = at_bed()
    story.answers(Item.FASTING, answered=Answered.NOT_APPLICABLE)
    assert story.refusals == {ReasonCode.ITEM_UNCLEAR}
    story.answers(Item.PREGNANCY, answered=Answered.NOT_APPLICABLE)
    story.accepted()


def test_when_a_bed_has_known_too_many_visits_the_oldest_that_is_closed_goes_and_who_recovers_stays() -> None:
    story = at_bed()
    closed = [replace(story.visit, visit=f"old {n}", place=Place.CLOSED) for n in range(1, VISITS_MAX)]
    path = replace(story.state.path, visits=(replace(story.visit, place=Place.RECOVERING), *closed))
    (opened,) = (fact for fact in story.facts if isinstance(fact, VisitOpened))
    known = [each.visit for each in arrived(path, replace(opened, visit="v2")).visits]
    assert known == ["v1", *(f"old {n}" for n in range(2, VISITS_MAX)), "v2"]


def test_a_low_value_that_a_prescriber_lets_stand_holds_again_when_it_falls_further() -> None:
    story = PathStory()
    story.begins()
    story.tick(1)
    story.observes({Measure.SPO2: 91})
    story.accepts(Measure.SPO2, 91)
    story.accepted()
    for value, band in ((89, None), (88, Band.REDUCE)):
        story.observes({Measure.SPO2: value})
        assert {each.about: each.band for each in standing(story.visit)}.get("spo2_percent") is band, value


def test_what_could_not_be_measured_is_beyond_no_bound() -> None:
    reading = Reading(item=Measure.SPO2, why_not=WhyNot.NO_READING)
    missed = Observation(reading=reading, taken_at_ns=0, entered_at_ns=0, person="nurse-1")
    assert hold_of(STANDARD_HOLDS, [missed], baseline=None, accepted=None, unwell=True) == []


def test_nothing_is_due_before_the_drug_and_nothing_after_the_visit() -> None:
    story = PathStory()
    story.passes_to_start()
    assert dues(story.state, story.visit) == ()
    story.start_visit()
    story.prepared()
    story.done(Drive.INFUSING)
    story.tick()
    assert len(dues(story.state, story.visit)) > 0
    assert dues(story.state, replace(story.visit, place=Place.CLOSED)) == ()


def test_a_pump_that_is_not_heard_is_stopped_when_the_patient_leaves_and_recovery_counts_from_there() -> None:
    """It may have run to the moment in which the line came off: nobody goes home by an earlier clock."""
    story = DepartureStory()
    story.here()
    story.infuses()
    story.drives(500)
    story.ticks(10)
    assert story.phase() is Phase.UNCERTAIN
    assert last_sedating_ns(Turn(story.state, story.setup, story.now_ns), story.known()) == story.now_ns
    story.moves(line_off=True)
    story.accepted()
    assert story.sent(Stop)
    left_ns = story.now_ns
    story.tick(600)
    assert last_sedating_ns(Turn(story.state, story.setup, story.now_ns), story.known()) == left_ns


def test_no_series_is_signed_that_has_expired_already() -> None:
    story = PathStory()
    story.sign("MDD-2x3", expires_day=story.today - 1)
    assert story.refusals == {ReasonCode.SERIES_EXPIRED}


def test_a_start_that_crossed_no_soft_limit_settles_nothing_for_the_course() -> None:
    story = at_bed()
    path = story.state.path
    note = Reason(code=ReasonCode.STARTUP_DELAY_S, severity=Severity.NOTE, asked=1, limit=1)
    assert settled(path, story.visit.visit, Grant(allowed=True, reasons=(note,))) == path
    soft = replace(note, code=ReasonCode.WEIGHT_G, severity=Severity.SOFT)
    assert settled(path, "a visit that this bed has let go of", Grant(allowed=True, reasons=(soft,))) == path
    assert settled(path, story.visit.visit, Grant(allowed=True, reasons=(soft,))) != path


def test_a_course_of_more_visits_than_are_kept_forgets_no_drug() -> None:
    story = at_bed()
    (order,) = story.state.path.series
    visits = [Attended(visit=f"v{n:03}", number=n, day=n, given_ng=n) for n in range(1, EARLIER_MAX + 3)]
    log = CourseLog(series=order.series, earlier=tuple(visits))
    known = coursed(story.state.path, CourseImported(at_ns=0, person="doctor-1", order=order, log=log))
    earlier = known.course(order.series).earlier
    assert len(earlier) == EARLIER_MAX
    assert sum(each.given_ng for each in earlier) == sum(each.given_ng for each in visits)


def test_a_bag_is_not_primed_with_drug_and_has_no_brand() -> None:
    story = PathStory()
    bag_pump = replace(story.setup.info("p1"), takes_syringes=False)
    story.setup = replace(story.setup, pumps=(("p1", bag_pump),))
    story.connected()
    story.sign("MDD-2x3", container="bag-100-1")
    story.accepted()
    story.opens()
    story.checks_in()
    story.reads_label(brand="")
    story.accepted()
    assert ReasonCode.NOT_PRIMED not in story.missing


def test_no_label_is_right_once_its_drug_has_left_the_library() -> None:
    story = at_bed()
    rules = story.setup.rules
    library = replace(rules.library, entries=tuple(each for each in rules.library.entries if not each.high_alert))
    reading = story.reading()
    story.setup = replace(story.setup, rules=replace(rules, library=library))
    story.by(LabelRead, reading=reading, today_day=story.today)
    assert story.refusals == {ReasonCode.UNKNOWN_CONTAINER}


def test_what_was_given_cannot_be_left_out_afterwards() -> None:
    story = PathStory()
    story.connected()
    midazolam = Premedication(drug="midazolam", dose_ug=2_000, route=Route.VEIN, wait_s=300, sedating=True)
    story.sign("CRPS-OP10", premedication=(midazolam,))
    story.opens()
    story.checks_in()
    story.by(PremedicationGiven, drug="midazolam", dose_ug=2_000, route=Route.VEIN, given_by="", ago_s=0)
    story.accepted()
    story.by(PremedicationOmitted, drug="midazolam", why="changed my mind")
    assert story.refusals == {ReasonCode.PREMEDICATION_GIVEN_BEFORE}


def test_a_visit_of_a_series_that_nobody_signed_does_not_begin() -> None:
    story = PathStory()
    story.opens(series="s9")
    assert story.refusals == {ReasonCode.NO_SUCH_SERIES}


def test_no_items_and_one_item_twice_are_no_answer() -> None:
    story = at_bed()
    for items in ((), (Said(item=Item.FASTING, answered=Answered.CLEAR),) * 2):
        story.by(ItemsAnswered, answers=items, today_day=story.today)
        assert story.refusals == {ReasonCode.ITEM_UNCLEAR}


def test_a_plan_for_somebody_at_risk_says_something_and_is_of_a_visit_that_is_open() -> None:
    story = DepartureStory()
    story.sign("MDD-2x3")
    story.opens()
    story.risk(positive=True)
    story.by(RiskPlanSigned, PRESCRIBER, plan=" ", watching=Watching.ROUTINE)
    assert story.refusals == {ReasonCode.REASON_NEEDED}
    story.by(RiskPlanSigned, PRESCRIBER, visit="v9", plan="stays with her sister", watching=Watching.ROUTINE)
    assert ReasonCode.NO_SUCH_VISIT in story.refusals
