"""Facts while an infusion is prepared and checked. They stand beside facts.py, and the same rules hold."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.library import DoseUnit
from pumpd.core.people import Role
from pumpd.core.preparation import CheckField, Entered, LabelReading
from pumpd.core.prescribed import Given
from pumpd.core.rise_proposed import ProposedRise, RiseEntered


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelNoted:
    """The label of container `number` of this visit was read, and is what was ordered."""

    at_ns: int
    visit: str
    person: str
    number: int
    reading: LabelReading


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFound:
    """The line was checked and found in order."""

    at_ns: int
    visit: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PremedicationNoted:
    """An ordered premedication was given."""

    at_ns: int
    visit: str
    given: Given


@dataclass(frozen=True, slots=True, kw_only=True)
class PremedicationLeft:
    """An ordered premedication is not given today, with the reason."""

    at_ns: int
    visit: str
    person: str
    drug: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAgreed:
    """A second person entered the same values."""

    at_ns: int
    visit: str
    person: str
    number: int
    entered: Entered
    unit: DoseUnit | None = None  # of the dose; None in rows from before it was kept


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDiffered:
    """A second person entered other values: what differed is read, or weighed, anew before it is checked again."""

    at_ns: int
    visit: str
    person: str
    number: int
    entered: Entered
    differed: tuple[CheckField, ...]
    unit: DoseUnit | None = None
    ordered_dose: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseProposed:
    """Somebody wants a rise beyond the programme; it waits for another person's check."""

    at_ns: int
    visit: str
    rise: ProposedRise


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseChecked:
    """Another person entered the same dose, drug and concentration."""

    at_ns: int
    visit: str
    person: str
    entered: RiseEntered
    role: Role | None = None  # theirs; unknown in older rows


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseDiffered:
    """Another person entered something else than `rise`, which is wanted no longer."""

    at_ns: int
    visit: str
    person: str
    rise: ProposedRise
    entered: RiseEntered
    differed: tuple[CheckField, ...]


PreparationFact = (
    LabelNoted
    | LineFound
    | PremedicationNoted
    | PremedicationLeft
    | CheckAgreed
    | CheckDiffered
    | RiseProposed
    | RiseChecked
    | RiseDiffered
)
