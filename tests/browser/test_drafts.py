"""What is typed and not sent outlives a locked page, a shift and a power cut, and is there for whoever goes on."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd import api_path_calls
from pumpd.api_path_models import Disposition, SeriesBody, VisitBody
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import Open

pytestmark = pytest.mark.timeout(180)


def opens_visit(bed: RealBed) -> str:
    bed.client.sign_in("dora", "1618")
    body = SeriesBody(
        patient="patient-7", regimen="MDD-2x3", visits=6, weight_kg="70", height_cm="175", container="syringe-60-1",
        disposition=Disposition.HOME, failed_treatments=("two others",), consent_on="2026-01-31",
    )  # fmt: skip
    series = bed.client.send(api_path_calls.sign_series(body)).request_id
    bed.client.sign_in("anna", "2718")
    return bed.client.send(api_path_calls.open_visit(VisitBody(series=series, number=1))).request_id


@pytest.mark.long
def test_what_anna_typed_is_there_for_ben_after_a_lock_and_a_power_cut_and_gone_once_it_was_sent(
    own_bed: RealBed, screen: Open
) -> None:
    visit = opens_visit(own_bed)
    at = f"{own_bed.url}/visits/{visit}"
    panel = screen()
    page = panel.page
    panel.sign_in(own_bed.url, f"/visits/{visit}/observations")
    page.fill("#systolic_mmhg", "131")
    page.click("text=RASS instead")
    page.check("input[name=sedation][value='rass:-1']")
    with page.expect_response(lambda answer: "/drafts/observations-set" in answer.url):
        page.check("[name=nothing_unusual]")
    page.goto(f"{at}/hand-over")
    page.fill("#said", "The left arm is the better one.")
    page.click("#lock")
    expect(page.locator(".person small")).to_have_text("locked")

    page.goto(f"{at}/observations")
    with page.expect_response(lambda answer: answer.url.endswith("/drafts/observations-set")):
        page.fill("#diastolic_mmhg", "84")
    own_bed.program("daemon").kill()
    own_bed.begin_daemon()

    panel.sign_in(own_bed.url, f"/visits/{visit}/hand-over", "ben")
    expect(page.locator("#said")).to_have_value("The left arm is the better one.")
    expect(page.locator(".kept")).to_contain_text("Typed by Anna Berg at")
    page.click("#do-say")
    expect(page.locator(".handed")).to_contain_text("The left arm is the better one.")
    expect(page.locator("#said")).to_have_value("")
    page.goto(f"{at}/observations")
    expect(page.locator("#diastolic_mmhg")).to_have_value("84")
    expect(page.locator("#systolic_mmhg")).to_have_value("131")
    expect(page.locator("input[name=sedation][value='rass:-1']")).to_be_checked()
    page.click("text=Clear it")
    expect(page.locator("#diastolic_mmhg")).to_have_value("")
    expect(page.locator(".kept")).to_have_count(0)
