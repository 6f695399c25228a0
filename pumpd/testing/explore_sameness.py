"""When two states of a bed count as one: what makes the reachable states few enough to visit them all.

The bed as it is has no end of states, since every instant and every nanolitre makes another. Here two states are the
same when they differ only in

- ids, texts, and who asked: looked at by nothing that decides;
- rates, but for what lies above what: granted, asked, confirmed, leased;
- how many containers came after the first, and by how much a balance differs;
- times: what counts is which deadlines have passed (`deadlines`), not how much of one is left;
- volumes: what counts is whether nothing may be in, the present step is in, all may be in;
- what was given before: what counts is how many infusions stand in the windows of the limits, begun ones counted;
- how far the counter was last read, and what an infusion that is over was like;
- which of two like pumps it is, and what of a visit stands in no way of a pump (explore_visits.py).

Of each class the state that was found first, on a shortest way, is the one that goes on: all that is told was reached
for real, by the real `decide`. What is lost is that two states of one class might part later on; sequences at random
(tests/unit/test_bed_any.py) and simulated hours look for that.

A flag, code or number that the state gains later counts as it is, without a line here. A search may tell less apart
than all others (`Apart`), and says so where its domain stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, Final

from pumpd.core.alarm_table import TABLE
from pumpd.core.codes import AssetDoubt, Condition, Phase, Why
from pumpd.core.events import LinkState
from pumpd.core.look import lease_ns
from pumpd.core.order import Order
from pumpd.core.pausing import REMIND_AGAIN_NS
from pumpd.core.programme import Programme
from pumpd.core.pump import Drive, Identified
from pumpd.core.repeats import WITHIN_NS
from pumpd.core.state import BedState, Command, Infusion, PumpState, WaitingRate
from pumpd.core.steps import StepMode
from pumpd.core.turn import Setup, Turn
from pumpd.core.units import NS_PER_H, NS_PER_S
from pumpd.core.watch import QUESTION_AFTER_NS, STOP_CONFIRMED_WITHIN_NS, silence_limit_ns
from pumpd.testing.explore_visits import of_path

Key = tuple[Any, ...]
INFUSION_NG: Final = 1_500_000  # what the two steps hold
AT_REST: Final = (Phase.IDLE, Phase.ENDED)
WHYS_THAT_DECIDE: Final = frozenset(
    {
        (Phase.UNCERTAIN, Why.COMMAND_UNKNOWN),
        (Phase.UNCERTAIN, Why.RESTART),
        (Phase.STOPPING, Why.UNCOMMANDED),
        (Phase.FAULT, Why.UNCOMMANDED),
        (Phase.FAULT, Why.PUMP_CHANGED),
    }
)
NOT_COUNTED: Final = ("_id", "_ns", "_nl", "detail", "_reason", "_person", "person")
COUNTED_ELSEWHERE: Final = frozenset(
    {
        "answers", "alarms", "history", "pumps", "trips", "sighting", "infusion", "delivered", "plan", "grant", "entry",
        "rate_ul_per_h", "granted_ul_per_h", "leased_ul_per_h", "steps_by_tap", "pause", "near_end_told", "container",
        "balance", "link_why", "why", "slot", "boot", "kernel_boot",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A bed and its clock; `asked` counts what people asked, so that no two requests have one id."""

    state: BedState
    now_ns: int
    asked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What tells two states apart in one search and not in another."""

    alarms: bool = False  # which stand, and whether somebody has seen them
    reasons: bool = True  # why a pump is being stopped: told again when it stands still, and decides nothing
    trips: bool = True  # how often alarms have stopped the pump lately, short of the third time
    clock: tuple[str, ...] | None = None  # the deadlines that there are, by words of their names; None: all

    def counts(self, deadline: str) -> bool:
        return self.clock is None or any(words in deadline for words in self.clock)


ALL_APART: Final = Apart()


# --- time -----------------------------------------------------------------------------------------------------


def deadlines(world: World, setup: Setup) -> Iterator[tuple[str, int]]:
    """Everything that time alone will change at this bed, and when."""
    state = world.state
    for pump in state.pumps:
        for name, at_ns in _deadlines_of(world, pump, setup):
            yield f"{pump.slot} {name}", at_ns
    for alarm in state.alarms:
        rises = TABLE[alarm.condition].rises
        if rises is not None and not alarm.acknowledged:
            yield f"{alarm.slot or 'bed'} {alarm.condition.value} rises", alarm.since_ns + rises.after_s * NS_PER_S
    if state.audio_pause is not None:
        yield "bed is heard again", state.audio_pause.until_ns
    for given in state.history[-1:]:
        yield "the hour after what was given", given.to_ns + NS_PER_H + 1


def _deadlines_of(world: World, pump: PumpState, setup: Setup) -> Iterator[tuple[str, int]]:
    infusion, seen = pump.infusion, pump.sighting
    for trip in pump.trips[-2:-1] or pump.trips:
        yield "an alarm that stopped is forgotten", trip.at_ns + WITHIN_NS
    if infusion is None:
        return
    if not pump.asset_in_doubt:
        yield (
            "it was silent for its lease",
            (seen.last_at_ns or 0) + (lease_ns(infusion, setup.info(pump.slot)) or 0) + 1,
        )
    match pump.phase:
        case Phase.STOPPING:
            yield "the stop is late", pump.phase_since_ns + STOP_CONFIRMED_WITHIN_NS
        case Phase.INFUSING:
            heard_ns = max(seen.last_at_ns or 0, pump.phase_since_ns)
            yield "silence", heard_ns + silence_limit_ns(pump, infusion, Turn(world.state, setup, world.now_ns))
        case Phase.UNCERTAIN if infusion.uncertain_since_ns is not None:
            yield "the question", infusion.uncertain_since_ns + QUESTION_AFTER_NS
        case Phase.STOPPED if infusion.stopped_since_ns is not None:
            yield "the pause is over", infusion.stopped_since_ns + setup.pause_box_s(infusion.pause) * NS_PER_S
            yield "too late to resume", infusion.stopped_since_ns + setup.resume_limit_s * NS_PER_S + 1
            yield "the planned end", infusion.planned_end_ns
            for alarm in world.state.alarms:
                if alarm.slot == pump.slot and alarm.condition is Condition.PAUSE_OVER:
                    yield "the pause is told again", alarm.since_ns + REMIND_AGAIN_NS
        case _:
            pass


# --- the class of a state ---------------------------------------------------------------------------------------


def class_of(world: World, setup: Setup, apart: Apart) -> Key:
    """Two worlds with one key go on alike, as far as this search tells states apart."""
    state = world.state
    passed: dict[str, list[str]] = {}
    for name, at_ns in deadlines(world, setup):
        if at_ns <= world.now_ns and apart.counts(name):
            slot, _, rest = name.partition(" ")
            passed.setdefault(slot, []).append(rest)
    pumps = [(*_of_pump(state, pump, world.now_ns, apart), *passed.get(pump.slot, ())) for pump in state.pumps]
    pumps.sort(key=hash)
    of_bed = _alarms(state, None) if apart.alarms else ()
    return (*_plain(state), of_bed, _given(state, world.now_ns), tuple(pumps), of_path(state))


def _alarms(state: BedState, slot: str | None) -> Key:
    return tuple(sorted((a.condition.value, a.acknowledged, a.over) for a in state.alarms if a.slot == slot))


def _given(state: BedState, now_ns: int) -> Key:
    """The hour and the session so far in whole infusions, begun ones counted: the hour holds two, the session three."""
    hour = sum(each.mass_ng for each in state.history if each.to_ns > now_ns - NS_PER_H)
    session = sum(each.mass_ng for each in state.history)
    return tuple(min(-(-mass_ng // INFUSION_NG), 3) for mass_ng in (hour, session))


def _of_pump(state: BedState, pump: PumpState, now_ns: int, apart: Apart) -> Key:
    seen, infusion = pump.sighting, pump.infusion
    recent = [trip.condition for trip in pump.trips if trip.at_ns > now_ns - WITHIN_NS]
    last = None if seen.last is None else (seen.last.drive is Drive.STILL, seen.last.alarm is not None)
    return (
        *_plain(pump),
        apart.trips and max((recent.count(each) for each in recent), default=0),
        last,
        pump.why if (pump.phase, pump.why) in WHYS_THAT_DECIDE else None,
        pump.why if apart.reasons and pump.phase is Phase.STOPPING else None,
        pump.phase is Phase.INFUSING and seen.asking_since_ns is not None,
        _alarms(state, pump.slot) if apart.alarms else (),
        None if infusion is None or pump.phase in AT_REST else _of_infusion(infusion),
    )


def _of_infusion(infusion: Infusion) -> Key:
    delivered, rate = infusion.delivered, infusion.rate_ul_per_h
    return (
        *_plain(infusion),
        delivered.low_nl >= infusion.boundary_nl(infusion.step),
        delivered.high_nl > 0,
        delivered.high_nl >= infusion.total_nl,
        rate < infusion.plan[infusion.step].rate_ul_per_h,
        infusion.granted_ul_per_h is not None and _sign(infusion.granted_ul_per_h - rate),
        infusion.leased_ul_per_h < infusion.plan[infusion.step].rate_ul_per_h,
        infusion.container > 1,
        infusion.balance is not None,
        infusion.steps_by_tap and infusion.programme.mode is StepMode.AUTOMATIC,
    )


def _sign(difference: int) -> int:
    return (difference > 0) - (difference < 0)


def _value(value: Any) -> Any:  # noqa: ANN401  # whatever a state holds
    match value:
        case None | bool() | int():
            return value
        case AssetDoubt():
            return value is AssetDoubt.SILENCE  # and any other: a report can prove away that one alone
        case LinkState():
            return value is LinkState.UP  # silent or gone: nothing may rise
        case WaitingRate():
            return value.programmed
        case Condition() | Identified():
            return True  # that there is one decides; which one does not
        case Command():
            return value.kind, value.raises
        case Order():
            return value.regimen
        case Enum():
            return value
        case Programme() | str() | tuple():
            return None  # what the order stands for, or a text
        case _:
            return True


_READ: dict[type, tuple[str, ...]] = {}


def _plain(value: PumpState | Infusion | BedState) -> Key:
    """The fields that count as they are."""
    names = _READ.get(type(value))
    if names is None:
        all_names = (each.name for each in fields(value))
        names = tuple(name for name in all_names if name not in COUNTED_ELSEWHERE and not name.endswith(NOT_COUNTED))
        _READ[type(value)] = names
    return tuple(_value(getattr(value, name)) for name in names)
