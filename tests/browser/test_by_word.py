"""What a prescriber says on the telephone: written down with what was read back, refused if it is more, and signed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd import api_care_calls
from pumpd.api_care_models import VerbalView
from pumpd.testing.ideal_nurse import IdealNurse
from pumpd.testing.screen import PHONE, Open, Screen
from pumpd.testing.steered_bed import SteeredBed

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]


@pytest.fixture
def running(steered_bed: SteeredBed) -> tuple[SteeredBed, str]:
    nurse = IdealNurse(steered_bed, "MDD-2x3", 1)
    nurse.plays_to_the_start()
    return steered_bed, nurse.visit


def ordered(bed: SteeredBed, visit: str) -> tuple[VerbalView, ...]:
    bed.sign_in()
    return bed.client.send(api_care_calls.care(visit)).verbal


def broken(screen: Screen) -> list[str]:
    """But for a refusal's own status, of which Chromium tells as well."""
    return [each for each in screen.complaints if "Failed to load resource" not in each]


def asked(bed: SteeredBed) -> int | None:
    found = bed.pump().asked
    return None if found is None else found.ul_per_h


def test_lower_rate_by_word_is_written_down_where_side_effects_are_then_set_and_signed(
    running: tuple[SteeredBed, str], screen: Open
) -> None:
    bed, visit = running
    anna, dora = screen(), screen(PHONE)
    page = anna.page
    anna.sign_in(bed.url, f"/visits/{visit}/side-effects?effect=nausea")
    page.click("#to-by-word")
    page.click("#what-rate")
    page.fill("#rate_ml_per_h", "400")
    page.fill("#read_back", "four hundred millilitres an hour")
    page.click("#do-rate")
    expect(page.locator(".fault")).to_have_text("▲ This is needed.")  # who said it
    page.check("input[name=prescriber][value=dora]")
    page.click("#do-rate")
    expect(page.locator(".notice")).to_contain_text("more is not ordered by word")
    expect(page.locator("#read_back")).to_have_value("four hundred millilitres an hour")
    expect(page.locator("input[name=prescriber][value=dora]")).to_be_checked()
    assert ordered(bed, visit) == ()

    page.fill("#rate_ml_per_h", "4")
    page.fill("#read_back", "four millilitres an hour on p1, Dr Dora")
    page.click("#do-rate")
    expect(page.locator(".by-word")).to_contain_text("4 mL/h or less on p1, said by")
    expect(page.locator(".by-word")).to_contain_text("Read back: four millilitres an hour on p1, Dr Dora")
    page.click("#set-1")
    expect(page.locator(".oldnew")).to_contain_text("4 mL/h")
    page.click("#confirm-rate")
    page.wait_for_selector(".phase-infusing")
    bed.advance_until(lambda: asked(bed) == 4_000, "4 mL/h", hours=0.1)
    page.goto(f"{bed.url}/visits/{visit}/by-word")
    expect(page.locator("#set-1")).to_have_count(0)  # nothing is left to be set

    dora.sign_in(bed.url, person="dora")
    expect(dora.page.locator("main")).to_contain_text("You ordered by word, and have not signed: 4 mL/h or less on p1")
    dora.page.goto(f"{bed.url}/pumps/p1/bolus")
    expect(dora.page.locator("#to-rate")).to_be_visible()  # the pump's own page: no shipped entry has a bolus
    expect(dora.page.locator("#to-bolus")).to_have_count(0)
    dora.page.click("#to-sign")
    dora.page.click("button[name=agrees][value=yes]")
    expect(dora.page.locator("main")).not_to_contain_text("Ordered by word")
    page.reload()
    expect(page.locator(".by-word")).to_contain_text("Signed by")
    assert broken(anna) == broken(dora) == []


def test_rescue_drug_and_bound_by_word_count_at_once_and_what_is_more_is_refused_and_told(
    running: tuple[SteeredBed, str], screen: Open
) -> None:
    bed, visit = running
    anna = screen()
    page = anna.page
    at = f"{bed.url}/visits/{visit}"
    anna.sign_in(bed.url, f"/visits/{visit}/observations")
    page.click("#to-by-word")
    page.click("#what-rescue")
    page.check("input[name=prescriber][value=dora]")
    for name, typed in (("drug", "midazolam"), ("against", "anxiety"), ("dose_mg", "2"), ("most_mg", "1")):
        page.fill(f"#{name}", typed)
    page.check("input[name=route][value=vein]")
    page.check("input[name=sedating]")
    page.fill("#read_back", "midazolam one milligram into the vein, two at most")
    page.click("#do-rescue")
    expect(page.locator(".notice")).to_contain_text("Not done.")
    expect(page.locator("#against")).to_have_value("anxiety")
    expect(page.locator("input[name=sedating]")).to_be_checked()
    page.fill("#dose_mg", "1")
    page.fill("#most_mg", "2")
    page.click("#do-rescue")
    expect(page.locator(".by-word")).to_contain_text("Midazolam 1 mg into the vein against anxiety, 2 mg at most")
    page.goto(f"{at}/side-effects?effect=dysphoria")
    expect(page.locator("form.rescue h3").first).to_contain_text("midazolam 1 mg into the vein")

    page.goto(f"{at}/by-word?what=hold")
    expect(page.locator("#holds-now + dl")).to_contain_text("Measure again, reduce: above 160 mmHg")
    page.check("input[name=prescriber][value=dora]")
    page.select_option("#item", "systolic_mmhg")
    page.check("input[name=band][value=reduce]")
    page.fill("#above", "170")
    page.fill("#read_back", "reduce above one hundred and seventy systolic")
    page.click("#do-hold")
    expect(page.locator(".by-word")).to_contain_text("from systolic pressure above 170 mmHg on")

    page.goto(f"{at}/by-word?what=other")
    page.check("input[name=prescriber][value=dora]")
    page.check("input[name=confirmed]")
    with page.expect_response(lambda answer: "/drafts/" in answer.url and answer.request.method == "POST"):
        page.fill("#other", "fifty instead of fifteen")
    page.reload()
    expect(page.locator("#other")).to_have_value("fifty instead of fifteen")
    expect(page.locator("input[name=confirmed]")).not_to_be_checked()  # what somebody did is no draft
    page.click("#do-other")
    expect(page.locator("#fault-confirmed")).to_be_visible()
    page.check("input[name=confirmed]")
    page.click("#do-other")
    expect(page.locator(".notice")).to_contain_text("Anything else is read before it is signed")
    expect(page.locator(".notice")).to_contain_text("confirmed by dora: fifty instead of fifteen")
    expect(page.locator("#other")).to_have_value("fifty instead of fifteen")
    assert [each.text.split()[0] for each in ordered(bed, visit)] == ["midazolam", "measure"]
    assert broken(anna) == []


def test_on_a_locked_page_an_order_by_word_asks_for_the_pin_and_keeps_what_was_typed(
    running: tuple[SteeredBed, str], screen: Open
) -> None:
    bed, visit = running
    anna = screen()
    page = anna.page
    anna.sign_in(bed.url, f"/visits/{visit}/by-word?what=rescue")
    page.click("#lock")
    page.goto(f"{bed.url}/visits/{visit}/by-word?what=rescue")
    page.fill("#drug", "midazolam")
    page.fill("#read_back", "midazolam one milligram")
    page.check("input[name=prescriber][value=dora]")
    page.check("input[name=route][value=vein]")
    for name, typed in (("against", "anxiety"), ("dose_mg", "1"), ("most_mg", "2")):
        page.fill(f"#{name}", typed)
    page.click("#do-rescue")
    expect(page.locator(".notice")).to_contain_text("This page is locked")
    page.check("input[value=ben]")
    page.fill("#pin", "3141")
    page.click("#sign-in")
    expect(page.locator("#read_back")).to_have_value("midazolam one milligram")
    expect(page.locator("#dose_mg")).to_have_value("1")
    page.click("#do-rescue")
    expect(page.locator(".by-word")).to_contain_text("written down by Ben")
    assert broken(anna) == []
