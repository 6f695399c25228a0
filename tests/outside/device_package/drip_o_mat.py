"""A look-alike of a pump that does not exist, as another package would bring it: one file, one entry point.

The Drip-o-mat obeys three lines of text. `GO 20` infuses 20 mL/h and `HALT` stops, both answered `OK`; `SAY` tells what
it does and how much it has counted; everything else is answered `WHAT`. Lines and answers end with a line feed. When
the motor can no longer turn it stops and says `ALARM` with the reason, unasked.

To simulate a pump of your own, replace the conversation; physics, faults, wires, HTTP and the pytest plugin are the
simulator's. A device reads no clock: it is told the time with everything that happens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pumpd_sim.device import Speech, Truth
from pumpd_sim.devices import Bench, DeviceKind
from pumpd_sim.plant import Plant, PlantSpec, Speed

NS_PER_MS = 1_000_000
NL_PER_ML = 1_000_000
COMMAND = re.compile(r"GO (\d{1,4})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class DripOptions:
    """What the manual leaves open; the simulator offers each as `--option` and draws it by lot."""

    blank_line_answered: bool = True
    """Whether an empty line is answered WHAT, or not at all."""


class DripOMat:
    """One pump."""

    speech = Speech()
    reply_delay_ns = 5 * NS_PER_MS

    def __init__(self, bench: Bench) -> None:
        self.address, self.baud = bench.address, bench.baud
        self.options: DripOptions = bench.options
        self.plant = Plant(bench.plant, now_ns=bench.now_ns)
        self.alarm = ""
        self._believed_nl_per_h = 0
        self._heard = bytearray()
        self._power_back_ns: int | None = None

    # What the bus does

    def on_bytes(self, now_ns: int, data: bytes) -> bytes:
        said = self.on_wake(now_ns)
        if self._power_back_ns is not None:
            return said
        self._heard += data
        *lines, rest = self._heard.split(b"\n")
        self._heard = bytearray(rest)
        return said + b"".join(self._answer(now_ns, line.decode("latin-1")) for line in lines)

    def next_wake_ns(self) -> int | None:
        if self._power_back_ns is not None:
            return self._power_back_ns
        return self.plant.stall_due_ns()

    def on_wake(self, now_ns: int) -> bytes:
        if self._power_back_ns is not None and self._power_back_ns <= now_ns:
            self._power_back_ns = None
        self.plant.advance(now_ns)
        if self.plant.blocked is None:
            return b""
        self.alarm = self.plant.blocked.value
        self._halt(now_ns)
        return f"ALARM {self.alarm}\n".encode()

    def truth(self, now_ns: int) -> Truth:
        plant = self.plant
        plant.advance(now_ns)
        return Truth(
            at_ns=now_ns,
            address=self.address,
            displaced_nl=plant.displaced_nl,
            at_patient_nl=plant.at_patient_nl,
            stored_nl=plant.stored_nl,
            leaked_nl=plant.leaked_nl,
            remaining_nl=plant.remaining_nl,
            motor_turning=plant.turning,
            rate_nl_per_h=plant.rate_nl_per_h,
            believed_rate_nl_per_h=self._believed_nl_per_h,
            pressure_mmhg=plant.pressure_mmhg,
            occluded=plant.occluded,
            blocked="" if plant.blocked is None else plant.blocked.value,
            powered=self._power_back_ns is None,
            status="RUN" if plant.driven else "IDLE",
            alarm=self.alarm,
            mode="",
            watchdog_left_ns=None,
            steps=plant.position_steps,
            step_nl=plant.step_nl,
        )

    # The conversation

    def _answer(self, now_ns: int, line: str) -> bytes:
        go = COMMAND.fullmatch(line)
        if go is not None:
            self._go(now_ns, int(go[1]) * NL_PER_ML)
        elif line == "HALT":
            self._halt(now_ns)
        elif line == "SAY":
            doing = "RUN" if self.plant.driven else "IDLE"
            return f"{doing} {self.plant.displaced_nl // 1_000} UL\n".encode()
        elif not line and not self.options.blank_line_answered:
            return b""
        else:
            return b"WHAT\n"
        return b"OK\n"

    def _go(self, now_ns: int, rate_nl_per_h: int) -> None:
        self.alarm = ""
        self._believed_nl_per_h = rate_nl_per_h
        if rate_nl_per_h:
            speed = Speed.of_rate(rate_nl_per_h=rate_nl_per_h, believed_step_zl=self.plant.step_zl, direction=1)
            self.plant.drive(now_ns, speed)
        else:
            self._halt(now_ns)

    def _halt(self, now_ns: int) -> None:
        self._believed_nl_per_h = 0
        self.plant.halt(now_ns)

    # People and mishaps

    def press(self, now_ns: int, key: str, *, rate_nl_per_h: int | None = None) -> bytes:
        said = self.on_wake(now_ns)
        match key:
            case "stop":
                self._halt(now_ns)
            case "rate" if rate_nl_per_h is not None:
                self._go(now_ns, rate_nl_per_h)
            case _:
                message = f"a Drip-o-mat has no key {key!r}; keys: stop, rate (with rate_nl_per_h)"
                raise ValueError(message)
        return said

    def reboot(self, now_ns: int, outage_ns: int) -> bytes:
        said = self.on_wake(now_ns)
        self._halt(now_ns)
        self._heard.clear()
        self._power_back_ns = now_ns + outage_ns
        return said

    def occlude(self, now_ns: int) -> bytes:
        said = self.on_wake(now_ns)
        self.plant.occlude(now_ns)
        return said

    def release(self, now_ns: int) -> bytes:
        said = self.on_wake(now_ns)
        self.plant.release(now_ns)
        return said

    def leak(self, now_ns: int, permille: int) -> bytes:
        said = self.on_wake(now_ns)
        self.plant.leak(now_ns, permille)
        return said

    def jam(self, now_ns: int, *, jammed: bool) -> bytes:
        said = self.on_wake(now_ns)
        self.plant.jam(now_ns, jammed=jammed)
        return said

    def load(self, now_ns: int, volume_nl: int | None = None) -> bytes:
        said = self.on_wake(now_ns)
        self.plant.load(now_ns, self.plant.spec.capacity_nl if volume_nl is None else volume_nl)
        return said


DEVICE = DeviceKind(
    name="drip_o_mat",
    title="Drip-o-mat, a pump that does not exist",
    options=DripOptions,
    build=DripOMat,
    addresses=range(1),
    bauds=(9_600,),
    provenance=(
        ("three commands, lines of text", "manual", "the docstring of this file"),
        ("a blank line is answered", "assumption", "option blank_line_answered"),
        ("5 ms until it answers", "assumption", ""),
    ),
    plant=PlantSpec(),
)
