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


class Watch(Enum):
    """How long more or less than granted may last before it is told: tolerance.py has the figures."""

    STANDARD = "standard"
    TIGHT = "tight"


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
class Bolus:
    """A prescriber's bolus on top of what runs: at most this much, no faster, and not again within the lockout."""

    dose_ug_per_kg: Cap
    shortest_s: int  # it is given over at least this time
    lockout_s: int  # from the start of one to the start of the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """A rise to the first rate, or a fall from the last one, as a staircase of equal times; 0 s: none."""

    rise_s: int
    fall_s: int
    stairs: int


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
    advice: str  # what a prescriber should know, printed at the review
    source: str
    containers_max: int = 1  # one after the other in one infusion
    containers_why: str = ""  # why more than one
    care_area: str = ""  # where it is used; there every size of container has one strength
    cap_course_ug: Cap | None = None  # of a whole series
    cap_course_ug_per_kg: Cap | None = None
    # what an entry has only where it asks for it
    titration_up: int | None = None  # in the unit: the most that one step up may add; None: only the order's own steps
    titration_dwell_s: int = 0  # how long a rate is held before the next step up; down and pause are free at any time
    bolus: Bolus | None = None  # no entry that we ship has one
    kvo_ul_per_h: int = 0  # after the planned end, counted in every total
    ramp: Ramp | None = None  # no entry that we ship has one
    review_s: int | None = None  # a prescriber looks again at least this often
    deviation: Watch = Watch.STANDARD  # a site may watch all its pumps more sharply than this, never less

    def container(self, container_id: str) -> Container | None:
        return next((c for c in self.containers if c.id == container_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLimits:
    """What is plausible of a patient, for every entry: weights typed in pounds end up outside."""

    weight_g: Span
    bmi_milli: Span
    weight_basis_bmi_milli: int  # from here on the prescriber says which weight the dose is for
    adult_years: int = 18  # nobody younger
    old_years: int = 65  # from here on a remark


class Integrity(Enum):
    """Whether a file is what somebody approved. What is not has no content here: nothing is judged by it."""

    INTACT = "intact"
    ALTERED = "altered"  # its content has another hash than the approved one
    UNREADABLE = "unreadable"  # missing, misspelt, or saying what cannot be used


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What was read. Days count from 1970-01-01; a library for demonstration or training never expires."""

    name: str
    version: str  # dotted whole numbers, in the order of standing.py
    training: bool  # demonstration or training: not for patient care
    approved_by: str = ""
    approved_day: int | None = None
    expires_day: int | None = None  # the last day on which it may be used
    integrity: Integrity = Integrity.INTACT
    sha256: str  # of the canonical content, as it was found
    patient: PatientLimits
    entries: tuple[Entry, ...]

    def entry(self, entry_id: str) -> Entry | None:
        return next((e for e in self.entries if e.id == entry_id), None)


_ANY: Final = Span(hard_low=1, soft_low=1, typical=1, soft_high=1, hard_high=1)


def withheld(integrity: Integrity, *, name: str = "", version: str = "", sha256: str = "") -> Library:
    """A library that is none: what is known of it for the record, and not one entry."""
    return Library(
        name=name,
        version=version,
        training=False,
        integrity=integrity,
        sha256=sha256,
        patient=PatientLimits(weight_g=_ANY, bmi_milli=_ANY, weight_basis_bmi_milli=1),
        entries=(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """Limits that no file can raise, for every entry with a drug in it."""

    rate_ug_per_kg_per_h: int
    rate_ug_per_h: int  # also where the dose knows no weight
    hour_ug_per_kg: int  # in any 60 minutes, over all pumps
    hour_ug: int
    session_ug_per_kg: int  # in any 12 hours, over all pumps
    session_ug: int
    course_ug_per_kg: int
    bolus_ug_per_kg: int
    bolus_s: int  # no bolus is faster
    kvo_ul_per_h: int  # of a high-alert drug
    concentration_ug_per_ml: int


CEILINGS: Final = Ceilings(
    rate_ug_per_kg_per_h=2_500,  # highest hard limit shipped: 2.0 mg/kg/h (consensus 2018, outside an ICU)
    rate_ug_per_h=200_000,  # highest hard limit shipped: 150 mg/h
    hour_ug_per_kg=2_500,  # as the rate, for an hour
    hour_ug=200_000,
    session_ug_per_kg=15_000,  # highest hard limit shipped: 12 mg/kg (2.0 mg/kg/h for 6 h)
    session_ug=1_000_000,  # highest hard limit shipped: 850 mg
    course_ug_per_kg=150_000,  # highest hard limit shipped: 126 mg/kg (0.75 mg/kg/h for 7 days)
    bolus_ug_per_kg=350,  # consensus 2018: a bolus of up to 0.35 mg/kg
    bolus_s=60,  # ketamine label: over at least 60 seconds
    kvo_ul_per_h=500,  # a pump that keeps a vein open with a drug keeps giving it
    concentration_ug_per_ml=5_000,  # half of the weakest vial (10 mg/mL): what is pumped was diluted
)
