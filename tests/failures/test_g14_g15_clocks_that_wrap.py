"""G14 and G15: clocks of 32 bits end in 2038, and counters of milliseconds wrap after 49.7 days.

Ours are integers of nanoseconds without an end. Here one and the same story is told at an uptime where each such
counter would wrap in its middle: all that differs is the time in the facts. The record is read back the same, and
times of day after 2038 are written as such.
"""

from __future__ import annotations

import pytest

from pumpd import words
from pumpd.core.facts import Fact
from pumpd.core.pump import Drive
from pumpd.journal_rows import decode, is_durable, row_of
from pumpd.testing.bed_story import BedStory

MS, S = 10**6, 10**9
WRAPS_NS = {
    "31 bits of ms": 2**31 * MS,
    "32 bits of ms": 2**32 * MS,
    "32 bits of us": 2**32 * 1_000,
    "31 bits of s": 2**31 * S,
    "53 bits of ns": 2**53,
}
AFTER_2038_MS = (2**31 + 86_400) * 1_000


def told_at(begins_ns: int) -> list[Fact]:
    """Two minutes with a pause, a silence and a restart."""
    bed = BedStory()
    bed.wait((begins_ns - bed.now_ns) // MS / 1_000)
    bed.facts.clear()
    bed.runs("TRAIN-5MIN")
    infused_ul = bed.flows(25)
    bed.ticks(7)
    bed.drives(infused_ul + 70)
    bed.paused(infused_ul + 75)
    bed.report()
    bed.resumes()
    bed.flows(20)
    bed.boot(away_s=1)
    bed.connect()
    bed.drives(200)
    bed.stop()
    bed.report(Drive.STILL, infused_ul=205)
    return bed.facts


def times_of(facts: list[Fact], begins_ns: int) -> list[tuple[str, int]]:
    return [(type(fact).__name__, fact.at_ns - begins_ns) for fact in facts]


@pytest.mark.requirement("G14")
@pytest.mark.requirement("G15")
@pytest.mark.requirement("LOG-09")
@pytest.mark.parametrize("wrap", WRAPS_NS)
def test_the_story_is_the_same_where_a_counter_of_32_bits_would_wrap(wrap: str) -> None:
    plain, begins_ns = told_at(10_000 * S), WRAPS_NS[wrap] // MS * MS - 60 * S
    wrapping = told_at(begins_ns)
    assert times_of(wrapping, begins_ns) == times_of(plain, 10_000 * S)
    for fact in filter(is_durable, wrapping):
        row = row_of(fact, seq=1, boot="b", at_ns=fact.at_ns, wall_ms=AFTER_2038_MS)
        assert decode(row.kind, row.version, row.body) == fact


@pytest.mark.requirement("G14")
def test_times_of_day_after_2038_are_written_as_such() -> None:
    assert words.clock_time(AFTER_2038_MS, offset_min=0, seconds=True) == "03:14:08"
