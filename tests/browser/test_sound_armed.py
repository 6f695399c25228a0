"""A drug is started only at a bed where an alarm would be heard, and when the last page is gone something else speaks.

The pages are real ones in a browser; time is steered, so that the half minute in which it has to be told is none.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from pumpd import api_path_calls
from pumpd.api_models import AnswerView, Condition, Phase, ReasonCode
from pumpd.api_path_models import VisitStartBody
from pumpd.testing.ideal_nurse import IdealNurse
from pumpd.testing.processes import until
from pumpd.testing.screen import Open, Screen
from pumpd.testing.steered_bed import SteeredBed

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def bed() -> Iterator[SteeredBed]:
    with SteeredBed(heard=True) as steered:
        steered.begin_console()
        yield steered


def ready_to_start(bed: SteeredBed) -> IdealNurse:
    """A visit whose gates are all open; then whoever listened leaves."""
    nurse = IdealNurse(bed, "MDD-2x3", 1)
    nurse.plays_to_the_review()
    bed.listening = False
    bed.advance(seconds=10)
    return nurse


def start(nurse: IdealNurse) -> AnswerView:
    client = nurse.nurse.client
    review = client.send(api_path_calls.review_visit(nurse.visit, "p1"))
    return client.send(api_path_calls.start_visit(nurse.visit, VisitStartBody(slot="p1", digest=review.digest)))


def nobody_listens(bed: SteeredBed) -> bool:
    return Condition.NOBODY_LISTENS in {alarm.condition for alarm in bed.client.bed().alarms}


def missing(nurse: IdealNurse) -> set[ReasonCode]:
    return {each.code for each in nurse.nurse.client.send(api_path_calls.visit(nurse.visit)).missing}


def beeps(bed: SteeredBed) -> int:
    """How often the pump was told to use its own buzzer."""
    return sum(each.event == "host_sends" and b"BUZ15" in each.data for each in bed.sims["p1"].journal)


def turn_on(screen: Screen) -> None:
    screen.page.click("#sound-on")
    expect(screen.page.locator("#sound-off")).to_be_hidden()


@pytest.mark.requirement("ALM-12")
@pytest.mark.requirement("ALM-13")
def test_start_waits_for_a_page_with_its_sound_on_and_the_last_one_that_goes_is_missed(
    bed: SteeredBed, screen: Open
) -> None:
    nurse, panel = ready_to_start(bed), screen()
    panel.page.goto(f"{bed.url}/pumps/p1")
    expect(panel.page.locator("#sound-off")).to_be_visible()
    refused = start(nurse)
    assert [each.code for each in refused.reasons] == [ReasonCode.NOBODY_LISTENS]
    assert "Turn the sound on" in refused.text

    turn_on(panel)
    until(lambda: missing(nurse) == set(), "the bed counts the page")
    assert start(nurse).accepted
    bed.reaches(Phase.INFUSING)
    assert not nobody_listens(bed)

    panel.page.context.close()
    assert beeps(bed) == 0
    bed.advance(seconds=30)
    assert nobody_listens(bed)
    assert beeps(bed) >= 1
    assert bed.pump().phase is Phase.INFUSING, "it is no reason to stop"

    colleague = screen()
    colleague.page.goto(bed.url)
    expect(colleague.page.locator(".alarm.medium")).to_contain_text("no alarm would be heard")
    turn_on(colleague)
    expect(colleague.page.locator(".alarm.medium")).to_have_count(0)
    told = beeps(bed)
    bed.advance(seconds=6)
    assert beeps(bed) == told, "it is still again"
