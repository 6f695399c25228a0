"""Checkers that stand outside the code under test and compare what it says with what the plant did.

Each watches one played bed and collects violations as sentences with a time; none of them stops a run. They know the
plant's own truth (which no pump can tell the daemon) and the bytes on the wire, and judge by the walls:

- no phase says stopped, ended or idle while the motor turns (wall 3);
- the motor never runs faster than granted for longer than one report, and never longer than a lease, whatever is lost;
- what the plunger displaced lies inside the stated interval, at every look (wall 11), and never beyond the plan;
- one prepare gives one start at most, and none reaches the wire after a stop (walls 4 and 6);
- a pump with a lease whose daemon died stands still within it, half a millilitre later at most (wall 8);
- the live state is the fold of the journal (wall 1);
- no alarm says that a pump gives too much or too little where nothing that happened makes it so;
- on a day without faults nothing is stopped and no alarm is raised, but for what asks a nurse to do something.

One thing nobody can know: that somebody has just started the pump at its own keys, or dialled another rate there.
From that moment until a look that was asked for afterwards has come back, the motor may turn at rest and the interval
may lag; then all claims hold again. A firmware that tells the stored rate hides what was dialled: then only the counter
shows it, within the time in which the excess outgrows the counter's own steps.
If a resume comes before that look, the pump is programmed anew and its counter cleared: what the keys gave in that
second is nowhere any more, and the interval of this infusion is excused from there on.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from pumpd_sim.bus import SimBus
from pumpd_sim.device import Truth
from pumpd_sim.faults import FaultKind

from pumpd.core import facts as f
from pumpd.core.codes import Condition, Phase, Why
from pumpd.core.evolve import fold
from pumpd.core.facts import Fact
from pumpd.core.look import MOVING, delivered_now
from pumpd.core.pump import DriverInfo, NoLease
from pumpd.core.state import BedState, PumpState, durable
from pumpd.core.units import NL_PER_UL, NS_PER_H, NS_PER_MS, NS_PER_S
from pumpd.journal import FactsLost
from pumpd.testing.simulated_journal import SimulatedJournal
from pumpd.testing.virtual import BOOT_NS, VirtualClock

ONE_REPORT_NS: Final = 1_500 * NS_PER_MS  # a look every half second, its exchanges, and one that was lost
WIRE_SLACK_NS: Final = 60 * NS_PER_MS  # a frame that was on the wire when the stop was decided
RATE_SLACK_PPM: Final = 2_000  # a motor step is not a round number of microlitres an hour
SLOW_DEVIATION_NS: Final = 16 * 60 * NS_PER_S  # up to a tenth too fast is said after a quarter of an hour (GIP 1.2.2)
TWO_STEPS_UL: Final = 25  # two of the coarsest counter steps, and a motor step
LEASE_ANY_S: Final = 15  # wall 8: no lease is longer
RUNAWAY_NL: Final = 500_000  # wall 8: what a pump may give after its daemon died
VIOLATIONS_MAX: Final = 20  # a run that went wrong tells enough with these
LOOKS_AT_INFUSING: Final = "looks at a pump that infuses"
PROMPTS: Final = (
    Condition.STEP_DUE,
    Condition.NEAR_END,
    Condition.CONTAINER_NEAR_END,
    Condition.CONTAINER_ENDED,
    Condition.ENDED,
    Condition.PAUSE_OVER,
)
DEVIATIONS: Final = (
    Condition.OVER_INFUSION, Condition.UNDER_INFUSION, Condition.REVERSE_FLOW, Condition.COUNTER_CLEARED
)  # fmt: skip
CAUSES: Final = {
    FaultKind.STALL, FaultKind.OCCLUSION, FaultKind.SLOW_OCCLUSION, FaultKind.EMPTY_EARLY, FaultKind.REBOOT,
    FaultKind.BATTERY_CUT, FaultKind.COUNTER_RESET, FaultKind.SLOW_CLOCK, FaultKind.OTHER_USER_AT_KEYPAD,
}  # fmt: skip
SETTLED: Final = (Phase.IDLE, Phase.CHECKING, Phase.STOPPED, Phase.ENDED)


@dataclass(slots=True, kw_only=True)
class Watch:
    """What is known of one pump from outside."""

    slot: str
    address: int
    sim: SimBus
    info: DriverInfo
    starts: bytes = b""  # the pattern of a frame that starts it; without one, a New Era's
    begun_nl: dict[int, int] = field(default_factory=dict)  # displaced when each infusion was ordered
    too_fast_since_ns: int | None = None
    starts_left: int = 0
    no_start_since_ns: int | None = None
    wire_read_ns: int = -1
    faults_read: int = 0
    pressed_ns: int | None = None  # somebody started the pump at its keys, and no look has shown it yet
    pressed_ever: bool = False
    dialled: bool = False  # a rate was set at the keys in this leg
    excused: set[int] = field(default_factory=set)  # infusions of which the keys gave what no counter tells
    late_nl: dict[int, int] = field(default_factory=dict)  # by infusion: what nobody could have stopped in time
    died_at_ns: int = 0
    died_at_nl: int = 0
    died_lease_ns: int = 0

    @property
    def leased(self) -> bool:
        return not isinstance(self.info.lease, NoLease)


@dataclass(slots=True, kw_only=True)
class Oracles:
    """All checkers of one run; `violations` is empty when everything held."""

    clock: VirtualClock
    watches: tuple[Watch, ...]
    calm: bool = False
    violations: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)  # phases reached, alarms raised, infusions: how diverse it was

    def on_facts(self, state: BedState, facts: tuple[Fact, ...]) -> None:
        """Subscribe this to the bed."""
        for fact in facts:
            match fact:
                case f.InfusionOrdered():
                    watch = self._watch(fact.slot)
                    watch.begun_nl[fact.infusion_id] = self._truth(watch).displaced_nl
                    watch.pressed_ever = False
                    self.seen[f"ordered {fact.order.regimen}"] += 1
                case f.AlarmRaised():
                    self._alarmed(fact)
                case f.LegPrepared():
                    watch = self._watch(fact.slot)
                    self._wire(watch)
                    watch.no_start_since_ns, watch.starts_left = None, 1
                    watch.dialled = False  # a prepare sets the rate anew
                case f.PhaseChanged():
                    self._phase(state, fact)
                case _:
                    pass

    def look(self, state: BedState) -> None:
        """Compare now; call it often."""
        for watch in self.watches:
            pump = state.pump(watch.slot)
            if pump is not None:
                self.seen[LOOKS_AT_INFUSING] += pump.phase is Phase.INFUSING
                truth = self._truth(watch)
                self._keys(pump, watch)
                self._speed(pump, watch, truth)
                self._interval(state, pump, watch, truth)
                self._wire(watch)

    def died(self, state: BedState) -> None:
        """The daemon is gone: from here on each pump is alone with its lease."""
        for watch in self.watches:
            pump = state.pump(watch.slot)
            watch.died_at_ns, watch.died_at_nl = self.clock.now_ns(), self._truth(watch).displaced_nl
            watch.died_lease_ns = (LEASE_ANY_S + 1) * NS_PER_S if pump is None else _lease_ns(pump)

    def look_alone(self) -> None:
        """Compare while no daemon runs."""
        for watch in self.watches:
            truth = self._truth(watch)
            alone_ns = self.clock.now_ns() - watch.died_at_ns
            self._keys(None, watch)
            if watch.pressed_ns is not None or not watch.leased:
                continue
            if truth.motor_turning and alone_ns > watch.died_lease_ns:
                self.say(f"{watch.slot} still runs {alone_ns // NS_PER_MS} ms after its daemon died")
            if truth.displaced_nl - watch.died_at_nl > RUNAWAY_NL:
                self.say(f"{watch.slot} gave {truth.displaced_nl - watch.died_at_nl} nl after its daemon died")

    def journal(self, state: BedState, journal: SimulatedJournal) -> None:
        """The fold of the journal is the live state."""
        facts = tuple(entry.fact for entry in journal.read_all() if not isinstance(entry.fact, FactsLost))
        folded = fold(facts)
        if durable(folded) != durable(state):
            self.say(f"the fold of {len(facts)} facts is not the live state: {durable(folded)} != {durable(state)}")

    # --- the checks -------------------------------------------------------------------------------------------

    def _alarmed(self, fact: f.AlarmRaised) -> None:
        self.seen[f"alarm {fact.condition.value}"] += 1
        if fact.slot is not None and fact.condition in DEVIATIONS:
            causes = {each.kind for each in self._watch(fact.slot).sim.fired} & CAUSES
            if not causes:
                self.say(
                    f"{fact.slot}: alarm {fact.condition.value} {fact.value}, and nothing that happened causes one"
                )
        if self.calm and fact.condition not in PROMPTS:
            self.say(f"{fact.slot}: alarm {fact.condition.value} {fact.value} on a day without faults: {fact.detail}")

    def _phase(self, state: BedState, fact: f.PhaseChanged) -> None:
        self.seen[f"phase {fact.phase.value}"] += 1
        if fact.why is Why.VOLUME_REACHED:
            self.seen["completed"] += 1
        watch = self._watch(fact.slot)
        pump = state.pump(fact.slot)
        assert pump is not None
        self._keys(pump, watch)
        if fact.phase is Phase.CHECKING and watch.pressed_ns is not None and pump.infusion is not None:
            watch.excused.add(pump.infusion.infusion_id)
        if fact.phase is Phase.STOPPING:
            self._wire(watch)
            watch.no_start_since_ns, watch.starts_left = fact.at_ns, 0
        if fact.phase in (Phase.STOPPED, Phase.ENDED):
            truth = self._truth(watch)
            if truth.motor_turning and watch.pressed_ns is None:
                self.say(f"{fact.slot} is {fact.phase.value} while the motor turns")
            self._interval(state, pump, watch, truth)

    def _keys(self, pump: PumpState | None, watch: Watch) -> None:
        """Has somebody started the pump at its keys, and has a look shown it since?"""
        fired = watch.sim.fired
        for index in range(watch.faults_read, len(fired)):
            each = fired[index]
            if each.kind is not FaultKind.OTHER_USER_AT_KEYPAD:
                continue
            if each.detail in (f"pump {watch.address} start", f"pump {watch.address} rate"):
                watch.pressed_ns, watch.pressed_ever = each.at_ns, True
                watch.dialled |= each.detail.endswith("rate")
        watch.faults_read = len(fired)
        if pump is None or watch.pressed_ns is None:
            return
        last = pump.sighting
        reading = last.readings[-1] if last.readings else None
        shown = last.last_at_ns is not None and last.last_at_ns - NS_PER_S > watch.pressed_ns
        if shown and (reading is None or reading.asked_at_ns > watch.pressed_ns) and pump.stop is None:
            watch.pressed_ns = None

    def _speed(self, pump: PumpState, watch: Watch, truth: Truth) -> None:
        now_ns = self.clock.now_ns()
        allowed = _allowed_ul_per_h(pump)
        rate_nl_per_h = _believed_nl_per_h(truth) if _is_bent(truth) else truth.rate_nl_per_h
        if rate_nl_per_h <= allowed * NL_PER_UL * (1_000_000 + RATE_SLACK_PPM) // 1_000_000:
            watch.too_fast_since_ns = None
            return
        if pump.phase in SETTLED and watch.pressed_ns is None:
            self.say(f"{watch.slot} is {pump.phase.value} while the motor turns")
        if watch.too_fast_since_ns is None or (pump.sighting.missed > 0 and not watch.leased):
            watch.too_fast_since_ns = now_ns  # a pump without a lease runs on for as long as nobody can reach it
        blind = watch.pressed_ns is not None or pump.sighting.missed > 0 or pump.phase is Phase.STOPPING
        patience_ns = _lease_ns(pump) if blind else ONE_REPORT_NS
        if watch.dialled:
            patience_ns = max(patience_ns, _counter_shows_ns(allowed, rate_nl_per_h // NL_PER_UL))
        if now_ns - watch.too_fast_since_ns > patience_ns:
            self.say(
                f"{watch.slot} runs at {rate_nl_per_h} nl/h, {allowed} ul/h is allowed in {pump.phase.value}, "
                f"since {(now_ns - watch.too_fast_since_ns) // NS_PER_MS} ms"
            )
            watch.too_fast_since_ns = now_ns

    def _interval(self, state: BedState, pump: PumpState, watch: Watch, truth: Truth) -> None:
        infusion = pump.infusion
        if infusion is None or infusion.infusion_id not in watch.begun_nl or watch.pressed_ns is not None:
            return
        if _is_bent(truth):
            watch.excused.add(infusion.infusion_id)
        if infusion.infusion_id in watch.excused:
            return
        displaced_nl = truth.displaced_nl - watch.begun_nl[infusion.infusion_id]
        stated = delivered_now(pump, watch.info, self.clock.now_ns(), state.boot_at_ns)
        if not stated.low_nl <= displaced_nl <= stated.high_nl + truth.step_nl:
            self.say(
                f"{watch.slot} displaced {displaced_nl} nl, stated {stated.low_nl} to {stated.high_nl} nl "
                f"in {pump.phase.value}"
            )
        total_nl = infusion.programme.total_nl
        if not watch.info.stops_at_volume:
            late_nl = max(_late_nl(pump, self.clock.now_ns()), watch.late_nl.get(infusion.infusion_id, 0))
            watch.late_nl[infusion.infusion_id] = late_nl
        allowed_nl = total_nl + 2 * truth.step_nl + watch.late_nl.get(infusion.infusion_id, 0)
        if displaced_nl > allowed_nl and not watch.pressed_ever:
            self.say(f"{watch.slot} displaced {displaced_nl} nl of a plan of {total_nl} nl")

    def _wire(self, watch: Watch) -> None:
        starts = re.compile(watch.starts or f"{watch.address}RUN".encode(), re.DOTALL)
        sent = list(takewhile(lambda seen: seen.at_ns > watch.wire_read_ns, reversed(watch.sim.journal)))
        for seen in reversed(sent):
            if seen.event != "host_sends" or not starts.search(seen.data):
                continue
            since_ns = watch.no_start_since_ns
            if since_ns is not None and seen.at_ns > since_ns + WIRE_SLACK_NS:
                self.say(f"{watch.slot}: {seen.text} went out after the stop")
            elif since_ns is None:
                watch.starts_left -= 1
                if watch.starts_left < 0:
                    self.say(f"{watch.slot}: {seen.text} went out again")
        if sent:
            watch.wire_read_ns = sent[0].at_ns

    # --- small things -----------------------------------------------------------------------------------------

    def _watch(self, slot: str) -> Watch:
        return next(watch for watch in self.watches if watch.slot == slot)

    def _truth(self, watch: Watch) -> Truth:
        return watch.sim.truth(self.clock.now_ns(), watch.address)

    def say(self, what: str) -> None:
        at_s = (self.clock.now_ns() - BOOT_NS) / NS_PER_S
        if len(self.violations) < VIOLATIONS_MAX:
            self.violations.append(f"{at_s:.3f} s: {what}")


def _believed_nl_per_h(truth: Truth) -> int:
    return truth.believed_rate_nl_per_h if truth.motor_turning else 0


def _is_bent(truth: Truth) -> bool:
    """What leaves the container is not what the motor is made to displace: no pump, and so no driver, can know.

    A motor that turns although nobody drives it is no such thing.
    """
    believed = _believed_nl_per_h(truth)
    if truth.motor_turning and believed == 0:
        return False
    return abs(truth.rate_nl_per_h - believed) * 1_000_000 > RATE_SLACK_PPM * abs(believed)


def _late_nl(pump: PumpState, now_ns: int) -> int:
    """A pump without a target of its own is stopped by the look whose counter shows the volume, in its own steps.

    One that is silent hears no stop, and has no lease: that is why no drug runs on it.
    """
    infusion, last = pump.infusion, pump.sighting.last
    if infusion is None or last is None or pump.sighting.last_at_ns is None:
        return 0
    since_ns = max(ONE_REPORT_NS, now_ns - pump.sighting.last_at_ns)
    return last.step_nl + infusion.rate_ul_per_h * NL_PER_UL * since_ns // NS_PER_H


def _allowed_ul_per_h(pump: PumpState) -> int:
    """The fastest that this pump may run now: granted, or on its way."""
    infusion = pump.infusion
    if infusion is None or infusion.leg is None or pump.phase not in MOVING:
        return 0
    if pump.phase is Phase.STOPPING:
        return 0
    return max(infusion.leg.fastest_ul_per_h, infusion.rate_ul_per_h)


def _counter_shows_ns(allowed_ul_per_h: int, rate_ul_per_h: int) -> int:
    """How long the counter needs to show this rate for too high: two of its steps, and three looks."""
    beyond_ul_per_h = rate_ul_per_h - allowed_ul_per_h * 110 // 100
    if beyond_ul_per_h <= 0:
        return SLOW_DEVIATION_NS
    return TWO_STEPS_UL * NS_PER_H // beyond_ul_per_h + 2 * ONE_REPORT_NS


def _lease_ns(pump: PumpState) -> int:
    """How long a pump may go on alone, with its own timer's whole second."""
    infusion = pump.infusion
    lease_s = LEASE_ANY_S if infusion is None or infusion.programme.lease_s is None else infusion.programme.lease_s
    return (lease_s + 1) * NS_PER_S + ONE_REPORT_NS
