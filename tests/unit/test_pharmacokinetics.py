"""Four published models against values computed by a matrix exponential and by opentiva 1.1.2 (both at 70 kg)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from pumpd.pharmacokinetics import CLEMENTS, DOMINO, HIJAZI, KAMP, MODELS, Given, Model, band, concentrations, rates_of

WEIGHT_KG = 70.0
MIN = 60.0
H = 3_600.0


def over(total_mg: float, minutes: float) -> list[Given]:
    return [Given(from_s=0, mg_per_h=total_mg * 60 / minutes), Given(from_s=minutes * MIN, mg_per_h=0)]


def at(mg_per_h: float, hours: float) -> list[Given]:
    return [Given(from_s=0, mg_per_h=mg_per_h), Given(from_s=hours * H, mg_per_h=0)]


# programme, seconds, then ng/mL by Domino, Clements 250, Hijazi and Kamp
VECTORS: list[tuple[list[Given], float, tuple[int, int, int, int]]] = [
    (over(35, 40), 40 * MIN, (240, 177, 225, 253)),
    (over(35, 40), 60 * MIN, (55, 115, 100, 96)),
    (over(35, 40), 100 * MIN, (40, 68, 23, 60)),
    (over(35, 40), 160 * MIN, (28, 48, 7, 38)),
    (over(70, 40), 40 * MIN, (481, 355, 451, 506)),
    (over(35, 30), 30 * MIN, (302, 196, 264, 304)),
    (over(21, 10), 10 * MIN, (436, 149, 227, 371)),
    (at(24.5, 4), 1 * H, (124, 105, 120, 137)),
    (at(24.5, 4), 4 * H, (182, 207, 141, 220)),
    (at(24.5, 4), 5 * H, (67, 122, 24, 97)),
    (at(35, 4), 4 * H, (260, 296, 201, 314)),
    (at(70, 4), 4 * H, (519, 591, 401, 628)),
    (at(140, 6), 6 * H, (1126, 1388, 833, 1406)),
    (at(22.2, 100), 100 * H, (192, 277, 147, 264)),
    (over(350, 40), 40 * MIN, (2403, 1773, 2253, 2531)),
    (over(175, 5), 5 * MIN, (6213, 1328, 2088, 4373)),
]


@pytest.mark.parametrize(("programme", "seconds", "expected"), VECTORS)
def test_each_model_agrees_with_two_independent_computations(
    programme: list[Given], seconds: float, expected: tuple[int, int, int, int]
) -> None:
    for model, value in zip((DOMINO, CLEMENTS, HIJAZI, KAMP), expected, strict=True):
        found = concentrations(model, programme, [seconds], WEIGHT_KG)[0]
        assert found == pytest.approx(value, rel=0.005, abs=0.5), model.name  # they were printed as whole numbers


def by_small_steps(model: Model, programme: list[Given], seconds: float) -> float:
    """The same compartments pushed forward a tenth of a second at a time: no formula in common."""
    step_min = 0.1 / 60
    a1 = a2 = a3 = 0.0
    for tick in range(round(seconds * 10)):
        rate = next(each.mg_per_h for each in reversed(programme) if each.from_s <= tick / 10) / 60
        out1 = a1 * (model.k10 + model.k12 + model.k13)
        a1 += (rate + a2 * model.k21 + a3 * model.k31 - out1) * step_min
        a2 += (a1 * model.k12 - a2 * model.k21) * step_min
        a3 += (a1 * model.k13 - a3 * model.k31) * step_min
    return a1 / (model.v1_l_per_kg * WEIGHT_KG) * 1_000


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_exact_solution_agrees_with_small_steps_through_pause_and_change(model: Model) -> None:
    programme = [
        Given(from_s=0, mg_per_h=30),
        Given(from_s=600, mg_per_h=0),
        Given(from_s=900, mg_per_h=50),
        Given(from_s=1_500, mg_per_h=10),
    ]
    for seconds in (300, 700, 1_400, 2_400):
        exact = concentrations(model, programme, [seconds], WEIGHT_KG)[0]
        assert exact == pytest.approx(by_small_steps(model, programme, seconds), rel=0.01)


@for_all(
    st.lists(st.tuples(st.integers(1, 3_600), st.integers(0, 100)), min_size=1, max_size=6),
    st.lists(st.integers(0, 20_000), min_size=1, max_size=6),
)
def test_asking_more_often_changes_no_answer(rates: list[tuple[int, int]], asked: list[int]) -> None:
    from_s, programme = 0, []
    for lasts, rate in rates:
        programme.append(Given(from_s=from_s, mg_per_h=rate))
        from_s += lasts
    times = sorted(float(each) for each in asked)
    for model in MODELS:
        together = concentrations(model, programme, times, WEIGHT_KG)
        apart = [concentrations(model, programme, [each], WEIGHT_KG)[0] for each in times]
        assert together == pytest.approx(apart, rel=1e-9, abs=1e-9)


@for_all(st.floats(1, 20), st.floats(40, 115))
def test_band_holds_every_model_and_scales_with_the_dose(factor: float, weight_kg: float) -> None:
    times = [600.0, 2_400.0, 7_200.0]
    plain = band(over(20, 40), times, weight_kg)
    more = band(over(20 * factor, 40), times, weight_kg)
    for one, other, at_s in zip(plain, more, times, strict=True):
        for model in MODELS:
            value = concentrations(model, over(20, 40), [at_s], weight_kg)[0]
            assert one.low_ng_per_ml * (1 - 1e-9) <= value <= one.high_ng_per_ml * (1 + 1e-9)
        assert one.low_ng_per_ml <= one.kamp_ng_per_ml <= one.high_ng_per_ml
        assert other.high_ng_per_ml == pytest.approx(one.high_ng_per_ml * factor)


def test_what_was_given_is_read_from_the_delivered_volume_with_its_pause() -> None:
    delivered = [(0, 0), (60_000, 1_000_000), (120_000, 1_000_000), (180_000, 3_000_000)]
    found = list(rates_of(delivered, concentration_ug_per_ml=1_000))
    assert [each.from_s for each in found] == [0, 60, 120, 180]
    assert [each.mg_per_h for each in found] == pytest.approx([60, 0, 120, 0])
    hours = [(b.from_s - a.from_s) / 3_600 for a, b in pairwise(found)]
    assert sum(each.mg_per_h * h for each, h in zip(found, hours, strict=False)) == pytest.approx(3)


def test_nothing_given_is_nothing_in_the_plasma() -> None:
    assert [each.high_ng_per_ml for each in band([], [0.0, 60.0], WEIGHT_KG)] == [0, 0]
    assert list(rates_of([], 1_000)) == []
