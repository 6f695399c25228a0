"""Reads the drug library and the catalogue of regimens from TOML into the core's frozen data.

Every number is a decimal string in the unit that people use, parsed exactly or refused. Unknown keys, misspelt
ones included, are errors with file and line.

Both files carry the SHA-256 of their own content (comments, order of keys and layout left out), so that a slip
of the editor on a ward's computer is found before it reaches a patient: somebody approves a content, and
writes its hash. It is no signature: whoever may edit the file may also write a hash. The error names the hash
that was computed, which is also how a new one is made.

A library that is not for training must say who approved it and when it expires; one for demonstration or
training never expires.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from pumpd.core import library_faults, regimen
from pumpd.core.library import Bolus, Cap, Container, ContainerKind, DoseUnit, Entry, Library, PatientLimits, Ramp, Span
from pumpd.core.regimen import Catalogue, DayPlan, Regimen, RegimenStep, Rules, Titration
from pumpd.core.units import parse_scaled
from pumpd.errors import LibraryError
from pumpd.toml_file import Table, read_toml

_ENTRIES_MAX: Final = 500  # a whole hospital's library
_STEPS_MAX: Final = 24  # an hourly step for a day; also bounds the search for the highest dose
_CONTAINERS_MAX: Final = 24  # one after the other: a syringe every five hours for five days
_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$"


def _decimal(scale: int) -> Callable[[object], int]:
    def parse(text: object) -> int:
        if not isinstance(text, str):
            raise ValueError('write it as text, for example "0.5"')  # noqa: TRY004  # pydantic collects ValueErrors
        return parse_scaled(text, scale)

    return parse


Thousandths = Annotated[int, BeforeValidator(_decimal(1_000))]  # mg -> ug, kg -> g, mm -> um, mL/h -> ul/h
Nanolitres = Annotated[int, BeforeValidator(_decimal(1_000_000))]  # from mL
Hours = Annotated[int, BeforeValidator(_decimal(3_600))]  # to seconds
Minutes = Annotated[int, BeforeValidator(_decimal(60))]  # to seconds
Seconds = Annotated[int, BeforeValidator(_decimal(1))]
Id = Annotated[str, Field(pattern=_ID_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
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
    rolling_hour_mg: Thousandths | None = None
    rolling_hour_mg_per_kg: Thousandths | None = None
    near_end_min: Minutes
    titration_up: Thousandths | None = None
    titration_dwell_min: Minutes = 0
    bolus: BolusTable | None = None
    kvo_ml_per_h: Thousandths = 0
    ramp: RampTable | None = None
    review_h: Hours | None = None
    advice: Text
    source: Text
    containers_max: int = Field(default=1, ge=1, le=_CONTAINERS_MAX)
    containers_why: str = Field(default="", max_length=500)
    container: tuple[ContainerTable, ...] = Field(min_length=1, max_length=50)


class PatientTable(Table):
    weight_kg: SpanTable
    bmi: SpanTable
    weight_basis_bmi: Thousandths


class LibraryFile(Table):
    name: Text
    version: Text
    training: bool
    approved_by: Text
    expires: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    sha256: Sha256
    patient: PatientTable
    entry: tuple[EntryTable, ...] = Field(min_length=1, max_length=_ENTRIES_MAX)

    @model_validator(mode="after")
    def _says_when_it_expires(self) -> Self:
        if not self.training and self.expires is None:
            raise ValueError('a library that is not for training needs expires = "YYYY-MM-DD"')
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


class RegimenTable(Table):
    id: Id
    title: Text
    indication: Text
    entry: Id
    steps: Literal["ask", "automatic"]
    cap_mg_per_h: Thousandths | None = None
    cap_mg_per_kg_per_h: Thousandths | None = None
    titration: TitrationTable | None = None
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
        advice=table.advice,
        source=table.source,
        containers_max=table.containers_max,
        containers_why=table.containers_why,
    )


def content_sha256(file: LibraryFile | CatalogueFile) -> str:
    """Over what the file says, not how it is laid out; keys left at their default do not count."""
    content: Any = file.model_dump(mode="json", exclude={"sha256"}, exclude_defaults=True)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


F = TypeVar("F", LibraryFile, CatalogueFile)


def _approved(path: Path, model: type[F]) -> F:
    file = read_toml(path, model)
    found = content_sha256(file)
    if found != file.sha256:
        raise LibraryError(
            f"{path}: the content is not the one that was approved: its hash is {found}, "
            f"the file says {file.sha256}. "
            f'If the change was meant and checked, write sha256 = "{found}"; if not, restore the file.'
        )
    return file


def _refuse(path: Path, faults: tuple[str, ...]) -> None:
    if faults:
        raise LibraryError("\n".join(f"{path}: {fault}" for fault in faults))


def load_library(path: Path) -> Library:
    """Raises ConfigError on a file that cannot be read, LibraryError on a content that cannot be used."""
    file = _approved(path, LibraryFile)
    loaded = Library(
        name=file.name,
        version=file.version,
        training=file.training,
        expires=file.expires,
        sha256=file.sha256,
        patient=PatientLimits(
            weight_g=_span(file.patient.weight_kg),
            bmi_milli=_span(file.patient.bmi),
            weight_basis_bmi_milli=file.patient.weight_basis_bmi,
        ),
        entries=tuple(_entry(table) for table in file.entry),
    )
    _refuse(path, library_faults.faults_of(loaded))
    return loaded


def load_regimens(path: Path) -> Catalogue:
    """As `load_library`; whether its regimens fit a library is for `load_rules` to say."""
    file = _approved(path, CatalogueFile)
    return Catalogue(version=file.version, sha256=file.sha256, regimens=tuple(table.read() for table in file.regimen))


def load_rules(library_path: Path, regimens_path: Path) -> Rules:
    """Both files, checked against each other."""
    rules = Rules(library=load_library(library_path), catalogue=load_regimens(regimens_path))
    _refuse(regimens_path, regimen.faults_of(rules.catalogue, rules.library))
    return rules
