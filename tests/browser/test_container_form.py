"""A container is changed on the page: a wrong label is told beside the form, and the right one goes on."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import Open

pytestmark = [pytest.mark.timeout(180), pytest.mark.long]


def test_wrong_label_is_refused_beside_the_form_and_the_right_one_goes_on(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.sign_in(bed.url, "/pumps/p1/new")
    anna.choose("TRAIN-2MIN", "82.4", "178")
    anna.hold_start()
    anna.page.wait_for_selector(".phase-infusing")
    assert anna.page.locator("#to-container").count() == 0
    anna.page.click("#to-pause")
    anna.page.click("#do-pause-toilet")
    anna.page.wait_for_selector(".phase-stopped")

    anna.page.click("#to-container")
    assert "off the patient" in anna.page.inner_text("form.card")
    anna.page.fill("#concentration_mg_per_ml", "1")
    anna.page.fill("#lot", "L-7")
    anna.page.click("#change-container")
    expect(anna.page.locator(".fault")).to_contain_text("The label says 1 mg/mL")
    expect(anna.page.locator("#lot")).to_have_value("L-7")

    anna.page.fill("#concentration_mg_per_ml", "0,5")
    anna.page.click("#change-container")
    expect(anna.page.locator(".fault")).to_contain_text("cannot be read")

    anna.page.fill("#concentration_mg_per_ml", "0")
    anna.page.click("#change-container")
    anna.page.wait_for_selector(".phase-infusing")
    infusion = bed.pump().infusion
    assert infusion is not None
    assert infusion.container == 2
