"""What a person types becomes an exact integer or a sentence; nothing in between, and never a crash."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pumpd import api_typed
from pumpd.api_models import CourseBody, OrderBody, ReasonCode, SettledBody, Sex, WeightBasis
from pumpd.core.order import Course, Order, Settled
from pumpd.errors import ApiError

ANY_TEXT = st.text(max_size=40) | st.from_regex(r"[+-]?[0-9]{0,14}[.,]?[0-9]{0,6}(e[0-9])?", fullmatch=True)


@given(typed=ANY_TEXT)
@pytest.mark.requirement("G16")
def test_any_text_is_an_exact_number_or_a_sentence_with_its_field(typed: str) -> None:
    refused = None
    try:
        rate = api_typed.rate_ul_per_h(typed)
    except ApiError as error:
        refused = error
    if refused is None:
        assert Decimal(rate) == Decimal(typed) * 1_000
    else:
        assert (refused.status, refused.field) == (422, "rate_ml_per_h")
        assert str(refused).startswith("The rate in millilitres an hour ")


@given(grams=st.integers(0, 10**7))
def test_a_weight_written_plainly_comes_back_to_the_gram(grams: int) -> None:
    whole, rest = divmod(grams, 1_000)
    typed = f"{whole}.{rest:03}".rstrip("0").rstrip(".")
    body = OrderBody(regimen="R", weight_kg=typed, height_cm="170.5", container="c")
    order = api_typed.order(body)
    assert (order.weight_g, order.height_mm) == (grams, 1_705)


@pytest.mark.parametrize(
    ("weight", "height", "field", "said"),
    [
        ("", "170", "weight_kg", "is missing"),
        ("82,4", "170", "weight_kg", "not a plain decimal number"),
        ("82.40", "170", "weight_kg", "write 82.4"),
        ("1e2", "170", "weight_kg", "not a plain decimal number"),
        ("82.4", "1.705", "height_cm", "more decimals"),
        ("٨٢", "170", "weight_kg", "not a plain decimal number"),
    ],
)
def test_nothing_is_repaired_and_the_sentence_says_how_to_type_it(
    weight: str, height: str, field: str, said: str
) -> None:
    body = OrderBody(regimen="R", weight_kg=weight, height_cm=height, container="c")
    with pytest.raises(ApiError, match=said) as refused:
        api_typed.order(body)
    assert refused.value.field == field


def test_a_height_left_empty_is_for_the_limits_to_judge() -> None:
    body = OrderBody(regimen="R", weight_kg="70", container="c")
    assert api_typed.order(body).height_mm == 0


WHOLE = OrderBody(
    regimen="R", weight_kg="55", height_cm="163", container="c", weight_basis=WeightBasis.IDEAL, sex=Sex.FEMALE,
    actual_weight_kg="95", verified_weight_kg="94.6", age_years="61", given_elsewhere_mg="12.5",
    course=CourseBody(
        visits=2, given_mg="70.25", settled=(SettledBody(code=ReasonCode.BMI_MILLI, value=42_000),),
    ),
)  # fmt: skip


def test_everything_that_may_be_said_of_a_patient_arrives_exactly() -> None:
    assert api_typed.order(WHOLE) == Order(
        regimen="R", day=1, weight_g=55_000, height_mm=1_630, container="c", weight_basis=WeightBasis.IDEAL,
        sex=Sex.FEMALE, actual_weight_g=95_000, verified_weight_g=94_600, age_years=61, elsewhere_ng=12_500_000,
        course=Course(
            visits=2, given_ng=70_250_000, settled=(Settled(code=ReasonCode.BMI_MILLI, value=42_000),),
        ),
    )  # fmt: skip


def test_what_nobody_says_stays_unknown() -> None:
    """A client that knows nothing of the newer fields asks as before."""
    asked = api_typed.order(OrderBody(regimen="R", weight_kg="70", container="c"))
    assert asked == Order(regimen="R", day=1, weight_g=70_000, height_mm=0, container="c")


BAD_NUMBERS = [  # one digit or sign away from a number that somebody meant
    "007", "00", ".5", "5.", "1e3", "1E3", "٣", "１", "1\u00a0000", "\u00a070", "70 ", " 70", "7 0", "1,000", "0,5",
    "1'000", "+7", "-7", "\u22127", "0x10", "1_000", "1/2", "½", "1..2", "1.2.3", "70.0", "0.50", "NaN", "inf", "-0",
    "0.", "70kg", "\t70", "70\n", "\x00", "1" * 13, "9" * 32, "l0", "O.5", "²", "4" * 400,
]  # fmt: skip
NUMBERS = ("weight_kg", "height_cm", "actual_weight_kg", "verified_weight_kg", "age_years", "given_elsewhere_mg")


@pytest.mark.requirement("CMD-13")
@pytest.mark.requirement("F03")
@pytest.mark.requirement("F04")
@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("typed", BAD_NUMBERS, ids=ascii)
def test_number_in_any_other_form_is_refused_in_every_field(field: str, typed: str) -> None:
    with pytest.raises(ApiError) as refused:
        api_typed.order(WHOLE.model_copy(update={field: typed}))
    assert refused.value.field == field


@pytest.mark.requirement("CMD-13")
@pytest.mark.parametrize("typed", [*BAD_NUMBERS, "", "1.5", "0", "1001", True, 1.0, 1.5, None, [1]], ids=ascii)
def test_day_of_a_series_is_a_plain_whole_number(typed: object) -> None:
    with pytest.raises(ValidationError):
        OrderBody.model_validate({"regimen": "R", "weight_kg": "70", "container": "c", "day": typed})
    with pytest.raises(ValidationError):
        CourseBody.model_validate({"visits": typed if typed != "0" else "-0"})


@pytest.mark.requirement("CMD-13")
@given(st.integers(1, 1_000))
def test_day_may_come_as_text_from_a_form(day: int) -> None:
    for typed in (day, str(day)):
        body = OrderBody.model_validate({"regimen": "R", "weight_kg": "70", "container": "c", "day": typed})
        assert body.day == day


@pytest.mark.requirement("CMD-13")
@given(st.sampled_from(NUMBERS), ANY_TEXT)
def test_any_text_in_any_field_is_exact_or_refused(field: str, typed: str) -> None:
    refused = None
    try:
        order = api_typed.order(WHOLE.model_copy(update={field: typed}))
    except ApiError as error:
        refused = error
    if refused is not None:
        assert refused.field == field
        return
    read = {
        "weight_kg": Decimal(order.weight_g).scaleb(-3),
        "height_cm": Decimal(order.height_mm).scaleb(-1),
        "actual_weight_kg": Decimal(order.actual_weight_g or 0).scaleb(-3),
        "verified_weight_kg": Decimal(order.verified_weight_g or 0).scaleb(-3),
        "age_years": Decimal(order.age_years or 0),
        "given_elsewhere_mg": Decimal(order.elsewhere_ng).scaleb(-6),
    }
    assert read[field] == Decimal(typed or "0")
