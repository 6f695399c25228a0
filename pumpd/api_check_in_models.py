"""What crosses the socket about a check-in and about who a patient is. As api_models.py, whose rules hold here too.

What a patient says of themselves goes in, and is compared in the daemon; a view of the bed or of a visit never holds
it. Only `PatientView` does, for somebody who is signed in and cares for patients.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from pumpd.api_models import View
from pumpd.api_orders import FOR_EVER, Body, Name, Typed
from pumpd.core.check_in import Answered, Identifier, Item, Watching

__all__ = ["Answered", "Identifier", "Item", "Watching"]  # a client takes them from here

PERSON_CHARS_MAX: Final = 120
REMARK_CHARS_MAX: Final = 300  # a few words; a letter belongs into the patient's file

PersonName = Annotated[str, Field(max_length=PERSON_CHARS_MAX)]
Born = Annotated[str, Field(pattern=r"^(?:\d{4}-\d{2}-\d{2})?$", description="as in 1970-12-31, or empty")]
Remark = Annotated[str, Field(max_length=REMARK_CHARS_MAX, description=FOR_EVER)]
Why = Annotated[str, Field(min_length=1, max_length=REMARK_CHARS_MAX, description=FOR_EVER)]


class IdentityBody(Body):
    """What the patient says, or what stands on the wristband: at least two of the three."""

    name: PersonName = ""
    born: Born = ""
    number: PersonName = ""


class PatientBody(Body):
    """A patient whom this bed has not known: a name and a day of birth, and a record number where there is one.

    `patient`: the key of an order that came from another bed, which brought no name with it.
    """

    patient: Name | None = None

    name: Annotated[str, Field(min_length=1, max_length=PERSON_CHARS_MAX)]
    born: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    number: PersonName = ""


class PatientView(View):
    patient: str  # the key under which the journal knows them
    name: str
    born: str
    number: str
    escort: str = ""  # who took them home the last time, with a telephone; asked for one patient alone


class ErasedView(View):
    """The key that nobody can read any more."""

    patient: str


class SaidBody(Body):
    item: Item
    answered: Answered
    remark: Remark = ""


class ItemsBody(Body):
    answers: Annotated[tuple[SaidBody, ...], Field(min_length=1, max_length=len(Item))]


class UnchangedBody(Body):
    """These items are as they were answered at `of_visit`: what a person read, with its author and day."""

    of_visit: Name
    items: Annotated[tuple[Item, ...], Field(min_length=1, max_length=len(Item))]


class FindingBody(Body):
    item: Item
    why: Why


class WeightBody(Body):
    weight_kg: Typed


class CompanyBody(Body):
    """A ward; or an escort with a telephone, or the one of the last visit again."""

    ward: PersonName = ""
    escort_name: PersonName = ""
    escort_phone: PersonName = ""
    same_escort: bool = False


class RiskBody(Body):
    """The result alone; what was said belongs into the patient's file."""

    positive: bool


class RiskPlanBody(Body):
    plan: Why
    watching: Watching


class ItemView(View):
    """One item: how it stands in this visit, and what an earlier visit of this patient said, to be confirmed."""

    item: Item
    title: str
    answered: Answered | None
    text: str | None
    accepted_by: str | None
    by: str | None
    may_confirm: bool  # one tap confirms what the earlier visit said
    earlier_visit: str | None
    earlier_text: str | None
    earlier_by: str | None
    earlier_day: str | None  # as in 2026-11-27


class CheckInView(View):
    """How far a check-in is. `call_text` names whom to call at once, where the risk question was positive."""

    visit: str
    identity_matched: tuple[Identifier, ...]
    identity_differed: tuple[Identifier, ...]
    identity_text: str | None
    items: tuple[ItemView, ...]
    weight_g: int | None
    weight_text: str | None  # with pounds, to be said aloud
    ordered_weight_text: str
    asks_risk: bool
    risk_positive: bool | None
    call_text: str | None
    watching: Watching
    watching_text: str
    goes_home: bool
    escort_named: bool
    ward: str | None
