"""F02: one keystroke more: 100 mL/h instead of 10.

FDA's examples of reported problems. Here a nurse who has slowed an infusion down types its rate again with a zero too
many, or a digit too many in any other place, and confirms it as people do: at once, without having read a review of
it. No such rate reaches the pump.

Guard: `pumpd.core.raising.against_review`: a jump has to be read, and one to five times the rate said twice.
"""

from __future__ import annotations

import pytest

from pumpd.core.effects import ChangeRate, Stop
from pumpd.core.pump import Drive
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed

REGIMENS = ("FM-3H", "CRPS-OP10", "TRAIN-5MIN")


def one_more(rate_ul_per_h: int) -> set[int]:
    """The typed rate in mL/h with one key more, in every place that still is a number."""
    typed = f"{rate_ul_per_h / 1_000:g}"
    found = {typed[:at] + key + typed[at:] for at in range(len(typed) + 1) for key in "0123456789"}
    return {round(float(text) * 1_000) for text in found}


def complaints() -> list[str]:
    found = []
    for regimen in REGIMENS:
        bed = BedStory()
        bed.runs(regimen)
        confirmed = bed.infusion().rate_ul_per_h
        slow = confirmed // 10
        bed.rate(slow)
        bed.done(Drive.INFUSING, rate=slow)
        before = bed.state
        for wrong in sorted(one_more(slow)):
            if wrong < 5 * slow:
                continue  # smaller slips are for the limits and for whoever reads the review
            bed.state = bed.kept = before
            bed.rate(wrong)
            if any(isinstance(each, ChangeRate | Stop) for each in bed.last.effects):
                found.append(f"{regimen}: {wrong} uL/h for {slow} reaches the pump")
    return found


@pytest.mark.requirement("F02")
@pytest.mark.requirement("FLOW-04")
@pytest.mark.requirement("FLOW-03")
def test_a_rate_with_one_key_too_many_reaches_no_pump_unread() -> None:
    assert complaints() == []


@pytest.mark.requirement("F02")
def test_without_a_review_ten_times_the_rate_is_one_slip_away() -> None:
    with guard_removed("pumpd.core.raising.against_review", instead=lambda *_: []):
        assert any("reaches the pump" in each for each in complaints())
