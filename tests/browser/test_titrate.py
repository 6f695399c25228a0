"""Another rate is read as old and new with its end, and what the daemon asks for beside it is asked for on the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import Open, Screen

pytestmark = [pytest.mark.timeout(120), pytest.mark.long]


def asks_for(screen: Screen, bed: RealBed, rate: str) -> None:
    screen.page.goto(f"{bed.url}/pumps/p1/rate")
    screen.page.fill("#rate_ml_per_h", rate)
    screen.page.click("#to-confirm")


def test_lower_rate_shows_a_later_end_and_is_granted(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.start(bed.url)
    before = bed.pump().infusion
    assert before is not None
    asks_for(anna, bed, "18")
    new = anna.page.locator(".oldnew dl").last
    expect(new).to_contain_text("18 mL/h")
    expect(new).to_contain_text("4.5 mL in all")
    assert bed.pump().asked is not None
    assert bed.pump().asked.ul_per_h == 36_000  # type: ignore[union-attr]  # asserted above; nothing changed by looking
    anna.page.click("#confirm-rate")
    expect(anna.page.locator("[data-field='p1.granted']")).to_have_text("18 mL/h")
    assert anna.complaints == []


def test_rate_that_may_not_be_set_says_why_and_offers_no_button(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.start(bed.url)
    asks_for(anna, bed, "500")
    expect(anna.page.locator(".titrate .reasons")).to_contain_text("mL/h")
    assert anna.page.locator("#confirm-rate").count() == 0


def test_rate_that_cannot_be_read_is_told_beside_its_field_and_kept(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.start(bed.url)
    asks_for(anna, bed, "30,5")
    expect(anna.page.locator(".titrate .fault")).to_contain_text("30,5")
    expect(anna.page.locator("#rate_ml_per_h")).to_have_value("30,5")


def test_five_times_as_much_is_typed_once_more(bed: RealBed, screen: Open) -> None:
    """Down to a seventh, then up again within what was confirmed: the rise is five times or more."""
    anna = screen()
    anna.start(bed.url)
    asks_for(anna, bed, "5")
    anna.page.click("#confirm-rate")
    expect(anna.page.locator("[data-field='p1.granted']")).to_have_text("5 mL/h")
    asks_for(anna, bed, "36")
    expect(anna.page.locator("#repeated_ml_per_h")).to_be_visible()
    anna.page.fill("#repeated_ml_per_h", "3.6")
    anna.page.click("#confirm-rate")
    expect(anna.page.locator(".notice, .fault").first).to_be_visible()
    assert bed.pump().asked is not None
    assert bed.pump().asked.ul_per_h == 5_000  # type: ignore[union-attr]  # asserted above
    asks_for(anna, bed, "36")
    anna.page.fill("#repeated_ml_per_h", "36")
    anna.page.click("#confirm-rate")
    expect(anna.page.locator("[data-field='p1.granted']")).to_have_text("36 mL/h")
