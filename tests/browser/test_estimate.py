"""The model estimate: off until a prescriber opens it, and for nobody else."""

from __future__ import annotations

import http.client

import pytest
from playwright.sync_api import expect

from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import Open, Screen

pytestmark = pytest.mark.timeout(120)


def status(screen: Screen, url: str) -> int:
    answer = screen.page.goto(url)
    assert answer is not None
    return answer.status


def test_estimate_is_shown_to_a_prescriber_who_asks_and_to_nobody_else(bed: RealBed, screen: Open) -> None:
    anna, dora = screen(), screen()
    anna.sign_in(bed.url, "/pumps/p1/new")
    anna.choose("MDD-2x3", "70", "175")
    anna.page.click("#start")
    anna.page.wait_for_selector(".phase-infusing")
    expect(anna.page.locator("[data-field='p1.measured']")).to_contain_text("mg/kg/h")
    assert anna.page.locator("#to-estimate").count() == 0
    assert status(anna, f"{bed.url}/pumps/p1/estimate") == http.client.FORBIDDEN
    assert status(anna, f"{bed.url}/pumps/p1/estimate.svg") == http.client.FORBIDDEN

    dora.sign_in(bed.url, "/pumps/p1", person="dora")
    assert dora.page.locator("text=ng/mL").count() == 0
    dora.page.click("#to-estimate")
    expect(dora.page.locator(".tag")).to_have_text("model estimate")
    expect(dora.page.locator("img[data-plot]")).to_have_js_property("naturalWidth", 1_100)
    assert dora.complaints == []
