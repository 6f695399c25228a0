"""How far what a pump gives may lie from what was granted, and for how long: the figures, as data.

`STANDARD` are those of GIP 1.2.2 and 1.2.3: more than 10 % above, or less than 90 %, for 15 min. `TIGHT` are those of
Open PCA R6.4.0 for a pump that a patient may trigger: 5 min at a basal rate. A site chooses for all its pumps, an entry
of the library for its drug, and the sharper of both holds. A bolus is over long before either, so while one runs a
minute is enough: Open PCA says 5 min for a clinician's bolus in R6.4.0(6) and (7) and 1 min in its own use case; the
sharper figure is taken, since the other one would never be met by a bolus of 5 min.

Tolerances are in thousandths, so that none vanishes in a division (F45: a whole-number percentage, divided by a
hundred before it was used, made every tolerance 0 or 1 in a published artefact).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from pumpd.core.library import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Beyond this share for this long is a deviation; beyond `gross_permille` more it is one at once."""

    permille: int = 100
    window_s: int = 900
    gross_permille: int = 500  # our own proposal: half as much again is no inaccuracy any more

    def __post_init__(self) -> None:
        assert 1 <= self.permille <= 2_000, self
        assert 60 <= self.window_s <= 900, self
        assert self.gross_permille > 0, self


STANDARD: Final = Tolerance()
TIGHT: Final = Tolerance(window_s=300)
BOLUS_WINDOW_S: Final = 60


def sharpest(site: Tolerance, watch: Watch, *, in_bolus: bool) -> Tolerance:
    """What holds now: the shortest window that anybody asks for."""
    entry = TIGHT if watch is Watch.TIGHT else STANDARD
    window_s = min(site.window_s, entry.window_s)
    return replace(site, window_s=BOLUS_WINDOW_S if in_bolus else window_s)


def surely_over(given_low_nl: int, due_high_nl: int, permille: int) -> bool:
    """More than the tolerance, whatever the truth is within both intervals."""
    return given_low_nl * 1_000 > due_high_nl * (1_000 + permille)


def surely_under(given_high_nl: int, due_low_nl: int, permille: int) -> bool:
    """Less than the tolerance, whatever the truth is within both intervals. At 100 % and above nothing is."""
    return given_high_nl * 1_000 < due_low_nl * (1_000 - permille)
