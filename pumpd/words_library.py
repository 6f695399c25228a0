"""How the drug library stands, in words: for the foot of every page, `pumpd status` and `pumpd check-config`.

What speaks against a new start has its sentence in words_reasons.py; here stands what is in force, or what is not, as
a state that can be read at any time. LIB-02 wants "no library" to be a state that is shown and not one that is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from pumpd.core.standing import Judged, Standing

_FIRST_DAY: Final = date(1970, 1, 1)

_STANDINGS: Final[Mapping[Standing, str]] = {
    Standing.UNREADABLE: "cannot be read or used",
    Standing.ALTERED: "is not what was approved",
    Standing.NOT_YET_APPROVED: "was approved on a later day than today: check this computer's clock",
    Standing.EXPIRED: "has expired",
    Standing.OLDER: "is older than one that was used at this bed",
    Standing.VERSION_REUSED: "says something else than the same version did before",
}


def day_text(day: int) -> str:
    """`2026-12-31`: the one form that nobody reads as another day."""
    return (_FIRST_DAY + timedelta(days=day)).isoformat()


def library_text(judged: Judged | None) -> str:
    """Name, version and standing, as one line."""
    if judged is None:
        return "Drug library: none"
    name = f"Drug library: {judged.name} {judged.version}".rstrip() if judged.name else "The drug library"
    if judged.standing is not Standing.GOOD:
        return f"{name} {_STANDINGS[judged.standing]}. Nothing new can be started."
    if judged.training:
        return f"{name}, for demonstration and training only"
    if judged.expires_day is None:
        return name
    return f"{name}, approved by {judged.approved_by} until {day_text(judged.expires_day)}"
