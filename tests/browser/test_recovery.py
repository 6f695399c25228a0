"""The end of a visit on the page: the bed is free, the patient waits, is scored, and goes home or another way."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd.api_check_in_calls import add_patient
from pumpd.api_check_in_models import PatientBody
from pumpd.api_departure_calls import move, recovery
from pumpd.api_departure_models import MoveBody
from pumpd.api_path_calls import open_visit, sign_series, visits
from pumpd.api_path_calls import visit as visit_of
from pumpd.api_path_models import Disposition, Place, SeriesBody, VisitBody
from pumpd.testing.nursed_bed import accepted
from pumpd.testing.screen import PHONE, Open, Screen
from pumpd.testing.steered_bed import SteeredBed

pytestmark = [pytest.mark.timeout(120), pytest.mark.long]


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
    expect(anna.page.locator(".waits .missing")).to_have_count(0)
    expect(anna.page.locator(".strip .open")).to_have_count(0)  # a start is behind, and nothing speaks of one
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


def test_two_recover_while_a_third_is_at_the_bed_and_none_is_taken_for_another(
    ended: tuple[SteeredBed, str], screen: Open
) -> None:
    bed, first = ended
    accepted(bed.client.send(move(first, MoveBody())))
    second, third = (comes(bed, name) for name in ("Tom Berg", "Ida Holm"))  # the one before makes room
    anna = screen()
    anna.sign_in(bed.url, "/recovery")
    expect(anna.page.locator(".recovers")).to_have_count(2)
    expect(anna.page.locator(".recovers:has-text('Tom Berg')")).to_have_count(1)
    anna.page.click(".recovers:has-text('Eva Lind') .button")
    scores(anna)
    expect(anna.page.locator(".who .name")).to_contain_text("Eva Lind")
    expect(anna.page.locator(".waits")).to_contain_text("10 of 10")
    views = {each.visit: each for each in bed.client.send(recovery())}
    assert [views[each].padss for each in (first, second, third)] == [10, None, None]
    anna.page.goto(f"{bed.url}/visits/{second}/recovery")
    anna.page.click(".exits summary")
    anna.page.check("[name='exit'][value='not_treated']")
    anna.page.fill("#reason", "the order was for another day")
    anna.page.click("#do-leave")
    expect(anna.page.locator("main .verdict")).to_contain_text("was not treated")
    places = {each.visit: each.place for each in bed.client.send(visits())}
    assert [places[each] for each in (first, second, third)] == [Place.RECOVERING, Place.CLOSED, Place.AT_BED]


def comes(bed: SteeredBed, name: str) -> str:
    """Another patient, with an order, is at the bed; whoever was there recovers elsewhere."""
    bed.client.sign_in("dora", "1618")
    patient = bed.client.send(add_patient(PatientBody(name=name, born="1980-01-31"))).patient
    body = SeriesBody(
        patient=patient, regimen="MDD-2x3", visits=6, weight_kg="70", height_cm="175", container="syringe-60-1",
        disposition=Disposition.HOME, failed_treatments=("two others",), consent_on="2026-01-31",
    )  # fmt: skip
    series = bed.client.send(sign_series(body)).request_id
    bed.client.sign_in("anna", "2718")
    opened = bed.client.send(open_visit(VisitBody(series=series, number=1, bed_is_empty=True)))
    accepted(opened)
    return opened.request_id
