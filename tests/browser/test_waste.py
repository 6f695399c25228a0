"""What is left over is settled on the page: by two people at once, or later from the list; what was typed stays."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from pumpd.api_departure_calls import move, recovery_of, todo
from pumpd.api_departure_models import DoseView, MoveBody, Todo
from pumpd.testing.screen import Open
from pumpd.testing.steered_bed import SteeredBed

pytestmark = [pytest.mark.timeout(120), pytest.mark.long]


def dose_of(bed: SteeredBed, visit: str) -> DoseView:
    return bed.client.send(recovery_of(visit)).doses[0]


def test_waste_is_refused_with_the_sum_and_then_thrown_away_before_a_witness(
    ended: tuple[SteeredBed, str], screen: Open
) -> None:
    bed, visit = ended
    number = dose_of(bed, visit).infusion_id
    anna = screen()
    anna.sign_in(bed.url, f"/visits/{visit}/recovery")
    anna.page.click("#to-waste")
    anna.page.fill(f"#loaded_ml-{number}", "60")
    anna.page.fill(f"#wasted_ml-{number}", "40")
    anna.page.click(f"#do-waste-{number}")
    expect(anna.page.locator(".notice")).to_contain_text("Not done.")
    expect(anna.page.locator(f"#wasted_ml-{number}")).to_have_value("40")
    anna.page.fill(f"#wasted_ml-{number}", "57")
    anna.page.select_option(f"#second_person-{number}", "ben")
    anna.page.fill(f"#second_pin-{number}", "0000")
    anna.page.click(f"#do-waste-{number}")
    expect(anna.page.locator(".fault")).to_be_visible()
    expect(anna.page.locator(f"#second_pin-{number}")).to_have_value("")
    assert not dose_of(bed, visit).is_wasted
    anna.page.fill(f"#second_pin-{number}", "3141")
    anna.page.click(f"#do-waste-{number}")
    expect(anna.page.locator("main .verdict")).to_have_text(
        re.compile("Anna Berg: .* 57 mL thrown away; Ben Cole saw it")
    )
    assert dose_of(bed, visit).witness == "ben"


def test_line_that_was_flushed_in_is_said_once_and_counts_as_given(ended: tuple[SteeredBed, str], screen: Open) -> None:
    bed, visit = ended
    number, before = dose_of(bed, visit).infusion_id, dose_of(bed, visit).given_ml_text
    held = dose_of(bed, visit).flush
    assert held is not None
    anna = screen()
    anna.sign_in(bed.url, "/pumps/p1")
    anna.page.click("#to-flush")
    expect(anna.page.locator("main")).to_contain_text(held.text)
    expect(anna.page.locator("main")).to_contain_text("The 5 visits that are left (175 mg) still fit in.")
    anna.page.fill(f"#volume_ml-{number}", "3,0")
    anna.page.click(f"#do-flush-{number}")
    expect(anna.page.locator(".fault")).to_be_visible()
    expect(anna.page.locator(f"#volume_ml-{number}")).to_have_value("3,0")
    anna.page.fill(f"#volume_ml-{number}", "3")
    anna.page.click(f"#do-flush-{number}")
    expect(anna.page.locator(f"#do-flush-{number}")).to_have_count(0)
    assert bed.pump().in_line is None
    assert dose_of(bed, visit).given_ml_text != before


def test_witness_follows_later_from_the_list_and_cannot_be_who_threw_it_away(
    ended: tuple[SteeredBed, str], screen: Open
) -> None:
    bed, visit = ended
    bed.client.send(move(visit, MoveBody()))
    entry = f"{visit}-{dose_of(bed, visit).infusion_id}"
    anna = screen()
    anna.page.goto(f"{bed.url}/to-do")
    expect(anna.page.locator("#pin")).to_be_visible()  # what is known of a patient is for who signed in
    anna.sign_in(bed.url, "/to-do")
    anna.page.fill(f"#loaded_ml-{entry}", "60")
    anna.page.fill(f"#wasted_ml-{entry}", "57")
    anna.page.click(f"#do-waste-{entry}")
    anna.page.click(f"#do-witness-{entry}")
    expect(anna.page.locator(".notice")).to_contain_text("A witness is somebody else")
    assert [each.todo for each in bed.client.send(todo())] == [Todo.WITNESS]
    ben = screen()
    ben.sign_in(bed.url, "/to-do", person="ben")
    ben.page.click(f"#do-witness-{entry}")
    expect(ben.page.locator("main .calm")).to_have_text("Nothing.")
    assert bed.client.send(todo()) == ()
    assert ben.complaints == []
