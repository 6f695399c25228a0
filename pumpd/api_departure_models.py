"""What crosses the socket about the end of a visit. As api_models.py, whose rules hold here too."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from pumpd.api_container_models import SecondBody
from pumpd.api_models import TEXT_CHARS_MAX, ReasonView, View
from pumpd.api_orders import Body, Typed, counted
from pumpd.core.departure import Exit
from pumpd.core.series import Disposition
from pumpd.core.todo import Todo
from pumpd.core.visit import Place

__all__ = ["Exit", "Todo"]  # a client takes them from here

Said = Annotated[str, Field(max_length=TEXT_CHARS_MAX)]
Item = Annotated[int, BeforeValidator(counted), Field(strict=True, ge=0, le=2)]


class MoveBody(Body):
    """The patient leaves the bed; `line_off` where the pump cannot be known to stand still."""

    line_off: bool = False


class ScoreBody(Body):
    """PADSS, item by item (Chung 1995); without surgery there is no surgical bleeding."""

    vital_signs: Item
    activity: Item
    nausea: Item
    pain: Item
    bleeding: Item = 2
    sedation_at_baseline: bool


class DischargeBody(Body):
    """Home: the escort is here and both have it in writing. Ward: who there has taken over."""

    to: Disposition
    escort_present: bool = False
    instructions_given: bool = False
    handed_over_to: Said = ""
    line_off: bool = False


class ExitBody(Body):
    """Any other way; `prescriber` is who was told, empty where nobody was reached yet."""

    exit: Exit
    reason: Said = ""
    prescriber: Said = ""
    line_off: bool = False


class TellBody(Body):
    """`reason`: why the visit ended so, where nobody had time to write it down then."""

    prescriber: Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX)]
    reason: Said = ""


class WasteBody(Body):
    """What was drawn up in all for this infusion and what of it was thrown away; the witness signs here, or later."""

    infusion_id: Annotated[int, Field(strict=True, ge=1)]
    loaded_ml: Typed
    wasted_ml: Typed
    remark: Said = ""
    witness: SecondBody | None = None


class WitnessBody(Body):
    """Whoever is signed in saw what was thrown away."""

    infusion_id: Annotated[int, Field(strict=True, ge=1)]


class TodoView(View):
    todo: Todo
    text: str
    visit: str
    patient: str
    infusion_id: int | None
    since_ts_ms: int
    order: str | None = None  # an order by word ...
    prescriber: str | None = None  # ... whose signature it waits for ...
    detail: str = ""  # ... and what was ordered, and read back


class FlushView(View):
    """What the line still holds, and what a flush of it into the patient would mean, before anybody decides.

    Of the course the upper end, with the flush; the visits that are left are counted by their planned doses.
    """

    held_nl: int
    held_ng: int
    course_ng: int | None  # None, as below: of no course, or there is no drug in it
    course_limit_ng: int | None  # the lowest of its hard limits
    visits_left: int | None
    visits_left_ng: int | None
    visits_fitting: int | None  # of those that are left, after a flush ...
    visits_fitting_without: int | None  # ... and after none
    beyond: tuple[ReasonView, ...]  # the hard limits that a flush would pass: it is then refused
    text: str


class DoseView(View):
    """What one infusion gave to this patient: at least, and at most with what was flushed in."""

    infusion_id: int
    slot: str
    drug: str
    given_text: str
    given_ml_text: str
    is_over: bool  # no pump gives more of it: what is left may be thrown away
    is_wasted: bool
    wasted_text: str | None  # both figures
    wasted_by: str | None
    witness: str | None
    began_ts_ms: int
    last_ts_ms: int
    flush: FlushView | None = None  # while it may still be flushed in, or thrown away


class RecoveryView(View):
    """One visit: what it gave, how the patient was scored, what still keeps them here, and how they went."""

    visit: str
    patient: str
    series: str
    number: int
    place: Place
    regimen: str
    doses: tuple[DoseView, ...]
    padss: int | None
    scored_ts_ms: int | None
    score_text: str | None
    earliest_ts_ms: int | None  # before that no discharge, by the clock alone; None: nothing was given
    left_text: str | None  # how long that still is; None: it is over, or nothing was given
    closed_home: tuple[ReasonView, ...]
    closed_ward: tuple[ReasonView, ...]
    closing_text: str | None  # None: the patient is still here
