"""A library that could do harm is not loaded, and nothing that a file says lifts a ceiling."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pumpd.core.library import CEILINGS, Bolus, Cap, ContainerKind, DoseUnit, Entry, Library, Ramp, Span
from pumpd.core.library_faults import faults_of
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
            assert each.cap_total_ug_per_kg.hard < CEILINGS.session_ug_per_kg


OVER: dict[str, tuple[str, dict[str, object]]] = {  # what a file may try -> the entry, and one unit too many
    "rate limit per kilogram": (
        "KET-MOOD",
        {"rate_ug_per_kg_per_h": Cap(soft=None, hard=CEILINGS.rate_ug_per_kg_per_h + 1)},
    ),
    "rate limit": ("KET-PAIN-OP", {"cap_ug_per_h": Cap(soft=None, hard=CEILINGS.rate_ug_per_h + 1)}),
    "hourly limit per kilogram": ("KET-PAIN-OP", {"rolling_hour_ug_per_kg": CEILINGS.hour_ug_per_kg + 1}),
    "hourly limit": ("KET-PAIN-OP", {"rolling_hour_ug": CEILINGS.hour_ug + 1}),
    "session limit per kilogram": (
        "KET-PAIN-OP",
        {"cap_total_ug_per_kg": Cap(soft=None, hard=CEILINGS.session_ug_per_kg + 1)},
    ),
    "session limit": ("KET-PAIN-OP", {"cap_total_ug": Cap(soft=None, hard=CEILINGS.session_ug + 1)}),
    "bolus": (
        "KET-PAIN-OP",
        {
            "bolus": Bolus(
                dose_ug_per_kg=Cap(soft=None, hard=CEILINGS.bolus_ug_per_kg + 1), shortest_s=600, lockout_s=3_600
            )
        },
    ),
    "KVO rate": ("KET-PAIN-OP", {"kvo_ul_per_h": CEILINGS.kvo_ul_per_h + 1}),
}


@pytest.mark.requirement("LIB-05")
@pytest.mark.parametrize("what", OVER)
def test_file_cannot_raise_a_ceiling(what: str) -> None:
    entry_id, change = OVER[what]
    assert f"{entry_id}: its {what} is above the ceiling that is compiled in" in faults_of(
        with_entry(entry_id, **change)
    )


@pytest.mark.requirement("LIB-05")
@pytest.mark.parametrize(
    ("unit", "most", "what"),
    [
        (DoseUnit.MG_PER_KG_PER_H, CEILINGS.rate_ug_per_kg_per_h, "rate limit per kilogram"),
        (DoseUnit.MG_PER_H, CEILINGS.rate_ug_per_h, "rate limit"),
        (DoseUnit.MG_PER_KG, CEILINGS.session_ug_per_kg, "session limit per kilogram"),
    ],
)
def test_dose_in_each_unit_stays_below_its_ceiling(unit: DoseUnit, most: int, what: str) -> None:
    dose = Span(hard_low=1, soft_low=1, typical=1, soft_high=1, hard_high=most)
    told = f"KET-PAIN-OP: its {what} is above the ceiling that is compiled in"
    assert told not in faults_of(with_entry("KET-PAIN-OP", unit=unit, dose=dose))
    assert told in faults_of(with_entry("KET-PAIN-OP", unit=unit, dose=replace(dose, hard_high=most + 1)))


@pytest.mark.requirement("LIB-05")
def test_concentration_of_a_vial_is_above_the_ceiling() -> None:
    first, *others = entry("KET-MOOD").containers
    vial = replace(first, concentration_ug_per_ml=10_000)
    told = "KET-MOOD: its concentration is above the ceiling that is compiled in"
    assert told in faults_of(with_entry("KET-MOOD", containers=(vial, *others)))


@pytest.mark.requirement("LIB-05")
def test_bolus_is_never_faster_than_the_label_allows() -> None:
    fast = Bolus(dose_ug_per_kg=Cap(soft=None, hard=300), shortest_s=59, lockout_s=3_600)
    assert any("at least 60 s" in fault for fault in faults_of(with_entry("KET-PAIN-OP", bolus=fast)))
    assert not faults_of(with_entry("KET-PAIN-OP", bolus=replace(fast, shortest_s=60)))


@pytest.mark.parametrize(
    "change",
    [
        {"titration_up": 0},
        {"titration_up": 2_001},
        {"titration_dwell_s": 0},
        {"titration_up": None},
        {"kvo_ul_per_h": -1},
        {"bolus": Bolus(dose_ug_per_kg=Cap(soft=400, hard=300), shortest_s=600, lockout_s=3_600)},
        {"bolus": Bolus(dose_ug_per_kg=Cap(soft=None, hard=300), shortest_s=600, lockout_s=599)},
        {"ramp": Ramp(rise_s=0, fall_s=0, stairs=4)},
        {"ramp": Ramp(rise_s=0, fall_s=600, stairs=1)},
        {"review_s": 0},
    ],
    ids=str,
)
def test_what_an_entry_asks_for_is_whole(change: dict[str, object]) -> None:
    assert faults_of(with_entry("KET-PAIN-OP", **change))


def test_no_shipped_entry_lets_anybody_give_a_bolus_or_ramps() -> None:
    assert {(each.bolus, each.ramp) for each in shipped_rules().library.entries} == {(None, None)}


def test_same_size_in_two_strengths_is_a_fault_unless_the_weight_tells_them_apart() -> None:
    library = shipped_rules().library
    one, two, *others = entry("KET-MOOD").containers
    assert (one.capacity_nl, one.weight_up_to_g) == (two.capacity_nl, two.weight_over_g)
    near = (replace(one, weight_up_to_g=100_001), two, *others)
    assert any("in two strengths" in fault for fault in faults_of(with_entry("KET-MOOD", containers=near)))
    moved = tuple(replace(e, care_area="pain-outpatient") if e.id == "KET-MOOD" else e for e in library.entries)
    assert any("in two strengths" in fault for fault in faults_of(replace(library, entries=moved)))


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
        {"inner_diameter_um": 999},
        {"inner_diameter_um": 60_001},
        {"prime_nl": -1},
        {"rate_ul_per_h_min": -1},
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
    assert any("reason why" in fault for fault in faults_of(with_entry("KET-CRPS-OP", containers_max=2)))
    assert any("reason why" in fault for fault in faults_of(with_entry("KET-CRPS-OP", containers_why="days")))
    assert not faults_of(with_entry("KET-CRPS-OP", containers_max=2, containers_why="days"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"weight_g": Span(hard_low=2, soft_low=1, typical=3, soft_high=4, hard_high=5)}, "must rise"),
        ({"bmi_milli": Span(hard_low=1, soft_low=2, typical=3, soft_high=5, hard_high=4)}, "must rise"),
        ({"adult_years": 17}, "adults"),
        ({"adult_years": 70, "old_years": 65}, "adults"),
    ],
    ids=str,
)
def test_limits_of_the_patient_rise_and_are_those_of_adults(change: dict[str, object], told: str) -> None:
    library = shipped_rules().library
    patient = replace(library.patient, **change)  # type: ignore[arg-type]  # one field each
    assert any(told in fault for fault in faults_of(replace(library, patient=patient)))
