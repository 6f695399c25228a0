"""F22: time and total on the screen were not those of the delivery.

Medfusion, 2022 and 2024. Here an infusion runs with odd volumes, is slowed down and paused, and the page's own view
is read at every look: the volume on it holds what the counter proves and what the record says, and the time left is
what the rest takes at the present rate.

Guard: `pumpd.words.interval_ml`, which rounds an interval outwards. Without it the page promises more than is known.
"""

from __future__ import annotations

import re

import pytest

from pumpd.api_moment import Moment
from pumpd.api_views import Place, pump_view
from pumpd.core.pump import Drive
from pumpd.core.units import NL_PER_UL, NS_PER_H, NS_PER_MS
from pumpd.testing.bed_story import BedStory
from pumpd.testing.guards import guard_removed
from pumpd.words import number

NL_PER_ML = 1_000_000


def nanolitres(text: str) -> tuple[int, int]:
    """The bounds that a nurse reads: `between 12.3 and 12.4 mL`."""
    found = re.findall(r"(\d+)(?:\.(\d+))?", text.replace(",", ""))
    read = [int(whole) * NL_PER_ML + int((part or "0").ljust(6, "0")) for whole, part in found]
    return read[0], read[-1]


def complaints() -> list[str]:
    bed = BedStory()
    bed.runs("CRPS-OP10")
    found: list[str] = []

    def compare(counted_ul: int) -> None:
        place = Place(site="s", ward="w", bed="b")
        view = pump_view(bed.state, bed.pump(), bed.setup, place, Moment(now_ns=bed.now_ns, wall_ms=0))
        assert view.delivered is not None
        record = bed.look().delivered
        low_nl, high_nl = nanolitres(view.delivered.text)
        if not low_nl <= record.low_nl <= counted_ul * NL_PER_UL <= record.high_nl <= high_nl:
            found.append(f"{counted_ul} uL went in, {record} is known, the page says {view.delivered.text}")
        if view.left_ms is not None:
            infusion = bed.infusion()
            rest_nl = infusion.total_nl - record.low_nl
            exact_ms = rest_nl * NS_PER_H // (infusion.rate_ul_per_h * NL_PER_UL) // NS_PER_MS
            if abs(view.left_ms - exact_ms) > 1_000:
                found.append(f"the page says {view.left_text}, the rest takes {exact_ms} ms")

    counted_ul = 0
    for more_ul in (3, 4, 12, 5, 18, 36):
        counted_ul += more_ul
        bed.drives(counted_ul, after_s=more_ul * 3_600 / bed.infusion().rate_ul_per_h)
        compare(counted_ul)
    bed.rate(bed.infusion().rate_ul_per_h // 2)
    bed.done(Drive.INFUSING, infused_ul=counted_ul)
    for more_ul in (2, 7, 13):
        counted_ul += more_ul
        bed.drives(counted_ul, after_s=more_ul * 3_600 / bed.infusion().rate_ul_per_h)
        compare(counted_ul)
    bed.paused(counted_ul + 1)
    compare(counted_ul + 1)
    return found


def to_the_nearest(low_nl: int, high_nl: int, places: int = 1) -> str:
    return f"{number((low_nl + high_nl) // 2, digits=6, places=places)} mL"


@pytest.mark.requirement("F22")
@pytest.mark.requirement("LINK-08")
def test_the_page_says_what_is_on_record_and_what_is_left() -> None:
    assert complaints() == []


@pytest.mark.requirement("F22")
def test_a_page_that_rounds_to_the_nearest_says_what_is_not_so() -> None:
    with guard_removed("pumpd.words.interval_ml", instead=to_the_nearest):
        assert complaints()
