"""F30: a reading more than ten minutes old was used for a dose.

Insulet DASH, 2020. Here what reaches the bed is old in the three ways that it can be: a start that was pressed
minutes ago, a review that was read minutes ago, and a look at the pump that was asked for before the phase it is said
to prove. None of them starts or proves anything.

Guard: `pumpd.core.asking.gate_of_person`, which asks how old a request is. Without it any age will do.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.bed import preview
from pumpd.core.codes import Phase, ReasonCode
from pumpd.core.effects import Prepare
from pumpd.core.pump import Drive
from pumpd.core.requests import StartRequested
from pumpd.core.units import NS_PER_S
from pumpd.testing.bed_story import NURSE, BedStory, order_for
from pumpd.testing.guards import guard_removed


def a_start(bed: BedStory, *, pressed_s_ago: int) -> StartRequested:
    order = order_for("FM-3H")
    return StartRequested(
        at_ns=bed.now_ns, asked_at_ns=bed.now_ns - pressed_s_ago * NS_PER_S, request_id=bed.request_id(), actor=NURSE,
        slot="p1", order=order, digest=preview(bed.state, "p1", order, bed.setup, bed.now_ns).digest,
    )  # fmt: skip


def complaints() -> list[str]:
    found = []
    for ago_s in (11, 60, 700, -30):
        bed = BedStory()
        bed.connect()
        bed.report()
        bed.take(a_start(bed, pressed_s_ago=ago_s))
        if bed.sent(Prepare):
            found.append(f"a start of {ago_s} s ago is begun")
    bed = BedStory()
    bed.connect()
    bed.report()
    read = a_start(bed, pressed_s_ago=0)
    bed.wait(11 * 60)
    bed.report()
    bed.take(replace(read, at_ns=bed.now_ns, asked_at_ns=bed.now_ns))
    if bed.sent(Prepare):
        found.append("a review of eleven minutes ago is confirmed")
    bed = BedStory()
    bed.runs("TRAIN-5MIN")
    bed.stop()
    bed.report(Drive.STILL, ago_ms=5_000, after_s=0.1)
    if bed.phase() is Phase.STOPPED:
        found.append("a look from before the stop proves it")
    return found


@pytest.mark.requirement("F30")
@pytest.mark.requirement("CMD-03")
def test_nothing_old_starts_or_proves_anything() -> None:
    assert complaints() == []


def test_the_same_start_pressed_now_is_begun() -> None:
    bed = BedStory()
    bed.connect()
    bed.report()
    bed.take(a_start(bed, pressed_s_ago=1))
    assert bed.sent(Prepare)
    assert ReasonCode.REQUEST_EXPIRED not in {each.code for each in (bed.reply.reasons if bed.reply else ())}


@pytest.mark.requirement("F30")
def test_a_bed_that_does_not_ask_for_the_age_starts_what_was_wanted_long_ago() -> None:
    with guard_removed("pumpd.core.asking.gate_of_person", instead=lambda *_: []):
        assert "a start of 700 s ago is begun" in complaints()
