"""A pump that knows no silence and stops at its volume target, and its driver: for the lease made of volume.

No such pump is in the house. Both halves are short and of our own making, so they prove nothing about a protocol; what
they prove is that bed, bus and driver interface keep the target moving, and what is given when they no longer do. The
pump counts whole microlitres, cut off, and takes its target on the same grid.

Wire: text up to a zero byte, no address. `I` identify, `L` look, `P rate target` program, `G` go, `R rate`, `T target`,
`X` stop. Every reply is `drive,rate,target,counter`; whoever writes is never refused but by silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pumpd_sim.device import Speech, Truth

from pumpd.core.units import NL_PER_UL, NS_PER_H, Towards, delivered_nl, divide
from pumpd.driver_api import (
    Drive,
    Frame,
    Framing,
    Granted,
    Identified,
    Procedure,
    PumpProcedures,
    Remaining,
    Reply,
    Report,
    VolumeLease,
    WireError,
    WireRequest,
)
from pumpd.testing.clinical import NE_1000

END: Final = b"\x03"
STEP_NL: Final = 1_000
LIMIT_MS: Final = 100

INFO: Final = replace(
    NE_1000, name="volume_pump", title="Pump with a volume target", worst_observe_ms=2 * LIMIT_MS, quiet_ms=50,
    lease=VolumeLease(changeable_while_running=True, step_nl=STEP_NL),
)  # fmt: skip


class VolumePump:
    """The pump: goes on at its rate up to its target, whoever listens."""

    baud: Final = 19_200
    speech: Final = Speech()
    reply_delay_ns: Final = 1_000_000

    def __init__(self, *, address: int = 0, now_ns: int = 0) -> None:
        self.address = address
        self.displaced_nl = 0  # ever, to the nanolitre
        self.rate_ul_per_h = 0
        self.target_nl = 0
        self.counter_nl = 0  # since it was programmed, to the nanolitre
        self.drives = False
        self.targets: list[tuple[int, int]] = []  # when a target was set, and to what
        self._since_ns = now_ns
        self._half = b""

    def on_bytes(self, now_ns: int, data: bytes) -> bytes:
        self.on_wake(now_ns)
        *packets, self._half = (self._half + data).split(END)
        return b"".join(self._obey(now_ns, packet.decode()) for packet in packets)

    def _obey(self, now_ns: int, packet: str) -> bytes:
        name, *numbers = packet.split()
        if name == "P":
            self.rate_ul_per_h, self.counter_nl = int(numbers[0]), 0
            self._aim(now_ns, int(numbers[1]))
        elif name == "T":
            self._aim(now_ns, int(numbers[0]))
        elif name == "R":
            self.rate_ul_per_h = int(numbers[0])
        elif name in "GX":
            self.drives = name == "G"
        drive = "D" if self.drives else "S"
        told_nl = self.counter_nl - self.counter_nl % STEP_NL
        return f"{drive},{self.rate_ul_per_h},{self.target_nl},{told_nl}".encode() + END

    def _aim(self, now_ns: int, target_nl: int) -> None:
        self.target_nl = target_nl - target_nl % STEP_NL
        self.targets.append((now_ns, self.target_nl))

    def next_wake_ns(self) -> int | None:
        if not self.drives or self.rate_ul_per_h == 0:
            return None
        left_nl = max(0, self.target_nl - self.counter_nl)
        return self._since_ns + divide(left_nl * NS_PER_H, self.rate_ul_per_h * NL_PER_UL, Towards.UP)

    def on_wake(self, now_ns: int) -> bytes:
        given_nl = delivered_nl(self.rate_ul_per_h, now_ns - self._since_ns, Towards.DOWN) if self.drives else 0
        if given_nl or not self.drives:
            self._since_ns = now_ns
        left_nl = self.target_nl - self.counter_nl
        if self.drives and given_nl >= left_nl:
            given_nl, self.drives = max(0, left_nl), False
        self.counter_nl += given_nl
        self.displaced_nl += given_nl
        return b""

    def truth(self, now_ns: int) -> Truth:
        self.on_wake(now_ns)
        rate_nl_per_h = self.rate_ul_per_h * NL_PER_UL if self.drives else 0
        return Truth(
            at_ns=now_ns, address=self.address, displaced_nl=self.displaced_nl, at_patient_nl=self.displaced_nl,
            stored_nl=0, leaked_nl=0, remaining_nl=0, motor_turning=self.drives, rate_nl_per_h=rate_nl_per_h,
            believed_rate_nl_per_h=rate_nl_per_h, pressure_mmhg=0, occluded=False, blocked="", powered=True,
            status="", alarm="", mode="", watchdog_left_ns=None, steps=0, step_nl=1,
        )  # fmt: skip

    def press(self, now_ns: int, key: str, *, rate_nl_per_h: int | None = None) -> bytes:
        self.on_wake(now_ns)
        self.drives = key == "start"
        assert rate_nl_per_h is None, "it has no key for a rate"
        return b""

    def reboot(self, now_ns: int, outage_ns: int) -> bytes:
        raise NotImplementedError

    def occlude(self, now_ns: int) -> bytes:
        raise NotImplementedError

    def release(self, now_ns: int) -> bytes:
        raise NotImplementedError

    def leak(self, now_ns: int, permille: int) -> bytes:
        raise NotImplementedError

    def load(self, now_ns: int, volume_nl: int | None = None) -> bytes:
        raise NotImplementedError

    def jam(self, now_ns: int, *, jammed: bool) -> bytes:
        raise NotImplementedError


class _Framing:
    def __init__(self) -> None:
        self._half = b""

    def receive(self, data: bytes, awaiting: WireRequest | None) -> tuple[Frame, ...]:  # noqa: ARG002  # no ids on this wire
        *whole, self._half = (self._half + data).split(END)
        return tuple(Reply(address=0, body=each) for each in whole)

    def quiet(self) -> None:
        self._half = b""

    def answers(self, request: WireRequest, reply: Reply) -> bool:
        return reply.address == request.address


class _Procedures:
    def identify(self) -> Procedure[Identified]:
        yield from self._say("I")
        return Identified(model="VOLUME", firmware="1", serial="1")

    def observe(self) -> Procedure[Report]:
        return (yield from self._say("L"))

    def prepare(self, remaining: Remaining) -> Procedure[Granted]:
        report = yield from self._say(f"P {remaining.rate_ul_per_h} {remaining.volume_nl}", changes=True)
        assert report.rate_ul_per_h is not None
        assert report.target_nl is not None
        return Granted(
            rate_ul_per_h=report.rate_ul_per_h, volume_nl=report.target_nl, lease_s=None, infused_nl=0, step_nl=STEP_NL
        )

    def start(self) -> Procedure[Report]:
        return (yield from self._say("G", changes=True))

    def change_rate(self, rate_ul_per_h: int) -> Procedure[Report]:
        return (yield from self._say(f"R {rate_ul_per_h}", changes=True))

    def extend(self, target_nl: int) -> Procedure[Report]:
        report = yield from self._say(f"T {target_nl}", changes=True)
        if report.target_nl is None or report.target_nl > target_nl:
            raise WireError(f"sent a target of {target_nl} nl, the pump reads back {report.target_nl} nl: stop it")
        return report

    def stop(self) -> Procedure[Report]:
        return (yield from self._say("X", changes=True))

    def acknowledge(self) -> Procedure[Report]:
        return (yield from self._say("L"))

    def _say(self, text: str, *, changes: bool = False) -> Procedure[Report]:
        reply = yield WireRequest(
            data=text.encode() + END, address=0, changes=changes, reply_limit_ms=LIMIT_MS, text=text
        )
        drive, rate, target, counter = reply.body.decode().split(",")
        return Report(
            drive=Drive.INFUSING if drive == "D" else Drive.STILL, rate_ul_per_h=int(rate), infused_nl=int(counter),
            step_nl=STEP_NL, alarm=None, target_nl=int(target),
        )  # fmt: skip


class _Driver:
    info: Final = INFO

    def framing(self) -> Framing:
        return _Framing()

    def pump(self, *, address: int, options: Mapping[str, str | int | bool]) -> PumpProcedures:
        assert address == 0, "one pump a wire"
        assert not options, options
        return _Procedures()


DRIVER: Final = _Driver()
