"""A nurse walks away from the page; another one comes running, and has no hand free for a PIN."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd.api_models import Phase
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import Open

pytestmark = [pytest.mark.timeout(180), pytest.mark.long]


def test_on_a_locked_page_ben_pauses_in_his_name_and_resumes_with_his_pin(bed: RealBed, screen: Open) -> None:
    panel = screen()
    panel.start(bed.url)
    panel.page.wait_for_selector(".phase-infusing")
    panel.page.click("#lock")
    expect(panel.page.locator(".person small")).to_have_text("locked")

    panel.page.goto(f"{bed.url}/pumps/p1/pause")
    panel.page.select_option("#author", "ben")
    panel.page.click("#do-pause-toilet")
    panel.page.wait_for_selector(".phase-stopped")
    bed.reaches(Phase.STOPPED)

    panel.page.click("#do-resume-volume")
    expect(panel.page.locator(".notice")).to_contain_text("This page is locked")
    assert bed.pump().phase is Phase.STOPPED
    panel.page.check("input[value=ben]")
    panel.page.fill("#pin", "3141")
    panel.page.click("#sign-in")
    expect(panel.page.locator("#unconfirmed")).to_contain_text("pause p1")
    panel.page.click("#do-mine")
    expect(panel.page.locator("#unconfirmed")).to_have_count(0)
    panel.page.goto(f"{bed.url}/pumps/p1")
    panel.page.click("#do-resume-volume")
    panel.page.wait_for_selector(".phase-infusing")
    assert bed.pump().phase is Phase.INFUSING
