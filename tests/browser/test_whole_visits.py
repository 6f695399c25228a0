"""Three regimens from the order to the discharge, by the page alone: one signs, one prepares, one checks.

Each is played at another size, by people at browsers of their own, and none of them knows more than the page says: only
that somebody is wanted is heard, as it is in a room. At its end the record and the course have to tell what happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

import pytest
from playwright.sync_api import expect
from pumpd_sim.faults import Fault, FaultKind

from pumpd import api_departure_calls, api_path_calls
from pumpd.api_departure_models import RecoveryView
from pumpd.api_exchange import Call
from pumpd.api_models import BedView, Phase
from pumpd.api_path_models import Place
from pumpd.core.library import Container
from pumpd.testing.ideal_nurse import bed_for
from pumpd.testing.page_nurse import asks_risk, check_of, label_of
from pumpd.testing.page_visit import DUE, NEAR_END, NEXT_LOT, NOBODY, VisitNurse, heard, signs_the_order, time_goes_by
from pumpd.testing.screen import PANEL, PHONE, Open, Screen
from pumpd.testing.steered_bed import SteeredBed
from pumpd.testing.treatment import Treatment, plain

T = TypeVar("T")
pytestmark = [pytest.mark.timeout(900), pytest.mark.long]
TABLET: Final = (1_024, 768)
BEN: Final = ("ben", "3141")
FLUSH_ML: Final = "3"
READ_OFF_NL: Final = 100_000  # as finely as somebody reads a barrel
CALLS_MAX: Final = 60


@dataclass
class Day:
    """One visit, and who is there. `used_up_nl`: left in containers that were taken off."""

    bed: SteeredBed
    regimen: str
    dora: Screen
    anna: VisitNurse
    ben: VisitNurse
    hung: int = 1
    used_up_nl: int = 0
    steps_begun: int = 0
    next_is_read: bool = False

    @property
    def container(self) -> Container:
        return Treatment.of(self.regimen, 1).container

    # --- up to the start ----------------------------------------------------------------------------------------

    def begins(self) -> None:
        """The order, the check-in, the preparation, the double check, the baseline, the review, START."""
        self.dora.sign_in(self.bed.url, "/series", person="dora")
        signs_the_order(self.dora.page, self.bed.url, self.regimen, self.container.id)
        self.dora.page.goto(NOBODY)
        self.anna.signs_in()
        self.anna.visit = self.anna.opens_the_visit()
        self.anna.checks_in(known=False, mood=asks_risk(self.regimen))
        self.anna.goes_on()
        self.anna.prepares(label_of(self.regimen))
        self.ben.visit = self.anna.visit
        self.checks()
        self.anna.goes_on()
        self.anna.observes()
        if not asks_risk(self.regimen):  # what was given before has its time to act
            self.anna.leaves_the_page()
            self.bed.advance(minutes=6)
        page = self.anna.looks_at("start")
        expect(page.locator("#closed")).to_have_count(0)
        self.anna.screen.hold_start()
        page.wait_for_selector(".phase-infusing")
        expect(page.locator("[data-field='p1.granted']")).to_contain_text("mg/")

    def checks(self) -> None:
        """Ben, at the page of his own, from the sources."""
        page = self.ben.looks_at("check")
        self.ben.checks(check_of(self.regimen))
        expect(page.locator(".verdict.done")).to_have_text("✓ checked by Ben Cole")
        self.ben.leaves_the_page()

    # --- while it runs ------------------------------------------------------------------------------------------

    def goes_on_to_its_end(self) -> None:
        """Whatever somebody is wanted for is done on the page."""
        for _ in range(CALLS_MAX):
            self.anna.leaves_the_page()
            seen = time_goes_by(self.bed, heeds=DUE if self.next_is_read else DUE | NEAR_END)
            if seen.pumps[0].phase is Phase.ENDED:
                return
            self._does_what_is_wanted(seen)
        raise AssertionError(f"{CALLS_MAX} calls, and it still runs")

    def _does_what_is_wanted(self, seen: BedView) -> None:
        if DUE & heard(seen):
            self.anna.enters_a_set()
        elif seen.pumps[0].buttons.step.allowed:
            self.anna.begins_the_step()
            self.steps_begun += 1
            self.bed.advance_until(lambda: not self.bed.pump().buttons.step.allowed, "the step", hours=0.1)
        elif seen.pumps[0].phase is Phase.STOPPED:
            self._hangs_the_next()
        else:
            assert heard(seen) >= NEAR_END, seen
            self.anna.reads_the_next_label(self.regimen)
            self.checks()
            self.next_is_read = True

    def _hangs_the_next(self) -> None:
        self.used_up_nl += self.bed.truth().remaining_nl
        self.hung, self.next_is_read = self.hung + 1, False
        self.bed.fault(Fault(kind=FaultKind.NEW_SYRINGE, volume_nl=self.container.capacity_nl))
        self.anna.hangs_the_next(self.regimen)
        self.bed.reaches(Phase.INFUSING)

    # --- the end ------------------------------------------------------------------------------------------------

    def ends(self, *, witness_later: bool) -> None:
        """Flushed, the rest thrown away before a witness, the bed free."""
        page = self.anna.looks_at("pump")
        expect(page.locator(".card.ready")).to_contain_text("The line still holds")
        (dose,) = self._recovery().doses
        self.anna.flushes(dose.infusion_id, FLUSH_ML)
        expect(page.locator(f"#do-flush-{dose.infusion_id}")).to_have_count(0)
        left_nl = self.used_up_nl + self.bed.truth().remaining_nl
        loaded = plain(self.hung * self.container.capacity_nl, 6)
        wasted = plain(left_nl // READ_OFF_NL * READ_OFF_NL, 6)
        self.anna.throws_away(dose.infusion_id, loaded, wasted, None if witness_later else BEN)
        if witness_later:
            self._is_witnessed_from_the_list(dose.infusion_id)
        else:
            expect(page.locator("main .verdict")).to_contain_text("thrown away; Ben Cole saw it")
        self.anna.looks_at("recovery")
        self.anna.taps("#do-move")
        expect(page.locator("#do-move")).to_have_count(0)

    def _is_witnessed_from_the_list(self, infusion: int) -> None:
        expect(self.anna.screen.page.locator("main")).to_contain_text("Nobody has seen it yet.")
        page = self.ben.looks_at("to-do")
        self.ben.taps(f"#do-witness-{self.anna.visit}-{infusion}")
        expect(page.locator("main .calm")).to_have_text("Nothing.")
        self.ben.leaves_the_page()

    def recovers_and_goes_home(self) -> None:
        until_ts_ms = self._recovery().earliest_ts_ms or 0
        page = self.anna.looks_at("recovery")
        expect(page.locator(".waits .left")).to_contain_text("Not before")
        for _ in range(CALLS_MAX):
            self.anna.leaves_the_page()
            if not DUE & heard(time_goes_by(self.bed, heeds=DUE, until_ts_ms=until_ts_ms)):
                break
            self.anna.enters_a_set()
        self.anna.scores()
        self.anna.sends_home(mood=asks_risk(self.regimen))
        expect(page.locator("main .verdict")).to_contain_text("The patient went home with the escort.")
        assert self._told(api_path_calls.visit(self.anna.visit)).place is Place.CLOSED

    def _recovery(self) -> RecoveryView:
        return self._told(api_departure_calls.recovery_of(self.anna.visit))

    def _told(self, call: Call[T]) -> T:
        """By the socket, in a session of its own: what a page says is judged by it."""
        self.bed.sign_in()
        return self.bed.client.send(call)

    def is_told(self, *, course: str) -> str:
        """By the record of the visit, whose whole text is returned, and by the course; no browser complained."""
        record = self.anna.looks_at("record").locator("main").text_content() or ""
        always = ("Eva Lind, 1970-12-31", "Independent double check", "ben", "dora", self.regimen, "Journal row")
        assert [told for told in always if told not in record] == []
        assert "still on" not in record, "whatever the bed called for was done"
        page = self.anna.looks_at("course")
        expect(page.locator(".sums")).to_contain_text(course)
        expect(page.locator("table.record tbody tr")).to_have_count(1)
        complaints = [*self.anna.screen.complaints, *self.ben.screen.complaints, *self.dora.complaints]
        assert [told for told in complaints if "401" not in told] == [], "401 is the browser's word for an asked PIN"
        return record


@pytest.fixture
def day(request: pytest.FixtureRequest, screen: Open) -> Iterator[Day]:
    regimen, size = request.param
    with bed_for(regimen) as bed:
        bed.begin_console()
        anna, ben = VisitNurse(screen(size), bed.url), VisitNurse(screen(), bed.url, person=BEN[0], pin=BEN[1])
        yield Day(bed=bed, regimen=regimen, dora=screen(), anna=anna, ben=ben)


@pytest.mark.parametrize("day", [("MDD-2x3", PANEL)], indirect=True, ids=["panel"])
def test_depression_with_nausea_and_a_lower_rate_from_the_order_to_the_way_home(day: Day) -> None:
    day.begins()
    before = day.bed.pump().granted
    assert before is not None
    day.anna.notes_nausea_and_lowers_the_rate()
    lower = day.bed.advance_until(lambda: day.bed.pump().granted != before and day.bed.pump().granted, "it", hours=0.1)
    assert lower
    assert lower.ul_per_h == pytest.approx(before.ul_per_h * 0.75, rel=0.01)
    day.goes_on_to_its_end()
    day.ends(witness_later=False)
    day.recovers_and_goes_home()
    record = day.is_told(course="1 of 6")
    assert re.search("(?i)nausea", record)


@pytest.mark.parametrize("day", [("FM-30", PHONE)], indirect=True, ids=["phone"])
def test_fibromyalgia_with_a_pressure_that_holds_from_the_order_to_the_way_home(day: Day) -> None:
    day.begins()
    day.anna.leaves_the_page()
    time_goes_by(day.bed)
    day.anna.enters_a_set(systolic_mmhg="185")
    hold = day.anna.screen.page.locator(".hold")
    expect(hold).to_contain_text("Systolic pressure of 185 mmHg is above 160 mmHg.")
    day.anna.leaves_the_page()
    day.bed.advance(minutes=5)
    day.anna.enters_a_set(systolic_mmhg="150")
    expect(hold).to_have_count(0)
    day.goes_on_to_its_end()
    day.ends(witness_later=True)
    day.recovers_and_goes_home()
    record = day.is_told(course="1 of 1")
    assert "185" in record
    assert "midazolam" in record


@pytest.mark.parametrize("day", [("NP-OP5", TABLET)], indirect=True, ids=["tablet"])
def test_nerve_pain_with_two_steps_and_a_second_syringe_from_the_order_to_the_way_home(day: Day) -> None:
    day.begins()
    day.goes_on_to_its_end()
    assert day.steps_begun == 2
    assert day.hung == 2
    day.ends(witness_later=False)
    day.recovers_and_goes_home()
    assert NEXT_LOT in day.is_told(course="1 of 5")
