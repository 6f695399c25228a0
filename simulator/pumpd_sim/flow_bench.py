"""What a test bench measures of a pump: how its flow begins, how steady it is, and how it meets a closed line.

As people test infusion pumps after IEC 60601-2-24, by what makers print of it in their instructions: two hours at one
rate, what leaves the line weighed every half minute. The first hours' flow is the start-up graph. Of the second hour
the trumpet: for each window of 2, 5, 11, 19 and 31 minutes the mean error of the window that gave most, and of the one
that gave least. Then the line is closed on a pump that has run for five minutes: how long until it alarms, at
which pressure, and what the line gives the patient when it is opened again.

A simulated drive has no worn thread and no soft plunger: its steps are even, and what is left is what the plant plays
on purpose (a rotor's pulse, a line that stretches, a fault). A real pump's curve is wider.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pumpd_sim import pump_faults
from pumpd_sim.bus import SimBus
from pumpd_sim.device import Truth
from pumpd_sim.devices import Bench, DeviceKind, Running
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.readings import read as read_options
from pumpd_sim.speech import spoken, usual
from pumpd_sim.wire_faults import WireFaults

NS_PER_MS, NS_PER_S = 10**6, 10**9
NL_PER_UL = 1_000
SAMPLE_S = 30
TEST_S = 7_200
SECOND_HOUR_S = 3_600  # where the trumpet begins
WINDOWS_MIN = (2, 5, 11, 19, 31)
RUNS_BEFORE_S = 300
ALARM_WITHIN_S = 4 * 3_600
OPENED_FOR_S = 60  # long enough for a line to give back what it stored
REPLY_WITHIN_NS = 250 * NS_PER_MS


class BenchError(ValueError):
    """This pump cannot be tested so; the sentence says what would be possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The errors of the most and the least generous window of this length, in per cent of the rate."""

    minutes: int
    most_percent: float
    least_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What came of a closed line. `alarm` is "" where none came in `ALARM_WITHIN_S`; `bolus_nl` went to the patient."""

    alarm: str
    after_s: int
    pressure_mmhg: int
    bolus_nl: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One pump at one rate. `flow_ml_per_h` has one value for each half minute, the first for 0 to 0.5 min."""

    device: str
    title: str
    rate_ul_per_h: int
    flow_ml_per_h: tuple[float, ...]
    windows: tuple[Window, ...]
    mean_percent: float
    closed: Closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tested. `rate_ul_per_h` None: the kind's own middle rate; faults are there from the start on."""

    kind: DeviceKind
    rate_ul_per_h: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    seed: int = 0

    @property
    def running(self) -> Running:
        """Raises BenchError."""
        if self.kind.running is None:
            raise BenchError(f"{self.kind.name} does not say how a host starts it: its kind needs `running`")
        return self.kind.running

    @property
    def rate(self) -> int:
        return self.running.rate_ul_per_h if self.rate_ul_per_h is None else self.rate_ul_per_h


def measure(trial: Trial) -> Measured:
    """Raises BenchError, and ValueError for an option or a fault that this kind does not have."""
    flow = _weighed(_Host(trial))
    errors = tuple(100 * (each * 1_000 / trial.rate - 1) for each in flow)
    later = errors[SECOND_HOUR_S // SAMPLE_S :]
    return Measured(
        device=trial.kind.name,
        title=trial.kind.title,
        rate_ul_per_h=trial.rate,
        flow_ml_per_h=flow,
        windows=tuple(window(later, minutes) for minutes in WINDOWS_MIN),
        mean_percent=sum(later) / len(later),
        closed=_closed(_Host(trial)),
    )


def started(trial: Trial) -> Truth:
    """The truth of a pump that has just been started. Raises as `measure` does."""
    host = _Host(trial)
    host.start()
    return host.truth()


def window(errors: Sequence[float], minutes: int) -> Window:
    """Over every window of this length that lies whole in these half minutes."""
    count = minutes * 60 // SAMPLE_S
    means = [sum(errors[at : at + count]) / count for at in range(len(errors) - count + 1)]
    return Window(minutes=minutes, most_percent=max(means), least_percent=min(means))


def clock(seconds: int) -> str:
    """`43 s`, `5 min 58 s`."""
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min {seconds % 60:02d} s"


def percent(value: float, places: int) -> str:
    """With its sign, and none on what rounds to nothing."""
    text = f"{value:+.{places}f}"
    signed = text.lstrip("+-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")
    return f"{signed} %"


def _weighed(host: _Host) -> tuple[float, ...]:
    """What left the line in each half minute, as a rate."""
    host.start()
    began_ns = host.now_ns
    before_nl = host.truth().at_patient_nl
    flow: list[float] = []
    for sample in range(1, TEST_S // SAMPLE_S + 1):
        host.wait_until(began_ns + sample * SAMPLE_S * NS_PER_S)
        truth = host.truth()
        if not truth.motor_turning:
            why = truth.alarm or truth.blocked or truth.status
            raise BenchError(
                f"{host.name} stopped after {sample / 2:g} min ({why}): the test takes two hours; take a lower rate"
            )
        flow.append((truth.at_patient_nl - before_nl) * 3_600 / SAMPLE_S / 1e6)
        before_nl = truth.at_patient_nl
    return tuple(flow)


def _closed(host: _Host) -> Closed:
    host.start()
    host.wait_until(host.now_ns + RUNS_BEFORE_S * NS_PER_S)
    closed_ns = host.now_ns
    host.befall(FaultKind.OCCLUSION)
    while (after_s := (host.now_ns - closed_ns) // NS_PER_S) < ALARM_WITHIN_S:
        host.wait_until(host.now_ns + NS_PER_S)
        if host.truth().alarm:
            break
    found = host.truth()
    host.befall(FaultKind.RELEASE_OCCLUSION)
    host.wait_until(host.now_ns + OPENED_FOR_S * NS_PER_S)
    driven_nl = host.truth().displaced_nl - found.displaced_nl
    return Closed(
        alarm=found.alarm,
        after_s=after_s,
        pressure_mmhg=found.pressure_mmhg,
        bolus_nl=host.truth().at_patient_nl - found.at_patient_nl - driven_nl,
    )


class _Host:
    """A scripted host at one pump: starts it, keeps it company, waits."""

    def __init__(self, trial: Trial) -> None:
        kind, running = trial.kind, trial.running
        bench = Bench(
            address=kind.addresses[0],
            baud=kind.bauds[0],
            plant=kind.plant,
            options=read_options(kind.options, dict(trial.options)),
            mode=kind.modes[0],
            seed=trial.seed,
        )
        pump = kind.build(bench)
        for fault in trial.faults:
            pump_faults.must_have(pump, fault.kind)
        baud = None if bench.mode in kind.tcp_modes else bench.baud
        self.name = kind.name
        self.now_ns = 0
        self._bus = SimBus([pump], baud=baud, wire=WireFaults(random.Random(trial.seed)))
        self._spoken = spoken(usual(kind, bench.mode), kind, pump.address)
        self._lines = running.lines(trial.rate)
        self._poll, self._every_ns = running.poll, running.poll_every_s * NS_PER_S
        self._faults = trial.faults
        self._next_poll_ns = 0

    def start(self) -> None:
        """Raises BenchError where the pump does not turn after that."""
        answers = [(line, self._say(line)) for line in self._lines]
        if not self.truth().motor_turning:
            told = "; ".join(f"{line or 'an empty command'} -> {answer or 'silence'}" for line, answer in answers)
            raise BenchError(f"{self.name} does not run: {told}. Is the rate one that it has?")
        for fault in self._faults:
            self._bus.inject(self.now_ns, fault)
        self._next_poll_ns = self.now_ns + self._every_ns

    def wait_until(self, end_ns: int) -> None:
        while self._poll and self._next_poll_ns < end_ns:
            self._pass_to(self._next_poll_ns)
            self._next_poll_ns += self._every_ns
            self._say(self._poll)
        self._pass_to(end_ns)

    def befall(self, kind: FaultKind) -> None:
        self._bus.inject(self.now_ns, Fault(kind=kind))

    def truth(self) -> Truth:
        return replace(self._bus.truth(self.now_ns), at_ns=self.now_ns)

    def _say(self, line: str) -> str:
        self._bus.write(self.now_ns, self._spoken.packed(line))
        return " ".join(self._spoken.heard(self._pass_to(self.now_ns + REPLY_WITHIN_NS)))

    def _pass_to(self, end_ns: int) -> bytes:
        heard = b""
        while (wake_ns := self._bus.next_wake_ns()) is not None and wake_ns <= end_ns:
            self.now_ns = max(self.now_ns, wake_ns)
            heard += self._bus.poll(self.now_ns)
        self.now_ns = max(self.now_ns, end_ns)
        return heard + self._bus.poll(self.now_ns)
