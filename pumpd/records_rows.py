"""A row of the journal as records tell it: the fact, when and by whom, and for a rate what was before it.

Everything here is plain data. `Happening.fact` is a core fact, or the journal's own remark that some were lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pumpd.core import facts as f
from pumpd.core.codes import Action
from pumpd.core.state import BedState


class Entry(Protocol):
    """A row of the journal, decoded. `fact` is a core fact, or the journal's own remark that some were lost."""

    @property
    def seq(self) -> int: ...
    @property
    def boot(self) -> str: ...
    @property
    def at_ns(self) -> int: ...
    @property
    def wall_ms(self) -> int: ...
    @property
    def fact(self) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A change of the rate: before, asked for, and as the pump read it back; None where there is none yet."""

    before_ul_per_h: int | None
    asked_ul_per_h: int
    granted_ul_per_h: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One row of the journal that concerned this infusion."""

    seq: int
    boot: str
    at_ns: int  # monotonic, within this boot of the computer
    wall_ms: int
    slot: str | None
    person: str | None
    fact: object
    rate: Rate | None = None


def rate_of(before: BedState, fact: object) -> Rate | None:
    """Old beside new, for what changes a rate or asks for it."""
    if not isinstance(fact, f.RateGranted | f.PersonAsked | f.StepTaken | f.LegPrepared) or fact.slot is None:
        return None
    pump = before.pump(fact.slot)
    infusion = None if pump is None else pump.infusion
    if infusion is None:
        return None
    match fact:
        case f.RateGranted():
            was = infusion.granted_ul_per_h
            return Rate(before_ul_per_h=was, asked_ul_per_h=fact.asked_ul_per_h, granted_ul_per_h=fact.granted_ul_per_h)
        case f.LegPrepared():
            granted = fact.granted.rate_ul_per_h
            return Rate(before_ul_per_h=None, asked_ul_per_h=infusion.rate_ul_per_h, granted_ul_per_h=granted)
        case f.StepTaken():
            return Rate(
                before_ul_per_h=infusion.granted_ul_per_h, asked_ul_per_h=infusion.plan[fact.step].rate_ul_per_h
            )
        case f.PersonAsked():
            if fact.action is not Action.CHANGE_RATE or fact.value is None:
                return None
            return Rate(before_ul_per_h=infusion.rate_ul_per_h, asked_ul_per_h=fact.value)
