"""An emergency at a visit: who called it, what happened when, and until when nobody is prompted.

While it lasts the bed asks for nothing: no observation is due, nothing has to be typed. One tap marks a moment; what
was given and measured is charted afterwards, with the times that were marked. What a pump has to say still sounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

MARKS_MAX: Final = 128


class Moment(Enum):
    """What one tap marks."""

    HELP_CALLED = "help_called"
    HELP_HERE = "help_here"
    AIRWAY = "airway"
    OXYGEN = "oxygen"
    COMPRESSIONS = "compressions"
    SHOCK = "shock"
    DRUG = "drug"  # which one is charted afterwards
    BACK = "back"  # breathing, a pulse, awake
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    moment: Moment
    marked_at_ns: int
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    called_at_ns: int
    person: str
    marks: tuple[Mark, ...] = ()
    over_at_ns: int | None = None

    @property
    def lasts(self) -> bool:
        return self.over_at_ns is None
