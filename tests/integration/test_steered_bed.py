"""The daemon on a clock that a test steers: real socket, journal and page, and hours that take moments."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator

import pytest
from pumpd_sim.faults import Fault, FaultKind

from pumpd.api_models import Phase
from pumpd.core.codes import Condition
from pumpd.core.facts import AlarmRaised, PhaseChanged
from pumpd.core.units import NS_PER_S
from pumpd.journal import read_entries, verify
from pumpd.testing.real_bed import HALF_HOUR, LONG
from pumpd.testing.steered_bed import SteeredBed

pytestmark = pytest.mark.long

TEN_S = 10 * NS_PER_S


@pytest.fixture
def bed() -> Iterator[SteeredBed]:
    with SteeredBed() as steered:
        yield steered


def when(bed: SteeredBed, phase: Phase) -> int:
    """By the journal."""
    facts = [entry.fact for entry in read_entries(bed.journal)]
    (at_ns,) = [fact.at_ns for fact in facts if isinstance(fact, PhaseChanged) and fact.phase is phase]
    return at_ns


def test_a_client_over_the_socket_sees_an_infusion_of_half_an_hour_end(bed: SteeredBed) -> None:
    bed.infuse(HALF_HOUR)
    bed.advance(minutes=15)
    assert bed.pump().phase is Phase.INFUSING
    assert bed.holds_the_truth()
    assert 14_900_000 < bed.truth().displaced_nl < 15_200_000, "half of 30 mL"
    bed.advance(minutes=15.5)
    assert bed.pump().phase is Phase.ENDED
    assert bed.holds_the_truth()
    assert verify(bed.journal).faults == ()
    took_ns = when(bed, Phase.ENDED) - when(bed, Phase.INFUSING)
    assert abs(took_ns - 1_800 * NS_PER_S) < TEN_S, "it took half an hour by the bed's own clock"
    assert not [entry for entry in read_entries(bed.journal) if "lost" in type(entry.fact).__name__.lower()]


def test_what_goes_wrong_in_a_jump_goes_wrong_as_it_would_have(bed: SteeredBed) -> None:
    bed.infuse(LONG)
    bed.fault(Fault(kind=FaultKind.MUTE, for_ms=60_000))
    bed.advance(seconds=120)
    pump = bed.advance_until(lambda: bed.pump() if bed.pump().phase is Phase.STOPPED else None, "a stop", hours=0.1)
    assert pump is not None
    assert bed.holds_the_truth()
    raised = {entry.fact.condition for entry in read_entries(bed.journal) if isinstance(entry.fact, AlarmRaised)}
    assert Condition.LEASE_EXPIRED in raised
    assert not bed.truth().motor_turning


def test_a_page_is_served_from_the_same_bed_before_and_after_a_jump(bed: SteeredBed) -> None:
    page = bed.begin_console()

    def shown() -> str:
        with urllib.request.urlopen(page, timeout=10) as answer:  # noqa: S310  # loopback
            return str(answer.read(), "utf-8")

    bed.infuse(LONG)
    assert "Infusing" in shown()
    bed.advance(minutes=6)
    assert "Ended" in shown()


def test_a_bed_is_left_by_a_hand_over_and_leaves_no_file() -> None:
    with SteeredBed() as bed:
        bed.infuse(LONG)
        sim = bed.sims["p1"]
    assert not bed.folder.exists()
    assert sim.truth(bed.clock.now_ns()).motor_turning, "SIGTERM is no stop"
