"""A pause has a reason and a time; when that is over the bed reminds, again and again, and starts nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.codes import Condition, PauseReason, Phase
from pumpd.core.effects import Prepare, Start
from pumpd.core.requests import PauseRequested
from pumpd.core.turn import PAUSE_BOXES_S
from pumpd.testing.bed_story import NURSE, BedStory

pytestmark = pytest.mark.requirement("ALM-17")


def paused_for(reason: PauseReason) -> BedStory:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.take(PauseRequested(at_ns=bed.now_ns, request_id=bed.request_id(), actor=NURSE, slot="p1", reason=reason))
    bed.stop_confirmed()
    assert bed.phase() is Phase.STOPPED
    return bed


def test_every_reason_has_its_box() -> None:
    assert {reason for reason, _ in PAUSE_BOXES_S} == set(PauseReason)


@pytest.mark.parametrize(("reason", "box_s"), PAUSE_BOXES_S)
def test_the_bed_reminds_when_the_box_of_the_reason_is_over(reason: PauseReason, box_s: int) -> None:
    bed = paused_for(reason)
    bed.tick(box_s - 1)
    assert bed.alarm(Condition.PAUSE_OVER) is None
    bed.tick(1)
    assert bed.alarm(Condition.PAUSE_OVER)


def test_a_site_may_set_the_box() -> None:
    bed = paused_for(PauseReason.TOILET)
    bed.setup = replace(bed.setup, pause_boxes_s=((PauseReason.TOILET, 60),))
    bed.tick(61)
    assert bed.alarm(Condition.PAUSE_OVER)


def test_a_stop_without_a_reason_reminds_after_two_minutes() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.stop()
    bed.stop_confirmed()
    bed.tick(119)
    assert bed.alarm(Condition.PAUSE_OVER) is None
    bed.tick(1)
    assert bed.alarm(Condition.PAUSE_OVER)


def test_a_reminder_that_was_seen_and_forgotten_comes_back_after_15_minutes() -> None:
    bed = paused_for(PauseReason.OTHER)
    bed.tick(121)
    bed.acknowledge(Condition.PAUSE_OVER)
    first = bed.alarm(Condition.PAUSE_OVER)
    assert first is not None
    assert first.acknowledged
    bed.tick(14 * 60)
    assert bed.alarm(Condition.PAUSE_OVER) == first
    bed.tick(60)
    again = bed.alarm(Condition.PAUSE_OVER)
    assert again is not None
    assert not again.acknowledged
    assert again.alarm_id != first.alarm_id


def test_a_box_that_is_over_starts_nothing() -> None:
    bed = paused_for(PauseReason.OTHER)
    wanted = bed.ticks(200)
    assert not [effect for effect in wanted if isinstance(effect, Prepare | Start)]
    assert bed.phase() is Phase.STOPPED


def test_the_reason_survives_a_restart_and_goes_with_the_pause() -> None:
    bed = paused_for(PauseReason.TRANSPORT)
    bed.boot(away_s=10)
    bed.connect()
    bed.report()
    for _ in range(60):
        bed.report(after_s=10)
        bed.tick()
    assert bed.infusion().pause is PauseReason.TRANSPORT
    assert bed.alarm(Condition.PAUSE_OVER) is None
    bed.resumes()
    assert bed.infusion().pause is None
