"""A small driver of somebody else's: one New Era pump in Basic mode, over pyserial, and a question to each answer.

It knows nothing of pumpd. It is here to show what a test of such a driver looks like, and to prove that it needs no
more than pyserial, pytest and the simulator.
"""

from __future__ import annotations

import contextlib
import re

import serial

RETRIES = 3
REPLY = re.compile(rb"\x02(\d\d)([IWSPTUX]|A\?[A-Z])(.*)\x03", re.DOTALL)


class PumpError(Exception):
    """The pump said no, or nothing."""


class SlowInfuser:
    """One pump. `port` is whatever pyserial opens: a device, or socket://HOST:PORT."""

    def __init__(self, port: str, baud: int = 19_200, reply_s: float = 1.0) -> None:
        self._line = serial.serial_for_url(port, baud, timeout=reply_s)

    def close(self) -> None:
        self._line.close()

    def ask(self, command: str) -> tuple[str, str]:
        """Status and data. A query may be asked again; a start never is, since it may have been heard."""
        self._line.reset_input_buffer()
        self._line.write(command.encode() + b"\r")
        reply = REPLY.fullmatch(self._line.read_until(b"\x03"))
        if reply is None:
            raise PumpError(f"no reply to {command}")
        return reply[2].decode(), reply[3].decode()

    def query(self, command: str) -> tuple[str, str]:
        for attempt in range(RETRIES):
            try:
                return self.ask(command)
            except PumpError:
                if attempt == RETRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def infuse(self, ml_per_h: int) -> None:
        """Set the rate, read it back, start, and look whether it runs."""
        self.query("")  # draws the alarm of the power-up, which is not carried out
        self.query(f"RAT{ml_per_h}MH")
        _, granted = self.query("RAT")
        if float(granted.removesuffix("MH")) != ml_per_h:
            raise PumpError(f"asked for {ml_per_h} mL/h, the pump holds {granted}")
        with contextlib.suppress(PumpError):  # heard or not: the status tells
            self.ask("RUN")
        if self.query("")[0] != "I":
            raise PumpError("the pump does not infuse")

    def stop(self) -> None:
        self.query("STP")

    def status(self) -> str:
        return self.query("")[0]
