"""What the bus brings: what each kind of news is worth, from which moment on it counts, and what it is not."""

from __future__ import annotations

import pytest

from pumpd.core import events as e
from pumpd.core.codes import Condition, Phase
from pumpd.core.effects import Acknowledge
from pumpd.core.facts import LinkWent
from pumpd.core.pump import Drive, PumpAlarm
from pumpd.core.units import NS_PER_S
from pumpd.testing.bed_story import BedStory


def running() -> BedStory:
    bed = BedStory()
    bed.runs("FM-3H")
    bed.flows(2)
    return bed


def link(bed: BedStory, state: e.LinkState, detail: str) -> bool:
    """Was it news?"""
    bed.take(e.LinkReported(at_ns=bed.now_ns, slot="p1", link=state, detail=detail))
    return any(isinstance(each, LinkWent) for each in bed.last.facts)


def test_the_link_is_told_when_its_state_or_its_reason_is_another_and_not_otherwise() -> None:
    bed = running()
    assert link(bed, e.LinkState.UP, "named itself")
    assert not link(bed, e.LinkState.UP, "named itself")
    assert link(bed, e.LinkState.UP, "again")
    assert link(bed, e.LinkState.DOWN, "again")
    assert not link(bed, e.LinkState.DOWN, "again")


@pytest.mark.requirement("LEASE-13")
def test_silence_is_over_with_a_link_that_is_up_and_with_no_other() -> None:
    bed = running()
    bed.ticks(12)
    assert bed.alarm(Condition.LINK_LOST)
    link(bed, e.LinkState.DOWN, "unplugged")
    assert bed.alarm(Condition.LINK_LOST)
    link(bed, e.LinkState.UP, "named itself")
    assert bed.alarm(Condition.LINK_LOST) is None


def test_a_look_counts_from_the_moment_in_which_the_phase_began() -> None:
    for early_ns, phase in ((1, Phase.INFUSING), (0, Phase.STOPPED)):
        bed = BedStory()
        bed.runs("FM-3H")
        began_ns = bed.pump().phase_since_ns
        bed.wait(1)
        report = bed.a_report(Drive.STILL)
        bed.take(e.PumpReported(at_ns=bed.now_ns, slot="p1", asked_at_ns=began_ns - early_ns, report=report))
        assert bed.phase() is phase


def test_of_a_look_from_before_the_phase_an_alarm_counts_all_the_same() -> None:
    bed = running()
    began_ns = bed.pump().phase_since_ns
    report = bed.a_report(Drive.INFUSING, alarm=PumpAlarm.OCCLUSION)
    bed.take(e.PumpReported(at_ns=bed.now_ns, slot="p1", asked_at_ns=began_ns - 1, report=report))
    assert bed.alarm(Condition.OCCLUSION)
    assert bed.phase() is Phase.STOPPING


def test_a_command_that_ends_in_an_alarm_raises_it() -> None:
    bed = running()
    bed.rate(3_000)
    bed.ends(e.Refused(detail="alarm", alarm=PumpAlarm.OCCLUSION))
    assert bed.alarm(Condition.OCCLUSION)
    bed = running()
    bed.stop()
    bed.stop_ends(e.Refused(detail="alarm", alarm=PumpAlarm.OCCLUSION))
    assert bed.alarm(Condition.OCCLUSION)


def test_the_report_with_which_a_new_rate_was_read_back_is_a_look_like_any_other() -> None:
    bed = running()
    counter = bed.pump().sighting.readings[-1].infused_nl // 1_000
    bed.rate(3_000)
    report = bed.a_report(Drive.INFUSING, rate=3_000, infused_ul=counter, alarm=PumpAlarm.BATTERY_LOW)
    bed.ends(e.Done(report=report, asked_at_ns=bed.now_ns))
    assert bed.infusion().granted_ul_per_h == 3_000
    assert bed.alarm(Condition.BATTERY_LOW)


def test_what_a_command_saw_was_not_seen_before_the_command() -> None:
    """A driver may name the moment of its first exchange; that of an attempt at a stop may be the one before it."""
    bed = running()
    counter = bed.pump().sighting.readings[-1].infused_nl // 1_000
    bed.rate(3_000)
    sent_ns = bed.now_ns
    bed.wait(1)
    report = bed.a_report(Drive.INFUSING, rate=3_000, infused_ul=counter)
    bed.ends(e.Done(report=report, asked_at_ns=sent_ns - NS_PER_S))
    assert bed.pump().sighting.heard_at_ns == sent_ns
    bed.stop()
    sent_ns = bed.now_ns
    report = bed.a_report(Drive.STILL, infused_ul=counter)
    bed.stop_ends(e.Done(report=report, asked_at_ns=sent_ns - NS_PER_S))
    assert bed.pump().sighting.heard_at_ns == sent_ns
    assert bed.phase() is Phase.STOPPED


@pytest.mark.parametrize("outcome", [e.Done(), e.Unknown(detail="?"), e.Refused(detail="no")], ids=str)
def test_taking_the_pump_out_of_its_alarm_without_a_report_changes_nothing(outcome: e.Outcome) -> None:
    bed = running()
    bed.report(Drive.STILL, alarm=PumpAlarm.STALL, infused_ul=5)
    bed.acknowledge(Condition.STALLED)
    assert bed.sent(Acknowledge)
    phase = bed.phase()
    bed.ends(outcome)
    assert bed.pump().command is None
    assert bed.phase() is phase


def test_a_start_is_on_record_as_a_rise_and_a_lower_rate_is_not() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.start("FM-3H")
    bed.prepared()
    start = bed.pump().command
    assert start is not None
    assert start.raises
    bed.done(Drive.INFUSING)
    bed.rate(3_000)
    lower = bed.pump().command
    assert lower is not None
    assert not lower.raises
