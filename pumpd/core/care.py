"""What is known of the care of one visit: what was observed, what it is compared with, what a prescriber accepted.

It is part of a visit (visit.py) and built up by the facts of care_facts.py. Of each item the newest readings are kept,
enough to tell how long a value has been beyond a bound; all of them are in the journal. The baseline is what stood when
the drug first ran, and stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pumpd.core.emergency import Emergency
from pumpd.core.holds import Accepted
from pumpd.core.observing import Measure, Observation, Sign
from pumpd.core.rescue import GivenRescue
from pumpd.core.side_effects import Noted, Recheck
from pumpd.core.verbal import VerbalOrder

KEPT_OF_AN_ITEM: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """What one nurse told the next."""

    person: str
    said: str
    handed_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    observations: tuple[Observation, ...] = ()  # by the time they were taken
    baseline: tuple[Observation, ...] = ()
    signs: tuple[Sign, ...] = ()  # when somebody last looked for them
    signs_at_ns: int | None = None
    accepted: tuple[Accepted, ...] = ()
    side_effects: tuple[Noted, ...] = ()
    rechecks: tuple[Recheck, ...] = ()
    rescues: tuple[GivenRescue, ...] = ()
    infiltrated: tuple[int, ...] = ()  # infusions of which not all reached the vein
    emergencies: tuple[Emergency, ...] = ()
    handed_over: HandOver | None = None  # the last time
    verbal: tuple[VerbalOrder, ...] = ()  # orders by word, signed or not

    @property
    def emergency(self) -> Emergency | None:
        """The one that lasts."""
        return self.emergencies[-1] if self.emergencies and self.emergencies[-1].lasts else None

    def by_item(self, *, measured: bool = False) -> dict[Measure, list[Observation]]:
        """Everything that is kept, in one pass: this is asked several times a second."""
        found: dict[Measure, list[Observation]] = {}
        for each in self.observations:
            if not measured or each.reading.value is not None:
                found.setdefault(each.item, []).append(each)
        return found

    def readings(self, item: Measure) -> tuple[Observation, ...]:
        """Of one item, the oldest first; also those that were not measured."""
        return tuple(each for each in self.observations if each.item is item)

    def latest(self, item: Measure) -> Observation | None:
        found = self.readings(item)
        return found[-1] if found else None

    def measured(self, item: Measure) -> tuple[Observation, ...]:
        """Of one item, the oldest first, with a value."""
        return tuple(each for each in self.readings(item) if each.reading.value is not None)

    def at_start(self, item: Measure) -> int | None:
        """The value that the rest of the visit is compared with."""
        return next((each.reading.value for each in self.baseline if each.item is item), None)

    def accepted_of(self, item: Measure) -> Accepted | None:
        return next((each for each in self.accepted if each.item is item), None)


NO_CARE: Final = Care()
