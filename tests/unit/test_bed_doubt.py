"""Doubt: silence, resets, deviations, clocks. Bad news is believed at once, good news only as a whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.codes import Condition, Phase, ReasonCode, Why
from pumpd.core.effects import Identify, Start, Stop
from pumpd.core.events import AlarmSeen, LinkState, PumpSilent, Unknown
from pumpd.core.facts import AlarmAcknowledged, AlarmRaised
from pumpd.core.pump import Drive, NoLease, PumpAlarm
from pumpd.core.requests import Answer
from pumpd.core.signals import sounding
from pumpd.testing.bed_story import STEP_NL, BedStory
from pumpd.testing.clinical import NE_1000


def running(regimen: str = "TRAIN-5MIN") -> BedStory:
    bed = BedStory()
    bed.runs(regimen)
    return bed


@pytest.mark.requirement("LEASE-13")
def test_silence_becomes_doubt_and_the_totals_decide() -> None:
    bed = running()
    bed.drives(10)
    bed.ticks(6)
    assert bed.phase() is Phase.UNCERTAIN
    assert bed.alarm(Condition.LINK_DOUBT), "shown within 5 s"
    assert not sounding(bed.state)
    bed.ticks(2)
    assert bed.alarm(Condition.LINK_LOST), "heard when half of a lease of 14 s, and the pump's own second, is gone"
    assert bed.alarm(Condition.LINK_DOUBT) is None
    assert sounding(bed.state)
    bed.drives(70)
    assert bed.phase() is Phase.INFUSING
    assert bed.alarm(Condition.LINK_LOST) is None, "though the link itself never changed"


@pytest.mark.requirement("LEASE-13")
def test_a_silence_that_ends_in_time_is_never_heard() -> None:
    bed = running()
    bed.drives(10)
    bed.ticks(6)
    bed.drives(70)
    assert bed.phase() is Phase.INFUSING
    assert bed.state.alarms == ()
    raised = [each.condition for each in bed.facts if isinstance(each, AlarmRaised)]
    assert raised == [Condition.LINK_DOUBT]


@pytest.mark.requirement("LEASE-13")
@pytest.mark.requirement("CMD-04")
@pytest.mark.requirement("LINK-04")
def test_doubt_blocks_every_rise() -> None:
    bed = running()
    bed.rate(20_000)
    bed.done(Drive.INFUSING, rate=20_000)
    bed.ticks(6)
    bed.rate(30_000)
    assert ReasonCode.DELIVERY_UNKNOWN in bed.refusals
    bed.tap()
    assert ReasonCode.DELIVERY_UNKNOWN in bed.refusals


@pytest.mark.requirement("CMD-04")
def test_after_fifteen_seconds_of_doubt_one_question_is_asked() -> None:
    bed = running()
    bed.rate(20_000)
    bed.ends(Unknown(detail="no reply"))
    bed.ticks(14)
    assert not bed.infusion().question
    bed.ticks(2)
    assert bed.infusion().question
    assert bed.alarm(Condition.DELIVERY_UNKNOWN)
    alarm = bed.alarm(Condition.DELIVERY_UNKNOWN)
    bed.ticks(30)
    assert bed.alarm(Condition.DELIVERY_UNKNOWN) == alarm


@pytest.mark.parametrize("answer", [Answer.STOPPED, Answer.CANNOT_TELL])
def test_stopped_and_cannot_tell_are_stopped_to_be_sure(answer: Answer) -> None:
    bed = running()
    bed.ticks(25)
    bed.answer(answer)
    assert bed.phase() is Phase.STOPPING
    assert bed.sent(Stop)
    assert bed.alarm(Condition.DELIVERY_UNKNOWN) is None


def test_driven_waits_on_for_the_pump_itself() -> None:
    bed = running()
    bed.ticks(25)
    bed.answer(Answer.DRIVEN)
    assert bed.phase() is Phase.UNCERTAIN
    assert not bed.sent(Start)
    bed.drives(250)
    assert bed.phase() is Phase.INFUSING


def test_stop_in_doubt_stops() -> None:
    bed = running()
    bed.ticks(6)
    bed.stop()
    assert bed.phase() is Phase.STOPPING


def test_a_pump_that_was_silent_long_is_asked_who_it_is() -> None:
    bed = running()
    for _ in range(3):
        bed.tick(0.6)
        bed.take(PumpSilent(at_ns=bed.now_ns, slot="p1", detail="no reply"))
    bed.tick(0.6)
    assert bed.sent(Identify)


def test_good_news_over_a_link_that_has_not_named_its_pump_is_not_believed() -> None:
    bed = running()
    bed.ticks(6)
    bed.link(LinkState.SILENT)
    bed.drives(70)
    assert bed.phase() is Phase.UNCERTAIN
    bed.connect()
    bed.drives(75)
    assert bed.phase() is Phase.INFUSING


@pytest.mark.parametrize("alarm", [each for each in PumpAlarm if each is not PumpAlarm.BATTERY_LOW])
def test_an_alarm_frame_stops_at_once(alarm: PumpAlarm) -> None:
    bed = running()
    bed.take(AlarmSeen(at_ns=bed.now_ns, slot="p1", alarm=alarm))
    assert bed.phase() is Phase.STOPPING
    assert bed.sent(Stop)


def test_a_counter_beyond_the_volume_is_a_stop() -> None:
    bed = running()
    bed.drives(4_600)
    assert bed.phase() is Phase.STOPPING


@pytest.mark.requirement("CMD-05")
def test_a_rate_that_nobody_confirmed_is_a_stop() -> None:
    bed = running()
    bed.drives(10, rate=40_000)
    assert bed.phase() is Phase.STOPPING
    assert bed.alarm(Condition.RATE_DIFFERS)


@pytest.mark.requirement("FLOW-14")
def test_a_pump_that_withdraws_is_stopped() -> None:
    bed = running()
    bed.report(Drive.OTHER, infused_ul=10)
    assert bed.phase() is Phase.STOPPING
    assert bed.alarm(Condition.UNCOMMANDED_DRIVE)


def test_a_healthy_infusion_with_late_looks_is_not_stopped() -> None:
    """A look of 0.9 s may have read the counter at its begin or its end."""
    bed = running("TRAIN-30S")  # 120 mL/h: 33 uL a second
    bed.report(Drive.INFUSING, infused_ul=17, ago_ms=450)
    for second in range(1, 8):
        late = second % 2 == 1
        taken_ul = round((second + 0.5 - (0 if late else 0.85)) * 1_000 / 30)
        bed.report(Drive.INFUSING, infused_ul=max(17, taken_ul), ago_ms=900, after_s=1)
    assert bed.phase() is Phase.INFUSING
    assert bed.alarm(Condition.OVER_INFUSION) is None


@pytest.mark.requirement("G09")
def test_a_suspended_host_makes_infusions_uncertain() -> None:
    bed = running()
    bed.drives(10)
    bed.suspended(30)
    assert bed.phase() is Phase.UNCERTAIN
    assert bed.pump().why is Why.CLOCK_JUMP
    assert bed.alarm(Condition.CLOCK_JUMP, None)
    bed.report(Drive.STILL, infused_ul=150, alarm=PumpAlarm.LEASE_EXPIRED)
    assert bed.phase() is Phase.STOPPED


@pytest.mark.requirement("G09")
def test_a_suspended_host_puts_no_pump_in_doubt_that_was_seen_to_stand() -> None:
    """What was stopped before the sleep is resumed after it; nothing is asked of a pump that has given nothing."""
    bed = BedStory(slots=("p1", "p2", "p3"))
    bed.connect()
    for slot in ("p1", "p2", "p3"):
        bed.report(slot=slot)
    bed.runs(slot="p1")
    bed.paused(bed.flows(10))
    bed.runs(slot="p2")
    bed.suspended(30)
    assert [bed.phase(slot) for slot in ("p1", "p2", "p3")] == [Phase.STOPPED, Phase.UNCERTAIN, Phase.IDLE]
    bed.report(infused_ul=100)
    bed.resume()
    assert bed.phase() is Phase.CHECKING


def test_an_alarm_that_is_all_a_pump_says_does_not_make_an_old_counter_new() -> None:
    bed = running()
    bed.flows(10)  # 100 uL by now
    bed.wait(10)  # another 100, and nobody saw
    bed.report(Drive.STILL, infused_ul=None, alarm=PumpAlarm.LEASE_EXPIRED)
    assert bed.phase() is Phase.STOPPED
    assert bed.infusion().delivered.high_nl >= 200_000
    bed.report(Drive.STILL, infused_ul=195)
    delivered = bed.infusion().delivered
    assert delivered.low_nl <= 195_000 <= delivered.high_nl
    assert delivered.width_nl < 5 * STEP_NL, "and a counter narrows it again"


def test_a_pump_that_stands_still_for_no_reason_we_know_is_stopped_at_the_pump() -> None:
    bed = running()
    bed.drives(10)
    bed.report(Drive.STILL, infused_ul=12)
    assert bed.phase() is Phase.STOPPED
    assert bed.alarm(Condition.STOPPED_AT_PUMP)


def test_the_question_is_answered_also_by_whoever_silenced_it_first() -> None:
    bed = running()
    bed.ticks(25)
    bed.acknowledge(Condition.DELIVERY_UNKNOWN)
    before = [fact for fact in bed.facts if isinstance(fact, AlarmAcknowledged)]
    bed.answer(Answer.STOPPED)
    assert bed.phase() is Phase.STOPPING
    assert bed.alarm(Condition.DELIVERY_UNKNOWN) is None
    assert [fact for fact in bed.facts if isinstance(fact, AlarmAcknowledged)] == before, "who saw it first stays"


@pytest.mark.requirement("FLOW-20")
@pytest.mark.parametrize("stops_at_volume", [True, False])
def test_silence_of_a_pump_without_a_lease_widens_to_the_end_of_its_volume_and_beyond_where_none_stops_it(
    *, stops_at_volume: bool
) -> None:
    bed = BedStory(info=replace(NE_1000, lease=NoLease(), stops_at_volume=stops_at_volume))
    bed.runs("TRAIN-5MIN")
    bed.drives(10)
    total_nl = bed.infusion().total_nl
    bed.wait(3_600)
    beyond_nl = bed.look().delivered.high_nl - total_nl
    assert beyond_nl >= 0
    assert (beyond_nl < 20 * STEP_NL) is stops_at_volume


def test_there_is_nothing_to_answer_where_nothing_is_in_doubt() -> None:
    bed = running()
    bed.answer(Answer.DRIVEN)
    assert bed.refusals == {ReasonCode.WRONG_PHASE}
    bed.rearm()
    assert ReasonCode.WRONG_PHASE in bed.refusals
