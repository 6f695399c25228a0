"""The record of what was given, gathered from the journal: for paper and for other programs, never in the daemon.

The journal is folded from its first fact, since a fact alone tells little: "rate granted" becomes old, new and read
back only beside the state before it. Nothing is judged here and nothing left out that concerned the infusion: who asked
for what, what was refused and why, each command and how it ended, alarms with who saw them, and what a restart or a
sleeping computer did in between. Checkpoints are folded and not told: they say every 30 s what the end says once.

What happens on a pump between two infusions belongs to the next one (a refused order is part of how it came about);
a flush and a balance after the end belong to the one before.

The head of the chain of hashes is part of every record: who holds the paper can tell whether the journal still is the
one that it was printed from (`pumpd journal verify`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from pydantic import TypeAdapter

from pumpd.core import audio as a
from pumpd.core import container_facts as c
from pumpd.core import facts as f
from pumpd.core.codes import Phase
from pumpd.core.delivered import NOTHING, Interval
from pumpd.core.evolve import evolve
from pumpd.core.order import Order
from pumpd.core.pump import Identified
from pumpd.core.standing import Judged
from pumpd.core.state import BedState, Infusion
from pumpd.core.units import Towards, mass_ng
from pumpd.errors import RecordError
from pumpd.records_rows import Entry, Happening, rate_of
from pumpd.records_visits import VisitRecord, Visits

LAST: Final = "last"
_AFTER_THE_END: Final = (c.LineFlushed, c.Balanced)
_BY_ALARM: Final = (f.AlarmAcknowledged, f.AlarmOver, f.AlarmCleared, a.AlarmRose)
_QUIET: Final = (f.Checkpoint, f.LibraryJudged, f.FilesDiffered)
_REST: Final = (Phase.IDLE, Phase.ENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepGiven:
    """One step of the plan as it stood at the end: what it was to give, and between what bounds it did."""

    step: int  # 1 is the first
    rate_ul_per_h: int
    planned_nl: int
    given: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionRecord:
    """One order on one pump, from the first attempt to what came after its end."""

    slot: str
    ordered: f.InfusionOrdered
    ordered_wall_ms: int
    identified: Identified | None
    library: Judged | None
    phase: Phase
    began_wall_ms: int | None = None  # the pump's first report that it drives
    over_wall_ms: int | None = None
    delivered: Interval = NOTHING
    steps: tuple[StepGiven, ...] = ()
    happenings: tuple[Happening, ...] = ()

    @property
    def order_sha256(self) -> str:
        """Fingerprint of the order as it was accepted, over its canonical JSON."""
        asked = TypeAdapter(Order).dump_python(self.ordered.order, mode="json")
        return hashlib.sha256(json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def mass_ug(self, volume_nl: int, towards: Towards) -> int:
        """In whole micrograms; of what may have been given the upper end, of what is sure the lower."""
        exact_ng = mass_ng(volume_nl, self.ordered.programme.concentration_ug_per_ml, towards)
        return -(-exact_ng // 1_000) if towards is Towards.UP else exact_ng // 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a journal tells, or the part of it that was asked for."""

    infusions: tuple[InfusionRecord, ...]
    visits: tuple[VisitRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one report is made of. `place` is the bed, `head` the end of the journal's chain as it was read."""

    place: str
    software: str
    head_seq: int
    head_hash: str
    made_wall_ms: int
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The bed as its journal leaves it, to go on from there on paper. The last row has both clocks."""

    state: BedState
    at_ns: int
    wall_ms: int

    def ts_ms(self, at_ns: int) -> int:
        """Wall time of a boot time of the last boot."""
        return self.wall_ms + (at_ns - self.at_ns) // 1_000_000


def standing(entries: Iterable[Entry]) -> Standing:
    """Raises RecordError for an empty journal."""
    state, last = BedState(), None
    for last in entries:
        if isinstance(last.fact, f.Fact):
            state = evolve(state, last.fact)
    if last is None:
        raise RecordError("this journal holds nothing yet")
    return Standing(state=state, at_ns=last.at_ns, wall_ms=last.wall_ms)


def gather(entries: Iterable[Entry]) -> Told:
    """Every infusion and every visit of a journal, in the order in which they began."""
    gathering = _Gathering()
    for entry in entries:
        gathering.take(entry)
    return gathering.told()


def chosen(told: Told, which: str) -> Told:
    """A visit with its infusions, one infusion by its number, or whatever came last. Raises RecordError."""
    if which == LAST and told.visits:
        return _of_visit(told, told.visits[-1])
    if which == LAST and told.infusions:
        return Told(infusions=told.infusions[-1:])
    for visit in told.visits:
        if visit.visit.visit == which:
            return _of_visit(told, visit)
    found = tuple(each for each in told.infusions if str(each.ordered.infusion_id) == which)
    if found:
        return Told(infusions=found)
    if not told.infusions and not told.visits:
        raise RecordError("this journal holds no infusion yet")
    known = [each.visit.visit for each in told.visits] + [str(each.ordered.infusion_id) for each in told.infusions]
    raise RecordError(f"this journal holds no visit or infusion {which!r}; the latest are: {', '.join(known[-8:])}")


def _of_visit(told: Told, visit: VisitRecord) -> Told:
    numbers = {dose.infusion_id for dose in visit.visit.doses}
    return Told(
        visits=(visit,), infusions=tuple(each for each in told.infusions if each.ordered.infusion_id in numbers)
    )


class _Gathering:
    """The fold, and what each fact of it belonged to."""

    def __init__(self) -> None:
        self._state = BedState()
        self._told: dict[int, list[Happening]] = {}
        self._before: dict[str, list[Happening]] = {}  # slot -> what no infusion has claimed yet
        self._records: dict[int, InfusionRecord] = {}
        self._alarms: dict[int, tuple[int, ...]] = {}  # alarm -> the infusions that it was told with
        self._visits = Visits()

    def told(self) -> Told:
        infusions = tuple(
            replace(record, happenings=tuple(sorted(self._told[number], key=lambda each: each.seq)))
            for number, record in self._records.items()
        )
        return Told(infusions=infusions, visits=self._visits.told())

    def take(self, entry: Entry) -> None:
        fact, before = entry.fact, self._state
        if isinstance(fact, f.Fact):
            self._state = evolve(before, fact)
        slot: str | None = getattr(fact, "slot", None)
        if isinstance(fact, f.InfusionOrdered):
            self._open(entry, fact)
        happening = Happening(
            seq=entry.seq, boot=entry.boot, at_ns=entry.at_ns, wall_ms=entry.wall_ms, slot=slot,
            person=getattr(fact, "person", None), fact=fact, rate=rate_of(before, fact),
        )  # fmt: skip
        if not isinstance(fact, _QUIET):
            self._put(happening, before)
        self._visits.take(happening, self._state)
        pump = None if slot is None else self._state.pump(slot)
        if pump is not None and pump.infusion is not None:
            self._note(pump.infusion, fact, entry.wall_ms)

    def _open(self, entry: Entry, fact: f.InfusionOrdered) -> None:
        self._told[fact.infusion_id] = self._before.pop(fact.slot, [])
        pump = self._state.on(fact.slot)
        self._records[fact.infusion_id] = InfusionRecord(
            slot=fact.slot, ordered=fact, ordered_wall_ms=entry.wall_ms, identified=pump.identified,
            library=self._state.judged, phase=Phase.CHECKING,
        )  # fmt: skip

    def _put(self, happening: Happening, before: BedState) -> None:
        fact = happening.fact
        if isinstance(fact, _BY_ALARM):
            owners = self._alarms.get(fact.alarm_id, ())
        else:
            owners = self._owners(happening.slot, fact, before)
        if isinstance(fact, f.AlarmRaised):
            self._alarms[fact.alarm_id] = owners
        if happening.slot is not None and not owners:
            self._before.setdefault(happening.slot, []).append(happening)
        for owner in owners:
            self._told[owner].append(happening)

    def _owners(self, slot: str | None, fact: object, before: BedState) -> tuple[int, ...]:
        """The infusions that it is told with: what is of the bed and of no pump, with all that run."""
        if slot is None:
            running = (pump for pump in self._state.pumps if pump.phase not in _REST)
            return tuple(pump.infusion.infusion_id for pump in running if pump.infusion is not None)
        pump = self._state.pump(slot)
        if pump is None or pump.infusion is None:
            return ()
        was = before.pump(slot)
        at_rest = pump.phase in _REST and was is not None and was.phase in _REST
        if at_rest and not isinstance(fact, (*_AFTER_THE_END, f.InfusionOrdered)):
            return ()
        return (pump.infusion.infusion_id,)

    def _note(self, infusion: Infusion, fact: object, wall_ms: int) -> None:
        record = self._records[infusion.infusion_id]
        if isinstance(fact, f.PhaseChanged):
            record = replace(record, phase=fact.phase)
            if record.began_wall_ms is None and fact.phase is Phase.INFUSING:
                record = replace(record, began_wall_ms=wall_ms)
            if record.over_wall_ms is None and fact.phase is Phase.ENDED:
                record = replace(record, over_wall_ms=wall_ms)
        self._records[infusion.infusion_id] = replace(
            record, delivered=infusion.delivered, steps=tuple(_steps(infusion))
        )


def _steps(infusion: Infusion) -> Iterable[StepGiven]:
    """What is in belongs to the steps in their order, since each ends at its volume and no other begins before."""
    from_nl = 0
    for number, step in enumerate(infusion.plan, start=1):
        given = Interval(
            low_nl=_within(infusion.delivered.low_nl - from_nl, step.volume_nl),
            high_nl=_within(infusion.delivered.high_nl - from_nl, step.volume_nl)
            if number < len(infusion.plan)
            else max(infusion.delivered.high_nl - from_nl, 0),  # what is beyond the plan is the last step's
        )
        yield StepGiven(step=number, rate_ul_per_h=step.rate_ul_per_h, planned_nl=step.volume_nl, given=given)
        from_nl += step.volume_nl


def _within(value: int, most: int) -> int:
    return min(max(value, 0), most)
