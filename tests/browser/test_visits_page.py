"""The page of visits says who is at the bed, by key where no name is known, and every gate that is still closed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pumpd import api_path_calls
from pumpd.api_path_models import Disposition, SeriesBody, VisitBody
from pumpd.testing.nursed_bed import accepted
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import Open

pytestmark = [pytest.mark.timeout(120), pytest.mark.long]


def test_visit_at_the_bed_lists_what_is_missing(own_bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.sign_in(own_bed.url, "/visits")
    expect(anna.page.locator("main")).to_contain_text("Nobody is checked in")
    client = own_bed.client
    client.sign_in("dora", "1618")
    signed = client.send(
        api_path_calls.sign_series(
            SeriesBody(
                patient="patient-7", regimen="MDD-2x3", visits=6, weight_kg="70", height_cm="175",
                container="syringe-60-1", disposition=Disposition.HOME, failed_treatments=("two others",),
                consent_on="2026-01-31",
            )
        )
    )  # fmt: skip
    accepted(signed)
    client.sign_in("anna", "2718")
    accepted(client.send(api_path_calls.open_visit(VisitBody(series=signed.request_id, number=1))))
    (visit,) = client.send(api_path_calls.visits())
    assert visit.missing
    anna.page.goto(f"{own_bed.url}/visits")
    expect(anna.page.locator("section h2").first).to_have_text("At the bed: Patient patient-7")
    expect(anna.page.locator(".missing").first.locator("li")).to_have_count(len(visit.missing))
    expect(anna.page.locator("main")).to_contain_text(visit.missing[0].text)
    expect(anna.page.locator("main")).to_contain_text("Visit 1 of MDD-2x3")
    assert anna.complaints == []
