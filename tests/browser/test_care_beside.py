"""What goes wrong while the drug runs, on the page: a side effect and what is done, an emergency, the next nurse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from pumpd import api_care_calls
from pumpd.api_models import Phase
from pumpd.testing.ideal_nurse import IdealNurse
from pumpd.testing.screen import PHONE, Open
from pumpd.testing.steered_bed import SteeredBed

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]


def starts(bed: SteeredBed) -> IdealNurse:
    nurse = IdealNurse(bed, "MDD-2x3", 1)
    nurse.plays_to_the_start()
    bed.begin_console()
    return nurse


def test_side_effect_is_one_tap_each_and_leads_to_the_lower_rate_that_the_order_allows(
    pumpd_steered: SteeredBed, screen: Open
) -> None:
    bed = pumpd_steered
    nurse = starts(bed)
    anna = screen()
    page = anna.page
    anna.sign_in(bed.url, "/pumps/p1")
    page.click("#to-side-effects")
    page.click("#effect-nausea")
    page.check("[name=severity][value='5']")
    page.check("[name='done:reassured']")
    page.click("#do-note")
    expect(page.locator(".hold")).to_contain_text("Nausea of 5 of 10 is above 3 of 10.")
    expect(page.locator(".due-line.again")).to_contain_text("Look again at nausea")
    expect(page.locator(".noted")).to_contain_text("Nausea 5 of 10: light and noise down, reassured")

    before = bed.pump().granted
    page.click("#effect-nausea")
    page.click("#reduce-p1-25")
    expect(page.locator(".oldnew")).to_be_visible()
    page.click("#confirm-rate")
    expect(page.locator("#to-side-effects")).to_be_visible()
    after = bed.advance_until(lambda: bed.pump().granted != before and bed.pump().granted, "a lower rate", hours=0.1)
    assert before is not None
    assert after
    assert after.ul_per_h == pytest.approx(before.ul_per_h * 0.75, rel=0.01)
    assert anna.complaints == []

    page.goto(f"{bed.url}/visits/{nurse.visit}/side-effects?effect=headache")
    expect(page.locator("#noted")).to_contain_text("The blood pressure first.")
    page.click("text=Another drug was given")
    page.fill("#drug", "ondansetron")
    page.fill("#dose_mg", "4")
    page.check("[name=route][value=vein]")
    page.click("#give-other")
    expect(page.locator(".notice")).to_contain_text("Ondansetron is no rescue drug of the order.")
    page.click("#do-all-the-same")
    expect(page.locator(".noted")).to_contain_text(re.compile(r"ondansetron 4 mg, given by Anna Berg .*not ordered"))
    (given,) = nurse.nurse.client.send(api_care_calls.care(nurse.visit)).rescues
    assert given.dose_text == "4 mg"


def test_visit_changes_hands_and_an_emergency_is_called_marked_and_charted_afterwards(
    pumpd_steered: SteeredBed, screen: Open
) -> None:
    bed = pumpd_steered
    nurse = starts(bed)
    at = f"/visits/{nurse.visit}"
    anna, ben, stranger = screen(), screen(PHONE), screen()
    anna.sign_in(bed.url, f"{at}/hand-over")
    anna.page.fill("#said", "Afraid of the dark; her husband waits in room 3.")
    anna.page.click("#do-say")
    expect(anna.page.locator(".handed")).to_contain_text("Nobody has taken it over yet.")
    ben.sign_in(bed.url, f"{at}/hand-over", "ben")
    expect(ben.page.locator(".handed")).to_contain_text("her husband waits in room 3.")
    expect(ben.page.locator(".knows")).to_contain_text("120 mmHg")
    expect(ben.page.locator(".knows")).to_contain_text("ketamine")
    ben.page.click("#do-take-over")
    expect(ben.page.locator(".who")).to_contain_text("written by Ben")
    expect(ben.page.locator("#do-take-over")).to_have_count(0)
    anna.page.goto(f"{bed.url}{at}/observations")
    expect(anna.page.locator(".who")).to_contain_text("written by Ben")

    stranger.page.goto(f"{bed.url}/pumps/p1")
    stranger.page.click("#stop-p1")
    stranger.page.click("#to-emergency")
    stranger.page.click("#call-emergency")
    expect(stranger.page.locator(".notice")).to_contain_text("The emergency is not on record")
    bed.reaches(Phase.STOPPED)
    ben.page.goto(f"{bed.url}/pumps/p1")
    ben.page.click("#to-emergency")
    ben.page.click("#call-emergency")
    ben.page.click("#mark-help_called")
    expect(ben.page.locator(".noted li")).to_have_count(2)
    ben.page.click("#mark-oxygen")
    expect(ben.page.locator(".noted li")).to_have_count(3)
    anna.page.goto(f"{bed.url}{at}/observations")
    expect(anna.page.locator(".due-line.late")).to_contain_text("EMERGENCY since")
    ben.page.click("#emergency-over")
    ben.page.click("text=Chart observations")
    expect(ben.page.locator("#taken option", has_text="oxygen")).to_have_count(1)
    (called,) = nurse.nurse.client.send(api_care_calls.care(nurse.visit)).emergencies
    assert [each.moment.value for each in called.marks] == ["help_called", "oxygen"]
    assert called.over_ts_ms is not None
    assert anna.complaints == []
    assert ben.complaints == []
