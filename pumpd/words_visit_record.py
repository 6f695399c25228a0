"""A visit as blocks of its record's sheet: who and why, check-in, observations, recovery, leftovers, how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, get_args

from pumpd import words
from pumpd.core import care_facts as cf
from pumpd.core import check_in_facts as ci
from pumpd.core import departure_facts as dp
from pumpd.core import facts as f
from pumpd.core import preparation_facts as pf
from pumpd.core.departure import Closing, Leftover
from pumpd.core.library import DoseUnit
from pumpd.core.preparation import CheckField
from pumpd.records_rows import Happening
from pumpd.records_visits import VisitRecord
from pumpd.words_bed import fact_text
from pumpd.words_care import ITEMS, SIGNS, WHY_NOTS, value_text
from pumpd.words_departure import EXITS
from pumpd.words_library import day_text
from pumpd.words_preparation import FIELDS

Offset = Callable[[int], int]

OBSERVED_HEAD: Final = ("Taken", "What", "Value", "Entered by", "Entered")
ENTERED_HEAD: Final = ("Time", "Who", "Weight", "Drug", "Dose", "Container", "What it is")
ENTERED_WIDTHS: Final = (15, 9, 17, 17, 12, 13, 17)
ROWS_HEAD: Final = ("Time", "What", "Who", "Since boot")


def about(record: VisitRecord, offset: Offset, name: str) -> Iterator[tuple[str, str]]:
    """`name`: who the patient is, from the table that can be erased, or that nothing is kept there."""
    visit, series = record.visit, record.series
    yield "Patient", name
    yield "Patient's key", visit.patient
    yield "Visit", f"{visit.visit}: number {visit.number}" + (f" of {series.visits}" if series else "")
    opened = words.moment(record.opened_wall_ms, offset_min=offset(record.opened_wall_ms))
    yield "Opened", f"{opened}, by {visit.opened_by}"
    if series is not None:
        signed = f"signed by {series.prescriber} on {day_text(series.signed_day)}"
        yield "Series", f"{series.series}: {series.regimen}, {signed}, good until {day_text(series.expires_day)}"
    yield "Ended", "not yet" if visit.closing is None else _closing(visit.closing)
    for dose in visit.doses:
        yield f"Left over, infusion {dose.infusion_id}", _leftover(dose.leftover)


def _closing(closing: Closing) -> str:
    parts = [EXITS[closing.exit] + (f": {closing.reason}" if closing.reason else "")]
    if closing.prescriber:
        parts.append(f"{closing.prescriber} was told")
    return ", ".join([*parts, f"by {closing.person}"])


def _leftover(left: Leftover | None) -> str:
    if left is None:
        return "not accounted for yet"
    seen = f"seen by {left.witness}" if left.witness else "NOT YET SEEN BY A WITNESS"
    apart = f"; {words.volume_ml(abs(left.difference_nl))} apart: {left.remark}" if left.remark else ""
    drawn, wasted = words.volume_ml(left.loaded_nl), words.volume_ml(left.wasted_nl)
    return f"{drawn} drawn up, {wasted} thrown away by {left.person}, {seen}{apart}"


def rows(happenings: tuple[Happening, ...], offset: Offset, kinds: tuple[type, ...]) -> Iterator[tuple[str, ...]]:
    """Facts of these kinds, in their order, each in a line."""
    for each in happenings:
        if isinstance(each.fact, kinds):
            yield _row(each, offset)


def history(record: VisitRecord, offset: Offset) -> Iterator[tuple[str, ...]]:
    shown = (*CHECK_IN, *PREPARED, *AT_THE_END, cf.Observed)
    for each in record.happenings:
        if not isinstance(each.fact, shown):
            yield _row(each, offset)


CHECK_IN: Final[tuple[type, ...]] = (
    ci.IdentityChecked, ci.ItemsNoted, ci.FindingSettled, ci.WeightTaken, ci.CompanyNoted, ci.RiskNoted, ci.RiskPlanned,
)  # fmt: skip
PREPARED: Final[tuple[type, ...]] = get_args(pf.PreparationFact)
AT_THE_END: Final[tuple[type, ...]] = (
    dp.VisitMoved, dp.RecoveryScored, dp.VisitClosed, dp.PrescriberTold, dp.Wasted, dp.WasteWitnessed,
)  # fmt: skip


def entered(record: VisitRecord, offset: Offset) -> Iterator[tuple[str, ...]]:
    """What each of the two entered, side by side: the label and the scale of the first, all of it by the second."""
    for each in record.happenings:
        fact = each.fact
        time = words.moment(each.wall_ms, offset_min=offset(each.wall_ms))
        match fact:
            case ci.WeightTaken():
                yield time, fact.person, words.weight(fact.weight_g), "", "", "", "weighed"
            case pf.LabelNoted():
                read = fact.reading
                drug = f"{read.drug} {words.concentration(read.concentration_ug_per_ml)}"
                yield (
                    time,
                    fact.person,
                    "",
                    drug,
                    "",
                    _barrel(read.brand, read.capacity_nl),
                    f"label of container {fact.number}",
                )
            case pf.CheckAgreed() | pf.CheckDiffered():
                other = fact.entered
                drug = f"{other.drug} {words.concentration(other.concentration_ug_per_ml)}"
                told = "agrees"
                if isinstance(fact, pf.CheckDiffered):
                    told = f"DIFFERS: {', '.join(FIELDS[field] for field in fact.differed)}"
                    if CheckField.DOSE in fact.differed and fact.ordered_dose is not None:
                        told += f"; the order has {_dose(fact.ordered_dose, fact.unit)}"
                yield (
                    time,
                    fact.person,
                    words.weight(other.weight_g),
                    drug,
                    _dose(other.dose, fact.unit),
                    _barrel(other.brand, other.capacity_nl),
                    told,
                )
            case pf.RiseChecked() | pf.RiseDiffered():
                drug = f"{fact.entered.drug} {words.concentration(fact.entered.concentration_ug_per_ml)}"
                told = f"a rise to a dose of {words.typed_number(fact.entered.dose, digits=3)}: agrees"
                if isinstance(fact, pf.RiseDiffered):
                    told = f"a rise DIFFERS: {', '.join(FIELDS[field] for field in fact.differed)}"
                yield time, fact.person, "", drug, "", told


def _dose(value: int, unit: DoseUnit | None) -> str:
    """Rows from before the unit was kept have the number alone, which is of the drug library's entry."""
    return words.number(value, digits=3, places=3) if unit is None else words.dose(value, unit)


def _barrel(brand: str, capacity_nl: int) -> str:
    return f"{brand} {words.volume_ml(capacity_nl)}" if brand else ""


def observations(record: VisitRecord, offset: Offset) -> Iterator[tuple[str, ...]]:
    """Each item of each set; one that was entered later than it was taken says so by its two times."""
    for each in record.happenings:
        seen = each.fact
        if not isinstance(seen, cf.Observed):
            continue
        taken_ms = each.wall_ms - (seen.at_ns - seen.taken_at_ns) // 1_000_000
        taken = words.moment(taken_ms, offset_min=offset(taken_ms))
        entered = words.clock_time(each.wall_ms, offset_min=offset(each.wall_ms), seconds=True)
        for reading in seen.readings:
            value = WHY_NOTS[reading.why_not] if reading.why_not is not None else ""
            if reading.value is not None:
                value = value_text(reading.item, reading.value)
            yield taken, ITEMS[reading.item][0], value, seen.person, entered
        if seen.signs is not None:
            signs = ", ".join(SIGNS[sign] for sign in seen.signs) or "nothing unusual"
            yield taken, "seen or said", signs, seen.person, entered


def _row(each: Happening, offset: Offset) -> tuple[str, ...]:
    time = words.moment(each.wall_ms, offset_min=offset(each.wall_ms))
    return time, line(each), each.person or "", words.seconds_ns(each.at_ns)


def line(happening: Happening) -> str:
    """A row in one sentence."""
    fact = happening.fact
    return fact_text(fact) if isinstance(fact, f.Fact) else "Facts found no room in the journal and are lost"
