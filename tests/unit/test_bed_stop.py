"""STOP: from anybody, in every phase, until a report shows no drive, and before everything else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.bed import still_stands
from pumpd.core.codes import Condition, Phase, ReasonCode, Why
from pumpd.core.effects import ChangeRate, Start, Stop, When
from pumpd.core.events import Done, Overtaken, Refused, Unknown
from pumpd.core.pump import Drive
from pumpd.core.requests import Keep
from pumpd.testing.bed_story import BedStory


def running(regimen: str = "TRAIN-5MIN") -> BedStory:
    bed = BedStory()
    bed.runs(regimen)
    return bed


def test_stop_needs_nobody_and_leaves_at_once() -> None:
    bed = running()
    bed.stop()
    (stop,) = bed.sent(Stop)
    assert stop.when is When.NOW
    assert bed.phase() is Phase.STOPPING
    assert bed.reply is not None
    assert bed.reply.accepted


def test_stopped_only_when_a_report_shows_no_drive() -> None:
    bed = running()
    bed.stop()
    bed.stop_ends(Done())
    assert bed.phase() is Phase.STOPPING
    bed.drives(10)
    assert bed.phase() is Phase.STOPPING
    bed.report(Drive.STILL, infused_ul=12)
    assert bed.phase() is Phase.STOPPED
    assert bed.pump().why is Why.STOP_PRESSED
    assert bed.pump().stop is None


@pytest.mark.parametrize("outcome", [Unknown(detail="no reply"), Refused(detail="?NA"), Overtaken(), Done()])
def test_lost_stop_reply_keeps_stopping(outcome: Unknown | Refused | Overtaken | Done) -> None:
    bed = running()
    bed.stop()
    for _ in range(20):
        bed.stop_ends(outcome)
        bed.tick(0.1)
        assert bed.sent(Stop), "the stop is sent again"
    assert bed.phase() is Phase.STOPPING
    assert bed.alarm(Condition.STOP_UNCONFIRMED)
    bed.stop_confirmed(infused_ul=30)
    assert bed.phase() is Phase.STOPPED
    alarm = bed.alarm(Condition.STOP_UNCONFIRMED)
    assert alarm is not None, "HIGH: somebody has to have seen it"
    assert alarm.over
    assert not [effect for effect in bed.ticks(5) if isinstance(effect, Stop)]


def test_one_stop_is_one_command_however_often_it_is_sent() -> None:
    bed = running()
    bed.stop()
    first = bed.sent(Stop)[0].command_id
    bed.stop_ends(Unknown(detail="no reply"))
    bed.tick(0.1)
    assert bed.sent(Stop)[0].command_id == first


def test_a_look_from_before_the_stop_does_not_confirm_it() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start()
    bed.prepared()
    bed.stop()
    bed.report(Drive.STILL, ago_ms=900, after_s=0.2)  # read before the start could leave
    assert bed.phase() is Phase.STOPPING
    assert bed.pump().stop is not None


def test_stop_while_the_check_is_under_way_starts_nothing() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start()
    bed.stop()
    assert bed.phase() is Phase.STOPPING
    bed.ends(Overtaken())
    assert not bed.sent(Start)
    bed.stop_confirmed()
    assert bed.phase() is Phase.STOPPED


def test_a_check_that_ends_well_after_a_stop_starts_nothing() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start()
    prepared = bed.last
    bed.stop()
    bed.last = prepared
    bed.prepared()
    assert not bed.sent(Start)
    assert bed.phase() is Phase.STOPPING


@pytest.mark.parametrize("outcome", [Overtaken(), Refused(detail="?"), Unknown(detail="no reply")])
def test_stop_while_the_start_is_under_way(outcome: Overtaken | Refused | Unknown) -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start()
    bed.prepared()
    bed.stop()
    assert bed.phase() is Phase.STOPPING
    bed.ends(outcome)
    assert bed.phase() is Phase.STOPPING
    bed.stop_confirmed(infused_ul=2)
    assert bed.phase() is Phase.STOPPED


def test_a_start_that_is_done_after_a_stop_is_no_infusion() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start()
    bed.prepared()
    bed.stop()
    bed.done(Drive.INFUSING)
    assert bed.phase() is Phase.STOPPING


def test_a_raise_that_a_stop_overtook_is_not_resumed_at() -> None:
    bed = running()
    bed.rate(20_000)
    bed.done(Drive.INFUSING, rate=20_000)
    bed.rate(36_000)
    assert bed.sent(ChangeRate)[0].when is When.AFTER_COMMIT
    bed.stop()
    bed.ends(Overtaken())
    bed.stop_confirmed(infused_ul=5)
    bed.resumes()
    assert bed.infusion().granted_ul_per_h == 20_000


def test_a_second_stop_is_accepted_in_every_phase() -> None:
    bed = BedStory()
    bed.connect()
    for _ in range(2):
        bed.stop()
        assert bed.sent(Stop)
    bed.stop_confirmed()
    assert bed.phase() is Phase.IDLE
    bed.runs()
    bed.stop()
    bed.stop()
    bed.stop_confirmed(infused_ul=1)
    bed.stop()
    assert bed.phase() is Phase.STOPPED
    assert bed.sent(Stop)


def test_stop_is_not_the_end_and_the_end_needs_a_person() -> None:
    bed = running()
    bed.end()
    assert ReasonCode.WRONG_PHASE in bed.refusals
    bed.stop()
    bed.stop_confirmed(infused_ul=5)
    bed.end()
    assert bed.phase() is Phase.ENDED


@pytest.mark.requirement("LEASE-07")
def test_a_pump_that_drives_while_it_should_rest_is_stopped_and_rearmed_by_a_person() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.report(Drive.INFUSING, rate=5_000)
    assert bed.phase() is Phase.FAULT
    assert bed.sent(Stop)
    assert bed.alarm(Condition.UNCOMMANDED_DRIVE)
    bed.start()
    assert ReasonCode.NEEDS_REARM in bed.refusals
    bed.rearm()
    assert ReasonCode.LINK_DOWN in bed.refusals, "it has not been seen still"
    bed.stop_confirmed(infused_ul=3)
    bed.rearm()
    assert bed.phase() is Phase.IDLE
    bed.start()
    assert bed.phase() is Phase.CHECKING


@pytest.mark.requirement("LEASE-07")
def test_a_pump_in_fault_is_stopped_until_it_is_seen_still() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.report(Drive.INFUSING, rate=5_000)
    bed.stop_ends(Unknown(detail="no reply"))
    bed.report(Drive.INFUSING, rate=5_000, infused_ul=4)
    assert bed.sent(Stop)


def test_what_somebody_ran_at_the_pump_while_it_was_paused_counts() -> None:
    """F16: the rest of a resume never makes more of the whole than was confirmed."""
    bed = running("TRAIN-5MIN")
    bed.flows(10)
    bed.paused(100)
    bed.report(Drive.INFUSING, infused_ul=150)
    assert bed.phase() is Phase.STOPPING
    assert bed.look().delivered.high_nl >= 150_000
    bed.stop_confirmed(infused_ul=160)
    assert bed.phase() is Phase.STOPPED
    delivered = bed.infusion().delivered
    assert delivered.low_nl <= 160_000 <= delivered.high_nl
    assert delivered.high_nl < 170_000


def test_what_somebody_ran_between_two_looks_counts_and_is_told() -> None:
    bed = running("TRAIN-5MIN")
    bed.flows(10)
    bed.paused(100)
    assert bed.alarm(Condition.UNCOMMANDED_DRIVE) is None
    bed.report(Drive.STILL, infused_ul=140)
    assert bed.alarm(Condition.UNCOMMANDED_DRIVE)
    assert bed.infusion().delivered.low_nl <= 140_000 <= bed.infusion().delivered.high_nl


def test_a_pump_that_stood_still_before_a_new_rate_reached_it_is_stopped_by_the_same_report() -> None:
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    bed.rate(20_000)
    bed.done(Drive.STILL, rate=36_000, infused_ul=5)
    assert bed.phase() is Phase.STOPPED
    assert bed.alarm(Condition.STOPPED_AT_PUMP)


@pytest.mark.requirement("CMD-03")
def test_a_start_that_waited_for_the_disk_is_not_wanted_once_stop_was_pressed() -> None:
    """The bus asks again in the very moment in which the row is durable."""
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start()
    bed.prepared()
    (start,) = bed.sent(Start)
    assert still_stands(bed.state, start)
    bed.stop()
    assert not still_stands(bed.state, start)
    bed.ends(Overtaken())
    bed.stop_confirmed()
    bed.resume(keep=Keep.VOLUME)
    bed.prepared()
    (again,) = bed.sent(Start)
    assert not still_stands(bed.state, start), "another start stands now, and this one is not it"
    assert still_stands(bed.state, again)


def test_a_pump_that_is_stopping_is_sent_its_stop_even_where_none_is_on_record() -> None:
    bed = running()
    bed.stop()
    bed.state = bed.kept = bed.state.with_pump(replace(bed.pump(), stop=None))
    bed.tick(0.1)
    assert bed.sent(Stop)
