"""Three regimens from the order to the discharge, by the page alone: one signs, one prepares, one checks.

Each is played at another size, by people at browsers of their own, and none of them knows more than the page says: only
that somebody is wanted is heard, as it is in a room. At its end the record and the course have to tell what happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from playwright.sync_api import expect
from pumpd_sim.faults import Fault, FaultKind

from pumpd import api_departure_calls, api_path_calls
from pumpd.api_models import BedView, Condition, Phase
from pumpd.api_path_models import Place
from pumpd.testing.ideal_nurse import bed_for
from pumpd.testing.page_nurse import PageNurse, asks_risk, check_of, label_of
from pumpd.testing.page_visit import DUE, VisitNurse, signs_the_order, time_goes_by
from pumpd.testing.screen import PANEL, PHONE, Open, Screen
from pumpd.testing.steered_bed import SteeredBed
from pumpd.testing.treatment import Treatment, plain

pytestmark = [pytest.mark.timeout(900), pytest.mark.long]
TABLET: Final = (1_024, 768)
BEN: Final = ("ben", "3141")
SMALLEST_NL: Final = 100_000  # of what somebody reads off a barrel


@dataclass
class Day:
    """One visit, and who is there. `used_up_nl`: left in containers that were taken off."""

    bed: SteeredBed
    regimen: str
    dora: Screen
    anna: VisitNurse
    ben: PageNurse
    used_up_nl: int = 0
    hung: int = 1

    # --- up to the start ----------------------------------------------------------------------------------------

    def begins(self) -> None:
        """The order, the check-in, the preparation, the double check, the baseline, the review, START."""
        treatment = Treatment.of(self.regimen, 1)
        self.dora.sign_in(self.bed.url, "/series", person="dora")
        signs_the_order(self.dora.page, self.bed.url, self.regimen, treatment.container.id)
        self.anna.signs_in()
        self.anna.visit = self.anna.opens_the_visit()
        self.anna.checks_in(known=False, mood=asks_risk(self.regimen))
        self.anna.goes_on()
        self.anna.prepares(label_of(self.regimen))
        self.ben.signs_in(*BEN, f"/visits/{self.anna.visit}/check")
        self.checks()
        self.anna.goes_on()
        self.anna.observes()
        if not asks_risk(self.regimen):
            self.anna.leaves_the_page()
            self.bed.advance(minutes=6)
        page = self.anna.looks_at("start")
        expect(page.locator("#closed")).to_have_count(0)
        self.anna.screen.hold_start()
        page.wait_for_selector(".phase-infusing")
        expect(page.locator("[data-field='p1.granted']")).to_contain_text("mg/")

    def checks(self) -> None:
        page = self.ben.screen.page
        page.goto(f"{self.bed.url}/visits/{self.anna.visit}/check")
        if page.locator("#unlock").count():
            self.ben.unlocks(BEN[1])
        self.ben.checks(check_of(self.regimen))
        expect(page.locator(".verdict.done")).to_have_text("✓ checked by Ben Cole")
        page.goto("about:blank")

    # --- while it runs ------------------------------------------------------------------------------------------

    def goes_on_to_its_end(self) -> int:
        """Whatever is wanted is done on the page; returns how many steps were begun by a tap."""
        taps, heeds = 0, DUE | {Condition.CONTAINER_NEAR_END}
        while True:
            self.anna.leaves_the_page()
            seen = time_goes_by(self.bed, heeds=heeds)
            pump, stand = seen.pumps[0], conditions(seen)
            if pump.phase is Phase.ENDED:
                return taps
            if stand & DUE:
                self.anna.enters_a_set()
            elif pump.buttons.step.allowed:
                page = self.anna.looks_at("/pumps/p1")
                expect(page.locator(".card.due h2")).to_have_text(re.compile(r"Step \d of \d is due"))
                self.anna.taps("#do-step")
                taps += 1
                self.bed.advance_until(lambda: not self.bed.pump().buttons.step.allowed, "the step", hours=0.1)
            elif pump.phase is Phase.STOPPED:
                self._hangs_the_next()
            else:
                assert Condition.CONTAINER_NEAR_END in stand, seen
                self.anna.reads_the_next_label(self.regimen)
                self.checks()
                heeds = DUE

    def _hangs_the_next(self) -> None:
        self.used_up_nl += self.bed.truth().remaining_nl
        self.hung += 1
        capacity_nl = Treatment.of(self.regimen, 1).container.capacity_nl
        self.bed.fault(Fault(kind=FaultKind.NEW_SYRINGE, volume_nl=capacity_nl))
        self.anna.hangs_the_next(self.regimen, *BEN)
        self.bed.reaches(Phase.INFUSING)

    # --- the end ------------------------------------------------------------------------------------------------

    def ends(self, *, witness_later: bool) -> None:
        """Flushed, the rest thrown away before a witness, the bed free."""
        container = Treatment.of(self.regimen, 1).container
        page = self.anna.looks_at("/pumps/p1")
        expect(page.locator(".card.ready")).to_contain_text("The line still holds")
        self.anna.taps("#to-flush")
        (dose,) = self.bed.client.send(api_departure_calls.recovery_of(self.anna.visit)).doses
        self.anna.flushes(dose.infusion_id, "3")
        expect(page.locator(f"#do-flush-{dose.infusion_id}")).to_have_count(0)
        left_nl = self.used_up_nl + self.bed.truth().remaining_nl
        loaded = plain(self.hung * container.capacity_nl, 6)
        wasted = plain(left_nl // SMALLEST_NL * SMALLEST_NL, 6)
        self.anna.throws_away(dose.infusion_id, loaded, wasted, None if witness_later else BEN)
        if witness_later:
            expect(page.locator("main")).to_contain_text("Nobody has seen it yet.")
            self.ben.signs_in(*BEN, "/to-do")
            self.ben.taps(f"#do-witness-{self.anna.visit}-{dose.infusion_id}")
            expect(self.ben.screen.page.locator("main .calm")).to_have_text("Nothing.")
        else:
            expect(page.locator("main .verdict")).to_contain_text("thrown away by anna; Ben Cole saw it")
        self.anna.looks_at("recovery")
        self.anna.taps("#do-move")
        expect(page.locator("#do-move")).to_have_count(0)

    def recovers_and_goes_home(self) -> None:
        until_ts_ms = self.bed.client.send(api_departure_calls.recovery_of(self.anna.visit)).earliest_ts_ms or 0
        page = self.anna.looks_at("recovery")
        expect(page.locator(".waits .left")).to_contain_text("Not before")
        while self.bed.clock.wall_ms() < until_ts_ms:
            self.anna.leaves_the_page()
            if DUE & conditions(time_goes_by(self.bed, until_ts_ms=until_ts_ms)):
                self.anna.enters_a_set()
        self.anna.enters_a_set()
        self.anna.scores()
        self.anna.sends_home(mood=asks_risk(self.regimen))
        expect(page.locator("main .verdict")).to_contain_text("The patient went home with the escort.")
        assert self.bed.client.send(api_path_calls.visit(self.anna.visit)).place is Place.CLOSED

    def is_told(self, *, course: str) -> str:
        """By the record of the visit, whose whole text is returned, and by the course."""
        page = self.anna.looks_at("record")
        record = page.locator("main").inner_text()
        for told in (
            "Eva Lind, 1970-12-31",
            "Independent double check",
            "Ben Cole",
            "Dora",
            self.regimen,
            "Journal row",
        ):
            assert told in record, told
        (series,) = self.bed.client.send(api_path_calls.series())
        page = self.anna.looks_at(f"/series/{series.series}/course")
        expect(page.locator(".sums")).to_contain_text(course)
        expect(page.locator("table.record tbody tr")).to_have_count(1)
        for each in (self.anna.screen, self.ben.screen, self.dora):
            assert [
                told for told in each.complaints if "401" not in told
            ] == []  # the browser's word for a PIN that is asked
        return record


def conditions(seen: BedView) -> set[Condition]:
    return {each.condition for each in seen.alarms}


@pytest.fixture
def day(request: pytest.FixtureRequest, screen: Open) -> Iterator[Day]:
    regimen, size = request.param
    with bed_for(regimen) as bed:
        bed.begin_console()
        yield Day(
            bed=bed,
            regimen=regimen,
            dora=screen(),
            anna=VisitNurse(screen(size), bed.url),
            ben=PageNurse(screen(), bed.url),
        )


@pytest.mark.parametrize("day", [("MDD-2x3", PANEL)], indirect=True, ids=["panel"])
def test_depression_with_nausea_and_a_lower_rate_from_the_order_to_the_way_home(day: Day) -> None:
    day.begins()
    before = day.bed.pump().granted
    day.anna.notes_nausea_and_lowers_the_rate()
    lower = day.bed.advance_until(lambda: day.bed.pump().granted != before and day.bed.pump().granted, "it", hours=0.1)
    assert before is not None
    assert lower
    assert lower.ul_per_h == pytest.approx(before.ul_per_h * 0.75, rel=0.01)
    assert day.goes_on_to_its_end() == 0
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
    assert day.goes_on_to_its_end() == 0
    day.ends(witness_later=True)
    day.recovers_and_goes_home()
    record = day.is_told(course="1 of 1")
    assert "185" in record
    assert "midazolam" in record


@pytest.mark.parametrize("day", [("NP-OP5", TABLET)], indirect=True, ids=["tablet"])
def test_nerve_pain_with_two_steps_and_a_second_syringe_from_the_order_to_the_way_home(day: Day) -> None:
    day.begins()
    assert day.goes_on_to_its_end() == len(Treatment.of(day.regimen, 1).steps) - 1
    assert day.hung == 2
    day.ends(witness_later=False)
    day.recovers_and_goes_home()
    record = day.is_told(course="1 of 5")
    assert "L 18" in record
