"""F11: a keep-open rate did not exist in combination with another option: no flow where some was promised.

BD Alaris 12.1.0. Here every regimen is compiled for an entry that asks for a keep-open rate and for one that does
not, with and without a ramp, for light and heavy patients. Each has exactly one end, and it is the one that was asked
for; nothing that is sent to a pump is without a volume at which it stops.

Guard: `pumpd.core.steps.with_kvo`.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from pumpd.core.library import Ramp
from pumpd.core.limits import review
from pumpd.core.order import Order
from pumpd.core.regimen import Rules, takes
from pumpd.core.steps import Step, StepKind
from pumpd.testing.clinical import NE_1000, shipped_rules
from pumpd.testing.guards import guard_removed

RAMP = Ramp(rise_s=60, fall_s=60, stairs=3)


def rules_with(*, kvo_ul_per_h: int, ramp: Ramp | None) -> Rules:
    rules = shipped_rules()
    entries = tuple(replace(each, kvo_ul_per_h=kvo_ul_per_h, ramp=ramp) for each in rules.library.entries)
    return replace(rules, library=replace(rules.library, entries=entries))


def complaints() -> list[str]:
    found, compiled = [], 0
    for kvo, ramp in product((0, 500), (None, RAMP)):
        rules = rules_with(kvo_ul_per_h=kvo, ramp=ramp)
        for regimen in rules.catalogue.regimens:
            entry = rules.library.entry(regimen.entry)
            assert entry is not None
            containers = [each.id for each in entry.containers if takes(NE_1000, each)]
            for container, weight_g in product(containers, (50_000, 70_000, 115_000)):
                order = Order(regimen=regimen.id, day=1, weight_g=weight_g, height_mm=1_800, container=container)
                programme = review(order, rules, NE_1000, (), 0).programme
                if programme is None:
                    continue
                compiled += 1
                kinds = [step.kind for step in programme.steps]
                if (StepKind.KVO in kinds) != (kvo > 0) or StepKind.KVO in kinds[:-1]:
                    found.append(f"{regimen.id}, KVO {kvo}, ramp {ramp is not None}: {[kind.value for kind in kinds]}")
                if any(step.volume_nl <= 0 or step.rate_ul_per_h <= 0 for step in programme.steps):
                    found.append(f"{regimen.id}: a step without an end")
                if kinds[-1] is StepKind.KVO and programme.steps[-1].rate_ul_per_h > programme.steps[-2].rate_ul_per_h:
                    found.append(f"{regimen.id}: keeps the vein open faster than it infused")
    assert compiled > 50
    return found


def forgets(steps: list[Step], *_: object) -> list[Step]:
    return steps


@pytest.mark.requirement("F11")
@pytest.mark.requirement("FLOW-12")
@pytest.mark.requirement("FLOW-13")
def test_every_combination_has_the_one_end_that_was_asked_for() -> None:
    assert complaints() == []


@pytest.mark.requirement("F11")
def test_an_option_that_is_forgotten_promises_flow_that_never_comes() -> None:
    with guard_removed("pumpd.core.steps.with_kvo", instead=forgets):
        assert any("KVO 500" in each for each in complaints())
