"""Facts of a check-in. They stand beside facts.py, and the same rules hold."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.check_in import Identifier, Item, ItemAnswer, Watching


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChecked:
    """Identifiers were compared; where one differed, it may be another patient."""

    at_ns: int
    visit: str
    person: str
    matched: tuple[Identifier, ...]
    differed: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsNoted:
    """Items of the check-in as they stand now, asked or confirmed as unchanged."""

    at_ns: int
    visit: str
    person: str
    answers: tuple[ItemAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingSettled:
    """A prescriber accepted a finding."""

    at_ns: int
    visit: str
    person: str
    item: Item
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightTaken:
    """What the scale showed. The visit's order is judged by it from here on; the dose stays for the ordered weight."""

    at_ns: int
    visit: str
    person: str
    weight_g: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyNoted:
    """Who takes the patient over is known."""

    at_ns: int
    visit: str
    person: str
    escort: bool
    ward: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskNoted:
    """The result of the risk question, and how closely the bed is watched from here on."""

    at_ns: int
    visit: str
    person: str
    positive: bool
    watching: Watching


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPlanned:
    """A prescriber signed what happens after a risk was found."""

    at_ns: int
    visit: str
    person: str
    plan: str
    watching: Watching


CheckInFact = IdentityChecked | ItemsNoted | FindingSettled | WeightTaken | CompanyNoted | RiskNoted | RiskPlanned
