"""No old number looks live: not when the pump is silent, the daemon gone, nor the console frozen.

Each part is stopped for real. The states are awaited in their order; how long each lasts is the page's business and
is tested where it is computed (tests/unit/test_console_live.py).
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from pumpd.api_models import Phase
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import Open, Screen

pytestmark = pytest.mark.timeout(180)
A_NUMBER = re.compile(r"\d.*mL")


def figures(screen: Screen) -> list[str]:
    return [text for text in screen.page.locator(".pumppage .figure").all_inner_texts() if text]


def seen_states(screen: Screen) -> None:
    """From here on the page notes every state that its pump section goes through."""
    screen.page.evaluate(
        """() => {
            window.seen = [];
            const look = () => {
                const now = document.querySelector("[data-slot]")?.dataset.freshness;
                if (now && now !== window.seen.at(-1)) window.seen.push(now);
            };
            look();
            new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true});
        }"""
    )


@pytest.mark.long
def test_silent_pump_makes_numbers_old_then_grey_then_gone(own_bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.start(own_bed.url)
    expect(anna.page.locator("[data-field='p1.measured']")).to_contain_text("±")
    seen_states(anna)
    own_bed.pumps["p1"].fault("mute", for_s=120)
    anna.page.wait_for_selector("[data-slot][data-freshness=gone]")
    assert anna.page.evaluate("window.seen") == ["live", "old", "grey", "gone"]
    expect(anna.page.locator(".age").first).to_contain_text("NO DATA: last heard")
    assert [text for text in figures(anna) if A_NUMBER.search(text)] == []
    expect(anna.page.locator(".alarm.medium")).to_contain_text("cannot be reached")
    anna.page.wait_for_selector(".ask >> text=is the plunger being driven")
    anna.page.click("#do-answer-cannot_tell")
    anna.page.wait_for_selector(".phase-stopping")
    anna.page.locator(".alarm button").first.click()
    expect(anna.page.locator(".alarm.seen").first).to_contain_text("seen by Anna Berg")


def test_dead_daemon_is_said_at_once_and_a_new_one_is_found_again(own_bed: RealBed, screen: Open) -> None:
    anna, fresh, plain = screen(), screen(), screen(javascript=False)
    plain.page.goto(f"{own_bed.url}/pumps/p1")
    anna.start(own_bed.url)
    plain.page.wait_for_selector(".phase-infusing")  # a page without a script asks for itself again
    own_bed.program("daemon").kill()
    expect(plain.page.locator("h1")).to_have_text("The program at this bed does not answer")
    expect(anna.page.locator("#lost")).to_contain_text("does not answer")
    anna.page.wait_for_selector("[data-slot][data-freshness=gone]")
    assert set(figures(anna)) == {"no data"}
    expect(anna.page.locator(".state .phase")).to_have_text(re.compile("not known here"))
    fresh.page.goto(f"{own_bed.url}/pumps/p1")
    expect(fresh.page.locator("h1")).to_have_text("The program at this bed does not answer")
    anna.page.click("#stop-p1")
    expect(anna.page.locator("h1")).to_have_text("STOP did not get through")
    expect(anna.page.locator(".verdict")).to_contain_text("Press STOP on the pump itself")
    own_bed.begin_daemon()
    expect(fresh.page.locator(".pumppage .phase")).to_be_visible()  # it came back by itself, where it was
    expect(plain.page.locator(".pumppage .phase")).to_be_visible()


@pytest.mark.long
def test_frozen_or_killed_console_is_noticed_by_the_browser_and_not_by_the_infusion(
    own_bed: RealBed, screen: Open
) -> None:
    anna = screen()
    anna.start(own_bed.url)
    expect(anna.page.locator("[data-field='p1.measured']")).to_contain_text("±")
    console = own_bed.program("console")
    console.freeze()
    expect(anna.page.locator("#lost")).to_contain_text("this page does not reach the bed")
    anna.page.wait_for_selector("html[data-lost] [data-slot][data-freshness=grey]")
    expect(anna.page.locator(".state .phase")).to_have_text(re.compile("not known here"))
    assert own_bed.pump().phase is Phase.INFUSING
    console.thaw()
    expect(anna.page.locator("#lost")).to_be_hidden()
    expect(anna.page.locator("[data-field='p1.granted']")).to_have_text("36 mL/h")

    port = int(own_bed.url.rsplit(":", 1)[1])
    console.kill()
    expect(anna.page.locator("#lost")).to_be_visible()
    own_bed.begin_console(port=port)
    expect(anna.page.locator("#lost")).to_be_hidden()
    assert own_bed.pump().phase is Phase.INFUSING
