"""The end of a visit on the page: the bed is free, the patient waits, is scored, and goes home or another way."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd.api_departure_calls import move
from pumpd.api_departure_models import MoveBody
from pumpd.api_path_calls import visit as visit_of
from pumpd.api_path_models import Place
from pumpd.testing.screen import PHONE, Open, Screen
from pumpd.testing.steered_bed import SteeredBed

pytestmark = pytest.mark.timeout(120)


def scores(anna: Screen, *, awake: str = "yes", pain: str = "2") -> None:
    for name, value in (("vital_signs", "2"), ("activity", "2"), ("nausea", "2"), ("pain", pain)):
        anna.page.check(f"[name='{name}'][value='{value}']")
    anna.page.check(f"[name='sedation_at_baseline'][value='{awake}']")
    anna.page.click("#do-score")


def test_patient_leaves_the_bed_is_scored_and_the_door_says_all_that_keeps_them(
    ended: tuple[SteeredBed, str], screen: Open
) -> None:
    bed, visit = ended
    anna = screen()
    anna.sign_in(bed.url, f"/visits/{visit}/recovery")
    anna.page.click("#do-move")
    expect(anna.page.locator("#do-move")).to_have_count(0)
    assert bed.client.send(visit_of(visit)).place is Place.RECOVERING
    expect(anna.page.locator(".waits .left")).to_contain_text("1 h 5")

    anna.page.click("#do-score")
    expect(anna.page.locator("#fault-pain")).to_have_text("▲ This is needed.")
    scores(anna)
    expect(anna.page.locator(".waits")).to_contain_text("10 of 10, as awake as before")
    anna.page.check("[name='escort_present']")
    anna.page.click("#do-home")
    for told in ("Wait until then.", "Give the written instructions", "Nobody asked about thoughts of suicide"):
        expect(anna.page.locator(".notice")).to_contain_text(told)
    expect(anna.page.locator("[name='escort_present']")).to_be_checked()


@pytest.mark.long
def test_patient_goes_home_when_nothing_keeps_them_any_more(ended: tuple[SteeredBed, str], screen: Open) -> None:
    bed, visit = ended
    bed.client.send(move(visit, MoveBody()))
    bed.advance(minutes=120)
    anna = screen()
    anna.sign_in(bed.url, "/recovery")
    expect(anna.page.locator(".recovers")).to_contain_text("the time is over since")
    anna.page.click(".recovers .button")
    scores(anna, pain="1")
    anna.page.check("[name='positive'][value='no']")
    anna.page.click("#do-risk")
    expect(anna.page.locator(".waits .verdict")).to_have_count(2)
    anna.page.check("[name='escort_present']")
    anna.page.check("[name='instructions_given']")
    anna.page.click("#do-home")
    expect(anna.page.locator("main .verdict")).to_contain_text("The patient went home with the escort.")
    assert bed.client.send(visit_of(visit)).place is Place.CLOSED
    assert anna.complaints == []


def test_escort_who_does_not_come_leads_to_the_ward_and_another_way_is_never_closed(
    ended: tuple[SteeredBed, str], screen: Open
) -> None:
    bed, visit = ended
    anna = screen(PHONE)
    anna.sign_in(bed.url, f"/visits/{visit}/recovery")
    anna.page.click("#do-move")
    anna.page.click("#do-home")
    expect(anna.page.locator(".notice")).to_contain_text("The escort is not here.")
    anna.page.click(".exits summary")
    anna.page.check("[name='exit'][value='admitted']")
    anna.page.click("#do-leave")
    expect(anna.page.locator(".notice")).to_contain_text("Not done.")
    expect(anna.page.locator("[name='exit'][value='admitted']")).to_be_checked()
    anna.page.fill("#reason", "the escort did not come, and the last bus is gone")
    anna.page.select_option("#prescriber", "dora")
    anna.page.click("#do-leave")
    told = anna.page.locator("main .verdict")
    expect(told).to_contain_text("was admitted: the escort did not come, and the last bus is gone; dora was told.")
