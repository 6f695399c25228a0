"""Hold parameters are signed with the order: what this patient has otherwise, and never what asks for a stop."""

from __future__ import annotations

from typing import Final

import pytest
from pydantic import ValidationError

from pumpd.api_orders import HoldBoundBody, PremedicationOrderBody
from pumpd.api_path_models import Disposition, SeriesBody
from pumpd.api_path_typed import series
from pumpd.api_path_views import signed_view
from pumpd.console.series_ordering import _again, _body
from pumpd.core.codes import ReasonCode
from pumpd.core.holds import STANDARD_HOLDS, Band
from pumpd.core.observing import Measure, Scale
from pumpd.core.prescribed import Route
from pumpd.core.verbal import HoldBound, bounded
from pumpd.testing.path_story import PathStory

HIGHER: Final = HoldBound(item=Measure.SYSTOLIC, band=Band.START, above=170)
ASKED: Final = SeriesBody(
    patient="p", regimen="MDD-2x3", visits=6, weight_kg="70", height_cm="175", container="syringe-60-1",
    disposition=Disposition.HOME,
    holds=(
        HoldBoundBody(item=Measure.SYSTOLIC, band="start", above=170),
        HoldBoundBody(item=Measure.SEDATION, band="pause", above=1, below=-2, scale=Scale.RASS),
    ),
)  # fmt: skip


def opened(*bounds: HoldBound) -> PathStory:
    story = PathStory()
    story.connected()
    story.sign("MDD-2x3", bounds=bounds)
    story.accepted()
    story.opens()
    story.accepted()
    return story


@pytest.mark.parametrize(("bounds", "waits"), [((), True), ((HIGHER,), False)])
def test_a_visit_begins_with_what_was_signed_for_its_patient(bounds: tuple[HoldBound, ...], *, waits: bool) -> None:
    story = opened(*bounds)
    story.passes_to_start(values={Measure.SYSTOLIC: 165})
    assert (ReasonCode.VALUE_HOLDS in story.missing) is waits


def test_who_signs_nothing_else_has_the_usual_ones() -> None:
    assert opened().visit.holds is STANDARD_HOLDS
    assert opened(HIGHER).visit.holds == bounded(STANDARD_HOLDS, (HIGHER,))


@pytest.mark.parametrize(
    ("bound", "code"),
    [
        (HoldBound(item=Measure.SYSTOLIC, band=Band.STOP, above=230), ReasonCode.VERBAL_STOP_BOUND),
        (HoldBound(item=Measure.SYSTOLIC, band=Band.PAUSE), ReasonCode.VERBAL_HOLD_UNCLEAR),
        (HoldBound(item=Measure.SPO2, band=Band.PAUSE, below=101), ReasonCode.VERBAL_HOLD_UNCLEAR),
        (HoldBound(item=Measure.SEDATION, band=Band.PAUSE, above=2), ReasonCode.VERBAL_HOLD_UNCLEAR),
    ],
)
def test_what_asks_for_a_stop_is_not_signed_away_and_what_nobody_can_read_is_not_signed(
    bound: HoldBound, code: ReasonCode
) -> None:
    story = PathStory()
    story.sign("MDD-2x3", bounds=(HIGHER, bound, bound))
    assert story.reply is not None
    assert [each.code for each in story.reply.reasons] == [code]
    assert story.state.path.series == ()


def test_what_was_signed_is_typed_again_as_it_was() -> None:
    order = series(ASKED, today_day=20_000)
    story = PathStory()
    body = signed_view(order, story.state.path, story.setup.rules).body
    assert body.holds == ASKED.holds
    again = SeriesBody.model_validate(_body(_again(body, "s1")) | {"replaces": None})
    assert again.holds == ASKED.holds


def test_a_zero_that_was_signed_is_typed_again_as_a_zero() -> None:
    asked = ASKED.model_copy(
        update={
            "holds": (HoldBoundBody(item=Measure.SEDATION, band="pause", below=0, scale=Scale.RASS),),
            "premedication": (
                PremedicationOrderBody(drug="ondansetron", dose_mg="4", route=Route.VEIN, wait_min=0, sedating=False),
            ),
        }
    )
    again = SeriesBody.model_validate(_body(_again(asked, "s1")) | {"replaces": None})
    assert (again.holds, again.premedication) == (asked.holds, asked.premedication)


def test_an_order_that_is_changed_keeps_more_than_the_form_begins_with() -> None:
    many = tuple(HoldBoundBody(item=Measure.SYSTOLIC, band="reduce", above=above) for above in range(150, 158))
    asked = ASKED.model_copy(update={"holds": many})
    again = SeriesBody.model_validate(_body(_again(asked, "s1")) | {"replaces": None})
    assert again.holds == many


def test_the_day_of_weight_and_height_is_todays_unless_somebody_says_another() -> None:
    assert series(ASKED, today_day=20_000).weighed_day == 20_000
    earlier = series(ASKED.model_copy(update={"weighed_on": "2024-10-01"}), today_day=20_000)
    assert earlier.weighed_day == 19_997
    story = PathStory()
    assert signed_view(earlier, story.state.path, story.setup.rules).body.weighed_on == "2024-10-01"


def test_a_bound_that_is_no_whole_number_is_told_beside_its_field() -> None:
    form = {"holds:0:item": "systolic_mmhg", "holds:0:band": "reduce", "holds:0:above": "17o"}
    with pytest.raises(ValidationError) as told:
        SeriesBody.model_validate(_body(form))
    assert ("holds", 0, "above") in {each["loc"] for each in told.value.errors()}
