"""F39: pounds for kilograms, millilitres an hour for micrograms an hour.

FDA's examples; GIP hazard 8.14. Here every weight from 50 to 115 kg is entered in pounds for a patient whose height
is known, and every shipped dose in each unit that it is confused with. Each is at least questioned.

Guard: `pumpd.core.patient.judge_patient` for weights, and for doses the library's own marks.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.codes import Grant
from pumpd.core.limits import review
from pumpd.core.order import Order
from pumpd.core.regimen import Catalogue, RegimenStep, Rules
from pumpd.testing.clinical import NE_1000, shipped_rules
from pumpd.testing.guards import guard_removed

POUNDS_PER_1000_KG = 2_205
CONFUSED = (
    (1_000, 1, "mcg for mg"),
    (60, 1, "a minute for an hour"),
    (1, 60, "an hour for a minute"),
    (70, 1, "mg/h for mg/kg/h"),
)


def judged(order: Order, rules: Rules | None = None) -> Grant:
    return review(order, shipped_rules() if rules is None else rules, NE_1000, (), 0).grant


def silent(grant: Grant) -> bool:
    return grant.allowed and not grant.needs_override


def weights() -> list[str]:
    found = []
    for weight_g in range(50_000, 115_001, 1_000):
        height_mm = 1_500 + (weight_g - 50_000) // 150  # from slight to tall: each of them lean
        order = Order(regimen="CRPS-OP10", day=1, weight_g=weight_g, height_mm=height_mm, container="syringe-60-5")
        pounds = replace(order, weight_g=weight_g * POUNDS_PER_1000_KG // 1_000)
        found += [f"{weight_g} g typed in pounds"] if silent(judged(pounds)) else []
    return found


def doses() -> list[str]:
    rules, found = shipped_rules(), []
    for regimen in rules.catalogue.regimens:
        entry = rules.library.entry(regimen.entry)
        assert entry is not None
        if not entry.high_alert:
            continue
        order = Order(
            regimen=regimen.id, day=1, weight_g=70_000, height_mm=1_750, container=entry.containers[0].id
        )  # fmt: skip
        for times, by, said in CONFUSED:
            wrong = replace(regimen, days=tuple(
                replace(day, steps=tuple(confused(step, times, by) for step in day.steps)) for day in regimen.days
            ))  # fmt: skip
            catalogue: Catalogue = replace(rules.catalogue, regimens=(wrong,))
            if silent(judged(order, replace(rules, catalogue=catalogue))):
                found.append(f"{regimen.id} with {said}")
    return found


def confused(step: RegimenStep, times: int, by: int) -> RegimenStep:
    return replace(step, dose=max(1, step.dose * times // by))


@pytest.mark.requirement("F39")
@pytest.mark.requirement("CMD-14")
def test_pounds_for_kilograms_and_units_of_dose_are_questioned() -> None:
    assert weights() + doses() == []


@pytest.mark.requirement("F39")
def test_a_patient_whom_nobody_judges_is_given_by_pounds() -> None:
    with guard_removed("pumpd.core.patient.judge_patient", instead=lambda *_: []):
        assert weights()
