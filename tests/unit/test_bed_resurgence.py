"""A pump that goes on by itself when somebody talks to it again: after any gap the first word is a stop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.codes import Condition, Phase
from pumpd.core.effects import Effect, Identify, Observe, Reply, Stop
from pumpd.core.events import LinkState, Unknown
from pumpd.core.pump import Drive, FixedLease, Lease, SettableLease
from pumpd.testing.bed_story import BedStory
from pumpd.testing.clinical import NE_1000

LEASES = (
    SettableLease(shortest_s=1, longest_s=10, resumes_by_itself=True),  # the DULCO flex Control's Modbus timeout
    FixedLease(length_s=10, resumes_by_itself=True),
)


def bed_with(lease: Lease) -> BedStory:
    bed = BedStory(info=replace(NE_1000, lease=lease))
    first(bed.ticks(0.1), Stop)
    bed.stop_confirmed()
    bed.connect()
    return bed


def running(lease: Lease) -> BedStory:
    bed = bed_with(lease)
    bed.runs("TRAIN-5MIN")
    bed.flows(10)
    bed.tick()  # a look is asked for, and never comes back
    return bed


def first(wanted: list[Effect], kind: type[Effect]) -> None:
    words = [each for each in wanted if not isinstance(each, Reply)]
    assert isinstance(words[0], kind), words


@pytest.mark.requirement("LEASE-07", "LINK-06")
@pytest.mark.parametrize("lease", LEASES)
def test_the_first_word_after_a_gap_is_a_stop_and_until_a_report_nothing_is_known(lease: Lease) -> None:
    bed = running(lease)
    assert not [each for each in bed.ticks(7) if isinstance(each, Stop)]
    assert bed.phase() is Phase.UNCERTAIN, "half a lease"
    bed.link(LinkState.SILENT)
    first(bed.ticks(8), Stop)
    assert bed.phase() is Phase.STOPPING
    bed.stop_ends(Unknown(detail="no reply"))
    wanted = bed.ticks(3)
    assert [each for each in wanted if isinstance(each, Stop)]
    assert not [each for each in wanted if isinstance(each, Observe | Identify)], "no other word before it is answered"
    assert bed.alarm(Condition.STOP_UNCONFIRMED)
    bed.stop_confirmed(infused_ul=180)
    assert bed.phase() is Phase.STOPPED
    assert [each for each in bed.ticks(2) if isinstance(each, Identify)]
    delivered = bed.look().delivered
    assert delivered.low_nl <= 180_000 <= delivered.high_nl


@pytest.mark.requirement("LEASE-07", "LINK-06")
@pytest.mark.parametrize("lease", LEASES)
def test_a_new_run_of_the_daemon_says_stop_before_anything_else(lease: Lease) -> None:
    bed = running(lease)
    bed.boot(away_s=1)
    first(bed.ticks(0.3), Stop)
    bed.stop_confirmed(infused_ul=110)
    bed.connect()
    assert bed.phase() is Phase.STOPPED


def test_a_gap_shorter_than_the_lease_is_no_reason_to_stop() -> None:
    bed = running(LEASES[0])
    assert not [each for each in bed.ticks(6) if isinstance(each, Stop)]
    bed.drives(165)
    assert bed.phase() is Phase.INFUSING


@pytest.mark.parametrize("lease", [NE_1000.lease, FixedLease(length_s=12)])
def test_a_pump_that_stays_stopped_is_asked_who_it_is(lease: Lease) -> None:
    bed = BedStory(info=replace(NE_1000, lease=lease))
    first(bed.ticks(0.1), Identify)
    bed.runs("TRAIN-5MIN")
    bed.flows(10)
    bed.tick()
    assert not [each for each in bed.ticks(20) if isinstance(each, Stop)]


@pytest.mark.requirement("LEASE-07")
def test_a_paused_pump_keeps_its_reason_and_hears_a_stop_after_a_gap() -> None:
    bed = running(LEASES[0])
    bed.paused(101)
    why = bed.pump().why
    bed.tick(1)
    first([each for each in bed.ticks(12) if not isinstance(each, Observe)], Stop)
    assert (bed.phase(), bed.pump().why) == (Phase.STOPPED, why)
    bed.report(Drive.STILL, infused_ul=101)
    assert bed.pump().stop is None
