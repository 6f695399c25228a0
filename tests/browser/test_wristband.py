"""Who is infused is told beside the drug, to be compared with the wristband; to nobody who may not read it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd.testing.ideal_nurse import IdealNurse
from pumpd.testing.page_nurse import PATIENT
from pumpd.testing.screen import Open
from pumpd.testing.steered_bed import SteeredBed

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]


def test_the_running_drug_names_its_patient_to_the_nurse_and_to_no_locked_page_and_no_passer_by(
    steered_bed: SteeredBed, screen: Open
) -> None:
    bed = steered_bed
    IdealNurse(bed, "MDD-2x3", 1).plays_to_the_start()
    panel = screen()
    page = panel.page
    panel.sign_in(bed.url, "/pumps/p1")
    expect(page.locator(".wristband")).to_contain_text(f"{PATIENT.name} born {PATIENT.born}")
    page.goto(bed.url)
    expect(page.locator("#to-visit")).to_contain_text(PATIENT.name)

    page.click("#lock")
    expect(page.locator(".person small")).to_have_text("locked")
    passer_by = screen().page
    for seen in (page, passer_by):
        for at in ("/", "/pumps/p1"):
            seen.goto(f"{bed.url}{at}")
            expect(seen.locator(".phase-infusing")).to_be_visible()
            assert PATIENT.name not in seen.content()
