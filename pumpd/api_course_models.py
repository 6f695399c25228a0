"""What crosses the socket about a course. As api_models.py, whose rules hold here too."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pumpd.api_models import View
from pumpd.api_orders import Body, Count, Typed
from pumpd.core.course import Instrument, Prompt
from pumpd.core.course_tally import Rests

__all__ = ["Instrument", "Prompt"]  # a client takes them from here

FILE_CHARS_MAX = 11_000  # an order is 5,000, a visit or an outcome 80: a course of dozens of visits

Today = Annotated[int | None, Field(strict=True, ge=0, le=100_000)]  # local days since 1970-01-01; None: today


class AttestBody(Body):
    """What this course has had in all, wherever it was given."""

    visits: Count
    given_mg: Typed


class OutcomeBody(Body):
    instrument: Instrument
    total: Count
    day: Today = None


class FollowUpBody(Body):
    prompt: Prompt
    found: bool


class ImportBody(Body):
    """The text that another bed's export gave, as it is."""

    file: Annotated[str, Field(min_length=1, max_length=FILE_CHARS_MAX)]


class ExportView(View):
    """A course as signed text, to be carried to another bed of the site and taken in there."""

    file: str


class AttendedView(View):
    number: int
    day: int
    day_text: str
    given_text: str
    gap_days: int | None  # since the one before


class OutcomeView(View):
    instrument: Instrument
    text: str
    day: int
    day_text: str
    total: int
    most: int  # of this instrument
    person: str


class DueView(View):
    text: str
    day: int
    day_text: str
    instrument: Instrument | None
    prompt: Prompt | None


class CourseView(View):
    """A course added up, and what each sum rests on."""

    series: str
    today_day: int
    planned: int
    visits: int
    visits_rest_on: Rests
    visits_text: str
    given_text: str
    given_rests_on: Rests
    given_rests_text: str
    attested_by: str | None
    imported_from: str | None
    attended: tuple[AttendedView, ...]
    outcomes: tuple[OutcomeView, ...]
    due: tuple[DueView, ...]
    travels: bool  # this bed has the key of its site, so that another bed believes its file
