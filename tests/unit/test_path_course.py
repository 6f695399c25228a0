"""What a course has had is counted once, by its upper end, wherever it was given, and bounds what it may still have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path as FilePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.api_course_views import course_view
from pumpd.core.bed import Decision
from pumpd.core.codes import ReasonCode, Severity
from pumpd.core.course import TOTAL_MAX, Attended, CourseLog, Instrument, Prompt
from pumpd.core.course_requests import AttestRequested, FollowUpRequested, ImportRequested, OutcomeRequested
from pumpd.core.course_tally import Rests, attended_in, due, given_ng, tally
from pumpd.core.departure import Exit
from pumpd.core.departure_requests import WasteRequested
from pumpd.core.pump import Drive
from pumpd.core.series import SeriesOrder
from pumpd.core.visit import VISITS_MAX
from pumpd.course_file import KEY_BYTES_MIN, Travelling, load_key, read, written
from pumpd.errors import ConfigError, CourseFileError
from pumpd.testing.bed_story import NURSE, SECOND, TOGETHER
from pumpd.testing.departure_story import DepartureStory
from pumpd.testing.path_story import PRESCRIBER, series_order

KEY = b"k" * KEY_BYTES_MIN
LONG = 12_000
DAY_S = 86_400


class CourseStory(DepartureStory):
    def visit_of(self, number: int, *, infused_ul: int = 2_000, regimen: str = "PAIN-4H") -> None:
        """A visit from check-in to an exit, on a day of its own."""
        if self.state.path.signed("s1") is None:
            self.connected()
            self.sign(regimen)
            self.accepted()
        self.opens(visit=f"v{number}", number=number)
        self.accepted()
        self.passes_to_start()
        self.infuses(f"v{number}")
        self.gives(infused_ul)
        self.leaves(Exit.ADMITTED, visit=f"v{number}", told="doctor-1")
        self.accepted()

    def next_day(self) -> None:
        self.today += 1
        self.wait(DAY_S)
        self.connected()

    def attests(self, visits: int, given_ng: int) -> Decision:
        return self.take(
            AttestRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=PRESCRIBER, series="s1", visits=visits,
                given_ng=given_ng, today_day=self.today,
            )
        )  # fmt: skip

    def outcome(self, instrument: Instrument, total: int, *, day: int | None = None) -> Decision:
        return self.take(
            OutcomeRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, series="s1", instrument=instrument,
                total=total, day=self.today if day is None else day, today_day=self.today,
            )
        )  # fmt: skip

    def asks_about(self, prompt: Prompt) -> Decision:
        return self.take(
            FollowUpRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, series="s1", prompt=prompt, found=False,
                today_day=self.today,
            )
        )  # fmt: skip

    def takes_in(self, travelling: Travelling) -> Decision:
        return self.take(
            ImportRequested(
                at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, order=travelling.order,
                log=travelling.log,
            )
        )  # fmt: skip

    @property
    def signed(self) -> SeriesOrder:
        order = self.state.path.signed("s1")
        assert order is not None
        return order

    def travelling(self) -> Travelling:
        path = self.state.path
        log = replace(path.course("s1"), earlier=attended_in(path, "s1"), imported_from="north/pain/bed-1")
        return Travelling(order=self.signed, log=log)


def test_the_next_visits_order_takes_along_what_the_course_has_had() -> None:
    story = CourseStory()
    story.visit_of(1)
    had_ng = given_ng(story.known("v1"))
    story.next_day()
    story.opens(visit="v2", number=2)
    course = story.visit.order.course
    assert (course.visits, course.given_ng) == (1, had_ng)
    assert had_ng >= 2_000 * 5_000  # uL of 5 mg/mL, by the upper end


def test_an_amended_order_goes_on_with_the_course_of_the_one_before() -> None:
    story = CourseStory()
    story.visit_of(1)
    story.attests(visits=1, given_ng=20_000_000)
    story.next_day()
    story.sign("PAIN-4H", series="s2", replaces="s1", weight_g=71_000)
    story.accepted()
    before, after = tally(story.state.path, "s1"), tally(story.state.path, "s2")
    assert before.given_ng == 20_000_000
    assert after == before
    story.opens(series="s2", visit="v2", number=2)
    story.accepted()
    assert (story.visit.order.course.visits, story.visit.order.course.given_ng) == (1, 20_000_000)


def test_one_visit_a_day_whatever_series_it_is_of() -> None:
    story = CourseStory()
    story.visit_of(1)
    story.opens(visit="v2", number=2)
    assert story.refusals == {ReasonCode.VISIT_TODAY_ALREADY}
    story.sign("MDD-2x3", series="other")
    story.opens(series="other", visit="v3", number=1)
    assert story.refusals == {ReasonCode.VISIT_TODAY_ALREADY}
    story.next_day()
    story.opens(visit="v2", number=2)
    story.accepted()


def test_another_patient_is_not_kept_waiting_by_it() -> None:
    story = CourseStory()
    story.visit_of(1)
    story.signed_for("patient-2")
    story.opens(series="s2", visit="v2")
    story.accepted()


def test_a_visit_in_which_nothing_was_given_counts_for_nothing() -> None:
    story = CourseStory()
    story.connected()
    story.sign("PAIN-4H")
    story.opens()
    story.leaves(Exit.NOT_TREATED, reason="ate an hour ago")
    story.opens(visit="v2")
    story.accepted()
    assert story.visit.order.course.visits == 0


def test_a_number_of_the_series_is_given_once() -> None:
    story = CourseStory()
    story.visit_of(1)
    story.next_day()
    story.opens(visit="v2", number=1)
    assert story.refusals == {ReasonCode.NUMBER_GIVEN}


def test_of_own_and_attested_the_larger_counts_and_the_screen_says_which() -> None:
    story = CourseStory()
    story.visit_of(1)
    own_ng = given_ng(story.known("v1"))
    story.attests(3, own_ng - 1)
    found = tally(story.state.path, "s1")
    assert (found.visits, found.visits_rest_on) == (3, Rests.ATTESTED)
    assert (found.given_ng, found.given_rests_on) == (own_ng, Rests.OWN)
    view = course_view(story.state.path, story.signed, story.today, travels=False)
    assert "attests" in view.visits_text
    assert "records" in view.given_rests_text
    story.attests(-1, 0)
    assert story.refusals == {ReasonCode.ATTESTED_VISITS}


def test_one_more_visit_than_the_course_has_asks_two_people() -> None:
    story = CourseStory()
    story.connected()
    story.sign("PAIN-4H")
    story.attests(5, 0)
    story.opens()
    review = story.review()
    assert ReasonCode.COURSE_VISITS in {each.code for each in review.grant.reasons if each.severity is Severity.SOFT}


def test_a_soft_limit_of_the_patient_is_settled_once_in_a_course() -> None:
    story = CourseStory()
    story.connected()
    story.sign("PAIN-4H", weight_g=118_000, height_mm=2_000)
    story.opens()
    story.passes_to_start()
    story.weighs(118_000)
    soft = {each.code for each in story.review().grant.reasons if each.severity is Severity.SOFT}
    assert ReasonCode.WEIGHT_G in soft
    story.start_visit(override=TOGETHER)
    story.accepted()
    story.prepared()
    story.done(Drive.INFUSING)
    story.gives()
    story.leaves(Exit.ADMITTED)
    story.next_day()
    story.opens(visit="v2", number=2)
    story.checks_in()
    story.weighs(118_000)
    reasons = story.review().grant.reasons
    assert {each.severity for each in reasons if each.code is ReasonCode.WEIGHT_G} == {Severity.NOTE}


def test_visits_that_this_bed_lets_go_of_stay_in_their_course() -> None:
    story = CourseStory()
    story.visit_of(1)
    had_ng = given_ng(story.known("v1"))
    story.tells()
    for index in range(VISITS_MAX + 3):
        story.signed_for(f"patient-{index + 10}", series=f"x{index}")
        story.opens(series=f"x{index}", visit=f"w{index}")
        story.leaves(Exit.NOT_TREATED, visit=f"w{index}", reason="no", told="doctor-1")
        story.accepted()
    assert len(story.state.path.visits) <= VISITS_MAX
    assert "v1" in {each.visit for each in story.state.path.visits}, "its waste is still to be recorded"
    dose = story.known("v1").doses[0]
    story.by(
        WasteRequested, visit="v1", infusion_id=dose.infusion_id, loaded_nl=20_000_000, wasted_nl=18_000_000,
        witness=SECOND,
    )  # fmt: skip
    story.accepted()
    story.signed_for("patient-99", series="y")
    story.opens(series="y", visit="y1")
    assert "v1" not in {each.visit for each in story.state.path.visits}
    assert tally(story.state.path, "s1").given_ng == had_ng


# --- outcomes and the long run ----------------------------------------------------------------------


@pytest.mark.parametrize("instrument", Instrument)
def test_an_outcome_is_a_total_that_the_instrument_has(instrument: Instrument) -> None:
    story = CourseStory()
    story.sign("PAIN-4H")
    story.outcome(instrument, TOTAL_MAX[instrument] + 1)
    assert story.refusals == {ReasonCode.OUTCOME_TOTAL}
    story.outcome(instrument, 3, day=story.today + 1)
    assert story.refusals == {ReasonCode.DAY_TO_COME}
    story.outcome(instrument, 3)
    story.outcome(instrument, TOTAL_MAX[instrument])
    (kept,) = story.state.path.course("s1").outcomes
    assert kept.total == TOTAL_MAX[instrument]


def test_outcomes_are_due_after_the_last_visit_and_the_long_run_is_asked_again() -> None:
    story = CourseStory()
    story.connected()
    story.sign("PAIN-4H", visits=1)
    story.outcome(Instrument.NRS, 7)
    story.visit_of(1)
    path, order, today = story.state.path, story.signed, story.today
    assert {each.prompt for each in due(path, order, today)} == set(Prompt)
    assert {each.day - today for each in due(path, order, today + 40) if each.instrument is Instrument.NRS} == {7, 28}
    story.asks_about(Prompt.LIVER)
    assert Prompt.LIVER not in {each.prompt for each in due(story.state.path, order, today + 89)}
    assert Prompt.LIVER in {each.prompt for each in due(story.state.path, order, today + 90)}


# --- it travels -------------------------------------------------------------------------------------


def test_a_course_goes_on_at_another_bed_where_it_was_left() -> None:
    here, there = CourseStory(), CourseStory()
    here.visit_of(1)
    here.outcome(Instrument.NRS, 6)
    file = written(here.travelling(), KEY, chars_max=LONG)
    there.today = here.today
    there.takes_in(read(file, KEY))
    there.accepted()
    assert tally(there.state.path, "s1").given_ng == tally(here.state.path, "s1").given_ng
    there.opens(visit="v2", number=2)
    assert there.refusals == {ReasonCode.VISIT_TODAY_ALREADY}
    there.today += 1
    there.opens(visit="v2", number=2)
    there.accepted()
    course = there.visit.order.course
    assert (course.visits, course.given_ng) == (1, tally(here.state.path, "s1").given_ng)
    assert there.state.path.course("s1").outcomes[0].total == 6


def test_the_same_file_twice_or_back_again_adds_nothing() -> None:
    here = CourseStory()
    here.visit_of(1)
    before = tally(here.state.path, "s1")
    here.takes_in(read(written(here.travelling(), KEY, chars_max=LONG), KEY))
    here.accepted()
    here.takes_in(read(written(here.travelling(), KEY, chars_max=LONG), KEY))
    assert tally(here.state.path, "s1") == before


def test_of_two_figures_for_one_visit_the_larger_is_kept() -> None:
    there = CourseStory()
    order = series_order("PAIN-4H", today=there.today)
    for given_ng_there in (20_000_000, 7_000_000):
        attended = Attended(visit="v1", number=1, day=there.today, given_ng=given_ng_there)
        there.takes_in(Travelling(order=order, log=CourseLog(series="s1", earlier=(attended,))))
        there.accepted()
    assert tally(there.state.path, "s1").given_ng == 20_000_000


def test_a_course_of_a_scheme_that_this_site_does_not_have_is_not_taken_in() -> None:
    there = CourseStory()
    order = series_order("PAIN-4H", today=there.today)
    there.takes_in(Travelling(order=replace(order, regimen="NORTH-OWN-4H"), log=CourseLog(series="s1")))
    assert there.refusals == {ReasonCode.UNKNOWN_REGIMEN}
    assert there.state.path.signed("s1") is None, "no visit can be opened of it"
    there.takes_in(Travelling(order=order, log=CourseLog(series="s1")))
    there.accepted()


def test_another_order_under_a_known_name_is_not_taken_in() -> None:
    here = CourseStory()
    here.visit_of(1)
    other = replace(here.travelling(), order=replace(here.signed, weight_g=71_000))
    here.takes_in(other)
    assert here.refusals == {ReasonCode.COURSE_DIFFERS}


@given(place=st.integers(0, 10_000), byte=st.characters(codec="ascii"))
def test_a_file_that_was_changed_anywhere_is_refused(place: int, byte: str) -> None:
    log = CourseLog(series="s1", earlier=(Attended(visit="v1", number=1, day=20_000, given_ng=10_000_000),))
    file = written(Travelling(order=series_order("PAIN-4H"), log=log), KEY, chars_max=LONG).strip()
    place %= len(file)
    changed = file[:place] + byte + file[place + 1 :]
    if changed.strip() == file:
        return
    with pytest.raises(CourseFileError):
        read(changed, KEY)


def test_a_file_of_another_site_is_refused_and_says_what_to_do() -> None:
    file = written(Travelling(order=series_order("PAIN-4H"), log=CourseLog(series="s1")), KEY, chars_max=LONG)
    with pytest.raises(CourseFileError, match="attest"):
        read(file, b"other" * 10)


def test_where_a_file_is_too_long_outcomes_stay_behind_and_never_what_was_given() -> None:
    story = CourseStory()
    story.visit_of(1)
    for day in range(120):
        story.outcome(Instrument.NRS, 5, day=story.today - day)
    file = written(story.travelling(), KEY, chars_max=7_000)
    found = read(file, KEY)
    assert len(file) <= 7_000
    assert found.log.earlier == story.travelling().log.earlier
    assert 0 < len(found.log.outcomes) < 120
    assert found.log.outcomes[-1].day == story.today


def test_a_key_that_is_too_short_or_missing_is_told(tmp_path: FilePath) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_key(tmp_path / "none")
    (tmp_path / "key").write_bytes(b"short\n")
    with pytest.raises(ConfigError, match="openssl rand"):
        load_key(tmp_path / "key")
    (tmp_path / "key").write_bytes(KEY + b"\n")
    assert load_key(tmp_path / "key") == KEY
