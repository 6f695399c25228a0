"""What crosses the socket while an infusion is prepared and checked. As api_models.py, whose rules hold here too.

`CheckTaskView` is all that a second person is shown: what to enter and from where, in which unit, and no value.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from pumpd.api_models import View
from pumpd.api_orders import Body, Count, Name, Typed
from pumpd.core.preparation import CheckField
from pumpd.core.prescribed import Route

__all__ = ["CheckField", "Route"]  # a client takes them from here

WORD_CHARS_MAX: Final = 64

Word = Annotated[str, Field(max_length=WORD_CHARS_MAX)]
Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="as in 2027-01-31")]
Why = Annotated[str, Field(min_length=1, max_length=300)]


class LabelReadBody(Body):
    """As it stands on label and barrel; `brand` is empty for a bag."""

    drug: Word
    concentration_mg_per_ml: Typed
    lot: Word
    expires: Date
    size_ml: Typed
    brand: Word = ""


class PremedicationBody(Body):
    """Given `ago_min` minutes ago, by `given_by`; empty: by whoever enters it."""

    drug: Word
    dose_mg: Typed
    route: Route
    given_by: Annotated[str, Field(max_length=WORD_CHARS_MAX)] = ""
    ago_min: Count = 0


class OmissionBody(Body):
    drug: Word
    why: Why


class CheckBody(Body):
    """Off the slip, the label, the barrel and the order; the dose in the order's own unit."""

    weight_kg: Typed
    drug: Word
    concentration_mg_per_ml: Typed
    size_ml: Typed
    brand: Word = ""
    dose_mg: Typed  # the number on the order, whatever stands behind the mg: /kg, /kg/h, /h


class RiseCheckBody(Body):
    """Of a rise that waits: drug and concentration off the label that hangs, the new dose in the unit that is told."""

    drug: Word
    concentration_mg_per_ml: Typed
    dose_mg: Typed


class PremedicationView(View):
    """One that was ordered; `left_s` is how long it still has to act."""

    drug: Name
    text: str
    dose_mg: str  # as ordered, as it would be typed
    route: Route
    given: bool
    given_by: str | None
    given_ts_ms: int | None
    omitted: str | None
    left_s: int | None


class PreparationView(View):
    """How far the preparation is, for those who prepare."""

    visit: str
    container: int  # which one of the visit is prepared; 1 is the first
    container_title: str
    is_syringe: bool  # it has a barrel with a brand
    primed: tuple[str, ...]  # slots that were primed with it in this visit
    label_read_by: str | None
    line_checked_by: str | None
    premedication: tuple[PremedicationView, ...]
    checked_by: str | None
    differed: tuple[CheckField, ...]
    differed_text: str  # what differed, by name; empty when nothing did


class CheckFieldView(View):
    field: CheckField
    text: str  # what to enter, and from where
    unit: str = ""  # of the number, as it stands on the source; empty for a word


class RiseTaskView(View):
    """A rise beyond the programme, or a bolus, waits for a second person: on which pump, and what they enter."""

    slot: Name
    fields: tuple[CheckFieldView, ...]


class CheckTaskView(View):
    """What a second person enters. No value of the first person stands in it, nor one that could be copied."""

    visit: str
    container: int
    fields: tuple[CheckFieldView, ...]
    checked: bool
    rise: RiseTaskView | None = None
