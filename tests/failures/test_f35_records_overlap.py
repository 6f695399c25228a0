"""F35: records that overlapped made the totals wrong for weeks.

AndroidAPS issues 1597, 1724 and 2251: drug was counted twice or not at all, and dosed by that. Here an infusion is
paused and resumed, falls silent, is asked again, and goes through a restart of the daemon. The stretches on record
never overlap, and add up to what the interval says.

Guard: `pumpd.core.given._taken_back`, which takes out again what silence had put on record and a report then shows
not to have gone in.
"""

from __future__ import annotations

from itertools import pairwise

import pytest

from pumpd.core.codes import Given
from pumpd.core.units import Towards, mass_ng
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed


def complaints() -> list[str]:
    bed = BedStory()
    bed.runs("FM-3H")
    found: list[str] = []

    def compare(when: str) -> None:
        stretches = sorted(bed.state.history, key=lambda each: each.from_ns)
        for before, after in pairwise(stretches):
            if after.from_ns < before.to_ns:
                found.append(f"{when}: {before} and {after} overlap")
        told_ng = sum(each.mass_ng for each in stretches)
        infusion = bed.infusion()
        own_ng = mass_ng(infusion.delivered.high_nl, infusion.programme.concentration_ug_per_ml, Towards.UP)
        if not 0 <= told_ng - own_ng <= len(stretches):  # each stretch is rounded up to a nanogram
            found.append(f"{when}: {told_ng} ng on record, {own_ng} ng by the interval")

    infused_ul = bed.flows(60)
    compare("running")
    bed.ticks(9)  # silence: doubt, and what may have gone in
    compare("in doubt")
    bed.drives(infused_ul + 10)
    compare("seen again")
    bed.paused(infused_ul + 10)
    compare("paused")
    bed.report()
    bed.resumes()
    bed.flows(40)
    bed.boot(away_s=5)
    compare("after a restart")
    bed.connect()
    bed.drives(150)
    bed.paused(160)
    compare("at the end")
    return found


def keeps_all(history: tuple[Given, ...], _infusion_id: int, _less_ng: int) -> tuple[Given, ...]:
    return history


@pytest.mark.requirement("F35")
@pytest.mark.requirement("LOG-08")
def test_what_is_on_record_never_overlaps_and_adds_up() -> None:
    assert complaints() == []


@pytest.mark.requirement("F35")
def test_what_is_never_taken_back_is_counted_twice() -> None:
    with guard_removed("pumpd.core.given._taken_back", instead=keeps_all):
        assert any("on record" in each for each in complaints())
