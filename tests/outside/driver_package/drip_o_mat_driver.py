"""A driver of a pump that does not exist, as another package would bring it: one file, one entry point, no I/O.

The Drip-o-mat obeys three lines of text: `GO 20` infuses 20 mL/h, `HALT` stops, `SAY` tells `RUN` or `IDLE` and what
it has counted in microlitres, for example `RUN 125 UL`. It answers `OK`, or `WHAT` to what it does not know, and says
`ALARM` with a reason by itself when its motor cannot turn.

What its makers left out shapes its facts. It has no watchdog (`NoLease`: no high-alert drug), no volume target (pumpd
stops it), and takes its rate with the start: nothing can be read back before. So `prepare` grants what the line can
carry, and whoever copies this for a better pump returns there what the pump read back, and raises when that is more
than was asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pumpd.driver_api import (
    AlarmFrame,
    ConfigError,
    Detectable,
    Drive,
    Driver,
    DriverInfo,
    Frame,
    Framing,
    Garbled,
    Granted,
    Identified,
    IdentityKind,
    NoLease,
    Procedure,
    PumpAlarm,
    PumpProcedures,
    PumpRefused,
    Remaining,
    Reply,
    Report,
    WireError,
    WireRequest,
)

LINE_MAX: Final = 64
UL_PER_ML: Final = 1_000
NL_PER_UL: Final = 1_000
SAID: Final = re.compile(r"(RUN|IDLE) ([0-9]{1,9}) UL", re.ASCII)
DONE: Final = re.compile(r"OK|WHAT", re.ASCII)

INFO: Final = DriverInfo(
    name="drip_o_mat",
    title="Drip-o-mat, a pump that does not exist",
    lease=NoLease(),
    identity=IdentityKind.MODEL,
    detects=(Detectable.OCCLUSION_BY_STALL,),
    rate_digits=4,
    rate_step_ul_per_h=UL_PER_ML,
    piston_um_per_h_min=0,
    piston_um_per_h_max=0,
    rate_ul_per_h_min=UL_PER_ML,
    rate_ul_per_h_max=9_999 * UL_PER_ML,
    accuracy_ppm=50_000,
    motor_step_um_ppm=1_000_000,
    changes_rate_while_running=True,
    unsolicited_alarms=True,
    quiet_ms=50,
    preempt_after_ms=200,
    worst_observe_ms=200,
    verified_on_hardware=False,
)


class DripFraming:
    """Lines; at most one unfinished one is kept."""

    def __init__(self) -> None:
        self._held = b""

    def receive(self, data: bytes, _awaiting: WireRequest | None) -> tuple[Frame, ...]:
        *whole, self._held = (self._held + data).split(b"\n")
        frames = [_frame(line) for line in whole if line]
        if len(self._held) > LINE_MAX:
            frames.append(Garbled(data=self._held[:LINE_MAX], why="longer than any line"))
            self._held = b""
        return tuple(frames)

    def quiet(self) -> None:
        self._held = b""

    def answers(self, request: WireRequest, reply: Reply) -> bool:
        form = SAID if request.expects == "said" else DONE
        return form.fullmatch(reply.body.decode("latin-1")) is not None


def _frame(line: bytes) -> Frame:
    text = line.decode("latin-1")
    if text.startswith("ALARM "):
        alarm = PumpAlarm.STALL if text == "ALARM stalled" else PumpAlarm.OTHER
        return AlarmFrame(address=0, alarm=alarm)
    if SAID.fullmatch(text) or DONE.fullmatch(text):
        return Reply(address=0, body=line)
    return Garbled(data=line[:LINE_MAX], why="no line of the manual")


class DripPump:
    """The procedures of one pump."""

    def __init__(self) -> None:
        self._rate_ul_per_h: int | None = None  # what was prepared or changed to
        self._base_ul: int | None = None  # its counter at the last prepare: it has no command to clear it

    def identify(self) -> Procedure[Identified]:
        yield from self._say()
        return Identified(model="Drip-o-mat", firmware="none told", serial=None)

    def observe(self) -> Procedure[Report]:
        drive, counted_ul = yield from self._say()
        base_ul = self._base_ul
        return Report(
            drive=drive,
            rate_ul_per_h=None,  # never told
            infused_nl=None if base_ul is None else (counted_ul - base_ul) * NL_PER_UL,
            step_nl=NL_PER_UL,
            alarm=None,
        )

    def prepare(self, remaining: Remaining) -> Procedure[Granted]:
        ml_per_h = remaining.rate_ul_per_h // UL_PER_ML
        if not 1 <= ml_per_h <= 9_999:
            raise PumpRefused(f"{remaining.rate_ul_per_h} µL/h: this pump gives 1 to 9999 mL/h")
        drive, counted_ul = yield from self._say()
        if drive is not Drive.STILL:
            raise PumpRefused("the pump runs: stop it and prepare again")
        self._rate_ul_per_h, self._base_ul = ml_per_h * UL_PER_ML, counted_ul
        return Granted(
            rate_ul_per_h=self._rate_ul_per_h,
            volume_nl=remaining.volume_nl,
            lease_s=None,
            infused_nl=0,
            step_nl=NL_PER_UL,
        )

    def start(self) -> Procedure[Report]:
        if self._rate_ul_per_h is None:
            raise PumpRefused("nothing was prepared: prepare, then start")
        yield from self._order(f"GO {self._rate_ul_per_h // UL_PER_ML}")
        return (yield from self.observe())

    def change_rate(self, rate_ul_per_h: int) -> Procedure[Report]:
        ml_per_h = rate_ul_per_h // UL_PER_ML
        if not 1 <= ml_per_h <= 9_999:
            raise PumpRefused(f"{rate_ul_per_h} µL/h: this pump gives 1 to 9999 mL/h")
        report = yield from self.observe()
        if report.drive is not Drive.INFUSING:
            return report  # GO would start it
        yield from self._order(f"GO {ml_per_h}")
        return (yield from self.observe())

    def stop(self) -> Procedure[Report]:
        yield from self._order("HALT")
        report = yield from self.observe()
        if report.drive is not Drive.STILL:
            raise WireError("sent 'HALT' and the pump still runs: send it again, or stop it at the pump")
        return report

    def acknowledge(self) -> Procedure[Report]:
        return (yield from self.observe())

    def _say(self) -> Procedure[tuple[Drive, int]]:
        reply = yield _request("SAY", expects="said", changes=False)
        found = SAID.fullmatch(reply.body.decode("latin-1"))
        if found is None:
            raise WireError(f"sent 'SAY', the pump answered {reply.body!r}")
        return (Drive.INFUSING if found[1] == "RUN" else Drive.STILL), int(found[2])

    def _order(self, line: str) -> Procedure[None]:
        reply = yield _request(line, expects="done", changes=True)
        if reply.body != b"OK":
            raise PumpRefused(f"sent {line!r}, the pump answered {reply.body!r}")


def _request(line: str, *, expects: str, changes: bool) -> WireRequest:
    return WireRequest(
        data=line.encode() + b"\n", address=0, changes=changes, reply_limit_ms=200, expects=expects, text=line
    )


class DripDriver:
    @property
    def info(self) -> DriverInfo:
        return INFO

    def framing(self) -> Framing:
        return DripFraming()

    def pump(self, *, address: int, options: Mapping[str, str | int | bool]) -> PumpProcedures:
        if options or address:
            raise ConfigError("a Drip-o-mat has no address and no options: take them out")
        return DripPump()


DRIVER: Final[Driver] = DripDriver()
