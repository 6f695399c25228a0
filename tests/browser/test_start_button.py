"""START: closed until the whole review has been in view, held by a finger, pressed twice by a keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd.api_models import Phase
from pumpd.testing.nursed_bed import AT_REST
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import HOLD_MS, PANEL, PHONE, Open, Screen

pytestmark = pytest.mark.timeout(120)


def at_the_review(bed: RealBed, screen: Open, size: tuple[int, int] = PANEL) -> Screen:
    anna = screen(size)
    anna.sign_in(bed.url, "/pumps/p1/new")
    anna.choose("TRAIN-5MIN", "70", "175")
    return anna


def test_start_stays_closed_until_every_line_has_been_in_view(bed: RealBed, screen: Open) -> None:
    anna = at_the_review(bed, screen, PHONE)
    start, told = anna.page.locator("#start"), anna.page.locator("#start-told")
    expect(told).to_contain_text("have not been in view")
    assert start.get_attribute("aria-disabled") == "true"
    anna.page.evaluate("scrollTo(0, document.body.scrollHeight)")  # straight to the button
    anna.page.wait_for_timeout(HOLD_MS)
    expect(told).to_contain_text("not been in view")
    start.dispatch_event("pointerdown", {"button": 0, "pointerId": 1})
    anna.page.wait_for_timeout(HOLD_MS)
    assert bed.pump().phase in AT_REST
    assert anna.page.evaluate("scrollY") < anna.page.evaluate("document.body.scrollHeight - innerHeight")  # led back
    anna.read_review()
    expect(told).to_contain_text("Hold START")


@pytest.mark.long
def test_short_touch_starts_nothing_and_a_held_one_starts(bed: RealBed, screen: Open) -> None:
    anna = at_the_review(bed, screen)
    anna.read_review()
    anna.page.click("#start", delay=300)
    expect(anna.page.locator("#start-told")).to_contain_text("nothing was started")
    assert bed.pump().phase in AT_REST
    anna.page.click("#start", delay=HOLD_MS)
    anna.page.wait_for_selector(".phase-infusing")
    bed.reaches(Phase.INFUSING)


@pytest.mark.requirement("F47")
def test_keyboard_starts_in_two_steps_and_not_in_one_nor_by_a_key_that_is_held(bed: RealBed, screen: Open) -> None:
    anna = at_the_review(bed, screen)
    anna.read_review()
    anna.page.keyboard.down("Enter")  # and not up: what follows is the key's own repeating
    anna.page.focus("#start")
    for _ in range(3):
        anna.page.keyboard.down("Enter")
        anna.page.wait_for_timeout(600)
    expect(anna.page.locator("#start-told")).to_contain_text("Hold START")
    assert bed.pump().phase in AT_REST
    anna.page.keyboard.up("Enter")
    anna.page.keyboard.press("Enter")
    anna.page.keyboard.press("Enter")
    expect(anna.page.locator("#start-told")).to_have_text("Press START once more to start.")
    assert bed.pump().phase in AT_REST
    anna.page.wait_for_timeout(600)
    assert bed.pump().phase in AT_REST
    anna.page.keyboard.press("Space")
    anna.page.wait_for_selector(".phase-infusing")


def test_browser_without_scripts_can_stop_and_cannot_start(bed: RealBed, screen: Open) -> None:
    plain = screen(javascript=False)
    plain.sign_in(bed.url, "/pumps/p1/new")
    plain.choose("TRAIN-5MIN", "70", "175")
    expect(plain.page.locator("#start-told")).to_contain_text("needs a browser that runs scripts")
    plain.page.click("#start", force=True)
    assert bed.pump().phase in AT_REST
    plain.page.click("#stop-p1")
    expect(plain.page).to_have_url(f"{bed.url}/stopping/p1")
