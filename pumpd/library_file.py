"""What the drug library and the catalogue of regimens say: from TOML into the core's frozen data.

Every number is a decimal string in the unit that people use, parsed exactly or refused. Unknown keys, misspelt
ones included, are errors with file and line.

A library that is not for training must say who approved it, when, and for how long; one for demonstration or
training never expires. Whether a file is the one that was approved is for rules_files.py, which reads both.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from pumpd.core.library import (
    Bolus,
    Cap,
    Container,
    ContainerKind,
    DoseUnit,
    Entry,
    Library,
    PatientLimits,
    Ramp,
    Span,
    Watch,
)
from pumpd.core.prescribed import PRESCRIBED_MAX, Premedication, Route
from pumpd.core.regimen import Catalogue, DayPlan, Recovery, Regimen, RegimenStep, Titration
from pumpd.core.units import parse_scaled
from pumpd.toml_file import Table

_ENTRIES_MAX: Final = 500  # a whole hospital's library
_STEPS_MAX: Final = 24  # an hourly step for a day; also bounds the search for the highest dose
_APART_MAX: Final = 365  # days; a year between two visits is another course
_CONTAINERS_MAX: Final = 24  # one after the other: a syringe every five hours for five days
_FIRST_DAY: Final = date(1970, 1, 1)
_APPROVED_FOR_DAYS: Final = 1_096  # three years: our own bound, so that a slip in the year is no approval for ever
_VERSION_PATTERN: Final = r"^(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,3}$"
_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$"


def _decimal(scale: int) -> Callable[[object], int]:
    def parse(text: object) -> int:
        if not isinstance(text, str):
            raise ValueError('write it as text, for example "0.5"')  # noqa: TRY004  # pydantic collects ValueErrors
        return parse_scaled(text, scale)

    return parse


def _day(text: object) -> int:
    """Days since 1970-01-01, of a date as text."""
    if not isinstance(text, str) or len(text) != len("2026-12-31"):
        raise ValueError('write a day as text, for example "2026-12-31"')
    try:
        return (date.fromisoformat(text) - _FIRST_DAY).days
    except ValueError as error:
        raise ValueError(f"there is no such day: {error}") from None


Thousandths = Annotated[int, BeforeValidator(_decimal(1_000))]  # mg -> ug, kg -> g, mm -> um, mL/h -> ul/h
Nanolitres = Annotated[int, BeforeValidator(_decimal(1_000_000))]  # from mL
Hours = Annotated[int, BeforeValidator(_decimal(3_600))]  # to seconds
Minutes = Annotated[int, BeforeValidator(_decimal(60))]  # to seconds
Seconds = Annotated[int, BeforeValidator(_decimal(1))]
Years = Annotated[int, BeforeValidator(_decimal(1))]
Id = Annotated[str, Field(pattern=_ID_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Day = Annotated[int, BeforeValidator(_day)]
Version = Annotated[
    str, Field(pattern=_VERSION_PATTERN, description="one to four whole numbers with dots, such as 2026.1: they rise")
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class SpanTable(Table):
    hard_low: Thousandths
    soft_low: Thousandths
    typical: Thousandths
    soft_high: Thousandths
    hard_high: Thousandths


class MinutesTable(Table):
    hard_low: Minutes
    soft_low: Minutes
    typical: Minutes
    soft_high: Minutes
    hard_high: Minutes


class CapTable(Table):
    soft: Thousandths | None = None
    hard: Thousandths


class ContainerTable(Table):
    id: Id
    kind: ContainerKind
    title: Text
    capacity_ml: Nanolitres
    prime_ml: Nanolitres = 0
    dead_ml: Nanolitres = 0
    play_ml: Nanolitres = 0
    rate_min_ml_per_h: Thousandths = 0
    inner_diameter_mm: Thousandths | None = None
    concentration_mg_per_ml: Thousandths
    weight_over_kg: Thousandths | None = None
    weight_up_to_kg: Thousandths | None = None
    proposal: bool
    source: Text


class BolusTable(Table):
    dose_mg_per_kg: CapTable
    shortest_min: Minutes
    lockout_min: Minutes


class RampTable(Table):
    rise_min: Minutes = 0
    fall_min: Minutes = 0
    stairs: int = Field(ge=2, le=_STEPS_MAX)


class EntryTable(Table):
    id: Id
    drug: Text
    title: Text
    care_area: Id
    high_alert: bool
    unit: DoseUnit
    dose: SpanTable
    duration_min: MinutesTable
    rate_mg_per_kg_per_h: CapTable | None = None
    cap_rate_mg_per_h: CapTable | None = None
    cap_total_mg: CapTable | None = None
    cap_total_mg_per_kg: CapTable | None = None
    cap_course_mg: CapTable | None = None
    cap_course_mg_per_kg: CapTable | None = None
    rolling_hour_mg: Thousandths | None = None
    rolling_hour_mg_per_kg: Thousandths | None = None
    near_end_min: Minutes
    titration_up: Thousandths | None = None
    titration_dwell_min: Minutes = 0
    bolus: BolusTable | None = None
    kvo_ml_per_h: Thousandths = 0
    ramp: RampTable | None = None
    review_h: Hours | None = None
    deviation: Watch = Watch.STANDARD
    advice: Text
    source: Text
    containers_max: int = Field(default=1, ge=1, le=_CONTAINERS_MAX)
    containers_why: str = Field(default="", max_length=500)
    container: tuple[ContainerTable, ...] = Field(min_length=1, max_length=50)


class PatientTable(Table):
    weight_kg: SpanTable
    bmi: SpanTable
    weight_basis_bmi: Thousandths
    adult_years: Years
    old_years: Years


class LibraryFile(Table):
    name: Text
    version: Version
    training: bool
    approved_by: Text
    approved_on: Day | None = None
    expires: Day | None = None
    sha256: Sha256
    patient: PatientTable
    entry: tuple[EntryTable, ...] = Field(min_length=1, max_length=_ENTRIES_MAX)

    @model_validator(mode="after")
    def _says_when_it_expires(self) -> Self:
        approved_day, expires_day = self.approved_on, self.expires
        if self.training:
            if expires_day is not None:
                raise ValueError("a library for training never expires: leave expires out")
            return self
        if approved_day is None or expires_day is None:
            raise ValueError('a library that is not for training needs approved_on and expires = "YYYY-MM-DD"')
        if not 0 < expires_day - approved_day <= _APPROVED_FOR_DAYS:
            raise ValueError(f"expires must lie 1 to {_APPROVED_FOR_DAYS} days behind approved_on: look at the years")
        return self


class StepTable(Table):
    dose: Thousandths
    minutes: Minutes | None = None
    seconds: Seconds | None = None

    @model_validator(mode="after")
    def _lasts_once(self) -> Self:
        if (self.minutes is None) == (self.seconds is None):
            raise ValueError("a step has either minutes or seconds")
        return self

    def read(self) -> RegimenStep:
        return RegimenStep(dose=self.dose, duration_s=(self.minutes or 0) + (self.seconds or 0))


class DayTable(Table):
    first: int
    last: int
    step: tuple[StepTable, ...] = Field(min_length=1, max_length=_STEPS_MAX)

    def read(self) -> DayPlan:
        return DayPlan(first_day=self.first, last_day=self.last, steps=tuple(s.read() for s in self.step))


class TitrationTable(Table):
    up_by: Thousandths
    dwell_min: Minutes
    highest: Thousandths

    def read(self) -> Titration:
        return Titration(up_by=self.up_by, dwell_s=self.dwell_min, highest=self.highest)


class RecoveryTable(Table):
    after_drug_min: Minutes = 3_600
    after_start_min: Minutes = 7_200


class BeforeTable(Table):
    """Offered to whoever writes an order of this regimen: to be given before the start."""

    drug: Text
    dose_mg: Thousandths
    route: Route
    wait_min: Minutes
    sedating: bool = False

    def read(self) -> Premedication:
        return Premedication(
            drug=self.drug, dose_ug=self.dose_mg, route=self.route, wait_s=self.wait_min, sedating=self.sedating
        )


class RegimenTable(Table):
    id: Id
    title: Text
    indication: Text
    entry: Id
    steps: Literal["ask", "automatic"]
    cap_mg_per_h: Thousandths | None = None
    cap_mg_per_kg_per_h: Thousandths | None = None
    titration: TitrationTable | None = None
    soft_on_purpose: bool = False
    asks_risk: bool = False
    recovery: RecoveryTable = RecoveryTable()
    days_apart: int = Field(default=0, ge=0, le=_APART_MAX)
    before: tuple[BeforeTable, ...] = Field(default=(), max_length=PRESCRIBED_MAX)
    sessions: int = Field(ge=1, le=100)
    course: Text
    premedication: Text
    evidence: Text
    source: Text
    days: tuple[DayTable, ...] = Field(min_length=1, max_length=100)

    def read(self) -> Regimen:
        return Regimen(
            id=self.id,
            title=self.title,
            indication=self.indication,
            entry=self.entry,
            days=tuple(day.read() for day in self.days),
            cap_ug_per_h=self.cap_mg_per_h,
            cap_ug_per_kg_per_h=self.cap_mg_per_kg_per_h,
            titration=None if self.titration is None else self.titration.read(),
            soft_on_purpose=self.soft_on_purpose,
            asks_risk=self.asks_risk,
            recovery=Recovery(after_drug_s=self.recovery.after_drug_min, after_start_s=self.recovery.after_start_min),
            apart_days=self.days_apart,
            before=tuple(each.read() for each in self.before),
            automatic=self.steps == "automatic",
            sessions=self.sessions,
            course=self.course,
            premedication=self.premedication,
            evidence=self.evidence,
            source=self.source,
        )


class CatalogueFile(Table):
    version: Text
    sha256: Sha256
    regimen: tuple[RegimenTable, ...] = Field(min_length=1, max_length=_ENTRIES_MAX)


def _span(table: SpanTable | MinutesTable) -> Span:
    return Span(
        hard_low=table.hard_low,
        soft_low=table.soft_low,
        typical=table.typical,
        soft_high=table.soft_high,
        hard_high=table.hard_high,
    )


def _cap(table: CapTable | None) -> Cap | None:
    return None if table is None else Cap(soft=table.soft, hard=table.hard)


def _bolus(table: BolusTable | None) -> Bolus | None:
    if table is None:
        return None
    dose = Cap(soft=table.dose_mg_per_kg.soft, hard=table.dose_mg_per_kg.hard)
    return Bolus(dose_ug_per_kg=dose, shortest_s=table.shortest_min, lockout_s=table.lockout_min)


def _ramp(table: RampTable | None) -> Ramp | None:
    return None if table is None else Ramp(rise_s=table.rise_min, fall_s=table.fall_min, stairs=table.stairs)


def _container(table: ContainerTable) -> Container:
    return Container(
        id=table.id,
        kind=table.kind,
        title=table.title,
        capacity_nl=table.capacity_ml,
        inner_diameter_um=table.inner_diameter_mm,
        concentration_ug_per_ml=table.concentration_mg_per_ml,
        weight_over_g=table.weight_over_kg,
        weight_up_to_g=table.weight_up_to_kg,
        proposal=table.proposal,
        source=table.source,
        prime_nl=table.prime_ml,
        dead_nl=table.dead_ml,
        play_nl=table.play_ml,
        rate_ul_per_h_min=table.rate_min_ml_per_h,
    )


def _entry(table: EntryTable) -> Entry:
    return Entry(
        id=table.id,
        drug=table.drug,
        title=table.title,
        care_area=table.care_area,
        high_alert=table.high_alert,
        unit=table.unit,
        dose=_span(table.dose),
        duration_s=_span(table.duration_min),
        rate_ug_per_kg_per_h=_cap(table.rate_mg_per_kg_per_h),
        cap_ug_per_h=_cap(table.cap_rate_mg_per_h),
        cap_total_ug=_cap(table.cap_total_mg),
        cap_total_ug_per_kg=_cap(table.cap_total_mg_per_kg),
        cap_course_ug=_cap(table.cap_course_mg),
        cap_course_ug_per_kg=_cap(table.cap_course_mg_per_kg),
        rolling_hour_ug=table.rolling_hour_mg,
        rolling_hour_ug_per_kg=table.rolling_hour_mg_per_kg,
        containers=tuple(_container(c) for c in table.container),
        near_end_s=table.near_end_min,
        titration_up=table.titration_up,
        titration_dwell_s=table.titration_dwell_min,
        bolus=_bolus(table.bolus),
        kvo_ul_per_h=table.kvo_ml_per_h,
        ramp=_ramp(table.ramp),
        review_s=table.review_h,
        deviation=table.deviation,
        advice=table.advice,
        source=table.source,
        containers_max=table.containers_max,
        containers_why=table.containers_why,
    )


def library_of(file: LibraryFile, sha256: str) -> Library:
    """`sha256` is of the content as it was found."""
    return Library(
        name=file.name,
        version=file.version,
        training=file.training,
        approved_by=file.approved_by,
        approved_day=file.approved_on,
        expires_day=file.expires,
        sha256=sha256,
        patient=PatientLimits(
            weight_g=_span(file.patient.weight_kg),
            bmi_milli=_span(file.patient.bmi),
            weight_basis_bmi_milli=file.patient.weight_basis_bmi,
            adult_years=file.patient.adult_years,
            old_years=file.patient.old_years,
        ),
        entries=tuple(_entry(table) for table in file.entry),
    )


def catalogue_of(file: CatalogueFile, sha256: str) -> Catalogue:
    return Catalogue(version=file.version, sha256=sha256, regimens=tuple(table.read() for table in file.regimen))
