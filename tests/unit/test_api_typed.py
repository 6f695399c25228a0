"""What a person types becomes an exact integer or a sentence; nothing in between, and never a crash."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd import api_typed
from pumpd.api_models import OrderBody
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
