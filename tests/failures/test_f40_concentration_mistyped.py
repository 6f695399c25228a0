"""F40: a concentration of one's own was mistyped.

BD Alaris, 2020. Here nobody types a concentration: an order names a container, and a container has one. For each
patient and kind of container exactly one concentration is accepted, any other is refused with the right one named;
and dose, rate and concentration of what is then programmed agree exactly.

Guard: `pumpd.core.limits._judge_concentration`.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from pumpd.core.codes import ReasonCode
from pumpd.core.library import DoseUnit
from pumpd.core.limits import review
from pumpd.core.order import Order
from pumpd.core.regimen import takes
from pumpd.testing.clinical import NE_1000, shipped_rules
from pumpd.testing.guards import guard_removed


def complaints() -> list[str]:
    rules, found = shipped_rules(), []
    for regimen in rules.catalogue.regimens:
        entry = rules.library.entry(regimen.entry)
        assert entry is not None
        if entry.unit is DoseUnit.ML_PER_H:
            continue
        for weight_g in (50_000, 70_000, 100_000, 101_000, 115_000):
            accepted = set()
            for container in entry.containers:
                if not takes(NE_1000, container):
                    continue
                order = Order(regimen=regimen.id, day=1, weight_g=weight_g, height_mm=1_900, container=container.id)
                answer = review(order, rules, NE_1000, (), 0)
                if ReasonCode.CONCENTRATION_UG_PER_ML not in {each.code for each in answer.grant.reasons}:
                    accepted.add(container.concentration_ug_per_ml)
                if answer.programme is None:
                    continue
                first = answer.programme.steps[0]
                flow = Fraction(first.rate_ul_per_h * answer.programme.concentration_ug_per_ml)
                if answer.programme.concentration_ug_per_ml != container.concentration_ug_per_ml or flow <= 0:
                    found.append(f"{regimen.id}: programmed with another concentration than the container's")
            if len(accepted) > 1:
                found.append(f"{regimen.id} at {weight_g} g takes {sorted(accepted)} ug/mL")
    return found


@pytest.mark.requirement("F40")
def test_one_patient_has_one_concentration_and_no_field_to_type_it_in() -> None:
    assert complaints() == []
    assert not [name for name in Order.__dataclass_fields__ if "concentration" in name]


@pytest.mark.requirement("F40")
def test_a_library_that_does_not_ask_takes_either() -> None:
    with guard_removed("pumpd.core.limits._judge_concentration", instead=lambda *_: []):
        assert complaints()
