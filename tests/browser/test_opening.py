"""A visit is opened from a signed order on the page; whoever is still at the bed is asked about first."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from playwright.sync_api import expect

from pumpd import api_path_calls
from pumpd.api_check_in_calls import add_patient
from pumpd.api_check_in_models import PatientBody
from pumpd.api_path_models import Disposition, SeriesBody
from pumpd.testing.nursed_bed import accepted
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import Open

pytestmark = [pytest.mark.timeout(120), pytest.mark.long]


def signs_for(bed: RealBed, name: str) -> None:
    """An order of three visits, signed by the prescriber, for somebody whom this bed has not known."""
    bed.client.sign_in("dora", "1618")
    patient = bed.client.send(add_patient(PatientBody(name=name, born="1970-12-31"))).patient
    body = SeriesBody(
        patient=patient, regimen="MDD-2x3", visits=3, weight_kg="70", height_cm="175", container="syringe-60-1",
        disposition=Disposition.HOME, failed_treatments=("two others",), consent_on="2026-01-31",
    )  # fmt: skip
    accepted(bed.client.send(api_path_calls.sign_series(body)))


def test_visit_is_opened_by_name_and_the_next_patient_asks_who_is_still_here(own_bed: RealBed, screen: Open) -> None:
    signs_for(own_bed, "Eva Lind")
    anna, stranger = screen(), screen()
    answer = stranger.page.goto(f"{own_bed.url}/visits/new")
    assert answer is not None
    assert answer.status == HTTPStatus.UNAUTHORIZED
    expect(stranger.page.locator("#sign-in")).to_be_visible()
    anna.sign_in(own_bed.url, "/visits")
    anna.page.click("#new-visit")
    anna.page.click("#open-visit")
    expect(anna.page.locator(".who .name")).to_contain_text("Eva Lind")
    expect(anna.page.locator("#do-identity")).to_be_visible()  # the first screen of a visit
    (visit,) = own_bed.client.send(api_path_calls.visits())
    anna.page.goto(f"{own_bed.url}/visits/{visit.visit}")
    expect(anna.page.locator(".missing li")).to_have_count(len(visit.missing))
    expect(anna.page.locator("#go-on")).to_have_text("Go on: Check-in")
    assert anna.complaints == []
    signs_for(own_bed, "Tom Berg")
    anna.page.goto(f"{own_bed.url}/visits/new")
    anna.page.check("label:has-text('Tom Berg') input")
    anna.page.click("#open-visit")
    expect(anna.page.locator(".notice")).to_contain_text("Not done.")
    expect(anna.page.locator("label:has-text('Tom Berg') input")).to_be_checked()
    anna.page.check("[name='bed_is_empty']")
    anna.page.click("#open-visit")
    expect(anna.page.locator(".who .name")).to_contain_text("Tom Berg")
