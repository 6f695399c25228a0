"""What of a visit's last observations stands in the way of a rise, by the order's hold parameters.

Before the drug has run the column "do not start" speaks, and whatever would ask for a pause; afterwards the three that
ask for something to be done. A hold stands until a later reading of its item is within bounds: "not measured" takes
none away.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pumpd.core.holds import Band, Hold, hold_of, holds_of_signs
from pumpd.core.observing import Measure, Sign
from pumpd.core.verbal import holds_with
from pumpd.core.visit import Visit

_UNWELL: Final = frozenset({Sign.UNWELL, Sign.CHEST_PAIN, Sign.NEUROLOGICAL, Sign.THUNDERCLAP})


def standing(visit: Visit) -> tuple[Hold, ...]:
    """The worst hold of each item and sign, the worst first."""
    care = visit.care
    unwell = not _UNWELL.isdisjoint(care.signs)
    found: list[Hold] = []
    by_item = care.by_item(measured=True)
    holds = holds_with(visit.holds, care.verbal)
    for item, readings in by_item.items():
        found += hold_of(holds, readings, baseline=care.at_start(item), accepted=care.accepted_of(item), unwell=unwell)
    drowsy = any(each.about == Measure.SEDATION.value and each.band.value >= Band.PAUSE.value for each in found)
    breaths = by_item.get(Measure.BREATHS)
    found += holds_of_signs(care.signs, drowsy=drowsy, breaths=breaths[-1].reading.value if breaths else None)
    return _worst(each for each in found if _speaks(visit, each.band))


def _speaks(visit: Visit, band: Band) -> bool:
    return band is not Band.REDUCE if visit.began_at_ns is None else band is not Band.START


def _worst(holds: Iterable[Hold]) -> tuple[Hold, ...]:
    by_about: dict[str, Hold] = {}
    for each in holds:
        known = by_about.get(each.about)
        if known is None or each.band.value > known.band.value:
            by_about[each.about] = each
    return tuple(sorted(by_about.values(), key=lambda each: -each.band.value))
