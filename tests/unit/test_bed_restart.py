"""A restart folds the facts and trusts nothing: identity, read-back rate, totals and alarms all fit, or it stops."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.codes import Condition, Phase, ReasonCode, TimeAway, Why
from pumpd.core.effects import ChangeRate, Identify, Observe, Prepare, Start, Stop
from pumpd.core.events import Booted, CommandEnded, Done, LinkState, PumpReported, PumpSilent
from pumpd.core.pump import Drive, NoLease, PumpAlarm, Report
from pumpd.core.requests import Keep
from pumpd.testing.bed_story import OTHER_PUMP, BedStory
from pumpd.testing.clinical import NE_1000
from pumpd.testing.swap_story import label_read


def running(regimen: str = "TRAIN-5MIN") -> BedStory:
    bed = BedStory()
    bed.runs(regimen)
    return bed


def test_an_infusion_goes_on_after_a_restart_when_everything_fits() -> None:
    bed = running()
    bed.flows(40)
    bed.boot(away_s=3)
    assert bed.phase() is Phase.UNCERTAIN
    assert not bed.sent(Stop)
    bed.tick()
    assert bed.sent(Identify)
    assert not bed.sent(Observe)
    bed.connect()
    assert bed.phase() is Phase.UNCERTAIN
    bed.drives(435)
    assert bed.phase() is Phase.INFUSING
    assert bed.alarm(Condition.RESTARTED)


def test_a_counter_far_ahead_of_an_old_checkpoint_fits() -> None:
    bed = running()
    bed.flows(29)  # no checkpoint yet: the journal knows of nothing
    bed.boot(away_s=5)
    bed.connect()
    bed.drives(345)
    assert bed.phase() is Phase.INFUSING


def test_a_second_leg_goes_on_after_a_restart() -> None:
    bed = running()
    bed.drives(500)
    bed.paused(500)
    bed.resumes(keep=Keep.VOLUME)
    bed.flows(35)
    bed.boot(away_s=2)
    bed.connect()
    bed.drives(375)
    assert bed.phase() is Phase.INFUSING
    delivered = bed.look().delivered
    assert delivered.low_nl <= 875_000 <= delivered.high_nl


FITS = Report(
    drive=Drive.INFUSING, rate_ul_per_h=36_000, infused_nl=435_000, step_nl=1_000, alarm=None, target_nl=4_500_000
)  # fmt: skip


def seen_after_a_restart(report: Report) -> BedStory:
    bed = running()
    bed.flows(40)
    bed.boot(away_s=3)
    bed.connect()
    bed.wait(0.5)
    bed.take(PumpReported(at_ns=bed.now_ns, slot="p1", asked_at_ns=bed.now_ns, report=report))
    return bed


@pytest.mark.requirement("LINK-06", "LEASE-07")
def test_what_fits_in_every_respect_goes_on_and_is_told() -> None:
    bed = seen_after_a_restart(FITS)
    assert bed.phase() is Phase.INFUSING
    assert bed.alarm(Condition.RESTARTED)
    assert bed.infusion().steps_by_tap


DIFFERENT: dict[str, Report] = {
    "faster": replace(FITS, rate_ul_per_h=40_000),
    "slower": replace(FITS, rate_ul_per_h=30_000),
    "counter fell back": replace(FITS, infused_nl=3_000),
    "counter ahead of what time allows": replace(FITS, infused_nl=470_000),
    "counter beyond the volume": replace(FITS, infused_nl=4_600_000),
    "alarm": replace(FITS, alarm=PumpAlarm.STALL),
    "target above": replace(FITS, target_nl=9_000_000),
    "target below": replace(FITS, target_nl=3_000_000),
    "moves otherwise": replace(FITS, drive=Drive.OTHER),
}


@pytest.mark.requirement("LINK-06", "LEASE-07")
@pytest.mark.parametrize("different", list(DIFFERENT))
def test_anything_that_differs_after_a_restart_is_a_stop(different: str) -> None:
    bed = seen_after_a_restart(DIFFERENT[different])
    assert bed.phase() is Phase.STOPPING
    assert bed.sent(Stop)


@pytest.mark.requirement("LINK-06")
def test_a_pump_that_tells_no_totals_decides_nothing_and_a_person_is_asked() -> None:
    bed = seen_after_a_restart(replace(FITS, infused_nl=None))
    assert bed.phase() is Phase.UNCERTAIN
    bed.tick(16)
    assert bed.alarm(Condition.DELIVERY_UNKNOWN)
    assert bed.infusion().question


@pytest.mark.requirement("LINK-06")
def test_a_different_pump_on_the_same_cable_inherits_nothing() -> None:
    bed = running()
    bed.flows(40)
    before = bed.infusion().delivered
    bed.boot(away_s=3)
    bed.connect(who=OTHER_PUMP)
    assert bed.phase() is Phase.FAULT
    assert bed.sent(Stop) or bed.pump().stop is not None
    assert bed.alarm(Condition.PUMP_CHANGED)
    bed.drives(30_000)
    bed.stop_confirmed(infused_ul=30_000)
    delivered = bed.look().delivered
    assert delivered.low_nl < 500_000, "its counter says nothing of this infusion"
    assert delivered.low_nl >= before.low_nl
    assert delivered.high_nl < 700_000, "the old pump's lease bounds what it may have given since"
    bed.rearm()
    assert bed.phase() is Phase.ENDED
    bed.start()
    assert ReasonCode.PUMP_NOT_CONFIRMED in bed.refusals
    assert label_read(bed)
    bed.start()
    assert bed.phase() is Phase.CHECKING


def test_a_different_pump_while_infusing_is_a_fault() -> None:
    bed = running()
    bed.flows(10)
    bed.connect(who=OTHER_PUMP)
    assert bed.phase() is Phase.FAULT
    assert bed.pump().sighting.last is None
    bed.stop()
    assert bed.sent(Stop)
    bed.rearm()
    assert ReasonCode.LINK_DOWN in bed.refusals


@pytest.mark.requirement("LEASE-07")
def test_a_lease_that_expired_while_the_daemon_was_away_is_stopped() -> None:
    bed = running()
    bed.flows(40)
    bed.boot(away_s=40)
    bed.connect()
    bed.report(Drive.STILL, infused_ul=550, alarm=PumpAlarm.LEASE_EXPIRED)
    assert bed.phase() is Phase.STOPPED
    assert bed.alarm(Condition.LEASE_EXPIRED)
    delivered = bed.infusion().delivered
    assert delivered.low_nl <= 550_000 <= delivered.high_nl


def test_a_restart_while_checking_is_stopped_and_starts_nothing() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start()
    bed.boot()
    assert bed.phase() is Phase.STOPPING
    assert bed.sent(Stop)
    assert not bed.sent(Prepare)


def test_a_restart_while_starting_lets_the_pump_decide() -> None:
    for drive, phase in ((Drive.INFUSING, Phase.INFUSING), (Drive.STILL, Phase.STOPPED)):
        bed = BedStory()
        bed.connect()
        bed.report()
        bed.start()
        bed.prepared()
        bed.boot(away_s=1)
        assert bed.phase() is Phase.UNCERTAIN
        assert not [effect for effect in bed.ticks(2) if isinstance(effect, Start)]
        bed.connect()
        bed.report(drive, infused_ul=0)
        assert bed.phase() is phase


def test_a_restart_while_stopping_goes_on_stopping() -> None:
    bed = running()
    bed.stop()
    bed.boot(away_s=1)
    assert bed.phase() is Phase.STOPPING
    assert bed.sent(Stop)
    bed.stop_confirmed(infused_ul=20)
    assert bed.phase() is Phase.STOPPED


def test_a_restart_at_rest_sends_nothing_and_can_be_resumed() -> None:
    bed = running()
    bed.drives(500)
    bed.paused(500)
    bed.boot(away_s=5)
    assert bed.phase() is Phase.STOPPED
    assert not bed.sent(Stop)
    bed.resume(keep=Keep.VOLUME)
    assert ReasonCode.LINK_DOWN in bed.refusals
    bed.connect()
    bed.report(Drive.STILL, infused_ul=500)
    bed.resume(keep=Keep.VOLUME)
    assert bed.phase() is Phase.CHECKING


def test_a_restart_in_fault_stops_again_and_needs_a_person() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.report(Drive.INFUSING, rate=5_000)
    bed.boot()
    assert bed.phase() is Phase.FAULT
    assert bed.sent(Stop)


def test_a_restart_with_an_unknown_change_takes_either_rate_and_no_other() -> None:
    for rate, phase in ((36_000, Phase.INFUSING), (20_000, Phase.INFUSING), (30_000, Phase.STOPPING)):
        bed = running()
        bed.flows(5)
        bed.rate(20_000)
        bed.boot(away_s=1)
        bed.connect()
        bed.drives(60, rate=rate)
        assert bed.phase() is phase
        lowered = [each.rate_ul_per_h for each in bed.sent(ChangeRate)]
        assert lowered == ([20_000] if rate == 36_000 else [])


@pytest.mark.requirement("LINK-06")
def test_ends_of_commands_of_the_run_before_change_nothing() -> None:
    bed = running()
    bed.rate(20_000)
    command = bed.pump().command
    assert command is not None
    bed.boot(away_s=1)
    before = bed.state
    bed.take(CommandEnded(at_ns=bed.now_ns, slot="p1", command_id=command.command_id, outcome=Done()))
    assert bed.state == before


def test_steps_wait_for_a_tap_after_a_restart() -> None:
    bed = running()
    bed.flows(90)
    bed.boot(away_s=1)
    bed.connect()
    bed.drives(910)
    bed.drives(1_005)
    assert not bed.sent(ChangeRate)
    assert bed.alarm(Condition.STEP_DUE)
    bed.tap()
    assert [each.rate_ul_per_h for each in bed.sent(ChangeRate)] == [54_000]


def test_a_restart_of_the_machine_moves_every_time_along() -> None:
    bed = running()
    bed.drives(50)
    bed.paused(50)
    stopped_ns = bed.infusion().stopped_since_ns
    history = bed.state.history
    bed.boot()
    assert bed.infusion().stopped_since_ns == stopped_ns
    assert bed.state.history == history
    assert bed.pump().why is Why.PAUSED
    assert bed.pump().link is LinkState.DOWN


def test_a_journal_that_was_down_in_the_run_before_is_no_alarm_in_this() -> None:
    bed = running()
    bed.journal(ok=False)
    assert bed.alarm(Condition.JOURNAL_DOWN, None)
    bed.boot()
    assert bed.alarm(Condition.JOURNAL_DOWN, None) is None
    assert bed.state.journal_ok


@pytest.mark.requirement("LOG-09")
def test_a_pause_over_a_time_that_nobody_knows_has_lasted_too_long() -> None:
    """The wall clock went back while the machine was off: it may have been off for a minute, or for a day."""
    for away, known in ((TimeAway.WALL, True), (TimeAway.UNKNOWN, False)):
        bed = running("FM-3H")
        bed.flows(10)
        bed.paused(12)
        bed.state = bed.kept
        bed.wait(5)
        booted = Booted(
            at_ns=bed.now_ns, boot="next", kernel_boot="k2", shift_ns=0, slots=("p1",), today_day=bed.today, away=away
        )
        bed.take(booted)
        bed.connect()
        bed.report(infused_ul=12)
        if bed.pump().asset_in_doubt:
            assert label_read(bed)
        bed.resume(keep=Keep.VOLUME)
        assert bed.reply is not None
        assert bed.reply.accepted is known, bed.reply.reasons
    assert bed.refusals == {ReasonCode.RESUME_TIME_OVER_S}


def test_news_of_a_pump_that_this_bed_no_longer_has_are_dropped() -> None:
    """The configuration lost a slot, and its bus had one more report under way."""
    bed = BedStory()
    bed.take(PumpSilent(at_ns=bed.now_ns, slot="p9", detail="?"))
    assert (bed.last.facts, bed.last.effects) == ((), ())


def test_a_pump_without_a_target_that_knows_no_more_where_its_leg_began_is_stopped_after_a_restart() -> None:
    """Neither the pump nor a counter would end it."""
    bed = BedStory(info=replace(NE_1000, lease=NoLease(), stops_at_volume=False))
    bed.runs("TRAIN-5MIN")
    bed.flows(40)
    before = bed.look().delivered
    bed.boot(away_s=3)
    bed.connect()
    bed.report(Drive.INFUSING, infused_ul=None)
    assert bed.phase() is Phase.STOPPING
    assert bed.alarm(Condition.PUMP_RESET)
    assert bed.look().delivered.low_nl <= before.low_nl, "what it has counted of other legs is not claimed"
