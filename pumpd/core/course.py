"""A course: what a series has had so far and what became of it, as far as it is not told by the visits that are known.

Plain data that facts build up, one log a series. A visit that this bed still knows speaks for itself; one that it has
let go of, or that another bed gave and a signed file brought here, is kept as a line of `earlier`. What a prescriber
says was given elsewhere without such a file is kept beside it, and the larger of the two counts (course_tally.py).

Outcomes are totals of published instruments and nothing of the answers: pain as a number from 0 to 10 (NRS), the Brief
Pain Inventory (Cleeland 1994, its eleven items added), MADRS (Montgomery and Asberg 1979), PHQ-9 (Kroenke 2001), PCL-5
(Weathers 2013), Y-BOCS (Goodman 1989), SSI (Beck 1979).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pumpd.core.order import Settled

EARLIER_MAX: Final = 128  # visits of one series; none has more than a few dozen
OUTCOMES_MAX: Final = 512  # every instrument at every visit of the longest series, several times over


class Instrument(Enum):
    NRS = "nrs"
    BPI = "bpi"
    MADRS = "madrs"
    PHQ9 = "phq9"
    PCL5 = "pcl5"
    YBOCS = "ybocs"
    SSI = "ssi"


TOTAL_MAX: Final[Mapping[Instrument, int]] = {
    Instrument.NRS: 10,
    Instrument.BPI: 110,
    Instrument.MADRS: 60,
    Instrument.PHQ9: 27,
    Instrument.PCL5: 80,
    Instrument.YBOCS: 40,
    Instrument.SSI: 38,
}


class Prompt(Enum):
    """What repeated ketamine may do in the long run: asked about, and never a gate."""

    URINARY = "urinary"
    LIVER = "liver"
    COGNITION = "cognition"
    MISUSE = "misuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """A visit in which a drug was given, by the upper end of what may be in."""

    visit: str
    number: int
    day: int  # local day number
    given_ng: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """What a prescriber says that this course had, wherever it was given."""

    at_ns: int
    person: str
    day: int
    visits: int
    given_ng: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A total, and for which day it stands."""

    person: str
    day: int
    instrument: Instrument
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A prompt that was asked about; `found` only whether there was something."""

    person: str
    day: int
    prompt: Prompt
    found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseLog:
    series: str
    earlier: tuple[Attended, ...] = ()
    settled: tuple[Settled, ...] = ()
    attested: Attested | None = None
    outcomes: tuple[Outcome, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    imported_from: str = ""  # the last bed whose file was taken in
