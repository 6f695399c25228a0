"""The catalogue of regimens: published dosing schemes that an order can name.

A nurse picks a regimen and never types a rate. Doses are integers in the unit of the library entry that the
regimen names; a day of the series may have its own steps. What the regimen itself caps (Schwartzman's CRPS
trial gave 0.35 mg/kg/h "not above 25 mg/h") clamps when the programme is compiled, without prompt or alarm:
the cap is part of the scheme, not a warning about it.

Texts (course, premedication, evidence) are printed as they stand. What a regimen is known to do, and how
weak that knowledge is, belongs on the page where somebody chooses it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.library import Container, ContainerKind, DoseUnit, Entry, Integrity, Library
from pumpd.core.prescribed import Premedication
from pumpd.core.pump import DriverInfo
from pumpd.core.units import NG_PER_UG


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimenStep:
    """A dose in the entry's unit, for (rates) or over (mg/kg) a time."""

    dose: int
    duration_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """The steps of the days `first_day` to `last_day` of a series, 1 being the first."""

    first_day: int
    last_day: int
    steps: tuple[RegimenStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Titration:
    """To effect, beside a single step, whose dose is where it starts. Doses in the entry's unit.

    A rise adds at most `up_by` when the rate before it was held for `dwell_s`, and stays at or below `highest` and the
    regimen's caps. The step's duration is kept: what a rise adds is added for the time that is left.
    """

    up_by: int
    dwell_s: int
    highest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How long a patient stays at least, after a sedating drug. Both hold: the later one counts.

    Emergency departments ask for 60 min after the last drug, esketamine's label for 2 h in all (Spravato, dosing).
    """

    after_drug_s: int = 3_600
    after_start_s: int = 7_200


@dataclass(frozen=True, slots=True, kw_only=True)
class Regimen:
    id: str
    title: str
    indication: str
    entry: str  # id in the drug library
    days: tuple[DayPlan, ...]
    cap_ug_per_h: int | None  # the scheme's own; of two caps the least counts
    automatic: bool  # a due step up goes by itself; false asks for a tap
    sessions: int
    course: str  # sessions and interval, in words
    premedication: str
    evidence: str
    source: str
    cap_ug_per_kg_per_h: int | None = None
    titration: Titration | None = None
    soft_on_purpose: bool = False  # crosses a soft limit at its own maximum: two people agree each time
    asks_risk: bool = False  # for a mood: thoughts of suicide are asked about, before a visit and before the way home
    recovery: Recovery = Recovery()
    apart_days: int = 0  # so many days between a visit and the next one with ketamine, where the scheme states a least
    before: tuple[Premedication, ...] = ()  # offered to whoever writes an order: what the scheme gives before the start

    def cap_ng_per_h(self, weight_g: int) -> int | None:
        """The least of the scheme's caps for this weight, exactly."""
        caps = []
        if self.cap_ug_per_h is not None:
            caps.append(self.cap_ug_per_h * NG_PER_UG)
        if self.cap_ug_per_kg_per_h is not None:
            caps.append(self.cap_ug_per_kg_per_h * weight_g)
        return min(caps, default=None)

    def steps_on(self, day: int) -> tuple[RegimenStep, ...] | None:
        """The steps of that day; None when the series has no such day."""
        return next((plan.steps for plan in self.days if plan.first_day <= day <= plan.last_day), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    version: str
    sha256: str  # of the canonical content, as it was found
    regimens: tuple[Regimen, ...]
    integrity: Integrity = Integrity.INTACT

    def regimen(self, regimen_id: str) -> Regimen | None:
        return next((r for r in self.regimens if r.id == regimen_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What orders are judged by: loaded once, never changed while the daemon runs."""

    library: Library
    catalogue: Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A regimen that this pump can run, with the containers it takes."""

    regimen: Regimen
    entry: Entry
    containers: tuple[Container, ...]


def takes(info: DriverInfo, container: Container) -> bool:
    """A syringe pump takes syringes, any other takes bags."""
    return info.takes_syringes == (container.kind is ContainerKind.SYRINGE)


def offers(rules: Rules, info: DriverInfo) -> tuple[Offer, ...]:
    """Regimens with at least one container that this pump takes, in the catalogue's order."""
    found = []
    for regimen in rules.catalogue.regimens:
        entry = rules.library.entry(regimen.entry)
        if entry is None:
            continue
        containers = tuple(c for c in entry.containers if takes(info, c))
        if containers:
            found.append(Offer(regimen=regimen, entry=entry, containers=containers))
    return tuple(found)


def _titration_faults(regimen: Regimen, titration: Titration, entry: Entry) -> list[str]:
    faults = []
    if entry.titration_up is None:
        faults.append(f"{regimen.id}: the entry {entry.id} lets nobody titrate")
    elif titration.up_by > entry.titration_up or titration.dwell_s < entry.titration_dwell_s:
        faults.append(f"{regimen.id}: it rises faster than the entry {entry.id} allows")
    starts = [plan.steps[0].dose for plan in regimen.days if len(plan.steps) == 1]
    if len(starts) != len(regimen.days) or not titration.up_by > 0 or max(starts, default=0) > titration.highest:
        faults.append(f"{regimen.id}: what is titrated has one step a day, rises from it, and starts below its highest")
    if titration.highest > entry.dose.hard_high:
        faults.append(f"{regimen.id}: its highest dose is above the hard limit of {entry.id}")
    return faults


def faults_of(catalogue: Catalogue, library: Library) -> tuple[str, ...]:
    """What makes a catalogue unusable with this library; empty when it can be used."""
    faults = []
    for regimen in catalogue.regimens:
        entry = library.entry(regimen.entry)
        if entry is None:
            faults.append(f"{regimen.id}: the drug library has no entry {regimen.entry!r}")
        elif regimen.automatic and entry.high_alert:
            faults.append(f"{regimen.id}: steps of a high-alert drug ask; automatic steps are for training")
        elif entry.unit is DoseUnit.MG_PER_KG and any(len(plan.steps) != 1 for plan in regimen.days):
            faults.append(f"{regimen.id}: a dose in mg/kg over minutes has exactly one step")
        if entry is not None and regimen.titration is not None:
            faults += _titration_faults(regimen, regimen.titration, entry)
        next_day = 1
        for plan in regimen.days:
            if plan.first_day != next_day or plan.last_day < plan.first_day:
                faults.append(f"{regimen.id}: days must follow each other from day 1 without gap")
                break
            next_day = plan.last_day + 1
        if next_day != regimen.sessions + 1:
            faults.append(f"{regimen.id}: its days must cover its {regimen.sessions} sessions")
        if any(not plan.steps or any(s.dose <= 0 or s.duration_s <= 0 for s in plan.steps) for plan in regimen.days):
            faults.append(f"{regimen.id}: every day needs steps, each with a dose and a duration above 0")
    if len({r.id for r in catalogue.regimens}) != len(catalogue.regimens):
        faults.append("two regimens with the same id")
    return tuple(faults)
