"""A prescriber's order on the page: typed, read back whole, signed; refused beside its field; amended."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from pumpd.api_path_calls import series, series_of
from pumpd.testing.screen import Open
from pumpd.testing.steered_bed import SteeredBed

pytestmark = [pytest.mark.timeout(180), pytest.mark.long]


def fills(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"#{name}", value)


def test_order_for_a_new_patient_is_read_back_whole_signed_and_amended(steered_bed: SteeredBed, screen: Open) -> None:
    steered_bed.client.sign_in("ben", "3141")  # only to look
    dora = screen()
    page = dora.page
    dora.sign_in(steered_bed.url, "/series", person="dora")
    page.click("#new-series")
    page.click("#to-read")
    expect(page.locator("#fault-regimen")).to_be_visible()
    expect(page.locator("#fault-weight_kg")).to_be_visible()
    fills(page, name="Eva Lind", born="1970-12-31", weight_kg="70", height_cm="17,5", failed="two others")
    fills(page, consent_on="2026-01-31", extension="4021", weighed_on="2026-01-30")
    page.check("input[value='MDD-2x3']")
    page.check("[name='container:MDD-2x3'][value='syringe-60-1']")
    page.check("[name='disposition'][value='home']")
    page.fill("[id='premedication:0:drug']", "ondansetron")
    page.fill("[id='premedication:0:dose_mg']", "4")
    page.fill("[id='premedication:0:wait_min']", "15")
    page.click("summary:has-text('Hold parameter 1')")
    page.select_option("[id='holds:0:item']", "systolic_mmhg")
    page.fill("[id='holds:0:above']", "17o")
    page.click("#to-read")
    expect(page.locator("[id='fault-holds:0:above']")).to_be_visible()
    expect(page.locator("[id='fault-holds:0:band']")).to_contain_text("This is needed.")
    page.select_option("[id='holds:0:band']", "start")
    page.fill("[id='holds:0:above']", "170")
    page.click("#to-read")
    expect(page.locator("#fault-height_cm")).to_be_visible()
    expect(page.locator("#height_cm")).to_have_value("17,5")
    page.fill("#height_cm", "175")
    page.click("#to-read")
    for told in (
        "systolic pressure, mmHg: not start above 170",
        "2026-01-30",
        "Eva Lind, born 1970-12-31",
        "70 kg",
        "175 cm",
        "ondansetron 4 mg by vein",
        "two others",
        "4021",
    ):
        expect(page.locator("main")).to_contain_text(told)
    assert steered_bed.client.send(series()) == ()
    page.click("#change")
    expect(page.locator("#name")).to_have_value("Eva Lind")
    page.click("#to-read")
    page.click("#sign")
    expect(page.locator(".who .name")).to_contain_text("Eva Lind")
    (signed,) = steered_bed.client.send(series())
    assert (signed.regimen, signed.prescriber, signed.replaced) == ("MDD-2x3", "dora", False)

    page.goto(f"{steered_bed.url}/series/new?replaces={signed.series}")
    expect(page.locator("#weight_kg")).to_have_value("70")
    expect(page.locator("[id='premedication:0:drug']")).to_have_value("ondansetron")
    expect(page.locator("[id='holds:0:above']")).to_have_value("170")
    page.fill("#weight_kg", "68")
    page.click("#to-read")
    page.click("#sign")
    expect(page.locator(".who .name")).to_contain_text("Eva Lind")
    newer = next(each for each in steered_bed.client.send(series()) if not each.replaced)
    body = steered_bed.client.send(series_of(newer.series)).body
    assert (body.weight_kg, body.patient, body.extension) == ("68", signed.patient, "4021")
    assert [(each.item.value, each.band, each.above) for each in body.holds] == [("systolic_mmhg", "start", 170)]

    anna = screen()
    anna.sign_in(steered_bed.url, "/series")
    expect(anna.page.locator("main")).to_contain_text("replaced by another order")
    expect(anna.page.locator("#new-series")).to_have_count(0)
    anna.page.goto(f"{steered_bed.url}/series/new")
    expect(anna.page.locator("main")).to_contain_text("An order is signed by a prescriber.")


def test_what_a_scheme_gives_before_the_start_is_offered_and_can_be_left_out(
    steered_bed: SteeredBed, screen: Open
) -> None:
    dora = screen()
    page = dora.page
    dora.sign_in(steered_bed.url, "/series/new", person="dora")
    fills(page, name="Eva Lind", born="1970-12-31", weight_kg="70", height_cm="175", failed="two others")
    page.fill("#consent_on", "2026-01-31")
    page.check("input[value='CRPS-OP10']")
    page.check("[name='container:CRPS-OP10'] >> nth=0")
    page.check("[name='disposition'][value='home']")
    offered = page.locator("[name='before:CRPS-OP10:0']")
    expect(offered).to_be_checked()
    page.click("#to-read")
    whole = page.locator("[aria-labelledby='title-series']")
    expect(whole).to_contain_text("midazolam")
    page.click("#change")
    expect(offered).to_be_checked()
    offered.uncheck()
    page.click("#to-read")
    expect(whole).not_to_contain_text("midazolam")
