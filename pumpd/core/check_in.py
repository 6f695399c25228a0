"""What a check-in establishes about a patient: records of a visit, each with who said it and when.

No name, no number of a wristband and no telephone stands here: the journal keeps that two identifiers were compared
with the patient's own and which, and that somebody will take the patient home; what they are stands in a table of its
own that can be erased (identities.py).

An item whose answer has not changed since an earlier visit is confirmed by one tap, and keeps the name and the day of
whoever asked first. Nothing of another patient is ever offered for that, and what a fast or a pregnancy test says today
is asked today.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Identifier(Enum):
    """By what a patient is told from another; two of them agree, or it is not known to be this patient."""

    NAME = "name"
    BIRTH = "birth"  # the day of birth
    NUMBER = "number"  # of the record, as on the wristband


IDENTIFIERS_NEEDED: Final = 2


class Item(Enum):
    """What is asked of every patient."""

    ALLERGIES = "allergies"
    PREGNANCY = "pregnancy"
    FASTING = "fasting"
    CONTRAINDICATIONS = "contraindications"


CARRIED: Final = frozenset({Item.ALLERGIES, Item.CONTRAINDICATIONS})  # may be confirmed as unchanged


class Answered(Enum):
    """What was answered to an item."""

    CLEAR = "clear"  # nothing that stands against a start
    NOT_APPLICABLE = "not_applicable"
    FOUND = "found"  # something that does: a prescriber accepts it, or the visit ends here


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whether what the patient said is what is kept of them."""

    at_ns: int
    person: str
    matched: tuple[Identifier, ...]
    differed: tuple[Identifier, ...]

    @property
    def stands(self) -> bool:
        return not self.differed and len(set(self.matched)) >= IDENTIFIERS_NEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One item as it is answered; `remark` is what was found, or said."""

    item: Item
    answered: Answered
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A prescriber lets it go ahead all the same."""

    at_ns: int
    person: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAnswer:
    """An item as it stands in a visit. `first_person` and `first_day` name whoever asked, if it was only confirmed."""

    said: Said
    at_ns: int
    day: int  # local day number
    person: str
    first_person: str
    first_day: int
    accepted: Accepted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """What the scale showed."""

    at_ns: int
    person: str
    weight_g: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Who takes the patient over after the visit: an escort, whose name and telephone are kept apart, or a ward."""

    at_ns: int
    person: str
    escort: bool
    ward: str = ""


class Watching(Enum):
    """How closely the bed is watched for the patient's own safety."""

    ROUTINE = "routine"
    CLOSE = "close"  # somebody looks at least every 15 min
    CONSTANT = "constant"  # somebody is within reach all the time


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPlan:
    """What the prescriber orders after a risk was found; home is open again with it."""

    at_ns: int
    person: str
    plan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The result of the risk question, and nothing of what was said."""

    at_ns: int
    person: str
    positive: bool
    watching: Watching
    plan: RiskPlan | None = None

    @property
    def closes_home(self) -> bool:
        """Nobody goes home from here; every other way out stays open."""
        return self.positive and self.plan is None
