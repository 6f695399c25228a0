"""The interval always holds the truth: at least this, at most that, whatever got lost between bed and pump.

The pump here is ten lines of physics that the bed cannot see: a plunger at a rate, a counter that truncates or rounds,
a volume target, and a lease that it forgets up to a second late.
"""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pumpd.core import delivered
from pumpd.core import events as e
from pumpd.core import requests as r
from pumpd.core.codes import Phase
from pumpd.core.delivered import NOTHING, Interval, capped, from_counter, measured_rate, monotone, widened
from pumpd.core.effects import ChangeRate, Extend, Identify, Observe, Prepare, PumpEffect, Start, Stop
from pumpd.core.pump import Drive, Granted, PumpAlarm, Report
from pumpd.core.units import NS_PER_H, NS_PER_MS, NS_PER_S, PPM
from pumpd.testing.bed_story import BedStory
from pumpd.testing.clinical import NE_1000

intervals = st.tuples(st.integers(0, 10**8), st.integers(0, 10**8)).map(
    lambda pair: Interval(low_nl=pair[0], high_nl=sum(pair))
)


@given(before=intervals, now=intervals)
@pytest.mark.requirement("FLOW-20")
def test_a_lower_bound_is_never_given_up(before: Interval, now: Interval) -> None:
    after = monotone(before, now)
    assert after.low_nl == max(before.low_nl, now.low_nl)
    assert after.high_nl == max(after.low_nl, now.high_nl)


@given(truth_nl=st.integers(0, 10**8), base=intervals, step=st.sampled_from([1_000, 10_000]), rounds=st.booleans())
def test_a_counter_bounds_what_it_counted(truth_nl: int, base: Interval, step: int, *, rounds: bool) -> None:
    shown = (truth_nl + step // 2 if rounds else truth_nl) // step * step
    found = from_counter(base, shown, step, motor_step_nl=0)
    assert found.low_nl <= base.low_nl + truth_nl
    assert base.high_nl + truth_nl <= found.high_nl
    assert found.width_nl <= base.width_nl + 2 * step


def test_a_counter_that_tells_nonsense_is_still_an_interval() -> None:
    assert from_counter(NOTHING, -(10**9), 1_000, 0) == Interval(low_nl=0, high_nl=1_000)


@given(known=intervals, rate=st.integers(0, 400_000), elapsed=st.integers(0, NS_PER_H))
def test_silence_widens_upwards_by_the_fastest_that_it_may_have_gone(known: Interval, rate: int, elapsed: int) -> None:
    wider = widened(known, rate, elapsed, 10_000)
    assert wider.low_nl == known.low_nl
    fastest = Fraction(rate * 1_000 * elapsed, NS_PER_H) * Fraction(101, 100)
    assert known.high_nl + fastest <= wider.high_nl < known.high_nl + fastest + 1


@given(interval=intervals, at_most=st.integers(0, 10**8))
def test_a_volume_target_caps_what_may_be_in_but_never_what_is(interval: Interval, at_most: int) -> None:
    found = capped(interval, at_most)
    assert found.low_nl == interval.low_nl
    assert found.high_nl == max(interval.low_nl, min(interval.high_nl, at_most))


@given(
    rate=st.integers(100, 400_000),
    apart_ms=st.integers(3_000, 60_000),
    first_ms=st.integers(0, 900),
    last_ms=st.integers(0, 900),
    step=st.sampled_from([1_000, 10_000]),
)
def test_a_measured_rate_holds_the_true_one_however_long_its_looks_took(
    rate: int, apart_ms: int, first_ms: int, last_ms: int, step: int
) -> None:
    """Two looks of up to 0.9 s each; within them, nobody knows when the counter was read."""
    window_ms = apart_ms + 900 - first_ms + last_ms
    counted = (rate * 1_000 * window_ms // 3_600_000) // step * step
    found = measured_rate(counted, apart_ms * NS_PER_MS, (apart_ms + 1_800) * NS_PER_MS, step)
    assert abs(found.rate_ul_per_h - rate) <= found.uncertainty_ul_per_h


@given(
    volume=st.integers(0, 10**8), shortest=st.integers(NS_PER_S, 10**11), step=st.sampled_from([0, 1, 1_000]),
    more=st.integers(0, 10**11).map(lambda half: 2 * half),
)  # fmt: skip
def test_a_measured_rate_is_the_volume_by_the_time_and_as_uncertain_as_both(
    volume: int, shortest: int, more: int, step: int
) -> None:
    """Against exact fractions: the rate down, its upper bound up, and the lower bound never further off than that."""
    found = measured_rate(volume, shortest, shortest + more, step)
    per_h = Fraction(NS_PER_H, 1_000)
    assert found.window_ns == (2 * shortest + more) // 2
    assert found.rate_ul_per_h == math.floor(volume * per_h / found.window_ns)
    assert found.rate_ul_per_h + found.uncertainty_ul_per_h == math.ceil((volume + 2 * step) * per_h / shortest)
    least = math.floor(max(0, volume - 2 * step) * per_h / (shortest + more))
    assert found.rate_ul_per_h - found.uncertainty_ul_per_h <= least


def test_the_middle_between_two_looks_is_a_whole_nanosecond_and_nothing_given_is_known_exactly() -> None:
    assert measured_rate(1_000, 3, 4, 0).window_ns == 3
    assert Interval(low_nl=0, high_nl=0) == delivered.NOTHING


def test_a_counter_reaches_a_step_of_each_kind_beyond_what_it_shows() -> None:
    base = Interval(low_nl=10, high_nl=20)
    assert from_counter(base, 1_000, 100, 7) == Interval(low_nl=903, high_nl=1_127)
    assert from_counter(base, 107, 100, 7) == Interval(low_nl=10, high_nl=234)


def test_silence_of_no_length_widens_nothing_and_any_at_all_by_the_part_of_a_nanolitre_that_it_may_be() -> None:
    known = Interval(low_nl=1, high_nl=2)
    assert widened(known, 36_000, 0, 10_000) == known
    assert widened(known, 36_000, NS_PER_S, 10_000) == Interval(low_nl=1, high_nl=10_102)
    assert widened(known, 36_000, 1, 10_000) == Interval(low_nl=1, high_nl=3)


def test_how_much_is_not_known_is_the_width_of_the_interval() -> None:
    assert Interval(low_nl=3, high_nl=10).width_nl == 7


# --- the whole way: bed and pump --------------------------------------------------------------------------------


class Plunger:
    """What really happens; nothing of the bed's is used here."""

    def __init__(self, *, step_nl: int, rounds: bool, off_ppm: int, lease_late_ns: int) -> None:
        self.step_nl, self.rounds, self.lease_late_ns = step_nl, rounds, lease_late_ns
        self.speed = Fraction(PPM + off_ppm, PPM)
        self.at_ns = 0
        self.displaced_nl = Fraction(0)
        self.leg_nl = Fraction(0)
        self.rate, self.target_nl, self.lease_s = 0, 0, 15
        self.running, self.expired = False, False
        self.heard_ns = 0

    def until(self, now_ns: int) -> None:
        ends_ns = self.heard_ns + self.lease_s * NS_PER_S + self.lease_late_ns
        if self.running:
            runs_ns = max(0, min(now_ns, ends_ns) - self.at_ns)
            more = min(Fraction(self.rate * 1_000 * runs_ns, NS_PER_H) * self.speed, self.target_nl - self.leg_nl)
            self.displaced_nl += more
            self.leg_nl += more
            self.expired = now_ns >= ends_ns
            self.running = not self.expired and self.leg_nl < self.target_nl
        self.at_ns = max(self.at_ns, now_ns)

    def hear(self, now_ns: int) -> None:
        self.until(now_ns)
        self.heard_ns = now_ns

    def report(self) -> Report:
        shown = int(self.leg_nl + (self.step_nl // 2 if self.rounds else 0)) // self.step_nl * self.step_nl
        alarm, self.expired = PumpAlarm.LEASE_EXPIRED if self.expired else None, False
        return Report(
            drive=Drive.INFUSING if self.running else Drive.STILL,
            rate_ul_per_h=self.rate,
            infused_nl=None if alarm else shown,  # a pump in alarm tells nothing else
            step_nl=self.step_nl,
            alarm=alarm,
        )


delays = st.integers(0, 1_500)


class TruthIsInside(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.bed = BedStory()
        self.plunger = Plunger(step_nl=1_000, rounds=False, off_ppm=0, lease_late_ns=0)
        self.todo: list[PumpEffect] = []

    @initialize(
        step=st.sampled_from([1_000, 10_000]),
        rounds=st.booleans(),
        off_ppm=st.integers(-NE_1000.accuracy_ppm, NE_1000.accuracy_ppm),
        late_ms=st.integers(0, 999),
        regimen=st.sampled_from(["TRAIN-5MIN", "FM-3H", "TRAIN-30S"]),
    )
    def a_pump(self, step: int, off_ppm: int, late_ms: int, regimen: str, *, rounds: bool) -> None:
        self.plunger = Plunger(step_nl=step, rounds=rounds, off_ppm=off_ppm, lease_late_ns=late_ms * NS_PER_MS)
        self.plunger.until(self.bed.now_ns)
        self.bed.connect()
        self.bed.report()
        self.bed.start(regimen)
        self.note()
        for _ in range(2):
            self.carry(100, 100, lost="nothing")

    @invariant()
    def the_truth_is_inside(self) -> None:
        if self.bed.pump().infusion is None:
            return
        self.plunger.until(self.bed.now_ns)
        seen, truth = self.bed.look().delivered, self.plunger.displaced_nl
        assert seen.low_nl <= truth <= seen.high_nl, (self.bed.phase(), float(truth), seen)

    def note(self) -> None:
        """What the bed wants; a stop empties what waits."""
        for effect in self.bed.last.effects:
            if isinstance(effect, Stop):
                self.todo = [each for each in self.todo if isinstance(each, Observe | Identify)]
            if isinstance(effect, PumpEffect):
                self.todo.append(effect)

    @precondition(lambda self: self.todo)
    @rule(there_ms=delays, back_ms=delays, lost=st.sampled_from(["nothing", "nothing", "nothing", "request", "reply"]))
    def carry(self, there_ms: int, back_ms: int, lost: str) -> None:
        """The next effect travels, takes effect, and its reply travels back; the bed's clock goes on meanwhile."""
        if not self.todo:
            return
        effect = self.todo.pop(0)
        asked_ns = self.bed.now_ns
        self.goes(there_ms)
        report = None if lost == "request" else self.pump_does(effect)
        self.goes(back_ms)
        if lost == "reply":
            report = None
        at_ns = self.bed.now_ns
        match effect:
            case Identify():
                if report is not None:
                    self.bed.connect()
                else:
                    self.bed.take(e.PumpSilent(at_ns=at_ns, slot="p1", detail=""))
            case Observe() | Extend():
                if isinstance(report, Report):
                    self.bed.take(e.PumpReported(at_ns=at_ns, slot="p1", asked_at_ns=asked_ns, report=report))
                else:
                    self.bed.take(e.PumpSilent(at_ns=at_ns, slot="p1", detail=""))
            case _:
                outcome: e.Outcome = e.Unknown(detail="lost")
                if isinstance(report, Granted):
                    outcome = e.Done(granted=report, asked_at_ns=asked_ns)
                elif report is not None:
                    outcome = e.Done(report=report, asked_at_ns=asked_ns)
                self.bed.take(e.CommandEnded(at_ns=at_ns, slot="p1", command_id=effect.command_id, outcome=outcome))
        self.note()

    def goes(self, ms: int) -> None:
        self.bed.wait(ms / 1_000)
        self.bed.tick()
        self.note()
        self.the_truth_is_inside()

    def pump_does(self, effect: PumpEffect) -> Report | Granted:
        pump = self.plunger
        pump.hear(self.bed.now_ns)
        match effect:
            case Prepare():
                wanted = effect.remaining
                assert wanted.lease_s is not None
                pump.running, pump.expired = False, False
                pump.rate, pump.lease_s, pump.leg_nl = wanted.rate_ul_per_h, wanted.lease_s, Fraction(0)
                pump.target_nl = wanted.volume_nl - wanted.volume_nl % 1_000
                return Granted(
                    rate_ul_per_h=pump.rate, volume_nl=pump.target_nl, lease_s=pump.lease_s,
                    infused_nl=0, step_nl=pump.step_nl,
                )  # fmt: skip
            case Start():
                pump.running = True
            case ChangeRate():
                pump.rate = effect.rate_ul_per_h if pump.running else pump.rate
            case Stop():
                pump.running = False
            case _:
                pass
        return pump.report()

    @rule(ms=st.sampled_from([100, 600, 600, 3_000, 20_000, 40_000]))
    def nothing_happens(self, ms: int) -> None:
        self.goes(ms)

    @precondition(lambda self: self.bed.phase() is Phase.INFUSING)
    @rule(looks=st.integers(1, 30))
    def all_is_well(self, looks: int) -> None:
        for _ in range(looks):
            self.goes(500)
            while self.todo:
                self.carry(30, 30, lost="nothing")

    @precondition(lambda self: self.bed.phase() is Phase.INFUSING)
    @rule(percent=st.integers(10, 100))
    def titrates(self, percent: int) -> None:
        infusion = self.bed.infusion()
        self.bed.rate(infusion.plan[infusion.step].rate_ul_per_h * percent // 100)
        self.note()

    @precondition(lambda self: self.bed.phase() is Phase.INFUSING)
    @rule()
    def taps(self) -> None:
        self.bed.tap()
        self.note()

    @rule()
    def pauses(self) -> None:
        self.bed.pause()
        self.note()

    @precondition(lambda self: self.bed.phase() is Phase.STOPPED)
    @rule(keep=st.sampled_from(r.Keep))
    def resumes(self, keep: r.Keep) -> None:
        self.bed.resume(keep=keep)
        self.note()
        for _ in range(2):
            self.carry(100, 100, lost="nothing")

    @rule(away_ms=st.sampled_from([100, 2_000, 8_000, 40_000]), heard_ms=st.integers(0, 40_000))
    def the_daemon_is_killed(self, away_ms: int, heard_ms: int) -> None:
        """What it had sent may still reach the pump until the moment it is back."""
        self.todo = []
        self.bed.wait(min(heard_ms, away_ms) / 1_000)
        self.plunger.hear(self.bed.now_ns)
        self.bed.wait((away_ms - min(heard_ms, away_ms)) / 1_000)
        self.bed.boot()
        self.note()
        self.bed.tick()
        self.note()


TestTruthIsInside = TruthIsInside.TestCase
TestTruthIsInside.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_the_model_itself_reaches_every_phase_of_a_pump_that_may_move() -> None:
    """A property over states that never come up proves nothing."""
    machine = TruthIsInside()
    machine.a_pump(1_000, 0, 0, "TRAIN-5MIN", rounds=False)
    seen = {machine.bed.phase()}
    machine.all_is_well(3)
    machine.titrates(50)
    machine.carry(100, 100, lost="reply")
    seen.add(machine.bed.phase())
    machine.all_is_well(2)
    machine.pauses()
    seen.add(machine.bed.phase())
    while machine.bed.phase() is not Phase.STOPPED:
        machine.nothing_happens(600)
        machine.carry(10, 10, lost="nothing")
    seen.add(machine.bed.phase())
    assert seen == {Phase.INFUSING, Phase.UNCERTAIN, Phase.STOPPING, Phase.STOPPED}
    assert machine.plunger.displaced_nl > 0
