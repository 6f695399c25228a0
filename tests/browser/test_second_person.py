"""What takes another person than the one at the page: a rise beyond the order, and a signature for what was said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from pumpd.api_departure_calls import todo
from pumpd.api_departure_models import Todo
from pumpd.api_models import PumpView
from pumpd.api_verbal_calls import order_by_word
from pumpd.api_verbal_models import LowerRateBody, VerbalOrderBody
from pumpd.testing.ideal_nurse import IdealNurse
from pumpd.testing.screen import PINS, Open, Screen
from pumpd.testing.steered_bed import SteeredBed

pytestmark = [pytest.mark.timeout(180), pytest.mark.long]


@pytest.fixture
def titrated() -> Iterator[tuple[SteeredBed, str]]:
    """CRPS, five days: 10 mg/h have just begun, and the order asks for an hour before the next rise."""
    with SteeredBed() as bed:
        bed.begin_console()
        nurse = IdealNurse(bed, "CRPS-IP5", 1)
        nurse.plays_to_the_start()
        bed.sign_in()
        yield bed, nurse.visit


def wants(bed: SteeredBed, screen: Screen, mg_per_h: int) -> str:
    """Typed and read; the rate as it was typed."""
    pump = bed.pump()
    assert pump.infusion is not None
    rate = f"{mg_per_h * 1_000 / pump.infusion.concentration_ug_per_ml:g}"
    screen.page.goto(f"{bed.url}/pumps/p1/rate")
    screen.page.fill("#rate_ml_per_h", rate)
    screen.page.click("#to-confirm")
    return rate


def asked_ul_per_h(pump: PumpView) -> int | None:
    return None if pump.asked is None else pump.asked.ul_per_h


def enters(bed: SteeredBed, screen: Screen, dose: str) -> None:
    infusion = bed.pump().infusion
    assert infusion is not None
    screen.page.goto(f"{bed.url}/pumps/p1")
    screen.page.click("#to-check")
    assert infusion.rate_max.text not in screen.page.locator("main").inner_text(), "no value to copy"
    screen.page.fill("#drug", "Ketamine")
    screen.page.fill("#concentration_mg_per_ml", f"{infusion.concentration_ug_per_ml / 1_000:g}")
    screen.page.fill("#dose_mg", dose)
    screen.page.click("#enter-check")


def test_rise_beyond_the_order_waits_until_another_person_has_entered_it_on_a_page_of_their_own(
    titrated: tuple[SteeredBed, str], screen: Open
) -> None:
    bed, _ = titrated
    anna, ben, dora = screen(), screen(), screen()
    anna.sign_in(bed.url)
    ben.sign_in(bed.url, person="ben")
    dora.sign_in(bed.url, person="dora")
    bed.listens()
    wants(bed, anna, 12)
    assert anna.page.locator("#confirm-rate").count() == 0
    anna.page.click("#ask-check")
    expect(anna.page.locator("#to-check")).to_be_visible()
    ben.page.click("#lock")
    enters(bed, ben, "12")
    expect(ben.page.locator(".notice")).to_contain_text("This page is locked")
    ben.page.check("input[value=ben]")
    ben.page.fill("#pin", PINS["ben"])
    ben.page.click("#sign-in")
    expect(ben.page.locator("#enter-check")).to_be_visible()
    assert bed.pump().rise_to_check, "nothing was checked without the PIN"
    enters(bed, ben, "21")
    expect(ben.page.locator("#outcome")).to_contain_text("Nothing was set.")
    assert not bed.pump().rise_to_check
    bed.listens()
    wants(bed, anna, 12)
    anna.page.click("#ask-check")
    enters(bed, ben, "12")
    expect(ben.page.locator("#outcome")).to_contain_text("It agrees.")
    wants(bed, anna, 12)
    expect(anna.page.locator("#second_pin")).to_be_visible()  # two nurses write no order
    bed.listens()
    wants(bed, anna, 13)
    anna.page.click("#ask-check")
    enters(bed, dora, "13")
    expect(dora.page.locator("#outcome")).to_contain_text("It agrees.")
    bed.listens()
    rate = wants(bed, anna, 13)
    assert anna.page.locator("#second_pin").count() == 0  # dora has checked it, and is a prescriber
    anna.page.fill("#reason", "pain unchanged")
    anna.page.click("#confirm-rate")
    bed.advance_until(lambda: asked_ul_per_h(bed.pump()) == round(float(rate) * 1_000), "13 mg/h")
    assert anna.complaints == []


def test_prescriber_signs_on_the_list_what_they_ordered_by_word(titrated: tuple[SteeredBed, str], screen: Open) -> None:
    bed, visit = titrated
    lower = LowerRateBody(slot="p1", rate_ml_per_h="1")
    body = VerbalOrderBody(prescriber="dora", read_back="one millilitre an hour, Dr Dora", lower=lower)
    assert bed.client.send(order_by_word(visit, body)).accepted
    anna, dora = screen(), screen()
    anna.sign_in(bed.url, "/to-do")
    expect(anna.page.locator("main")).to_contain_text("one millilitre an hour, Dr Dora")
    assert anna.page.locator("main button").count() == 0
    dora.sign_in(bed.url, "/to-do", person="dora")
    dora.page.click("button[name=agrees][value=no]")
    expect(dora.page.locator(".notice")).to_contain_text("Not done.")
    dora.page.click("button[name=agrees][value=yes]")
    expect(dora.page.locator("main")).not_to_contain_text("one millilitre an hour")
    assert [each.todo for each in bed.client.send(todo())] == [Todo.WASTE]
