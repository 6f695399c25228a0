"""What runs, on a panel, a phone and a screen across the room: what has to be seen is in view, also beside an alarm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from pumpd.testing.real_bed import LONG
from pumpd.testing.screen import PANEL, PHONE, Open, Screen
from pumpd.testing.steered_bed import SteeredBed

pytestmark = pytest.mark.timeout(180)
FAR: Final = (1_920, 1_080)
TRIES: Final = 4
# as base.html.j2 makes it; how it comes about is told elsewhere
PROMPT: Final = """() => {
    const part = (kind, name, text) =>
        Object.assign(document.createElement(kind), {className: name, textContent: text});
    const alarm = part("article", "alarm prompt steady", "");
    const told = part("div", "", "");
    told.append(part("p", "what", "Observations are due"), part("p", "", "Look at the patient, and enter them."));
    alarm.append(part("p", "mark", "i"), told, part("p", "when", "since 14:37"), part("button", "plain", "Seen"));
    document.querySelector(".alarms").append(alarm);
}"""


@pytest.fixture(scope="module")
def running() -> Iterator[SteeredBed]:
    """The only pump of a bed runs."""
    with SteeredBed() as bed:
        bed.begin_console()
        bed.infuse(LONG)
        yield bed


def box_of(place: Locator) -> FloatRect:
    """Also of what is drawn anew at this very moment."""
    for _ in range(TRIES):
        box = place.bounding_box()
        if box is not None:
            return box
    raise AssertionError(f"{place} is never in view")


def hidden_by_the_bar(screen: Screen, *places: Locator) -> list[str]:
    """What of these lies below the bar of STOP, or beside the screen, before anybody scrolls."""
    bar = box_of(screen.page.locator(".stopbar"))
    found = []
    for place in places:
        box = box_of(place)
        if box["y"] + box["height"] > bar["y"] or box["x"] + box["width"] > bar["width"]:
            found.append(place.inner_text())
    return found


def opened(screen: Open, bed: SteeredBed, size: tuple[int, int], path: str) -> Screen:
    found = screen(size)
    found.page.goto(bed.url + path)
    expect(found.page.locator("[data-field='p1.rate']").first).to_have_text("60 mL/h")
    found.page.evaluate(PROMPT)
    expect(found.page.locator("#sound-off")).to_be_visible()
    assert found.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    button, width = box_of(found.page.locator("#sound-on")), size[0]
    assert button["x"] + button["width"] <= width
    return found


def test_panel_shows_dose_time_and_gauges_at_once_and_every_stop(running: SteeredBed, screen: Open) -> None:
    pump = opened(screen, running, PANEL, "/pumps/p1")
    seen = [pump.page.locator(f"[data-field='p1.{name}']").first for name in ("rate", "left", "end", "pressure")]
    assert hidden_by_the_bar(pump, *seen) == []
    gauge, blind = box_of(pump.page.locator("[data-field='p1.battery']")), box_of(pump.page.locator(".blind"))
    assert blind["y"] - gauge["y"] - gauge["height"] >= 10, "what is not fitted has air below it"
    bed = opened(screen, running, PANEL, "/")
    assert hidden_by_the_bar(bed, bed.page.locator("#stop-p1"), bed.page.locator("#open-p1")) == []


@pytest.mark.long
def test_far_view_of_one_pump_has_its_time_left_above_the_bar(running: SteeredBed, screen: Open) -> None:
    far = opened(screen, running, FAR, "/far")
    assert hidden_by_the_bar(far, *far.page.locator(".distant .figure").all()) == []


@pytest.mark.long
def test_phone_shows_the_dose_under_an_alarm_and_sound_off_is_one_line(running: SteeredBed, screen: Open) -> None:
    phone = opened(screen, running, PHONE, "/pumps/p1")
    assert hidden_by_the_bar(phone, phone.page.locator(".big .figure")) == []
    sound = phone.page.locator("#sound-off").bounding_box()
    assert sound is not None
    assert sound["height"] <= 70
    far = opened(screen, running, PHONE, "/far")
    assert hidden_by_the_bar(far, *far.page.locator(".distant .figure").all()) == []


def test_plot_is_drawn_whole_on_opening_and_then_only_added_to(running: SteeredBed, screen: Open) -> None:
    panel, asked = screen(PANEL), []
    panel.page.on("request", lambda request: asked.append(request.url) if "plot.svg" in request.url else None)
    panel.page.goto(f"{running.url}/pumps/p1")
    drawn, curves = panel.page.locator(".plot svg"), panel.page.locator(".plot svg [data-curves] > *")
    expect(curves.first).to_be_attached()
    for _ in range(TRIES):  # a rate measured above the axis gives it another top, and then all is drawn anew
        panel.page.evaluate("document.querySelector('.plot svg').classList.add('the-first')")
        until, frame = drawn.get_attribute("data-until"), drawn.get_attribute("data-frame")
        before, strokes = curves.count(), panel.page.locator(".plot svg > :not(g)").count()
        running.advance(seconds=20)
        expect(drawn).not_to_have_attribute("data-until", until or "")
        if drawn.get_attribute("data-frame") == frame:
            break
    else:
        raise AssertionError("the frame never stays for 20 s")
    assert curves.count() > before
    assert panel.page.locator(".plot svg.the-first > :not(g)").count() == strokes, "axes and names stand once"
    assert [url for url in asked if "until=" in url]
    assert panel.complaints == []
