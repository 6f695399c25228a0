"""Requests of a check-in. As in requests.py nothing has been judged in them; `today_day` is the local day number."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.actor import Actor
from pumpd.core.check_in import Identifier, Item, Said, Watching


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCompared:
    """What the patient said was compared with what is kept of them; what it is stays outside the journal."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    matched: tuple[Identifier, ...]
    differed: tuple[Identifier, ...]
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsAnswered:
    """Answers to some of what is asked of every patient."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    answers: tuple[Said, ...]
    today_day: int
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnchangedConfirmed:
    """These items are as they were answered at that visit; the person read them there, with their author and day."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    of_visit: str
    items: tuple[Item, ...]
    today_day: int
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingAccepted:
    """A prescriber lets the visit go on with what was found."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    item: Item
    why: str
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientWeighed:
    """What the scale shows today, in grams."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    weight_g: int
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyNamed:
    """Who takes the patient over: `escort` is named, with a telephone, in the table of identities; or a ward."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    escort: bool
    ward: str
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskAnswered:
    """The result of the risk question."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    positive: bool
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPlanSigned:
    """What a prescriber orders after a risk was found."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    plan: str
    watching: Watching
    asked_at_ns: int | None = None


CheckInRequest = (
    IdentityCompared
    | ItemsAnswered
    | UnchangedConfirmed
    | FindingAccepted
    | PatientWeighed
    | CompanyNamed
    | RiskAnswered
    | RiskPlanSigned
)
