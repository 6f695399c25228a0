"""An order by word as it was typed, who may have said it, and when the page offers to set what was ordered."""

from __future__ import annotations

from typing import Final

import pytest
from pydantic import ValidationError

from pumpd.api_care_models import LowerView, VerbalView
from pumpd.api_models import PersonView, Role
from pumpd.console.by_word import KINDS, ordered, said_by_others, to_set
from pumpd.console.sending import LEFT_OUT, faults_of
from pumpd.errors import ApiError

WHO: Final = {"prescriber": "dora", "read_back": "as it was read"}
SAID: Final = VerbalView(
    order="w1", prescriber="dora", person="anna", text="2 mL/h or less on p1", read_back="two", given_ts_ms=1,
    agreed=None, signed_by=None, signed_ts_ms=None, remark="",
    lower=LowerView(slot="p1", rate_ul_per_h=2_000, rate_text="2 mL/h"),
)  # fmt: skip


@pytest.mark.parametrize("kind", [each for each in KINDS if each != "other"])
def test_what_was_left_out_is_told_beside_its_field(kind: str) -> None:
    with pytest.raises(ValidationError) as told:
        ordered(kind, {"slot": "p1"})
    wanted = {
        "rate": set[str](),
        "rescue": {"drug", "dose_mg", "most_mg", "route", "against"},
        "hold": {"item", "band"},
    }
    assert faults_of(told.value).keys() == wanted[kind] | {"prescriber", "read_back"}


def test_what_has_no_form_of_its_own_crosses_as_it_was_asked_once_it_was_read_aloud() -> None:
    body = ordered("other", {"prescriber": "dora", "other": "fifty", "confirmed": "yes"})
    assert (body.other, body.lower, body.rescue, body.hold) == ("fifty", None, None, None)
    assert (body.confirmed, body.read_back) == (True, ""), "nothing is copied that nobody typed"
    with pytest.raises(ValidationError) as told:
        ordered("other", {"prescriber": "dora", "other": "fifty"})
    assert faults_of(told.value) == {"confirmed": LEFT_OUT}


def test_something_else_that_nobody_wrote_down_is_asked_for() -> None:
    with pytest.raises(ApiError, match=LEFT_OUT) as told:
        ordered("other", {"prescriber": "dora", "other": "", "confirmed": "yes"})
    assert told.value.field == "other"


def test_a_bound_that_was_left_empty_is_not_said_and_zero_is() -> None:
    hold = ordered("hold", {**WHO, "item": "distress", "band": "reduce", "above": "0", "below": ""}).hold
    assert hold is not None
    assert (hold.above, hold.below, hold.scale) == (0, None, None)
    with pytest.raises(ApiError) as told:
        ordered("hold", {**WHO, "item": "distress", "band": "reduce", "above": "1.5"})
    assert told.value.field == "above"


def test_nobody_writes_down_what_they_said_themselves() -> None:
    people = tuple(
        PersonView(id=name, name=name.title(), role=role)
        for name, role in (("anna", Role.NURSE), ("dora", Role.PRESCRIBER), ("emil", Role.PRESCRIBER))
    )
    assert said_by_others(people, "anna") == [("dora", "Dora"), ("emil", "Emil")]
    assert said_by_others(people, "dora") == [("emil", "Emil")]


@pytest.mark.parametrize(
    ("said", "set_now", "offered"),
    [
        (SAID, {"p1": 2_001}, "2"),
        (SAID.model_copy(update={"agreed": True}), {"p1": 2_001}, "2"),
        (SAID.model_copy(update={"agreed": False}), {"p1": 2_001}, ""),  # it was not so
        (SAID, {"p1": 2_000}, ""),  # it is set
        (SAID, {"p2": 9_000}, ""),  # on another pump
    ],
)
def test_a_lower_rate_is_offered_to_be_set_while_it_counts_and_more_runs(
    said: VerbalView, set_now: dict[str, int], offered: str
) -> None:
    assert to_set(said, set_now) == offered
