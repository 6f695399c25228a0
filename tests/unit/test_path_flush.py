"""A flush of the line is a dose: what it would mean is told while the line can be thrown away; no limit is passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.api_departure_models import FlushView
from pumpd.api_departure_views import recovery_view
from pumpd.api_moment import Moment
from pumpd.core.codes import ReasonCode, Severity
from pumpd.core.container_facts import LineFlushed
from pumpd.core.course_requests import AttestRequested
from pumpd.core.course_tally import given_ng
from pumpd.core.flushing import CourseRoom, Flush, flush_of
from pumpd.core.library import CEILINGS, Cap
from pumpd.core.limits import judge_order
from pumpd.core.order import Course
from pumpd.core.requests import FlushRecorded
from pumpd.core.turn import Turn
from pumpd.core.units import NG_PER_MG, NL_PER_ML
from pumpd.testing.bed_story import NURSE, BedStory
from pumpd.testing.departure_story import DepartureStory
from pumpd.testing.path_story import PRESCRIBER
from pumpd.words_bed import fact_text
from pumpd.words_departure import flush_text

LINE_NG: Final = 15 * NG_PER_MG  # 3 mL of 5 mg/mL
PLANNED_NG: Final = 129_500_000  # of each of the five visits of PAIN-4H for 70 kg


class FlushStory(DepartureStory):
    """The first of five visits of PAIN-4H has given 10 mg, and somebody ended it. The line is full, with 15 mg."""

    def __init__(self, *, total_mg: int | None = None, given_ul: int = 2_000) -> None:
        """`total_mg`: the hard limit of a session, in place of the one that is shipped."""
        super().__init__()
        if total_mg is not None:
            self.limits(cap_total_ug=Cap(soft=None, hard=total_mg * 1_000))
        self.here()
        self.infuses()
        self.gives(given_ul)

    def limits(self, **caps: Any) -> None:  # noqa: ANN401  # fields of an entry that a test names
        """Other limits in the library's entries than those that are shipped, from now on."""
        rules = self.setup.rules
        entries = tuple(replace(each, **caps) for each in rules.library.entries)
        self.setup = replace(self.setup, rules=replace(rules, library=replace(rules.library, entries=entries)))

    def limits_the_course(self, limit_ug: int) -> None:
        self.limits(cap_course_ug=Cap(soft=None, hard=limit_ug))

    def flushes(self, ml: int = 3, *, all_the_same: bool = False) -> None:
        self.take(
            FlushRecorded(
                at_ns=self.now_ns, request_id=self.request_id(), actor=NURSE, slot="p1", volume_nl=ml * NL_PER_ML,
                all_the_same=all_the_same,
            )
        )  # fmt: skip

    @property
    def turn(self) -> Turn:
        return Turn(self.state, self.setup, self.now_ns)

    @property
    def offered(self) -> Flush:
        flush = flush_of(self.turn, "p1")
        assert flush is not None
        return flush

    @property
    def room(self) -> CourseRoom:
        room = self.offered.course
        assert room is not None
        return room

    @property
    def shown(self) -> FlushView | None:
        moment = Moment(now_ns=self.now_ns, wall_ms=0)
        (dose,) = recovery_view(self.state, self.setup, self.known(), moment).doses
        return dose.flush


def test_what_a_flush_would_mean_is_told_before_and_is_what_the_course_has_had_after() -> None:
    story = FlushStory()
    before = story.room
    assert (before.flush_ng, before.planned_ng) == (LINE_NG, (PLANNED_NG,) * 4)
    assert before.limit_ng == 4_200 * NG_PER_MG, "60 mg/kg of 70 kg"
    story.flushes()
    story.accepted()
    assert flush_of(story.turn, "p1") is None, "it is in"
    assert before.stands_ng == given_ng(story.known())


def test_visit_that_a_flush_would_take_its_place_is_told_while_the_line_can_be_thrown_away() -> None:
    story = FlushStory()
    story.limits_the_course(540_000)
    assert (story.room.fitting, story.room.fitting_without, story.room.left) == (3, 4, 4)
    assert story.offered.beyond == (), "this visit has room for it"
    shown = story.shown
    assert shown is not None
    assert (shown.visits_fitting, shown.visits_fitting_without, shown.visits_left) == (3, 4, 4)
    assert "The 4 visits that are left (518 mg) will then not all fit in any more: only 3 of them." in shown.text
    assert shown.text.endswith("Or throw the line away: what it holds counts as waste.")


@pytest.fixture(scope="module")
def left_four() -> FlushStory:
    """Only asked, and never told anything that would change it."""
    return FlushStory()


@given(limit_ug=st.integers(1, 700_000))
def test_so_many_visits_fit_as_their_own_orders_would_let_in(left_four: FlushStory, limit_ug: int) -> None:
    story = left_four
    story.limits_the_course(limit_ug)
    room, order = story.room, story.known().signed
    assert order is not None
    for stands_ng, told in (
        (room.stands_ng, room.fitting),
        (room.stands_ng - room.flush_ng, room.fitting_without),
    ):
        in_ng, fits = stands_ng, 0
        for number in range(2, 6):
            asked = order.order_for(number, course=Course(visits=number - 1, given_ng=in_ng))
            _, reasons = judge_order(asked, story.setup.rules, story.setup.info("p1"))
            if any(each.code is ReasonCode.CAP_COURSE_UG for each in reasons):
                break
            in_ng, fits = in_ng + PLANNED_NG, fits + 1
        assert told == fits


def test_flush_beyond_a_hard_limit_is_refused_and_recorded_once_that_was_read() -> None:
    story = FlushStory(total_mg=135, given_ul=25_000)
    assert [each.code for each in story.offered.beyond] == [ReasonCode.CAP_TOTAL_UG]
    shown = story.shown
    assert shown is not None
    assert [each.severity for each in shown.beyond] == [Severity.HARD]
    assert "Do not flush it into the patient" in shown.text
    story.flushes()
    assert story.refusals == {ReasonCode.CAP_TOTAL_UG}
    assert story.infusion().flushed_nl == 0
    story.flushes(1)
    story.accepted()
    (fact,) = [each for each in story.last.facts if isinstance(each, LineFlushed)]
    assert fact.beyond == (), "a third of it is within every limit"


def test_flush_that_was_done_all_the_same_is_on_record_with_the_limit_that_it_passed() -> None:
    story = FlushStory(total_mg=135, given_ul=25_000)
    story.flushes(all_the_same=True)
    story.accepted()
    (fact,) = [each for each in story.last.facts if isinstance(each, LineFlushed)]
    assert [each.code for each in fact.beyond] == [ReasonCode.CAP_TOTAL_UG]
    told = fact_text(fact)
    assert told.startswith("Line flushed by nurse-1: 3 mL of what it held counted as given; all the same. The dose of")
    assert "above the hard limit of 135 mg" in told
    assert story.infusion().flushed_nl == 3 * NL_PER_ML


@pytest.mark.requirement("FLOW-15")
def test_day_of_crps_whose_dose_is_the_sessions_whole_has_no_room_for_the_line() -> None:
    """95 mg of the 100 mg that this scheme gives in a session (Schwartzman 2009): 15 mg more are a tenth too much."""
    story = DepartureStory()
    story.connected()
    story.sign("CRPS-OP10")
    story.opens(number=3)
    story.passes_to_start()
    story.infuses()
    story.gives(19_000)
    flush = flush_of(Turn(story.state, story.setup, story.now_ns), "p1")
    assert flush is not None
    assert ReasonCode.CAP_TOTAL_UG in {each.code for each in flush.beyond}


def test_what_a_prescriber_attests_is_what_the_course_stands_at_where_it_is_more() -> None:
    story = FlushStory()
    story.take(
        AttestRequested(
            at_ns=story.now_ns, request_id=story.request_id(), actor=PRESCRIBER, series="s1", visits=3,
            given_ng=500 * NG_PER_MG, today_day=story.today,
        )
    )  # fmt: skip
    assert (story.room.stands_ng, story.room.flush_ng, story.room.left) == (500 * NG_PER_MG, 0, 2)


def test_visits_left_are_those_of_the_order_that_stands_now() -> None:
    story = FlushStory()
    story.sign("PAIN-4H", series="s2", replaces="s1", visits=3)
    story.accepted()
    assert story.room.left == 2


def test_nothing_is_told_of_a_line_while_its_infusion_is_not_over() -> None:
    story = DepartureStory()
    story.here()
    story.infuses()
    assert flush_of(Turn(story.state, story.setup, story.now_ns), "p1") is None


def test_course_without_a_limit_of_its_own_has_the_ceiling_of_every_course() -> None:
    story = FlushStory()
    story.limits(cap_course_ug=None, cap_course_ug_per_kg=None)
    assert story.room.limit_ng == CEILINGS.course_ug_per_kg * 70_000


def test_visits_whose_container_the_library_has_no_more_take_no_place_of_their_own() -> None:
    """They are refused for that before anybody asks for their dose."""
    story = FlushStory()
    story.limits(containers=())
    assert story.room.planned_ng == (0,) * 4


def test_flush_of_a_regimen_that_is_gone_says_what_the_line_holds_and_nothing_of_the_course() -> None:
    story = FlushStory()
    rules = story.setup.rules
    story.setup = replace(story.setup, rules=replace(rules, catalogue=replace(rules.catalogue, regimens=())))
    assert (story.offered.held_ng, story.offered.course) == (LINE_NG, None)


def test_flush_of_an_infusion_that_is_of_no_visit_has_no_course() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.drives(6_000, after_s=4_000)
    bed.paused(6_000)
    bed.end()
    flush = flush_of(Turn(bed.state, bed.setup, bed.now_ns), "p1")
    assert flush is not None
    assert (flush.held_ng, flush.course) == (LINE_NG, None)


ROOM: Final = CourseRoom(
    stands_ng=541 * NG_PER_MG, limit_ng=1_000 * NG_PER_MG, flush_ng=LINE_NG, planned_ng=(98 * NG_PER_MG,) * 5
)
HELD: Final = Flush(held_nl=3 * NL_PER_ML, held_ng=LINE_NG, course=ROOM, beyond=())


@pytest.mark.parametrize(
    ("room", "told"),
    [
        (replace(ROOM, planned_ng=()), ""),
        (replace(ROOM, planned_ng=(459 * NG_PER_MG,)), "The visit that is left (459 mg) still fits in."),
        (replace(ROOM, planned_ng=(NG_PER_MG,) * 2), "The 2 visits that are left (2 mg) still fit in."),
        (
            replace(ROOM, planned_ng=(460 * NG_PER_MG,)),
            "The visit that is left (460 mg) will then not fit in any more.",
        ),
        (
            replace(ROOM, planned_ng=(460 * NG_PER_MG,) * 2),
            "The 2 visits that are left (920 mg) will then not fit in any more.",
        ),
        (
            replace(ROOM, planned_ng=(475 * NG_PER_MG,)),
            "The visit that is left (475 mg) does not fit in even without it.",
        ),
        (
            replace(ROOM, planned_ng=(400 * NG_PER_MG,) * 2),
            "The 2 visits that are left (800 mg) do not all fit in even without it: only 1 of them.",
        ),
    ],
)  # fmt: skip
def test_page_says_in_one_breath_where_the_course_stands_and_who_is_left_out(room: CourseRoom, told: str) -> None:
    said = (
        "The line still holds 15 mg (3 mL). Flushed into the patient at the last rate, it counts as given, and the "
        f"course stands at 541 mg; its hard limit is 1,000 mg. {told}{' ' if told else ''}"
        "Or throw the line away: what it holds counts as waste."
    )
    assert flush_text(replace(HELD, course=room)) == said


def test_line_of_saline_holds_no_drug() -> None:
    saline = Flush(held_nl=3 * NL_PER_ML, held_ng=0, course=None, beyond=())
    assert flush_text(saline) == "The line still holds 3 mL. Flushed into the patient, it counts as given."
