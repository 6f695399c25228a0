"""The drug library: what may be infused, from which containers, and where its limits lie.

A library entry is one drug for one use, with one dose unit that nobody can change at the bedside: the same
number in another unit is an overdose (0.5 in mg/kg/min instead of mg/kg over 40 min is forty times as much).
A container has exactly one concentration, for the same reason: a free-text concentration that is lower
than the real one over-delivers silently.

Soft limits warn and may be overridden by two people with a reason; hard limits refuse. The file can set
both, but never above `CEILINGS`, which are compiled in: a wrong library must not be able to turn a
sub-anaesthetic infusion into an anaesthetic. They stand above every hard limit that we ship, and the rate
below what the label calls anaesthesia (induction with 1 to 4.5 mg/kg within minutes) and below the 7 mg/kg/h
that the 2018 consensus of ASRA, AAPM and ASA names for intensive care only.

All values are integers in micrograms (per kilogram, per hour) or, for training with saline, microlitres
an hour. The file writes them as decimal strings in the entry's own unit; library_file.py reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class DoseUnit(Enum):
    """The one unit of an entry's dose; the value is how the file and people write it."""

    MG_PER_KG = "mg/kg"  # over the minutes of the regimen: integers are micrograms a kilogram
    MG_PER_KG_PER_H = "mg/kg/h"  # micrograms a kilogram and hour
    MG_PER_H = "mg/h"  # micrograms an hour
    ML_PER_H = "mL/h"  # saline for training only: microlitres an hour


class ContainerKind(Enum):
    SYRINGE = "syringe"
    BAG = "bag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Five marks of one quantity, rising; a value on a mark is inside it."""

    hard_low: int
    soft_low: int
    typical: int
    soft_high: int
    hard_high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """An upper limit in two tiers; without `soft` only the hard one speaks."""

    soft: int | None
    hard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What hangs or is clamped in: one concentration, and what can be used of it once the line is primed.

    Every container of a plan is counted as if it primed the line anew: a change may have to.
    """

    id: str
    kind: ContainerKind
    title: str
    capacity_nl: int  # drawn up, or filled by whoever made it
    inner_diameter_um: int | None  # of a syringe
    concentration_ug_per_ml: int  # 0: no drug in it
    weight_over_g: int | None  # only for patients heavier than this
    weight_up_to_g: int | None  # only for patients up to this weight
    proposal: bool  # our own proposal, with no published source
    source: str
    prime_nl: int = 0  # goes into the line before the start; 0: the line is primed with plain saline
    dead_nl: int = 0  # stays behind in syringe and connector: no plunger gets it out
    play_nl: int = 0  # the plunger's travel, as a volume, that seal, screw and gears take up before anything flows
    rate_ul_per_h_min: int = 0  # the library's own, above the pump's: slower, this size flows in fits and starts

    @property
    def usable_nl(self) -> int:
        """What can go into the patient out of a full one."""
        return self.capacity_nl - self.prime_nl - self.dead_nl

    def suits_weight(self, weight_g: int) -> bool:
        return (self.weight_over_g is None or weight_g > self.weight_over_g) and (
            self.weight_up_to_g is None or weight_g <= self.weight_up_to_g
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One drug for one use. A limit that is None does not exist for this entry.

    Frozen into the journal with each start (docs/decisions/0014): a field that is added here or in what it holds
    needs a default, or journals written before it cannot be read.
    """

    id: str
    drug: str  # generic name, lower case, tall-man where ISMP lists it
    title: str
    high_alert: bool
    unit: DoseUnit
    dose: Span  # in the unit
    duration_s: Span
    rate_ug_per_kg_per_h: Cap | None  # beside the dose: a right dose given too fast
    cap_ug_per_h: Cap | None
    cap_total_ug: Cap | None  # of a session
    cap_total_ug_per_kg: Cap | None  # of a session
    rolling_hour_ug: int | None  # hard, in any 60 minutes
    rolling_hour_ug_per_kg: int | None
    containers: tuple[Container, ...]
    near_end_s: int
    kvo_ul_per_h: int  # after the end; 0 for every entry that we ship
    advice: str  # what a prescriber should know, printed at the review
    source: str
    containers_max: int = 1  # one after the other in one infusion
    containers_why: str = ""  # why more than one

    def container(self, container_id: str) -> Container | None:
        return next((c for c in self.containers if c.id == container_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLimits:
    """What is plausible of a patient, for every entry: weights typed in pounds end up outside."""

    weight_g: Span
    bmi_milli: Span
    weight_basis_bmi_milli: int  # from here on the prescriber says which weight the dose is for


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    name: str
    version: str
    training: bool  # demonstration or training: not for patient care, never expires
    expires: str | None  # kept as written, for a library that is none of these
    sha256: str  # of the canonical content, as approved
    patient: PatientLimits
    entries: tuple[Entry, ...]

    def entry(self, entry_id: str) -> Entry | None:
        return next((e for e in self.entries if e.id == entry_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """Limits that no file can raise."""

    rate_ug_per_kg_per_h: int
    total_ug_per_kg: int  # of a session


CEILINGS: Final = Ceilings(
    rate_ug_per_kg_per_h=2_500,  # highest hard limit shipped: 2.0 mg/kg/h (consensus 2018, outside an ICU)
    total_ug_per_kg=15_000,  # highest hard limit shipped: 12 mg/kg (2.0 mg/kg/h for 6 h)
)


def _rises(span: Span) -> bool:
    return 0 < span.hard_low <= span.soft_low <= span.typical <= span.soft_high <= span.hard_high


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


def _ceiling_faults(entry: Entry) -> list[str]:
    faults = []
    rate = entry.rate_ug_per_kg_per_h.hard if entry.rate_ug_per_kg_per_h else 0
    if entry.unit is DoseUnit.MG_PER_KG_PER_H:
        rate = max(rate, entry.dose.hard_high)
    if rate > CEILINGS.rate_ug_per_kg_per_h:
        faults.append(f"{entry.id}: its hard rate limit is above the ceiling that is compiled in")
    total = entry.cap_total_ug_per_kg.hard if entry.cap_total_ug_per_kg else 0
    if entry.unit is DoseUnit.MG_PER_KG:
        total = max(total, entry.dose.hard_high)
    if total > CEILINGS.total_ug_per_kg:
        faults.append(f"{entry.id}: its hard session limit is above the ceiling that is compiled in")
    return faults


def faults_of(library: Library) -> tuple[str, ...]:
    """What makes a library unusable, all of it; empty when it can be used."""
    faults = []
    for entry in library.entries:
        if not (_rises(entry.dose) and _rises(entry.duration_s)):
            faults.append(f"{entry.id}: limits must rise: hard low, soft low, typical, soft high, hard high")
        caps = (entry.rate_ug_per_kg_per_h, entry.cap_ug_per_h, entry.cap_total_ug, entry.cap_total_ug_per_kg)
        faults += [
            f"{entry.id}: a soft cap must be above 0 and not above its hard cap"
            for cap in caps
            if cap is not None and not 0 < (cap.hard if cap.soft is None else cap.soft) <= cap.hard
        ]
        if entry.containers_max < 1 or (entry.containers_max > 1) != bool(entry.containers_why):
            faults.append(f"{entry.id}: one container, or more with a reason why")
        if entry.high_alert and entry.unit is DoseUnit.ML_PER_H:
            faults.append(f"{entry.id}: a high-alert drug is never dosed in mL/h")
        for container in entry.containers:
            faults += _container_faults(entry, container)
        if len({c.id for c in entry.containers}) != len(entry.containers):
            faults.append(f"{entry.id}: two containers with the same id")
        faults += _ceiling_faults(entry)
    if len({e.id for e in library.entries}) != len(library.entries):
        faults.append("two entries with the same id")
    if not (_rises(library.patient.weight_g) and _rises(library.patient.bmi_milli)):
        faults.append("limits of the patient must rise")
    return tuple(faults)
