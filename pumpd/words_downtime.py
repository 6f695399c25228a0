"""The downtime sheet: paper to go on with when the program is down, from what its journal holds last.

It is printed before a planned stop, or made from the journal when nothing else answers: what each pump was set to, how
much is in, what was due next, who recovers and until when. Everything on it is as old as the journal's last row, and
says so; the pump's own display counts. Below that stand empty rows for what happens until the program is back, in the
columns in which it is entered later.

Nothing on the sheet tells anybody to start a pump. Without the program a pump stops by itself, within its lease.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pumpd import words
from pumpd.core.codes import Phase
from pumpd.core.departure import Scored
from pumpd.core.prompts import dues
from pumpd.core.state import Infusion, PumpState
from pumpd.core.visit import Place, Visit
from pumpd.records import Standing
from pumpd.words_bed import PHASES
from pumpd.words_care import ITEMS
from pumpd.words_record import DISCLAIMER, Block, Names, Offset, Sheet

_OVER: Final = (Phase.IDLE, Phase.ENDED)
_OBSERVED: Final = (
    "Time", "BP mmHg", "Pulse", "Breaths", "SpO2 %", "Sedation, scale", "Pain 0-10", "What was seen", "Who",
)  # fmt: skip
_DONE: Final = (
    "Time",
    "Pump",
    "Rate before, mL/h",
    "Rate now, mL/h",
    "In on its display, mL",
    "Why",
    "Who",
    "Second person",
)
_BY_HAND: Final = ("Time", "Drug", "Dose", "Route", "Why", "Who")
OBSERVED_ROWS: Final = 12
DONE_ROWS: Final = 8
BY_HAND_ROWS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which bed it is, when the sheet is made, and the end of the journal's chain."""

    place: str
    made_wall_ms: int
    head_seq: int
    head_hash: str


def downtime(standing: Standing, source: Source, offset: Offset, names: Names) -> Sheet:
    """`names`: what is kept of a patient, by the opaque key."""
    blocks = [Block(title="Read this first", lines=tuple(_first(standing, source.made_wall_ms, offset)))]
    for pump in standing.state.pumps:
        blocks.append(Block(title=f"Pump {pump.slot}", lines=tuple(_pump(pump, standing, offset, names))))
        if pump.infusion is not None and pump.phase not in _OVER:
            blocks.append(_steps(pump.infusion))
    still_here = (visit for visit in standing.state.path.visits if visit.place is not Place.CLOSED)
    blocks += [
        *(_visit(visit, standing, offset, names) for visit in still_here),
        Block(title="Observations", head=_OBSERVED, rows=_empty(_OBSERVED, OBSERVED_ROWS), to_write=True),
        Block(title="At the pump", head=_DONE, rows=_empty(_DONE, DONE_ROWS), to_write=True),
        Block(title="Given by hand", head=_BY_HAND, rows=_empty(_BY_HAND, BY_HAND_ROWS), to_write=True),
    ]
    foot = f"Journal row {source.head_seq}, {source.head_hash}"
    return Sheet(title=f"Downtime sheet, {source.place}", note=DISCLAIMER, blocks=tuple(blocks), foot=foot)


def _empty(head: tuple[str, ...], rows: int) -> tuple[tuple[str, ...], ...]:
    return tuple(("",) * len(head) for _ in range(rows))


def _first(standing: Standing, made_wall_ms: int, offset: Offset) -> Iterator[tuple[str, str]]:
    yield "As of", _moment(standing.wall_ms, offset)
    yield "Made", _moment(made_wall_ms, offset)
    yield "What counts", "the pump's own display and what you see: look at both before you rely on this sheet"
    yield "To stop", "the pump's own STOP key; it works without pumpd"
    yield "Without pumpd", "a pump stops by itself, within the time below; whether it goes on is the prescriber's word"
    yield "When it is back", "enter the rows below, with the times at which things were taken and done"


def _pump(pump: PumpState, standing: Standing, offset: Offset, names: Names) -> Iterator[tuple[str, str]]:
    known = pump.identified
    if known is not None:
        yield (
            "It is",
            f"{known.model}, firmware {known.firmware}" + (f", serial {known.serial}" if known.serial else ""),
        )
    yield "State", f"{PHASES[pump.phase]}, since {_clock(standing.ts_ms(pump.phase_since_ns), offset)}"
    infusion = pump.infusion
    if infusion is None or pump.phase in _OVER:
        return
    programme, rate = infusion.programme, infusion.granted_ul_per_h or 0
    if infusion.patient is not None:
        yield "Patient", f"{names(infusion.patient)} (key {infusion.patient})"
    strength = programme.concentration_ug_per_ml
    yield "Drug", f"{programme.drug} {words.concentration(strength)}" if strength else programme.drug
    yield "Container", f"{infusion.order.container}, the {infusion.container}. of this infusion"
    yield "Rate, as read back", words.rate_ml_per_h(rate) + _dose(rate * strength, programme.weight_g)
    low, high = infusion.delivered.low_nl, infusion.delivered.high_nl
    yield "In", f"{words.interval_ml(low, high)} of {words.volume_ml(programme.total_nl)}"
    yield "Planned end", _moment(standing.ts_ms(infusion.planned_end_ns), offset)
    if infusion.lease_s is not None:
        yield "Stops by itself", f"within {words.duration(infusion.lease_s)} once pumpd is silent"
    yield "Confirmed by", infusion.person


def _dose(ng_per_h: int, weight_g: int) -> str:
    if not ng_per_h:
        return ""
    return f" = {words.dose_rate(ng_per_h)} = {words.dose_rate_per_kg(ng_per_h, weight_g)}"


def _steps(infusion: Infusion) -> Block:
    """Of the plan as it stands; a step ends at its volume, whenever that is."""
    rows, sum_nl = [], 0
    for number, step in enumerate(infusion.plan):
        sum_nl += step.volume_nl
        told = "over" if number < infusion.step else "now" if number == infusion.step else "to come"
        rate = words.rate_ml_per_h(step.rate_ul_per_h)
        rows.append((str(number + 1), told, rate, words.volume_ml(step.volume_nl), words.volume_ml(sum_nl)))
    return Block(
        title="Its steps", head=("Step", "Which", "Rate", "Volume", "Ends when so much is in"), rows=tuple(rows)
    )


def _visit(visit: Visit, standing: Standing, offset: Offset, names: Names) -> Block:
    lines = [
        ("Patient", f"{names(visit.patient)} (key {visit.patient})"),
        ("Visit", f"{visit.visit}: number {visit.number}, {visit.order.regimen}"),
        ("The dose is for", words.weight(visit.order.weight_g)),
    ]
    for each in visit.doses:
        began, last = _clock(standing.ts_ms(each.began_at_ns), offset), _clock(standing.ts_ms(each.last_at_ns), offset)
        given = words.interval_ml(each.given.low_nl, each.given.high_nl)
        lines.append(("Given", f"{each.drug}, infusion {each.infusion_id}: {given}, from {began}, last at {last}"))
    lines += [("Due", told) for told in _due(visit, standing, offset)]
    if visit.score is not None:
        lines.append(("Recovery score", _score(visit.score, standing, offset)))
    where = "at the bed" if visit.place is Place.AT_BED else "recovering"
    return Block(title=f"Visit {visit.visit}, {where}", lines=tuple(lines))


def _due(visit: Visit, standing: Standing, offset: Offset) -> Iterator[str]:
    """What is due, the soonest first: items of the same minute in one line."""
    found: dict[str, list[str]] = {}
    for each in sorted(dues(standing.state, visit), key=lambda due: due.due.at_ns):
        again = words.duration(each.due.every_s)
        at = f"{_clock(standing.ts_ms(each.due.at_ns), offset)}, then every {again}"
        found.setdefault(at, []).append(ITEMS[each.item][0])
    for at, items in found.items():
        yield f"{at}: {', '.join(items)}"


def _score(score: Scored, standing: Standing, offset: Offset) -> str:
    return f"{score.padss.total} of 10 at {_clock(standing.ts_ms(score.at_ns), offset)}"


def _moment(wall_ms: int, offset: Offset) -> str:
    return words.moment(wall_ms, offset_min=offset(wall_ms))


def _clock(wall_ms: int, offset: Offset) -> str:
    return words.clock_time(wall_ms, offset_min=offset(wall_ms))
