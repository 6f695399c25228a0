"""The far view: what runs, how much and for how long, to be read from three metres."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import expect

from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import Open

pytestmark = [pytest.mark.timeout(120), pytest.mark.long]
FAR: Final = (1_920, 1_080)
PX_PER_MM: Final = 3.6  # a 24-inch screen of 1,920 points across
CAPITAL_OF_FONT: Final = 0.7  # its height, as part of the font's size
READ_AT_3_M_MM: Final = 17  # 20 minutes of arc


def test_dose_and_time_left_are_high_enough_to_be_read_from_three_metres(bed: RealBed, screen: Open) -> None:
    anna = screen(FAR)
    anna.start(bed.url)
    anna.page.goto(f"{bed.url}/far")
    expect(anna.page.locator(".distant [data-field='p1.rate']")).to_have_text("36 mL/h")
    for selector in (".distant .dose", ".distant dd"):
        size = float(anna.page.locator(selector).first.evaluate("e => getComputedStyle(e).fontSize").removesuffix("px"))
        assert size * CAPITAL_OF_FONT / PX_PER_MM >= READ_AT_3_M_MM, selector
    assert anna.page.evaluate("document.documentElement.scrollWidth") <= FAR[0]
    bar = anna.page.locator(".stopbar").bounding_box()
    figures = [figure.bounding_box() for figure in anna.page.locator(".distant .figure").all()]
    assert bar is not None
    assert [box for box in figures if box is not None and box["y"] + box["height"] > bar["y"]] == []
    expect(anna.page.locator("#stop-all")).to_be_visible()
    assert anna.complaints == []
