"""The alarms' sound: paused for a while, for those that stand, by somebody who still watches; never for good."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd.core import facts as f
from pumpd.core.alarm_table import TABLE
from pumpd.core.codes import Condition, Priority, ReasonCode
from pumpd.core.events import WatcherGone
from pumpd.core.evolve import evolve
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.core.requests import AudioPauseRequested
from pumpd.core.signals import Colour, Flash, signal, sounding
from pumpd.testing.bed_story import NURSE, BedStory


def quiet(bed: BedStory, watcher: str | None = "page-1") -> None:
    """Somebody asks for quiet."""
    bed.take(AudioPauseRequested(at_ns=bed.now_ns, request_id=bed.request_id(), actor=NURSE, watcher=watcher))


def stalled() -> BedStory:
    """Two pumps; the motor of the first stalled, and its alarm is heard."""
    bed = BedStory(slots=("p1", "p2"))
    bed.runs("TRAIN-5MIN", slot="p2")
    bed.runs("TRAIN-5MIN")
    bed.report(Drive.STILL, infused_ul=1, alarm=PumpAlarm.STALL)
    assert sounding(bed.state)
    return bed


def heard(bed: BedStory, condition: Condition, slot: str = "p1") -> bool:
    alarm = bed.alarm(condition, slot)
    assert alarm is not None
    return signal(alarm).sounding


@pytest.mark.requirement("ALM-05")
def test_sound_is_back_after_two_minutes_whatever_anybody_did() -> None:
    bed = stalled()
    quiet(bed)
    assert not heard(bed, Condition.STALLED)
    bed.tick(119)
    assert not heard(bed, Condition.STALLED)
    bed.tick(1)
    assert heard(bed, Condition.STALLED)
    assert bed.state.audio_pause is None


@pytest.mark.requirement("ALM-05")
@given(presses_s=st.lists(st.integers(1, 300), min_size=1, max_size=6))
def test_no_pause_lasts_longer_than_two_minutes_from_the_last_press(presses_s: list[int]) -> None:
    bed = stalled()
    for wait_s in presses_s:
        quiet(bed)
        pressed_ns = bed.now_ns
        assert bed.state.audio_pause is not None
        bed.tick(wait_s)
        silent = not heard(bed, Condition.STALLED)
        assert silent == (bed.now_ns - pressed_ns < 120 * 10**9)


@pytest.mark.requirement("ALM-06")
def test_a_new_alarm_of_any_priority_is_heard_and_leaves_the_others_quiet() -> None:
    bed = stalled()
    quiet(bed)
    bed.report(Drive.STILL, slot="p2", infused_ul=4_500)
    assert bed.alarm(Condition.ENDED, "p2")
    assert TABLE[Condition.ENDED].priority is Priority.LOW
    assert heard(bed, Condition.ENDED, "p2")
    assert not heard(bed, Condition.STALLED)


@pytest.mark.requirement("ALM-06")
def test_an_alarm_that_rises_is_heard_again() -> None:
    bed = BedStory()
    bed.runs("TRAIN-30S")
    bed.report(Drive.STILL, infused_ul=1_000)
    bed.tick(295)
    quiet(bed)
    assert not heard(bed, Condition.ENDED)
    bed.tick(5)
    assert heard(bed, Condition.ENDED)


@pytest.mark.requirement("ALM-06", "F27")
def test_an_alarm_that_was_over_and_comes_again_is_heard() -> None:
    bed = stalled()
    quiet(bed)
    bed.report(Drive.STILL, infused_ul=1)
    bed.acknowledge(Condition.STALLED)
    bed.report(Drive.STILL, infused_ul=1, alarm=PumpAlarm.STALL)
    assert heard(bed, Condition.STALLED)


@pytest.mark.requirement("ALM-10")
def test_the_sound_is_back_when_whoever_asked_is_gone() -> None:
    bed = stalled()
    quiet(bed, "page-1")
    bed.take(WatcherGone(at_ns=bed.now_ns, watcher="page-2"))
    assert not heard(bed, Condition.STALLED), "another page"
    bed.take(WatcherGone(at_ns=bed.now_ns, watcher="page-1"))
    assert heard(bed, Condition.STALLED)


@pytest.mark.requirement("ALM-05")
def test_a_restart_ends_the_pause() -> None:
    bed = stalled()
    quiet(bed)
    bed.boot(away_s=1)
    assert bed.state.audio_pause is None
    assert heard(bed, Condition.STALLED)


def test_nothing_is_silenced_before_it_comes() -> None:
    bed = BedStory()
    bed.connect()
    quiet(bed)
    assert bed.refusals == {ReasonCode.NO_SUCH_ALARM}
    assert bed.state.audio_pause is None


def test_a_pause_with_nothing_left_to_be_quiet_about_ends() -> None:
    bed = stalled()
    quiet(bed)
    bed.report(Drive.STILL, infused_ul=1)
    bed.acknowledge(Condition.STALLED)
    bed.tick(1)
    assert bed.state.audio_pause is None


@pytest.mark.requirement("ALM-11")
def test_alarms_come_in_the_order_in_which_they_occurred() -> None:
    bed = stalled()
    bed.report(Drive.STILL, slot="p2", infused_ul=4_500)
    bed.journal(ok=False)
    raised = [each for each in bed.facts if isinstance(each, f.AlarmRaised)]
    assert [each.alarm_id for each in raised] == sorted(each.alarm_id for each in raised)
    assert [each.at_ns for each in raised] == sorted(each.at_ns for each in raised)
    assert [each.condition for each in raised] == [Condition.STALLED, Condition.ENDED, Condition.JOURNAL_DOWN]


def test_what_was_seen_is_not_heard_and_does_not_flash() -> None:
    bed = stalled()
    alarm = bed.alarm(Condition.STALLED)
    assert alarm is not None
    assert (signal(alarm).colour, signal(alarm).flash) == (Colour.RED, Flash.FAST)
    bed.acknowledge(Condition.STALLED)
    seen = bed.alarm(Condition.STALLED)
    assert seen is not None
    assert (signal(seen).sounding, signal(seen).colour, signal(seen).flash) == (False, Colour.RED, Flash.STEADY)


@pytest.mark.parametrize("condition", list(Condition))
def test_only_a_prompt_is_silent(condition: Condition) -> None:
    bed = BedStory()
    row = TABLE[condition]
    told = f.AlarmRaised(at_ns=bed.now_ns, alarm_id=1, slot="p1", condition=condition, priority=row.priority)
    (alarm,) = evolve(bed.state, told).alarms
    assert signal(alarm).sounding is row.sounds
