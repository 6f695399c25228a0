"""What a nurse does at the bed while the drug runs: sets of observations, what is late, what holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest
from playwright.sync_api import expect

from pumpd import api_care_calls
from pumpd.api_care_models import CareView, Measure
from pumpd.testing.ideal_nurse import IdealNurse
from pumpd.testing.screen import Open, Screen
from pumpd.testing.steered_bed import SteeredBed

pytestmark = pytest.mark.timeout(300)
TAPS_OF_A_SET: Final = 15
APART_MS: Final = 70  # a finger's two taps; sooner is a bounce
WELL: Final = {"systolic_mmhg": "118", "diastolic_mmhg": "74", "heart_rate_per_min": "70", "breaths_per_min": "14"}


def starts(bed: SteeredBed, regimen: str, *, minutes: float = 0) -> IdealNurse:
    """A visit whose drug has run for so long, and only then the page: a jump that a page follows takes far longer."""
    nurse = IdealNurse(bed, regimen, 1)
    nurse.plays_to_the_start()
    bed.advance(minutes=minutes)
    bed.begin_console()
    return nurse


def care(nurse: IdealNurse) -> CareView:
    return nurse.nurse.client.send(api_care_calls.care(nurse.visit))


def step(bed: SteeredBed) -> int:
    infusion = bed.pump().infusion
    assert infusion is not None
    return infusion.step


def keys(screen: Screen, values: Mapping[str, str]) -> int:
    """On the keypad, one after another without going back to the form; how many keys that are no digit."""
    page = screen.page
    page.click(f"#{next(iter(values))}")
    for name, value in values.items():
        label = page.locator(f"label[for={name}]").inner_text()
        expect(page.locator(".keypad h1")).to_have_text(label)
        for digit in value:
            page.click(f".keypad .key-{digit}", delay=APART_MS)
        page.click(".keypad .key-ok")
    return 1 + len(values)


def enters(screen: Screen, values: Mapping[str, str], sedation: str = "poss:1") -> None:
    """Real keys in the fields, and the rest with the finger."""
    for name, value in values.items():
        screen.page.fill(f"#{name}", value)
    screen.page.check(f"input[name=sedation][value='{sedation}']")
    screen.page.check("[name=nothing_unusual]")
    screen.page.click("#do-set")


def test_set_takes_15_taps_at_most_and_what_is_overdue_is_seen_until_it_is_entered(
    pumpd_steered: SteeredBed, screen: Open
) -> None:
    bed = pumpd_steered
    nurse = starts(bed, "MDD-2x3", minutes=14.8)
    anna = screen()
    anna.sign_in(bed.url, f"/visits/{nurse.visit}/observations")
    expect(anna.page.locator(".due-line.now")).to_contain_text("Due now: systolic pressure")
    bed.advance(seconds=30)
    expect(anna.page.locator(".alarm.low")).to_contain_text("Observations are overdue")
    expect(anna.page.locator(".due-line.late")).to_contain_text("systolic pressure, diastolic pressure")

    values = {**WELL, "spo2_percent": "98"}
    taps = keys(anna, values)
    expect(anna.page.locator(".keypad")).to_have_count(0)
    anna.page.check("input[name=sedation][value='poss:2']")
    anna.page.check("[name=nothing_unusual]")
    anna.page.click("#do-set")
    expect(anna.page.locator(".due-line").first).to_contain_text("Next at")
    assert taps + len(values) + 3 <= TAPS_OF_A_SET, "a typed field is one, as the ideal nurse counts it"
    expect(anna.page.locator(".care-now")).to_contain_text("systolic pressure 118 mmHg, diastolic pressure 74 mmHg")
    expect(anna.page.locator(".alarm")).to_have_count(0)
    expect(anna.page.locator("#systolic_mmhg")).to_have_value("")
    expect(anna.page.locator("#before-systolic_mmhg")).to_contain_text("last 118 mmHg")
    found = {each.item: each.value for each in care(nurse).latest}
    assert found[Measure.SPO2] == 98
    assert found[Measure.SEDATION] == 2
    assert anna.complaints == []


@pytest.mark.long
def test_what_was_missed_twice_turns_from_low_to_medium_on_an_open_page(
    pumpd_steered: SteeredBed, screen: Open
) -> None:
    bed = pumpd_steered
    nurse = starts(bed, "MDD-2x3", minutes=24.8)
    anna = screen()
    anna.sign_in(bed.url, f"/visits/{nurse.visit}/observations")
    expect(anna.page.locator(".alarm.low")).to_contain_text("Observations are overdue")
    bed.advance(seconds=30)
    expect(anna.page.locator(".alarm.medium")).to_contain_text("Observations were missed more than once")
    enters(anna, {**WELL, "spo2_percent": "98"})
    expect(anna.page.locator(".alarm")).to_have_count(0)


@pytest.mark.long
def test_value_that_holds_says_what_to_do_keeps_the_step_and_stands_by_a_prescribers_word(
    pumpd_steered: SteeredBed, screen: Open
) -> None:
    """On a locked page, in the name of whoever is there; the page that somebody else left is signed in again."""
    bed = pumpd_steered
    nurse = starts(bed, "TRAIN-5MIN")
    anna = screen()
    anna.sign_in(bed.url)
    anna.page.click("#lock")
    anna.page.goto(f"{bed.url}/visits/{nurse.visit}/observations")
    expect(anna.page.locator(".who .name")).not_to_contain_text("Eva Lind")
    anna.page.select_option("#author", "ben")
    enters(anna, {**WELL, "systolic_mmhg": "185"})
    expect(anna.page.locator(".fault")).to_have_count(0)
    hold = anna.page.locator(".hold")
    expect(hold).to_contain_text("Systolic pressure of 185 mmHg is above 160 mmHg.")
    expect(hold).to_contain_text("Measure again in 5 min; reduce the rate if it stays.")
    expect(anna.page.locator(".care-now")).to_contain_text("by Ben")

    bed.advance(seconds=105)  # the second step would have begun after 100 s
    anna.page.goto(f"{bed.url}/pumps/p1")
    expect(anna.page.locator(".glance-care")).to_contain_text("Systolic pressure of 185 mmHg is above 160 mmHg.")
    assert step(bed) == 1
    anna.page.click("#to-due")
    anna.page.click("text=Let it stand")
    anna.page.fill("#remark", "always so, for years")
    anna.page.fill("#prescriber_pin", "0000")
    anna.page.click("#do-stand")
    expect(anna.page.locator("#stand .fault, .notice").first).to_be_visible()
    expect(anna.page.locator("#remark")).to_have_value("always so, for years")
    anna.page.fill("#prescriber_pin", "1618")
    anna.page.click("#do-stand")
    expect(anna.page.locator(".hold")).to_have_count(0)
    expect(anna.page.locator("#stand")).to_have_count(0)
    bed.advance_until(lambda: step(bed) == 2, "the step that waited has begun", hours=0.1)
