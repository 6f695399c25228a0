"""A nurse at the bed, from signing in to STOP, on a panel and on a phone, against real processes.

The page is judged by what a person sees, and each claim of it by what the daemon knows.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pumpd.api_models import Phase
from pumpd.testing.nursed_bed import AT_REST
from pumpd.testing.real_bed import RealBed
from pumpd.testing.screen import PHONE, Open, Screen

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "bedside.png"
pytestmark = pytest.mark.timeout(180)


def texts(screen: Screen, selector: str) -> list[str]:
    return screen.page.locator(selector).all_inner_texts()


def photograph(screen: Screen, folder: Path, name: str) -> Path:
    path = folder / f"{name}.png"
    screen.page.screenshot(path=path)
    assert path.stat().st_size > 5_000
    return path


def plot_has_come(screen: Screen) -> None:
    expect(screen.page.locator(".plot svg[data-until]")).to_be_visible()


def keep_for_the_readme(picture: Path) -> None:
    """Only when asked: a test that changes the checkout by itself would be found in every diff."""
    if os.environ.get("PUMPD_WRITE_SCREENSHOTS") == "1":
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_bytes(picture.read_bytes())


@pytest.mark.long
def test_nurse_signs_in_chooses_reviews_starts_pauses_resumes_titrates_and_stops(
    bed: RealBed, screen: Open, tmp_path: Path
) -> None:
    anna = screen()
    anna.sign_in(bed.url, "/pumps/p1/new")
    anna.choose("TRAIN-2MIN", "82.4", "178")
    read = " ".join(texts(anna, ".lines dd"))
    assert "82.4 kg (about 182 pounds), 178 cm" in read
    assert "60 mL/h" in read
    assert "air in the line" in " ".join(texts(anna, ".lines .watch"))
    photograph(anna, tmp_path, "review")

    anna.hold_start()
    anna.page.wait_for_selector(".phase-infusing")
    expect(anna.page.locator("[data-field='p1.measured']")).to_contain_text("±")
    asked, granted = anna.field("p1.asked"), anna.field("p1.granted")
    assert (asked, granted) == ("60 mL/h", "60 mL/h")
    assert anna.field("p1.window").startswith("over ")
    plot_has_come(anna)
    photograph(anna, tmp_path, "running")

    anna.page.click("#to-rate")
    anna.page.fill("#rate_ml_per_h", "30")
    anna.page.click("#to-confirm")
    expect(anna.page.locator(".oldnew dl").first).to_contain_text("60 mL/h")
    expect(anna.page.locator(".oldnew dl").last).to_contain_text("30 mL/h")
    expect(anna.page.locator(".oldnew dl").last).to_contain_text("ends at ")
    anna.page.click("#confirm-rate")
    expect(anna.page.locator("[data-field='p1.granted']")).to_have_text("30 mL/h")

    anna.page.click("#to-pause")
    anna.page.click("#do-pause-toilet")
    anna.page.wait_for_selector(".phase-stopped")
    photograph(anna, tmp_path, "stopped")
    bed.reaches(Phase.STOPPED)
    anna.page.click("#do-resume-volume")
    anna.page.wait_for_selector(".phase-infusing")
    expect(anna.page.locator("[data-field='p1.measured']")).to_contain_text("±")
    plot_has_come(anna)
    keep_for_the_readme(photograph(anna, tmp_path, "resumed"))

    anna.page.click("#stop-p1")
    anna.page.wait_for_selector(".outcome.still")
    expect(anna.page.locator(".verdict")).to_contain_text("stands still, by its own report")
    bed.reaches(Phase.STOPPED)
    anna.page.click("#open-p1")
    anna.page.click("#to-end")
    anna.page.click("#do-end")
    anna.page.wait_for_selector(".phase-ended")
    anna.page.goto(f"{bed.url}/record")
    told = " ".join(texts(anna, ".record td"))
    assert "asked for STOP" in told
    assert anna.complaints == []


def test_stop_works_with_javascript_off_and_nobody_signed_in(bed: RealBed, screen: Open, tmp_path: Path) -> None:
    screen().start(bed.url)
    bystander = screen(PHONE, javascript=False)
    bystander.page.goto(f"{bed.url}/pumps/p1")
    expect(bystander.page.locator("[data-field='p1.granted']")).to_have_text("36 mL/h")
    photograph(bystander, tmp_path, "phone")
    bystander.page.click("#stop-p1")
    bystander.page.wait_for_selector(".outcome.still")  # the page asks for itself again, without a script
    assert bed.pump().phase is Phase.STOPPED


@pytest.mark.long
def test_stop_all_stops_every_pump(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.start(bed.url, slot="p1")
    anna.start(bed.url, slot="p2")
    anna.page.goto(bed.url)
    anna.page.click("#stop-all")
    expect(anna.page.locator(".outcome.still")).to_have_count(2)
    assert [pump.phase for pump in bed.client.bed().pumps] == [Phase.STOPPED, Phase.STOPPED]


@pytest.mark.long
def test_soft_limit_wants_a_reason_and_a_second_person_with_their_own_pin(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.sign_in(bed.url, "/pumps/p1/new")
    anna.choose("TRAIN-5MIN", "40")
    expect(anna.page.locator(".reasons.soft")).to_contain_text("soft limit of 45 kg")
    anna.hold_start()
    expect(anna.page.locator("#fault-reason")).to_be_visible()
    expect(anna.page.locator("#fault-second_pin")).to_be_visible()
    anna.page.fill("#reason", "weighed twice")
    assert "anna" not in anna.page.locator("#second_person option").evaluate_all("all => all.map(o => o.value)")
    anna.page.select_option("#second_person", "ben")
    anna.page.fill("#second_pin", "0000")
    anna.hold_start()
    expect(anna.page.locator("#fault-second_pin")).to_be_visible()
    expect(anna.page.locator("#reason")).to_have_value("weighed twice")
    assert bed.pump().phase in AT_REST
    anna.page.fill("#second_pin", "3141")
    anna.hold_start()
    anna.page.wait_for_selector(".phase-infusing")


@pytest.mark.long
def test_two_taps_on_start_are_one_order(bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.sign_in(bed.url, "/pumps/p1/new")
    anna.choose("TRAIN-30S", "70")
    anna.page.wait_for_selector("form.confirm")
    anna.page.evaluate(
        """async () => {
            const form = document.querySelector("form.confirm");
            const tap = () => fetch(form.action, {method: "POST", body: new URLSearchParams(new FormData(form))});
            await Promise.all([tap(), tap()]);
        }"""
    )
    bed.reaches(Phase.INFUSING)
    anna.page.goto(f"{bed.url}/record")
    accepted = [text for text in texts(anna, ".record td") if text.startswith("Order TRAIN-30S")]
    refused = [text for text in texts(anna, ".record td") if text.startswith("Refused: start")]
    assert (len(accepted), refused) == (1, [])


@pytest.mark.long
def test_training_bed_says_so_on_every_screen_and_offers_no_drug(training_bed: RealBed, screen: Open) -> None:
    anna = screen()
    anna.sign_in(training_bed.url, "/pumps/p1/new")
    assert "ketamine" not in anna.page.inner_text("main")
    for path in ("/", "/pumps/p1", "/record", "/sign-in"):
        anna.page.goto(training_bed.url + path)
        expect(anna.page.locator(".training")).to_have_text("TRAINING – no patient")
        expect(anna.page.locator(".watermark")).to_be_visible()
