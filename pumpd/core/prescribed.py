"""Drugs that a prescriber orders beside the infusion: given by hand and recorded, never pumped.

Premedication is given before the start, and has a time to act in. Rescue drugs are given when something is wrong, each
time as much as stands here and no more in a visit than stands here. Whether a benzodiazepine comes before is the
prescriber's; what is proposed to them is on for pain and off for a mood, where it may blunt the effect (Andrashko et
al., Front Psychiatry 2020; Feeney et al., J Clin Psychiatry 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

PRESCRIBED_MAX: Final = 8  # of each kind in one order


class Route(Enum):
    """How it is given."""

    VEIN = "vein"
    MOUTH = "mouth"
    SKIN = "skin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Premedication:
    """To be given before the start; `wait_s` later it may be started."""

    drug: str
    dose_ug: int
    route: Route
    wait_s: int
    sedating: bool = False  # recovery counts from it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """May be given against what it names: so much at a time, so much in a visit."""

    drug: str
    dose_ug: int
    most_ug: int
    route: Route
    against: str
    sedating: bool = False
    reverses: bool = False  # recovery is longer after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A drug that was given by hand, and by whom; charted by `person`."""

    at_ns: int
    person: str
    given_by: str
    given_at_ns: int
    drug: str
    dose_ug: int
    route: Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Omitted:
    """An ordered premedication that was not given, with the reason."""

    at_ns: int
    person: str
    drug: str
    why: str
