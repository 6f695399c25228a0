"""What stands on the page after the worst: the daemon was killed in mid-infusion, or the pump lost its power.

The page says so while it lasts, and afterwards what the pump did by itself and how much is in. Going on is a person's
decision, taken on that page.
"""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.sync_api import expect

from pumpd.api_models import Phase
from pumpd.testing.processes import until
from pumpd.testing.real_bed import FAST, LONG, RealBed
from pumpd.testing.screen import Open, Screen

pytestmark = [pytest.mark.timeout(180), pytest.mark.long]
UNDER_WAY_NL: Final = 200_000


def runs(bed: RealBed, screen: Open, regimen: str) -> Screen:
    anna = screen()
    anna.start(bed.url, regimen)
    bed.displaces(UNDER_WAY_NL)
    return anna


def resumes(bed: RealBed, anna: Screen) -> None:
    """As the page offers it: the sign-in first, where the program that knew the session is gone."""
    page = anna.page
    if page.locator(".resume a:has-text('Sign in')").count():
        page.click(".resume a:has-text('Sign in')")
        page.check("input[value=anna]")
        page.fill("#pin", "2718")
        page.click("#sign-in")
    page.click("#do-resume-volume")
    page.wait_for_selector(".phase-infusing")
    bed.reaches(Phase.INFUSING)


def test_daemon_killed_in_mid_infusion_is_said_and_what_was_given_stands_there_when_it_is_back(
    own_bed: RealBed, screen: Open
) -> None:
    anna = runs(own_bed, screen, FAST)
    own_bed.program("daemon").kill()
    expect(anna.page.locator("#lost")).to_contain_text("What the pump does is not known here.")
    expect(anna.page.locator(".state .phase")).to_have_text(re.compile("not known here"))
    until(lambda: not own_bed.truth().motor_turning, "the pump stands still by itself")
    own_bed.begin_daemon()
    anna.page.wait_for_selector(".phase-stopped")
    expect(anna.page.locator("#lost")).to_be_hidden()
    expect(anna.page.locator(".alarm").first).to_contain_text("stopped by itself, because it heard nothing")
    pump = own_bed.reaches(Phase.STOPPED)
    assert pump.delivered is not None
    expect(anna.page.locator(".resume [data-field='p1.delivered']")).to_have_text(pump.delivered.text)
    assert own_bed.holds_the_truth()
    resumes(own_bed, anna)
    anna.page.wait_for_selector(".phase-ended")
    assert own_bed.holds_the_truth()


def test_pump_that_lost_its_power_says_so_on_the_page_and_goes_on_only_by_hand(own_bed: RealBed, screen: Open) -> None:
    anna = runs(own_bed, screen, LONG)
    own_bed.pumps["p1"].fault("reboot")
    anna.page.wait_for_selector(".phase-stopped")
    expect(anna.page.locator(".alarm", has_text="lost its power or its programme")).to_contain_text("mains lead")
    expect(anna.page.locator(".resume h2")).to_contain_text("the pump lost its power or its programme")
    assert own_bed.holds_the_truth()
    assert not own_bed.truth().motor_turning, "it is back, and nobody has asked it for anything"
    expect(anna.page.locator("#do-resume-volume")).to_have_count(0)
    anna.page.fill("#asset", "p1")  # what came back may be another pump of the same model
    anna.page.click("#do-label")
    resumes(own_bed, anna)
    assert anna.complaints == []
