"""Checkers that stand outside the code under test and compare what it says with what the plant did.

Each watches one played bed and collects violations as sentences with a time; none of them stops a run. They know the
plant's own truth (which no pump can tell the daemon) and the bytes on the wire, and judge by the walls:

- the motor never runs faster than granted for longer than one report (a person at the keypad: one lease);
- no phase says stopped or ended while the motor turns (wall 3);
- what the plunger displaced lies inside the stated interval, at every look (wall 11);
- no start reaches the wire after a stop until a pump has been prepared anew (wall 6);
- never more than the plan in all;
- the live state is the fold of the journal (wall 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pumpd_sim.bus import SimBus

from pumpd.core import facts as f
from pumpd.core.codes import Phase
from pumpd.core.evolve import fold
from pumpd.core.facts import Fact
from pumpd.core.look import MOVING, delivered_now
from pumpd.core.pump import DriverInfo
from pumpd.core.state import BedState, PumpState, durable
from pumpd.core.units import NL_PER_UL, NS_PER_MS, NS_PER_S
from pumpd.journal import FactsLost
from pumpd.testing.simulated_journal import SimulatedJournal
from pumpd.testing.virtual import BOOT_NS, VirtualClock

ONE_REPORT_NS: Final = 1_500 * NS_PER_MS  # a look every half second, its exchanges, and one that was lost
WIRE_SLACK_NS: Final = 60 * NS_PER_MS  # a frame that was on the wire when the stop was decided
RATE_SLACK_PPM: Final = 2_000  # a motor step is not a round number of microlitres an hour
RUN: Final = b"RUN"
VIOLATIONS_MAX: Final = 20  # a run that went wrong tells enough with these


@dataclass(slots=True, kw_only=True)
class Watch:
    """What is known of one pump from outside."""

    slot: str
    address: int
    sim: SimBus
    info: DriverInfo
    keypad: bool = False  # has anybody pressed keys at this pump in this run?
    begun_nl: int = 0  # displaced when the present infusion was ordered
    total_nl: int = 0
    too_fast_since_ns: int | None = None
    no_start_since_ns: int | None = None
    wire_read_ns: int = -1


@dataclass(slots=True, kw_only=True)
class Oracles:
    """All checkers of one run; `violations` is empty when everything held."""

    clock: VirtualClock
    watches: tuple[Watch, ...]
    violations: list[str] = field(default_factory=list)
    looks: int = 0

    def on_facts(self, state: BedState, facts: tuple[Fact, ...]) -> None:
        """Subscribe this to the bed."""
        for fact in facts:
            match fact:
                case f.InfusionOrdered():
                    self._ordered(fact)
                case f.PhaseChanged(phase=Phase.STOPPED | Phase.ENDED):
                    self._settled(state, fact)
                case f.PhaseChanged(phase=Phase.STOPPING):
                    self._watch(fact.slot).no_start_since_ns = fact.at_ns
                case f.LegPrepared():
                    self._watch(fact.slot).no_start_since_ns = None
                case _:
                    pass

    def look(self, state: BedState) -> None:
        """Compare now; call it often."""
        self.looks += 1
        for watch in self.watches:
            pump = state.pump(watch.slot)
            if pump is not None:
                self._speed(state, pump, watch)
                self._interval(state, pump, watch)
                self._wire(watch)

    def journal(self, state: BedState, journal: SimulatedJournal) -> None:
        """The fold of the journal is the live state."""
        facts = tuple(entry.fact for entry in journal.read_all() if not isinstance(entry.fact, FactsLost))
        folded = fold(facts)
        if durable(folded) != durable(state):
            self.say(f"the fold of {len(facts)} facts is not the live state: {durable(folded)} != {durable(state)}")

    # --- the checks -------------------------------------------------------------------------------------------

    def _ordered(self, fact: f.InfusionOrdered) -> None:
        watch = self._watch(fact.slot)
        watch.begun_nl = watch.sim.truth(self.clock.now_ns(), watch.address).displaced_nl
        watch.total_nl = fact.programme.total_nl

    def _settled(self, state: BedState, fact: f.PhaseChanged) -> None:
        watch = self._watch(fact.slot)
        truth = watch.sim.truth(self.clock.now_ns(), watch.address)
        if truth.motor_turning and not watch.keypad:
            self.say(f"{fact.slot} is {fact.phase.value} while the motor turns")
        pump = state.pump(fact.slot)
        assert pump is not None
        self._interval(state, pump, watch)

    def _speed(self, state: BedState, pump: PumpState, watch: Watch) -> None:
        now_ns = self.clock.now_ns()
        truth = watch.sim.truth(now_ns, watch.address)
        allowed = _allowed_ul_per_h(pump)
        if truth.rate_nl_per_h <= allowed * NL_PER_UL * (1_000_000 + RATE_SLACK_PPM) // 1_000_000:
            watch.too_fast_since_ns = None
            return
        if watch.too_fast_since_ns is None:
            watch.too_fast_since_ns = now_ns
        blind = watch.keypad or pump.sighting.missed > 0 or pump.phase is Phase.STOPPING
        patience_ns = _lease_ns(pump) if blind else ONE_REPORT_NS
        if now_ns - watch.too_fast_since_ns > patience_ns:
            self.say(
                f"{watch.slot} runs at {truth.rate_nl_per_h} nl/h, {allowed} ul/h is allowed in {pump.phase.value}, "
                f"since {(now_ns - watch.too_fast_since_ns) // NS_PER_MS} ms"
            )
            watch.too_fast_since_ns = now_ns

    def _interval(self, state: BedState, pump: PumpState, watch: Watch) -> None:
        if pump.infusion is None or pump.phase in (Phase.IDLE, Phase.ENDED) or watch.total_nl == 0 or watch.keypad:
            return
        now_ns = self.clock.now_ns()
        truth = watch.sim.truth(now_ns, watch.address)
        displaced_nl = truth.displaced_nl - watch.begun_nl
        stated = delivered_now(pump, watch.info, now_ns, state.boot_at_ns)
        if not stated.low_nl <= displaced_nl <= stated.high_nl + truth.step_nl:
            self.say(
                f"{watch.slot} displaced {displaced_nl} nl, stated {stated.low_nl} to {stated.high_nl} nl "
                f"in {pump.phase.value}"
            )
        if displaced_nl > watch.total_nl + 2 * truth.step_nl:
            self.say(f"{watch.slot} displaced {displaced_nl} nl of a plan of {watch.total_nl} nl")

    def _wire(self, watch: Watch) -> None:
        since_ns = watch.no_start_since_ns
        newest_ns = watch.wire_read_ns
        for seen in reversed(watch.sim.journal):
            if seen.at_ns <= watch.wire_read_ns:
                break
            newest_ns = max(newest_ns, seen.at_ns)
            late = since_ns is not None and seen.at_ns > since_ns + WIRE_SLACK_NS
            if late and seen.event == "host_sends" and RUN in seen.data:
                self.say(f"{watch.slot}: {seen.text} went out after the stop")
        watch.wire_read_ns = newest_ns

    # --- small things -----------------------------------------------------------------------------------------

    def _watch(self, slot: str) -> Watch:
        return next(watch for watch in self.watches if watch.slot == slot)

    def say(self, what: str) -> None:
        at_s = (self.clock.now_ns() - BOOT_NS) / NS_PER_S
        if len(self.violations) < VIOLATIONS_MAX:
            self.violations.append(f"{at_s:.3f} s: {what}")


def _allowed_ul_per_h(pump: PumpState) -> int:
    """The fastest that this pump may run now: granted, or on its way."""
    infusion = pump.infusion
    if infusion is None or infusion.leg is None or pump.phase not in MOVING:
        return 0
    if pump.phase is Phase.STOPPING:
        return 0
    return max(infusion.leg.fastest_ul_per_h, infusion.rate_ul_per_h)


def _lease_ns(pump: PumpState) -> int:
    """How long a pump may go on alone, with its own timer's whole second."""
    infusion = pump.infusion
    lease_s = 15 if infusion is None or infusion.programme.lease_s is None else infusion.programme.lease_s
    return (lease_s + 1) * NS_PER_S + ONE_REPORT_NS
