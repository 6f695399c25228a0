"""A start that takes its time is told with numbers, and nothing is ever refused for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.codes import ReasonCode, Severity
from pumpd.core.library import Container, ContainerKind, Entry
from pumpd.core.programme import Programme
from pumpd.core.startup import advice
from pumpd.core.steps import Step
from pumpd.testing.bed_story import BedStory
from pumpd.testing.clinical import NE_1000, shipped_rules


def saline() -> tuple[Entry, Container]:
    entry = shipped_rules().library.entry("SALINE-TRAIN")
    assert entry is not None
    container = entry.container("syringe-60")
    assert container is not None
    return entry, container


def programme(*steps: tuple[int, int]) -> Programme:
    bed = BedStory()
    bed.runs()
    made = tuple(Step(rate_ul_per_h=rate, volume_nl=volume_nl) for rate, volume_nl in steps)
    return replace(bed.infusion().programme, steps=made)


def test_delay_of_more_than_a_tenth_is_told_with_both_times_and_the_smaller_syringe() -> None:
    entry, container = saline()  # 0.1 mL of play at 2 mL/h: 180 s of 1,620 s
    delay, smaller = advice(programme((2_000, 900_000)), container, entry, NE_1000)
    assert (delay.code, delay.severity) == (ReasonCode.STARTUP_DELAY_S, Severity.NOTE)
    assert (delay.asked, delay.limit) == (180, 162)
    assert (smaller.code, smaller.severity) == (ReasonCode.SMALLER_CONTAINER_NL, Severity.NOTE)
    assert (smaller.asked, smaller.limit) == (60_000_000, 20_000_000)


def test_delay_of_exactly_a_tenth_says_nothing() -> None:
    entry, container = saline()
    assert advice(programme((2_000, 1_000_000)), container, entry, NE_1000) == []


@pytest.mark.parametrize(
    "change",
    [
        {"capacity_nl": 3_500_000},  # 0.5 mL usable: too little
        {"concentration_ug_per_ml": 1_000},
        {"rate_ul_per_h_min": 3_000},
        {"inner_diameter_um": 800},  # too thin for this rate
        {"weight_up_to_g": 40_000},
        {"play_nl": 200_000},
    ],
    ids=lambda change: next(iter(change)),
)
def test_smaller_syringe_is_only_named_where_it_would_do(change: dict[str, int]) -> None:
    entry, container = saline()
    others = tuple(
        each if each.id == container.id else replace(each, **change)  # type: ignore[arg-type]  # one integer field each
        for each in entry.containers
    )
    found = advice(programme((2_000, 900_000)), container, replace(entry, containers=others), NE_1000)
    assert [each.code for each in found] == [ReasonCode.STARTUP_DELAY_S]


def test_no_shipped_regimen_starts_late_at_its_own_dose() -> None:
    bed = BedStory()
    bed.runs("FM-3H")
    assert all(reason.severity is not Severity.NOTE for reason in bed.infusion().grant.reasons)


def test_smaller_bag_is_never_advised_since_the_delay_of_a_bag_pump_is_not_in_its_bag() -> None:
    entry, container = saline()
    bag = replace(container, id="bag", kind=ContainerKind.BAG, inner_diameter_um=None)
    smaller = replace(bag, id="small", capacity_nl=bag.capacity_nl // 3, play_nl=bag.play_nl // 3)
    info = replace(NE_1000, takes_syringes=False)
    found = advice(programme((2_000, 900_000)), bag, replace(entry, containers=(bag, smaller)), info)
    assert [each.code for each in found] == [ReasonCode.STARTUP_DELAY_S]
