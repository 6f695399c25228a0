"""Alarms as they are seen and heard: melodies, flash rates, the quiet room, and a page that cannot be heard says so."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import expect

from pumpd.testing.processes import until
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import Open, Screen

pytestmark = [pytest.mark.timeout(120), pytest.mark.long]
C5, D4, G4, E4, C4 = 523.25, 293.66, 392, 329.63, 261.63
TEST_TONE: Final = [C4, E4, G4]
# what a browser would play, noted down where it is handed to the loudspeaker
LISTEN: Final = """
window.tones = [];
const begin = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...at) {
    window.tones.push(Math.round(this.frequency.value * 100) / 100);
    return begin.apply(this, at);
};
const ramp = AudioParam.prototype.linearRampToValueAtTime;
AudioParam.prototype.linearRampToValueAtTime = function (value, ...at) {
    window.loudest = Math.max(window.loudest ?? 0, value);
    return ramp.call(this, value, ...at);
};
"""


def listened(screen: Open) -> Screen:
    found = screen()
    found.page.add_init_script(LISTEN)
    return found


def tones(screen: Screen) -> list[float]:
    """What was handed to the loudspeaker since this was asked last."""
    return screen.page.evaluate("window.tones.splice(0)")  # type: ignore[no-any-return]  # a list of numbers


def sounds(screen: Screen) -> None:
    """Wait for three tones; the page's own policy lets nobody hand it a condition to wait for."""
    until(lambda: screen.page.evaluate("window.tones.length") >= 3, "three tones")


def hear(screen: Screen, *priorities: str) -> list[float]:
    """As if the bed had said so, one after the other in one breath: the real bed's own word comes every second."""
    return screen.page.evaluate(  # type: ignore[no-any-return]  # a list of numbers
        """sounds => {
            for (const sound of sounds) dispatchEvent(new CustomEvent('pumpd-heard', {detail: {sound}}));
            return window.tones.splice(0);
        }""",
        priorities,
    )


def test_page_says_sound_off_until_somebody_signs_in_and_then_plays_a_test_tone(bed: RealBed, screen: Open) -> None:
    anna = listened(screen)
    anna.page.goto(bed.url)
    expect(anna.page.locator("#sound-off")).to_be_visible()
    assert tones(anna) == []
    anna.sign_in(bed.url)
    expect(anna.page.locator("#sound-off")).to_be_hidden()
    sounds(anna)
    assert tones(anna) == pytest.approx(TEST_TONE, abs=0.01)
    anna.page.click("text=Record")
    expect(anna.page.locator("html")).to_have_attribute("data-armed", "yes")
    assert tones(anna) == []


def test_sound_can_be_turned_on_without_signing_in(bed: RealBed, screen: Open) -> None:
    bystander = listened(screen)
    bystander.page.goto(bed.url)
    bystander.page.click("#sound-on")
    expect(bystander.page.locator("#sound-off")).to_be_hidden()
    sounds(bystander)


@pytest.mark.requirement("ALM-12")
def test_sound_that_nobody_has_tested_for_a_day_is_off_until_it_is_turned_on_again(bed: RealBed, screen: Open) -> None:
    anna = listened(screen)
    anna.sign_in(bed.url)
    sounds(anna)
    tones(anna)
    expect(anna.page.locator("html")).to_have_attribute("data-armed", "yes")
    anna.page.evaluate("sessionStorage.setItem('pumpd-tested-at', String(Date.now() - 25 * 3600000))")
    expect(anna.page.locator("#sound-off")).to_be_visible()
    expect(anna.page.locator("html")).to_have_attribute("data-armed", "no")
    anna.page.click("#sound-on")
    expect(anna.page.locator("#sound-off")).to_be_hidden()
    sounds(anna)
    assert tones(anna) == pytest.approx(TEST_TONE, abs=0.01)


def test_each_priority_has_its_melody_and_the_most_urgent_is_heard_at_once(bed: RealBed, screen: Open) -> None:
    anna = listened(screen)
    anna.sign_in(bed.url)
    sounds(anna)
    tones(anna)
    high = [C5, D4, G4, C5, D4] * 2
    assert hear(anna, "", "low", "low") == pytest.approx([E4, C4], abs=0.01)  # not again before its time
    assert hear(anna, "", "low", "medium") == pytest.approx([E4, C4, C5, D4, G4], abs=0.01)
    assert hear(anna, "", "medium", "high", "high") == pytest.approx([C5, D4, G4, *high], abs=0.01)
    assert hear(anna, "") == []
    assert hear(anna, "", "high", "", "high") == pytest.approx(high * 2, abs=0.01)  # it is back: it is not the old one


@pytest.mark.requirement("ALM-04")
def test_flash_rates_are_those_of_the_standard_and_a_quiet_room_stills_all_but_high(bed: RealBed, screen: Open) -> None:
    anna = listened(screen)
    anna.sign_in(bed.url)
    anna.page.wait_for_load_state()

    def seconds(priority: str, flash: str) -> float:
        told: str = anna.page.evaluate(
            """([priority, flash]) => {
                const alarm = document.querySelector(".alarms").appendChild(document.createElement("article"));
                alarm.className = `alarm ${priority} ${flash}`;
                const mark = alarm.appendChild(document.createElement("p"));
                mark.className = "mark";
                const style = getComputedStyle(mark);
                const told = style.animationName === "none" ? "0s" : style.animationDuration;
                alarm.remove();
                return told;
            }""",
            [priority, flash],
        )
        return float(told.removesuffix("s"))

    assert 1.4 <= 1 / seconds("high", "fast") <= 2.8
    assert 0.4 <= 1 / seconds("medium", "slow") <= 0.8
    assert seconds("low", "steady") == 0
    tones(anna)
    anna.page.evaluate("window.loudest = 0")
    hear(anna, "medium")
    loud = anna.page.evaluate("window.loudest")
    anna.page.click("#theme")
    expect(anna.page.locator("html")).to_have_attribute("data-theme", "quiet")
    anna.page.wait_for_load_state()
    assert 1.4 <= 1 / seconds("high", "fast") <= 2.8
    assert seconds("medium", "slow") == 0
    expect(anna.page.locator("html")).to_have_attribute("data-armed", "yes")
    anna.page.evaluate("window.loudest = 0")
    hear(anna, "medium")
    assert anna.page.evaluate("window.loudest") < loud / 2
    hear(anna, "high")
    assert anna.page.evaluate("window.loudest") == loud
    anna.page.click("#theme")
    assert anna.page.locator("html").get_attribute("data-theme") is None


@pytest.mark.requirement("ALM-05")
@pytest.mark.requirement("ALM-10")
def test_real_alarm_is_heard_paused_for_two_minutes_and_seen_meanwhile(own_bed: RealBed, screen: Open) -> None:
    anna = listened(screen)
    anna.start(own_bed.url)
    own_bed.pumps["p1"].fault("mute", for_s=120)
    anna.page.wait_for_selector(".alarm.medium")
    sounds(anna)
    assert tones(anna)[-3:] == pytest.approx([C5, D4, G4], abs=0.01)
    anna.page.click("#do-pause-audio")
    expect(anna.page.locator(".paused")).to_contain_text("by Anna Berg")
    view = own_bed.client.bed()
    assert (view.sounding, view.audio_paused_by) == (False, "Anna Berg")
    expect(anna.page.locator(".alarm.medium.slow")).to_be_visible()
    expect(anna.page.locator("html")).to_have_attribute("data-sound", "")
    own_bed.program("console").kill()  # by which it was asked for
    until(lambda: own_bed.client.bed().sounding, "the sound is back")


def test_page_that_lost_the_bed_is_heard(own_bed: RealBed, screen: Open) -> None:
    anna = listened(screen)
    anna.sign_in(own_bed.url)
    sounds(anna)
    tones(anna)
    own_bed.program("console").kill()
    sounds(anna)
    assert tones(anna)[:3] == pytest.approx([C5, D4, G4], abs=0.01)
