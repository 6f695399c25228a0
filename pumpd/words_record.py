"""The record of an infusion as a sheet of text: titled blocks of lines and tables, the same for a screen and for paper.

Texts come from the words of the page (a fact reads on paper as it did at the bed), quantities from words.py. Whoever
prints the sheet adds nothing and leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pumpd import words
from pumpd import words_visit_record as v
from pumpd.core import facts as f
from pumpd.core.codes import Priority, Severity
from pumpd.core.order import WeightBasis
from pumpd.core.units import Towards
from pumpd.records import InfusionRecord, Record
from pumpd.records_rows import Rate
from pumpd.records_visits import VisitRecord
from pumpd.words_bed import ALARMS, PHASES
from pumpd.words_library import library_text
from pumpd.words_reasons import reason_text
from pumpd.words_visit_record import line

Offset = Callable[[int], int]  # wall milliseconds -> minutes between local time and UTC then
Names = Callable[[str], str]


def nobody(_: str) -> str:
    return "not named in this record"


DISCLAIMER: Final = "Demonstration and research software, not a medical device. Not for the care of patients."
_PRIORITIES: Final = {
    Priority.HIGH: "high", Priority.MEDIUM: "medium", Priority.LOW: "low", Priority.PROMPT: "prompt",
}  # fmt: skip
_BASES: Final = {
    WeightBasis.ACTUAL: "actual weight", WeightBasis.IDEAL: "ideal weight", WeightBasis.ADJUSTED: "adjusted weight",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines of (label, text), then a table, either of which may be empty."""

    title: str
    lines: tuple[tuple[str, str], ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    widths: tuple[int, ...] = ()  # of the columns on paper, in parts; empty: as wide as so many columns usually are
    to_write: bool = False  # empty rows, high enough for a pen


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    title: str
    note: str
    blocks: tuple[Block, ...]
    foot: str


def sheet(record: Record, offset: Offset, names: Names = nobody) -> Sheet:
    """`names`: what is kept of a patient, by the opaque key; the journal itself names nobody."""
    blocks = [
        _block("Where this comes from", _sources(record, offset)),
        *(block for each in record.told.visits for block in _visit(each, offset, names(each.visit.patient))),
        *(block for each in record.told.infusions for block in _infusion(each, offset)),
    ]
    return Sheet(
        title=f"{'Visit' if record.told.visits else 'Infusion'} record, {record.place}",
        note=DISCLAIMER,
        blocks=tuple(blocks),
        foot=f"Journal row {record.head_seq}, {record.head_hash}",
    )


def _visit(record: VisitRecord, offset: Offset, name: str) -> Iterator[Block]:
    yield _block("Visit", v.about(record, offset, name))
    for title, kinds in (("Check-in", v.CHECK_IN), ("Preparation", v.PREPARED)):
        yield Block(title=title, head=v.ROWS_HEAD, rows=tuple(v.rows(record.happenings, offset, kinds)))
    yield Block(
        title="Independent double check",
        head=v.ENTERED_HEAD,
        rows=tuple(v.entered(record, offset)),
        widths=v.ENTERED_WIDTHS,
    )
    yield Block(title="Observations", head=v.OBSERVED_HEAD, rows=tuple(v.observations(record, offset)))
    at_the_end = tuple(v.rows(record.happenings, offset, v.AT_THE_END))
    yield Block(title="Recovery and end", head=v.ROWS_HEAD, rows=at_the_end)
    yield Block(title="Visit: everything else", head=v.ROWS_HEAD, rows=tuple(v.history(record, offset)))


def _block(title: str, lines: Iterator[tuple[str, str]]) -> Block:
    return Block(title=title, lines=tuple(lines))


def _sources(record: Record, offset: Offset) -> Iterator[tuple[str, str]]:
    yield "Bed", record.place
    yield "Printed", words.moment(record.made_wall_ms, offset_min=offset(record.made_wall_ms))
    yield "Program", f"pumpd {record.software}"
    yield "End of the journal", f"row {record.head_seq}, SHA-256 {record.head_hash}"
    yield "To check it", "`pumpd journal verify` finds every edit and gap, and this row still has this hash"


def _infusion(record: InfusionRecord, offset: Offset) -> Iterator[Block]:
    number = record.ordered.infusion_id
    yield _block(f"Infusion {number}: order", _order(record, offset))
    yield Block(title=f"Infusion {number}: steps", head=_STEP_HEAD, rows=tuple(_steps(record)))
    yield _block(f"Infusion {number}: given", _given(record, offset))
    yield Block(title=f"Infusion {number}: alarms", head=_ALARM_HEAD, rows=tuple(_alarms(record, offset)))
    yield Block(title=f"Infusion {number}: history", head=_HISTORY_HEAD, rows=tuple(_history(record, offset)))


def _order(record: InfusionRecord, offset: Offset) -> Iterator[tuple[str, str]]:
    ordered, order, programme = record.ordered, record.ordered.order, record.ordered.programme
    yield "Accepted", words.moment(record.ordered_wall_ms, offset_min=offset(record.ordered_wall_ms))
    yield "Regimen", f"{order.regimen}, day {order.day}"
    yield "Drug", f"{programme.drug}{', high-alert' if programme.high_alert else ''}"
    concentration = programme.concentration_ug_per_ml
    yield "Concentration", words.concentration(concentration) if concentration else "no drug"
    yield "Container", order.container
    yield "The dose is for", _weight(order.weight_g, order.weight_basis)
    if order.actual_weight_g is not None:
        yield "Actual weight", words.weight(order.actual_weight_g)
    if order.verified_weight_g is not None:
        yield "On today's scale", words.weight(order.verified_weight_g)
    yield "Height", words.height(order.height_mm) if order.height_mm else "not measured"
    if order.age_years is not None:
        yield "Age", f"{order.age_years} years"
    yield "Confirmed by", ordered.person
    if ordered.override_person is not None:
        yield "Second person", f"{ordered.override_person}: {ordered.override_reason or 'no reason given'}"
    for reason in ordered.grant.reasons:
        if reason.severity in (Severity.SOFT, Severity.CLAMPED):
            yield "Beyond a soft limit" if reason.severity is Severity.SOFT else "Reduced", reason_text(reason)
    yield "Order's fingerprint", f"SHA-256 {record.order_sha256}"
    yield (
        "Drug library",
        f"{library_text(record.library).removeprefix('Drug library: ')}, SHA-256 {ordered.library_sha256}",
    )
    known = record.identified
    if known is None:
        yield "Pump", f"{record.slot}: it had not said who it is"
    else:
        serial = f"serial number {known.serial}" if known.serial else "tells no serial number"
        yield "Pump", f"{record.slot}: {known.model}, firmware {known.firmware}, {serial}"


def _weight(weight_g: int, basis: WeightBasis | None) -> str:
    return words.weight(weight_g) + ("" if basis is None else f", {_BASES[basis]}")


_STEP_HEAD: Final = ("Step", "Rate", "Planned", "Given", "Drug given")


def _steps(record: InfusionRecord) -> Iterator[tuple[str, ...]]:
    for each in record.steps:
        yield (
            str(each.step),
            words.rate_ml_per_h(each.rate_ul_per_h),
            words.volume_ml(each.planned_nl),
            words.interval_ml(each.given.low_nl, each.given.high_nl, 2),
            _drug(record, each.given.low_nl, each.given.high_nl),
        )


def _drug(record: InfusionRecord, low_nl: int, high_nl: int) -> str:
    if not record.ordered.programme.concentration_ug_per_ml:
        return "no drug"
    return words.interval_mass(record.mass_ug(low_nl, Towards.DOWN), record.mass_ug(high_nl, Towards.UP))


def _given(record: InfusionRecord, offset: Offset) -> Iterator[tuple[str, str]]:
    low, high = record.delivered.low_nl, record.delivered.high_nl
    yield "State", PHASES[record.phase]
    if record.began_wall_ms is not None:
        yield "Began", words.moment(record.began_wall_ms, offset_min=offset(record.began_wall_ms))
    if record.over_wall_ms is not None:
        yield "Ended", words.moment(record.over_wall_ms, offset_min=offset(record.over_wall_ms))
    yield "Volume", f"{words.interval_ml(low, high, 2)} of {words.volume_ml(record.ordered.programme.total_nl)}"
    yield "Drug", _drug(record, low, high)
    yield "What this is", "what the pump displaced, by its own reports; what the line holds or loses is not in it"


_ALARM_HEAD: Final = ("Raised", "Alarm", "Urgency", "What became of it")


def _alarms(record: InfusionRecord, offset: Offset) -> Iterator[tuple[str, ...]]:
    for happening in record.happenings:
        raised = happening.fact
        if isinstance(raised, f.AlarmRaised):
            later = [
                f"{words.clock_time(other.wall_ms, offset_min=offset(other.wall_ms), seconds=True)} {line(other)}"
                for other in record.happenings
                if not isinstance(other.fact, f.AlarmRaised)
                and getattr(other.fact, "alarm_id", None) == raised.alarm_id
            ]
            yield (
                words.moment(happening.wall_ms, offset_min=offset(happening.wall_ms)),
                ALARMS[raised.condition][0],
                _PRIORITIES[raised.priority],
                "; ".join(later) or "still on",
            )


_HISTORY_HEAD: Final = ("Time", "What", "Who", "Before", "Asked", "Read back", "Since boot")


def _history(record: InfusionRecord, offset: Offset) -> Iterator[tuple[str, ...]]:
    for happening in record.happenings:
        yield (
            words.moment(happening.wall_ms, offset_min=offset(happening.wall_ms)),
            line(happening),
            happening.person or "",
            *_rates(happening.rate),
            words.seconds_ns(happening.at_ns),
        )


def _rates(rate: Rate | None) -> tuple[str, str, str]:
    if rate is None:
        return "", "", ""
    before = "" if rate.before_ul_per_h is None else words.rate_ml_per_h(rate.before_ul_per_h)
    granted = "" if rate.granted_ul_per_h is None else words.rate_ml_per_h(rate.granted_ul_per_h)
    return before, words.rate_ml_per_h(rate.asked_ul_per_h), granted
