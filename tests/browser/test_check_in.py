"""Check-in on the page: who it is, what may stand against a start, and a risk that calls the prescriber at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd import api_path_calls
from pumpd.api_models import ReasonCode
from pumpd.api_path_models import Disposition
from pumpd.testing.page_nurse import PageNurse, orders, was_here_before
from pumpd.testing.screen import PHONE, Open
from pumpd.testing.steered_bed import SteeredBed

pytestmark = pytest.mark.timeout(120)

AT_CHECK_IN = {
    ReasonCode.IDENTITY_NOT_COMPARED, ReasonCode.IDENTITY_DIFFERS, ReasonCode.ALLERGIES_NOT_ASKED,
    ReasonCode.PREGNANCY_NOT_ASKED, ReasonCode.FASTING_NOT_ASKED, ReasonCode.CONTRAINDICATIONS_NOT_ASKED,
    ReasonCode.CONTRAINDICATION_FOUND, ReasonCode.ESCORT_NOT_NAMED, ReasonCode.WARD_NOT_NAMED, ReasonCode.NOT_WEIGHED,
    ReasonCode.RISK_NOT_ASKED,
}  # fmt: skip


def closed(bed: SteeredBed, visit: str) -> set[ReasonCode]:
    """What of a check-in the bed still misses, by its own word."""
    return {each.code for each in bed.client.send(api_path_calls.visit(visit)).missing} & AT_CHECK_IN


@pytest.mark.long  # the story up to START shows most of it
def test_second_visit_confirms_what_has_not_changed_and_leads_on(steered_bed: SteeredBed, screen: Open) -> None:
    was_here_before(steered_bed, orders(steered_bed, "MDD-2x3"))
    anna = PageNurse(screen(), steered_bed.url)
    anna.signs_in()
    visit = anna.opens_the_visit()
    page = anna.screen.page
    expect(page.locator(".who .name")).to_have_text("Eva Lind")  # the day of birth comes from the patient
    expect(page.locator("text=asked by Anna Berg on")).to_have_count(2)
    anna.checks_in(known=True, mood=True)
    expect(page.locator("#go-on")).to_have_text("Go on: Preparation")
    expect(page.locator(".finished")).to_contain_text("name and day of birth agree")
    expect(page.locator(".finished")).to_contain_text("70 kg (about 154 pounds)")
    expect(page.locator(".who .name")).to_contain_text("born 1970-12-31")
    assert closed(steered_bed, visit) == set()
    assert anna.screen.complaints == []


@pytest.mark.long
def test_refusals_are_told_with_every_reason_and_what_was_typed_stays(steered_bed: SteeredBed, screen: Open) -> None:
    orders(steered_bed, "CRPS-OP10", disposition=Disposition.WARD)
    anna = PageNurse(screen(PHONE), steered_bed.url)
    anna.signs_in()
    visit = anna.opens_the_visit()
    page = anna.screen.page
    anna.types("name", "Eva Lind")
    anna.taps("#do-identity")
    expect(page.locator(".notice")).to_contain_text("1 of 2 identifiers were compared")
    expect(page.locator("#name")).to_have_value("Eva Lind")
    anna.types("born", "1971-12-31")
    anna.taps("#do-identity")
    expect(page.locator(".notice")).to_contain_text("it may be another patient")
    assert "1970" not in page.content()
    page.fill("#born", "1970-12-31")
    anna.taps("#do-identity")
    expect(page.locator(".who .name")).to_contain_text("born 1970-12-31")

    anna.chooses("contraindications", "found")
    anna.chooses("allergies", "clear")
    anna.taps("#do-items")
    expect(page.locator(".notice")).to_contain_text("Something was found, and nobody wrote what.")
    anna.types("remark:contraindications", "liver, years ago")
    anna.chooses("pregnancy", "not_applicable")
    anna.chooses("fasting", "clear")
    anna.taps("#do-items")
    expect(page.locator(".reasons.soft h2")).to_contain_text("contraindications: found (liver, years ago)")
    anna.types("weight_kg", "7000")
    anna.taps("#do-weight")
    expect(page.locator(".notice")).to_contain_text("7,000 kg")
    expect(page.locator("#weight_kg")).to_have_value("7000")
    page.fill("#weight_kg", "70")
    anna.taps("#do-weight")
    anna.taps("#do-company")
    expect(page.locator(".notice")).to_contain_text("No ward is named")
    anna.types("ward", "North 2")
    anna.taps("#do-company")
    assert closed(steered_bed, visit) == {ReasonCode.CONTRAINDICATION_FOUND}

    anna.signs_in("dora", "1618", f"/visits/{visit}/check-in")
    anna.taps("[id='do-finding-contraindications']")
    expect(page.locator("#fault-why")).to_be_visible()
    anna.types("why", "the liver is well today")
    anna.taps("[id='do-finding-contraindications']")
    expect(page.locator("#go-on")).to_be_visible()
    assert closed(steered_bed, visit) == set()


@pytest.mark.long
def test_positive_risk_question_calls_the_prescriber_who_signs_a_plan(steered_bed: SteeredBed, screen: Open) -> None:
    orders(steered_bed, "MDD-2x3")
    anna = PageNurse(screen(), steered_bed.url)
    anna.signs_in()
    visit = anna.opens_the_visit()
    page = anna.screen.page
    anna.taps("#do-risk")
    expect(page.locator("#fault-positive")).to_have_text("▲ This is needed.")
    anna.chooses("positive", "yes")
    anna.taps("#do-risk")
    call = page.locator(".call")
    expect(call).to_contain_text("Call Dr Dora Ek, extension 4021, now")
    expect(call).to_contain_text("watched all the time")
    assert ReasonCode.RISK_NOT_ASKED not in closed(steered_bed, visit)
    expect(page.locator("#do-plan")).to_have_count(0)
    anna.signs_in("dora", "1618", f"/visits/{visit}/check-in")
    anna.types("plan", "her sister stays with her until Monday")
    anna.chooses("watching", "close")
    anna.taps("#do-plan")
    expect(page.locator(".call")).to_have_count(0)
    expect(page.locator(".finished")).to_contain_text("watched closely")
