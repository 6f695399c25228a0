"""The model estimate: off until a prescriber opens it, and for nobody else."""

from __future__ import annotations

import http.client

import pytest
from playwright.sync_api import expect

from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import Open, Screen

pytestmark = [pytest.mark.timeout(120), pytest.mark.long]


def status(screen: Screen, url: str) -> int:
    answer = screen.page.goto(url)
    assert answer is not None
    return answer.status


def test_estimate_is_shown_to_a_prescriber_who_asks_and_to_nobody_else(bed: RealBed, screen: Open) -> None:
    stranger, anna, dora = screen(), screen(), screen()
    anna.start(bed.url)
    assert anna.page.locator("text=ng/mL").count() == 0
    for path in ("estimate", "estimate.svg"):
        assert status(stranger, f"{bed.url}/pumps/p1/{path}") == http.client.UNAUTHORIZED
        assert status(anna, f"{bed.url}/pumps/p1/{path}") == http.client.FORBIDDEN

    dora.sign_in(bed.url, "/pumps/p1", person="dora")
    assert dora.page.locator("text=ng/mL").count() == 0
    dora.page.goto(f"{bed.url}/pumps/p1/estimate")
    expect(dora.page.locator(".tag")).to_have_text("model estimate")
    expect(dora.page.locator("main")).to_contain_text("Nothing to estimate: no ketamine")  # saline runs
    expect(dora.page.locator("main")).to_contain_text("dissociation")
    assert dora.complaints == []
