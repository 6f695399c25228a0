"""From the sign-in to a drug that runs, from the page alone: what it asks of a nurse, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from playwright.sync_api import expect

from pumpd import api_path_calls
from pumpd.api_models import Phase
from pumpd.testing.nursed_bed import AT_REST
from pumpd.testing.page_nurse import (
    KeyboardNurse,
    PageNurse,
    asks_risk,
    check_of,
    label_of,
    orders,
    was_here_before,
)
from pumpd.testing.screen import Open
from pumpd.testing.steered_bed import SteeredBed
from pumpd.testing.treatment import Treatment, treatments

pytestmark = pytest.mark.timeout(240)
TAPS_MAX, FIELDS_MAX = 60, 25  # to the start of a second visit
BOTH = ["MDD-2x3", pytest.param("CRPS-OP10", marks=pytest.mark.long)]
OTHERS = [each.id for each in treatments() if each.id not in ("MDD-2x3", "CRPS-OP10")]


def comes(bed: SteeredBed, screen: Open, regimen: str, *, known: bool) -> PageNurse:
    """The order is signed and the patient checked in by Anna; her page."""
    series = orders(bed, regimen, disposition=Treatment.of(regimen, 1).disposition)
    if known:
        was_here_before(bed, series)
    anna = PageNurse(screen(), bed.url)
    anna.signs_in()
    anna.opens_the_visit()
    anna.checks_in(known=known, mood=asks_risk(regimen))
    return anna


def prepared(bed: SteeredBed, anna: PageNurse, ben: PageNurse, regimen: str, found: Mapping[str, str]) -> None:
    """Label, line and prime by Anna, the check by Ben at a page of his own with what he finds, and the baseline."""
    visit = anna.screen.page.url.split("/")[-2]
    anna.goes_on()
    anna.prepares(label_of(regimen))
    ben.signs_in("ben", "3141", f"/visits/{visit}/check")
    ben.checks(found)
    expect(ben.screen.page.locator(".verdict.done")).to_have_text("✓ checked by Ben Cole")
    anna.goes_on()
    anna.observes()
    if not asks_risk(regimen):
        anna.screen.page.goto(f"{bed.url}/visits/{visit}/preparation")
        expect(anna.screen.page.locator("[role=timer]")).to_contain_text("left to act")
        bed.advance(minutes=6)
        anna.screen.page.reload()
        anna.unlocks()  # nobody had touched it
    anna.screen.page.reload()


@pytest.mark.parametrize("regimen", BOTH)
def test_second_visit_is_started_from_the_page_within_its_budget(
    steered_bed: SteeredBed, screen: Open, regimen: str
) -> None:
    anna = comes(steered_bed, screen, regimen, known=True)
    ben = PageNurse(screen(), steered_bed.url)
    prepared(steered_bed, anna, ben, regimen, check_of(regimen, 2))
    anna.goes_on()
    anna.screen.hold_start()
    anna.screen.page.wait_for_selector(".phase-infusing")
    infusion = steered_bed.reaches(Phase.INFUSING).infusion
    assert infusion is not None
    assert (infusion.regimen, infusion.day) == (regimen, 2)
    assert anna.counts["tap"] <= TAPS_MAX
    assert anna.counts["field"] <= FIELDS_MAX
    assert anna.screen.complaints == []


@pytest.mark.long
@pytest.mark.parametrize("regimen", OTHERS)
def test_every_other_regimen_is_started_from_the_page(steered_bed: SteeredBed, screen: Open, regimen: str) -> None:
    anna = comes(steered_bed, screen, regimen, known=False)
    ben = PageNurse(screen(), steered_bed.url)
    prepared(steered_bed, anna, ben, regimen, check_of(regimen))
    anna.goes_on()
    anna.screen.hold_start()
    anna.screen.page.wait_for_selector(".phase-infusing")
    assert steered_bed.reaches(Phase.INFUSING).infusion is not None


@pytest.mark.long
def test_second_person_sees_no_value_and_a_difference_is_told_without_one(
    steered_bed: SteeredBed, screen: Open
) -> None:
    """The weight of today and the brand are such that nothing else on the page could show them."""
    regimen = "MDD-2x3"
    series = orders(steered_bed, regimen)
    anna = PageNurse(screen(), steered_bed.url)
    anna.signs_in()
    visit = anna.opens_the_visit()
    anna.types("weight_kg", "71.37")
    anna.taps("#do-weight")
    page = anna.screen.page
    page.goto(f"{steered_bed.url}/visits/{visit}/preparation")
    anna.prepares(label_of(regimen) | {"brand": "Terumo"})

    page.goto(f"{steered_bed.url}/visits/{visit}/check")
    anna.checks(check_of(regimen) | {"weight_kg": "71.37", "brand": "Terumo"})
    expect(page.locator(".notice")).to_contain_text("cannot be the second person")

    ben = PageNurse(screen(), steered_bed.url)
    ben.signs_in("ben", "3141", f"/visits/{visit}/check")
    html = ben.screen.page.content()
    label = label_of(regimen)
    assert not [value for value in ("71.37", "Terumo", "L 17", "2099-01-31", "70 kg", series) if value in html]
    assert f">{label['size_ml']}" not in html
    ben.checks(check_of(regimen) | {"weight_kg": "73.71", "brand": "BD"})
    expect(ben.screen.page.locator(".reasons.hard h2")).to_have_text("✕ It differs: weight, brand")
    html = ben.screen.page.content()
    assert not [value for value in ("71.37", "73.71", "Terumo") if value in html]

    page.goto(f"{steered_bed.url}/visits/{visit}/preparation")
    expect(page.locator(".fault")).to_contain_text("entered something else: weight, brand")
    assert "73.71" not in page.content()
    for name, text in (label | {"brand": "Terumo"}).items():
        anna.types(name, text)
    anna.taps("#do-label")
    page.goto(f"{steered_bed.url}/visits/{visit}/check-in")
    anna.types("weight_kg", "71.37")
    anna.taps("#do-weight")
    ben.screen.page.reload()
    ben.checks(check_of(regimen) | {"weight_kg": "71.37", "brand": "Terumo"})
    expect(ben.screen.page.locator(".verdict.done")).to_have_text("✓ checked by Ben Cole")


@pytest.mark.long
def test_wrong_label_is_refused_with_everything_that_is_wrong_and_stays_as_typed(
    steered_bed: SteeredBed, screen: Open
) -> None:
    regimen = "CRPS-OP10"
    orders(steered_bed, regimen)
    anna = PageNurse(screen(), steered_bed.url)
    anna.signs_in()
    visit = anna.opens_the_visit()
    page = anna.screen.page
    page.goto(f"{steered_bed.url}/visits/{visit}/preparation")
    wrong = {
        "drug": "lidocaine",
        "concentration_mg_per_ml": "50",
        "expires": "2020-01-31",
        "size_ml": "20",
    }
    for name, text in wrong.items():
        anna.types(name, text)
    page.keyboard.press("Tab")
    anna.taps("#do-label")
    notice = page.locator(".notice")
    for told in (
        "another drug than the order",
        "has expired",
        "The lot is missing",
        "What hangs holds 20 mL",
        "brand is not the one",
    ):
        expect(notice).to_contain_text(told)
    for name, text in wrong.items():
        expect(page.locator(f"#{name}")).to_have_value(text)
    page.fill("#expires", "soon")
    anna.taps("#do-label")
    expect(page.locator("#fault-expires")).to_be_visible()
    page.click("summary:has-text('Otherwise')")
    anna.taps("#do-omitted-midazolam")
    expect(page.locator("[id='fault-why:midazolam']")).to_have_text("▲ This is needed.")
    anna.types("why:midazolam", "slept badly, is sleepy")
    anna.taps("#do-omitted-midazolam")
    expect(page.locator(".premedication .done")).to_contain_text("left out: slept badly, is sleepy")


def test_start_names_every_closed_gate_with_the_way_to_it_and_offers_no_button(
    steered_bed: SteeredBed, screen: Open
) -> None:
    orders(steered_bed, "MDD-2x3")
    anna = PageNurse(screen(), steered_bed.url)
    anna.signs_in()
    visit = anna.opens_the_visit()
    page = anna.screen.page
    page.goto(f"{steered_bed.url}/visits/{visit}/start")
    expect(page.locator("#start")).to_have_count(0)
    closed = page.locator("#closed li")
    missing = steered_bed.client.send(api_path_calls.visit(visit)).missing
    assert sorted(closed.all_inner_texts()) == sorted(each.text for each in missing)
    anna.taps("#to-preparation")
    expect(page.locator("#do-label")).to_be_visible()
    assert steered_bed.pump().phase in AT_REST


@pytest.mark.long
def test_keyboard_alone_goes_from_the_sign_in_to_start_also_beyond_a_soft_limit_and_to_stop(
    steered_bed: SteeredBed, screen: Open
) -> None:
    """Today's weight is more than a tenth above the order's: two people say why, and nobody touches the page."""
    regimen = "MDD-2x3"
    was_here_before(steered_bed, orders(steered_bed, regimen))
    anna = KeyboardNurse(screen(), steered_bed.url)
    page = anna.screen.page
    anna.signs_in()
    anna.opens_the_visit()
    anna.checks_in(known=True, mood=True, weight_kg="80")
    ben = PageNurse(screen(), steered_bed.url)
    prepared(steered_bed, anna, ben, regimen, check_of(regimen, 2) | {"weight_kg": "80"})
    anna.goes_on()
    expect(page.locator(".reasons.soft")).to_contain_text("80 kg")
    anna.starts()
    expect(page.locator("#fault-reason")).to_be_visible()
    anna.types("reason", "weighed twice: the prescriber knows")
    anna.picks("second_person", "Ben Cole")
    anna.types("second_pin", "0000")
    anna.starts()
    expect(page.locator("#fault-second_pin")).to_be_visible()
    expect(page.locator("#reason")).to_have_value("weighed twice: the prescriber knows")
    assert steered_bed.pump().phase in AT_REST
    anna.types("second_pin", "3141")
    anna.starts()
    page.wait_for_selector(".phase-infusing")
    assert steered_bed.reaches(Phase.INFUSING).infusion is not None
    anna.taps("#stop-p1")
    page.wait_for_selector(".outcome.still")
    assert steered_bed.pump().phase is Phase.STOPPED
    assert anna.counts["tap"] == 0
