"""Plays a scenario in virtual time, and says of each thing it claims whether it was so.

The host of a scenario is scripted: it says its lines at their times, polls in between when it is told to, retries
nothing and believes nothing. What comes back while it waits for a reply is the reply; what comes at any other time came
unasked. Beside the checks that the file writes down there is one for each fault: it has to have happened. A `when`
that does not come about in its time ends the play, since what follows would mean nothing; every other check that fails
lets it go on, so that the time line shows the rest.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pumpd_sim import devices, pump_faults
from pumpd_sim.bus import Seen, SimBus
from pumpd_sim.device import Device, Truth
from pumpd_sim.faults import Fault, FaultKind, Fired
from pumpd_sim.readings import read as read_options
from pumpd_sim.scenario import PumpOnTheBench, Scenario, Step
from pumpd_sim.speech import spoken
from pumpd_sim.wire_faults import WireFaults

NS_PER_MS = 10**6
REPLY_WITHIN_NS = 250 * NS_PER_MS
QUIET_NS = 30 * NS_PER_MS  # a reply is over when nothing more has come for so long
LOOK_NS = 100 * NS_PER_MS
SAMPLES = 1_500


class CannotPlayError(ValueError):
    """The scenario asks for a pump or a fault that does not exist here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was to be so; `what` is a sentence, `instead` what was so when it was not."""

    at_ns: int
    line: int
    what: str
    instead: str = ""

    @property
    def held(self) -> bool:
        return not self.instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the scenario did or said, for the time line."""

    at_ns: int
    line: int
    text: str


@dataclass(slots=True, kw_only=True)
class Played:
    """What came of it. `samples` are truths in order, close enough together to be drawn."""

    scenario: Scenario
    checks: list[Check] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    samples: list[Truth] = field(default_factory=list)
    frames: list[Seen] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)
    ended_ns: int = 0

    @property
    def held(self) -> bool:
        return all(check.held for check in self.checks)

    @property
    def failed(self) -> list[Check]:
        return [check for check in self.checks if not check.held]


def play(scenario: Scenario, *, seed: int | None = None) -> Played:
    """Raises CannotPlayError, with the file and line where there is one."""
    seed = scenario.seed if seed is None else seed
    return _Play(replace(scenario, seed=seed)).to_its_end()


def pump_mode(pump: PumpOnTheBench, kind: devices.DeviceKind) -> str:
    """Raises ValueError for a mode that this kind does not have."""
    mode = pump.mode or kind.modes[0]
    if mode not in kind.modes:
        raise ValueError(f"mode {mode!r}: {kind.name} has {', '.join(filter(None, kind.modes)) or 'no modes'}")
    return mode


def bench(pump: PumpOnTheBench, baud: int, seed: int) -> devices.Bench:
    """Raises ValueError with a sentence for what this kind does not have."""
    kind = devices.load(pump.device)
    plant = replace(kind.plant, **pump.line)
    if pump.syringe_diameter_um is not None:
        plant = replace(plant, syringe_diameter_um=pump.syringe_diameter_um)
    volume_nl = plant.volume_nl if pump.volume_nl is None else pump.volume_nl
    capacity_nl = max(volume_nl, plant.capacity_nl) if pump.capacity_nl is None else pump.capacity_nl
    return devices.Bench(
        address=kind.addresses[0] if pump.address is None else pump.address,
        baud=baud,
        plant=replace(plant, volume_nl=volume_nl, capacity_nl=capacity_nl),
        options=read_options(kind.options, dict(pump.options)),
        mode=pump_mode(pump, kind),
        timeout_s=pump.timeout_s,
        seed=seed,
    )


class _Play:
    """One scenario under way."""

    def __init__(self, scenario: Scenario) -> None:
        self._played = Played(scenario=scenario)
        self._scenario = scenario
        try:
            kind = devices.load(scenario.pump.device)
            baud = scenario.baud or kind.bauds[0]
            pump = kind.build(bench(scenario.pump, baud, scenario.seed))
        except ValueError as error:
            raise CannotPlayError(f"{scenario.path}: {error}") from error
        paced = None if pump_mode(scenario.pump, kind) in kind.tcp_modes else baud
        self._bus = SimBus([pump], baud=paced, wire=WireFaults(random.Random(scenario.seed)), journal_limit=10**6)
        self._spoken = spoken(scenario.speaks, kind, pump.address)
        self._now_ns = 0
        self._polling = scenario.poll is not None
        self._next_poll_ns = scenario.every_ns
        self._unasked: list[str] = []
        longest_ns = max(scenario.ends_ns, 60 * 10**9, *(step.at_ns or 0 for step in scenario.steps))
        self._sample_every_ns = max(LOOK_NS, longest_ns // SAMPLES)
        self._next_sample_ns = 0
        self._must_be_playable(pump)

    def _must_be_playable(self, pump: Device) -> None:
        for step in self._scenario.steps:
            try:
                if step.fault is not None:
                    pump_faults.must_have(pump, step.fault.kind)
            except ValueError as error:
                raise CannotPlayError(f"{self._scenario.path}:{step.line}: {error}") from error

    def to_its_end(self) -> Played:
        done_ns = 0
        for step in self._scenario.steps:
            if step.when is not None:
                if not self._until(step):
                    break
            else:
                due_ns = step.at_ns if step.at_ns is not None else done_ns + (step.after_ns or 0)
                self._wait_until(due_ns)
            self._do(step)
            self._look(step)
            done_ns = self._now_ns
        self._wait_until(self._scenario.ends_ns)
        self._sample()
        played = self._played
        played.ended_ns = self._now_ns
        played.frames, played.fired = list(self._bus.journal), list(self._bus.fired)
        self._faults_happened()
        return played

    # Steps

    def _do(self, step: Step) -> None:
        try:
            if step.say:
                self._note(step, step.say)
            if step.poll is not None:
                self._polling, self._next_poll_ns = step.poll, self._now_ns + self._scenario.every_ns
                self._note(step, f"polling {'on' if step.poll else 'off'}")
            if step.key:
                self._note(step, f"somebody presses {step.key}")
                press = FaultKind.OTHER_USER_AT_KEYPAD
                self._bus.inject(self._now_ns, Fault(kind=press, key=step.key, rate_nl_per_h=step.rate_nl_per_h))
            if step.fault is not None:
                self._note(step, f"fault {step.fault.kind.value}")
                self._bus.inject(self._now_ns, step.fault)
        except ValueError as error:
            raise CannotPlayError(f"{self._scenario.path}:{step.line}: {error}") from error
        if step.send is not None:
            self._send(step, step.send)

    def _send(self, step: Step, text: str) -> None:
        reply = self._exchange(text)
        what = f"{text or 'an empty command'!s} is answered"
        self._note(step, f"{text} -> {reply or 'silence'}")
        if step.reply is None:
            return
        wanted = " or ".join(one or "silence" for one in step.reply)
        instead = "" if reply in step.reply else f"{reply or 'silence'}"
        self._check(step, f"{what} {wanted}", instead)

    def _look(self, step: Step) -> None:
        """What is expected at this moment."""
        self._sample()
        truth = self._bus.truth(self._now_ns)
        for condition in step.expect:
            self._check(step, condition.text, "" if condition.holds(truth) else condition.told(truth))
        if step.unasked:
            heard = ", ".join(self._unasked[-5:]) or "nothing"
            found = step.unasked in self._unasked
            self._check(step, f"the pump says {step.unasked} unasked", "" if found else f"heard {heard}")
            if found:
                del self._unasked[: self._unasked.index(step.unasked) + 1]

    def _until(self, step: Step) -> bool:
        """Wait for the condition; False when its time is over."""
        assert step.when is not None
        limit_ns = self._now_ns + step.within_ns
        while not step.when.holds(self._bus.truth(self._now_ns)):
            if self._now_ns >= limit_ns:
                truth = self._bus.truth(self._now_ns)
                what = f"{step.when.text} within {step.within_ns // 10**9} s"
                self._check(step, what, f"{step.when.told(truth)}; the play ends here")
                return False
            self._wait_until(min(limit_ns, self._now_ns + LOOK_NS))
        self._check(step, f"{step.when.text} comes about", "")
        return True

    def _faults_happened(self) -> None:
        """A fault that never hit anything proves nothing."""
        happened = {fired.kind for fired in self._played.fired}
        for step in self._scenario.steps:
            if step.fault is not None:
                instead = "" if step.fault.kind in happened else "it did not"
                self._check(step, f"the fault {step.fault.kind.value} happens", instead)

    # Time and the wire

    def _wait_until(self, end_ns: int) -> None:
        """Let time pass, with polls and samples at their times."""
        while True:
            due_ns = min(end_ns, self._next_sample_ns, self._next_poll_ns if self._polling else end_ns)
            self._keep(self._listen(max(due_ns, self._now_ns), until_quiet=False))
            if self._polling and self._now_ns >= self._next_poll_ns and self._now_ns < end_ns:
                self._next_poll_ns += self._scenario.every_ns
                self._exchange(self._scenario.poll or "")
            if self._now_ns >= self._next_sample_ns:
                self._sample()
            if self._now_ns >= end_ns:
                return

    def _exchange(self, text: str) -> str:
        """Say a line; the last thing heard in time is its answer."""
        self._keep(self._bus.poll(self._now_ns))
        self._bus.write(self._now_ns, self._spoken.packed(text))
        heard = self._spoken.heard(self._listen(self._now_ns + REPLY_WITHIN_NS, until_quiet=True))
        self._unasked += heard[:-1]
        return heard[-1] if heard else ""

    def _listen(self, until_ns: int, *, until_quiet: bool) -> bytes:
        heard = b""
        while (wake_ns := self._bus.next_wake_ns()) is not None and wake_ns <= until_ns:
            self._now_ns = max(self._now_ns, wake_ns)
            heard += self._bus.poll(self._now_ns)
            if heard and until_quiet:
                until_ns = self._now_ns + QUIET_NS
        self._now_ns = max(self._now_ns, until_ns)
        return heard + self._bus.poll(self._now_ns)

    def _keep(self, data: bytes) -> None:
        if data:
            self._unasked += self._spoken.heard(data)

    def _sample(self) -> None:
        truth = self._bus.truth(self._now_ns)
        self._played.samples.append(replace(truth, at_ns=self._now_ns))  # a slow clock tells another time
        while self._next_sample_ns <= self._now_ns:
            self._next_sample_ns += self._sample_every_ns

    def _note(self, step: Step, text: str) -> None:
        self._played.notes.append(Note(at_ns=self._now_ns, line=step.line, text=text))

    def _check(self, step: Step, what: str, instead: str) -> None:
        self._played.checks.append(Check(at_ns=self._now_ns, line=step.line, what=what, instead=instead))


def alarms(samples: Sequence[Truth]) -> list[tuple[str, int, int]]:
    """Each alarm with its beginning and end, as far as the samples show."""
    found: list[tuple[str, int, int]] = []
    for truth in samples:
        if found and found[-1][0] == truth.alarm:
            found[-1] = (truth.alarm, found[-1][1], truth.at_ns)
        else:
            if found:
                found[-1] = (*found[-1][:2], truth.at_ns)
            found.append((truth.alarm, truth.at_ns, truth.at_ns))
    return [one for one in found if one[0]]
