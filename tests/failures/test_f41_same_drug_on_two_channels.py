"""F41: the same drug ran on two channels, each within its limit.

GIP 2.2.7.2. Here an infusion of ketamine runs on one pump, and a second is wanted on the other, with the second
person's agreement and all. Each alone is within the library's hour; together they are not.

Guard: `pumpd.core.rise._committed_elsewhere`: what the other pumps may still give counts as given.
"""

from __future__ import annotations

import pytest

from pumpd.core.bed import preview
from pumpd.core.codes import ReasonCode
from pumpd.core.effects import Prepare
from pumpd.testing.bed_story import TOGETHER, BedStory, order_for
from pumpd.testing.guards import guard_removed

REGIMEN, DAY = "CRPS-OP10", 3  # 24.5 mg/h at 70 kg, of 25 mg that the library allows in any hour
HOUR_LIMIT_UG = 25_000


def complaints() -> list[str]:
    bed = BedStory(slots=("p1", "p2"))
    bed.connect()
    bed.report(slot="p1")
    bed.report(slot="p2")
    bed.runs(REGIMEN, slot="p1", day=DAY)
    reasons = {
        each.code for each in preview(bed.state, "p2", order_for(REGIMEN, day=DAY), bed.setup, bed.now_ns).grant.reasons
    }
    bed.start(REGIMEN, slot="p2", day=DAY, override=TOGETHER)
    running = [bed.infusion(slot) for slot in ("p1", "p2") if bed.pump(slot).infusion is not None]
    ug_per_h = sum(each.plan[0].rate_ul_per_h * each.programme.concentration_ug_per_ml // 1_000 for each in running)
    found = [f"{ug_per_h} ug in an hour on two pumps"] if ug_per_h > HOUR_LIMIT_UG else []
    if bed.sent(Prepare, "p2") and ReasonCode.SAME_DRUG_RUNNING not in reasons:
        found.append("and nobody was asked")
    return found


@pytest.mark.requirement("F41")
@pytest.mark.requirement("FLOW-16")
def test_two_pumps_of_one_drug_are_one_sum() -> None:
    assert complaints() == []


@pytest.mark.requirement("F41")
def test_pumps_that_are_judged_apart_give_twice_the_hour() -> None:
    with guard_removed("pumpd.core.rise._committed_elsewhere", instead=lambda *_: ()):
        assert any("on two pumps" in each for each in complaints())
