"""A library that could do harm is not loaded, and nothing that a file says lifts a ceiling."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.library import CEILINGS, Cap, ContainerKind, DoseUnit, Entry, Library, faults_of
from pumpd.testing.clinical import shipped_rules


def with_entry(entry_id: str, **changes: object) -> Library:
    library = shipped_rules().library
    entries = tuple(replace(e, **changes) if e.id == entry_id else e for e in library.entries)  # type: ignore[arg-type]
    return replace(library, entries=entries)


def entry(entry_id: str) -> Entry:
    found = shipped_rules().library.entry(entry_id)
    assert found is not None
    return found


def test_shipped_library_has_no_fault() -> None:
    assert faults_of(shipped_rules().library) == ()


def test_every_ceiling_stands_above_every_hard_limit_shipped() -> None:
    for each in shipped_rules().library.entries:
        if each.unit is DoseUnit.MG_PER_KG_PER_H:
            assert each.dose.hard_high < CEILINGS.rate_ug_per_kg_per_h
        if each.rate_ug_per_kg_per_h:
            assert each.rate_ug_per_kg_per_h.hard < CEILINGS.rate_ug_per_kg_per_h
        if each.cap_total_ug_per_kg:
            assert each.cap_total_ug_per_kg.hard < CEILINGS.total_ug_per_kg


def test_file_cannot_raise_a_ceiling() -> None:
    dose = replace(entry("KET-PAIN-OP").dose, hard_high=CEILINGS.rate_ug_per_kg_per_h + 1)
    assert any("ceiling" in fault for fault in faults_of(with_entry("KET-PAIN-OP", dose=dose)))
    rate = Cap(soft=None, hard=CEILINGS.rate_ug_per_kg_per_h + 1)
    assert any("ceiling" in fault for fault in faults_of(with_entry("KET-MOOD", rate_ug_per_kg_per_h=rate)))
    total = Cap(soft=None, hard=CEILINGS.total_ug_per_kg + 1)
    assert any("ceiling" in fault for fault in faults_of(with_entry("KET-PAIN-OP", cap_total_ug_per_kg=total)))


def test_limits_that_do_not_rise_are_a_fault() -> None:
    dose = entry("KET-MOOD").dose
    swapped = replace(dose, soft_high=dose.hard_high, hard_high=dose.soft_high)
    assert any("must rise" in fault for fault in faults_of(with_entry("KET-MOOD", dose=swapped)))
    cap = Cap(soft=2, hard=1)
    assert any("soft cap" in fault for fault in faults_of(with_entry("KET-MOOD", cap_total_ug=cap)))


def test_high_alert_drug_is_never_dosed_in_ml_per_h() -> None:
    assert any("mL/h" in fault for fault in faults_of(with_entry("SALINE-TRAIN", high_alert=True)))


@pytest.mark.parametrize(
    "change",
    [
        {"capacity_nl": 4_000_000},
        {"inner_diameter_um": None},
        {"kind": ContainerKind.BAG},
        {"concentration_ug_per_ml": 0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_container_that_makes_no_sense_is_a_fault(change: dict[str, object]) -> None:
    first, *others = entry("KET-MOOD").containers
    broken = replace(first, **change)  # type: ignore[arg-type]
    assert faults_of(with_entry("KET-MOOD", containers=(broken, *others)))


def test_ids_are_told_apart() -> None:
    first = entry("KET-MOOD").containers[0]
    assert any("same id" in fault for fault in faults_of(with_entry("KET-MOOD", containers=(first, first))))
    library = shipped_rules().library
    doubled = replace(library, entries=(*library.entries, library.entries[0]))
    assert any("two entries" in fault for fault in faults_of(doubled))


def test_drug_names_are_printed_whole_and_in_lower_case() -> None:
    assert {each.drug for each in shipped_rules().library.entries if each.high_alert} == {"ketamine"}


def test_what_primes_the_line_and_what_stays_behind_is_not_for_the_patient() -> None:
    syringe = next(each for each in entry("KET-MOOD").containers if each.id == "syringe-60-1")
    assert (syringe.capacity_nl, syringe.prime_nl, syringe.dead_nl) == (60_000_000, 3_000_000, 1_000_000)
    assert syringe.usable_nl == 56_000_000


def test_more_than_one_container_needs_a_reason_and_one_needs_none() -> None:
    assert any("reason why" in fault for fault in faults_of(with_entry("KET-MOOD", containers_max=2)))
    assert any("reason why" in fault for fault in faults_of(with_entry("KET-MOOD", containers_why="days")))
    assert not faults_of(with_entry("KET-MOOD", containers_max=2, containers_why="days"))
