"""What makes a drug library unusable: the one place that judges the file, before any order is judged by it.

A library with a fault is not loaded at all. The daemon would rather start with nothing to give than with an entry
whose limits do not rise, whose concentration is free to be mistaken, or whose figures lie above the ceilings that are
compiled in (library.py). All faults are told at once, in the words of whoever keeps the file.

This is about a library's form. Whether its figures catch the slips that people make is for the self-test.
"""

from __future__ import annotations

from itertools import combinations

from pumpd.core.library import CEILINGS, Cap, Container, ContainerKind, DoseUnit, Entry, Library, Span


def _rises(span: Span) -> bool:
    return 0 < span.hard_low <= span.soft_low <= span.typical <= span.soft_high <= span.hard_high


def _is_cap(cap: Cap) -> bool:
    return 0 < (cap.hard if cap.soft is None else cap.soft) <= cap.hard


def _container_faults(entry: Entry, container: Container) -> list[str]:
    where = f"{entry.id}, container {container.id}"
    faults = []
    if min(container.prime_nl, container.dead_nl, container.play_nl) < 0 or container.rate_ul_per_h_min < 0:
        faults.append(f"{where}: no volume or rate is below 0")
    if container.usable_nl <= 0:
        faults.append(f"{where}: its capacity must be above what priming and the dead volume take")
    if (container.kind is ContainerKind.SYRINGE) != (container.inner_diameter_um is not None):
        faults.append(f"{where}: a syringe, and only a syringe, has an inner diameter")
    if container.inner_diameter_um is not None and not 1_000 <= container.inner_diameter_um <= 60_000:
        faults.append(f"{where}: an inner diameter lies between 1 and 60 mm")
    if (container.concentration_ug_per_ml <= 0) != (entry.unit is DoseUnit.ML_PER_H):
        faults.append(f"{where}: a drug has a concentration above 0, saline for training has 0")
    return faults


def _same_patients(one: Container, other: Container) -> bool:
    """Is there a weight for which both are named?"""
    over_g = max(one.weight_over_g or 0, other.weight_over_g or 0)
    up_to_g = [each for each in (one.weight_up_to_g, other.weight_up_to_g) if each is not None]
    return not up_to_g or over_g < min(up_to_g)


def _strength_faults(library: Library) -> list[str]:
    """In one care area a kind and size of container has one strength: nobody can take the wrong one of two."""
    faults = []
    placed = [(entry, container) for entry in library.entries for container in entry.containers]
    for (first, one), (second, other) in combinations(placed, 2):
        together = (first.care_area, first.drug) == (second.care_area, second.drug)
        alike = (one.kind, one.capacity_nl) == (other.kind, other.capacity_nl)
        differ = one.concentration_ug_per_ml != other.concentration_ug_per_ml
        if together and alike and differ and _same_patients(one, other):
            where = f"{first.id}, container {one.id}, and {second.id}, container {other.id}"
            faults.append(f"{where}: the same size in the care area {first.care_area} in two strengths")
    return faults


def _hard(cap: Cap | None) -> int:
    return 0 if cap is None else cap.hard


def _dose_in(entry: Entry, unit: DoseUnit) -> int:
    return entry.dose.hard_high if entry.unit is unit else 0


def _ceiling_faults(entry: Entry) -> list[str]:
    """Every figure of an entry that a ceiling concerns; an entry without one meets the ceiling at the order."""
    rate_kg = max(_hard(entry.rate_ug_per_kg_per_h), _dose_in(entry, DoseUnit.MG_PER_KG_PER_H))
    session_kg = max(_hard(entry.cap_total_ug_per_kg), _dose_in(entry, DoseUnit.MG_PER_KG))
    kvo = entry.kvo_ul_per_h if entry.high_alert else 0
    judged = (
        ("rate limit per kilogram", rate_kg, CEILINGS.rate_ug_per_kg_per_h),
        ("rate limit", max(_hard(entry.cap_ug_per_h), _dose_in(entry, DoseUnit.MG_PER_H)), CEILINGS.rate_ug_per_h),
        ("hourly limit per kilogram", entry.rolling_hour_ug_per_kg or 0, CEILINGS.hour_ug_per_kg),
        ("hourly limit", entry.rolling_hour_ug or 0, CEILINGS.hour_ug),
        ("session limit per kilogram", session_kg, CEILINGS.session_ug_per_kg),
        ("session limit", _hard(entry.cap_total_ug), CEILINGS.session_ug),
        ("course limit per kilogram", _hard(entry.cap_course_ug_per_kg), CEILINGS.course_ug_per_kg),
        ("bolus", 0 if entry.bolus is None else entry.bolus.dose_ug_per_kg.hard, CEILINGS.bolus_ug_per_kg),
        ("KVO rate", kvo, CEILINGS.kvo_ul_per_h),
        ("concentration", max(c.concentration_ug_per_ml for c in entry.containers), CEILINGS.concentration_ug_per_ml),
    )
    faults = [
        f"{entry.id}: its {what} is above the ceiling that is compiled in" for what, own, most in judged if own > most
    ]
    if entry.bolus is not None and entry.bolus.shortest_s < CEILINGS.bolus_s:
        faults.append(f"{entry.id}: a bolus is given over at least {CEILINGS.bolus_s} s, whatever a file says")
    return faults


def _asked_for_faults(entry: Entry) -> list[str]:
    """Titration, bolus, KVO and ramp: whole where an entry asks for them."""
    faults = []
    if entry.titration_up is not None and not 0 < entry.titration_up <= entry.dose.hard_high:
        faults.append(f"{entry.id}: a step up is above 0 and no more than its highest dose")
    if (entry.titration_up is None) != (entry.titration_dwell_s <= 0):
        faults.append(f"{entry.id}: a step up and how long a rate is held before it go together")
    if entry.kvo_ul_per_h < 0:
        faults.append(f"{entry.id}: no rate is below 0")
    bolus, ramp = entry.bolus, entry.ramp
    if bolus is not None and (bolus.lockout_s < bolus.shortest_s or not _is_cap(bolus.dose_ug_per_kg)):
        faults.append(f"{entry.id}: a bolus has rising limits, and ends before the next one may begin")
    if ramp is not None and (ramp.rise_s < 0 or ramp.fall_s < 0 or ramp.rise_s + ramp.fall_s == 0 or ramp.stairs < 2):
        faults.append(f"{entry.id}: a ramp lasts some time, in two stairs or more")
    if entry.review_s is not None and entry.review_s <= 0:
        faults.append(f"{entry.id}: the time to a review is above 0")
    return faults


def faults_of(library: Library) -> tuple[str, ...]:
    """What makes a library unusable, all of it; empty when it can be used."""
    faults = []
    for entry in library.entries:
        if not (_rises(entry.dose) and _rises(entry.duration_s)):
            faults.append(f"{entry.id}: limits must rise: hard low, soft low, typical, soft high, hard high")
        caps = (
            entry.rate_ug_per_kg_per_h,
            entry.cap_ug_per_h,
            entry.cap_total_ug,
            entry.cap_total_ug_per_kg,
            entry.cap_course_ug,
            entry.cap_course_ug_per_kg,
        )
        faults += [
            f"{entry.id}: a soft cap must be above 0 and not above its hard cap"
            for cap in caps
            if cap is not None and not _is_cap(cap)
        ]
        if entry.containers_max < 1 or (entry.containers_max > 1) != bool(entry.containers_why):
            faults.append(f"{entry.id}: one container, or more with a reason why")
        if entry.high_alert and entry.unit is DoseUnit.ML_PER_H:
            faults.append(f"{entry.id}: a high-alert drug is never dosed in mL/h")
        for container in entry.containers:
            faults += _container_faults(entry, container)
        if len({c.id for c in entry.containers}) != len(entry.containers):
            faults.append(f"{entry.id}: two containers with the same id")
        faults += _ceiling_faults(entry) + _asked_for_faults(entry)
    faults += _strength_faults(library)
    if len({e.id for e in library.entries}) != len(library.entries):
        faults.append("two entries with the same id")
    if not (_rises(library.patient.weight_g) and _rises(library.patient.bmi_milli)):
        faults.append("limits of the patient must rise")
    if not 18 <= library.patient.adult_years <= library.patient.old_years:
        faults.append("patients are adults: 18 years or older")
    return tuple(faults)
