"""The simulated pump as a program of its own, asked over its control port what really happened.

Its truth (what the plunger displaced) and its record of the wire are what pumpd is judged by; its faults are what
pumpd is tried with. Nothing here knows pumpd: the other end of the pty is whoever opens it.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pumpd_sim.device import Truth

from pumpd.testing.processes import Program, python

_FRAMES_LAST: Final = 100_000  # all that the simulator keeps
_HTTP_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Bytes at one end of the wire, in the simulator's time."""

    at_ns: int
    event: str  # host_sends, pump_hears, pump_says, host_hears
    hex: str
    text: str

    @property
    def payload(self) -> str:
        """Without length and checksum, if this is a frame of Safe mode."""
        return bytes.fromhex(self.hex)[2:-3].decode("ascii", "replace")

    @property
    def command(self) -> str:
        """What a host sent, behind the pump's address."""
        return self.payload.lstrip("0123456789")

    @property
    def address(self) -> int:
        """Whom a host sent it to."""
        return int(self.payload.removesuffix(self.command) or 0)


class SimulatedPump(Program):
    """`pumpd-sim serve` on a pty, one pump or a chain; ready when it has told its addresses."""

    def __init__(self, folder: Path, slot: str, *arguments: str, device: str = "new_era", mode: str = "safe") -> None:
        """`mode`: "" for a device that has none."""
        self.link = folder / f"pump-{slot}"
        command = python("-m", "pumpd_sim", "serve", "--device", device, *(("--mode", mode) if mode else ()))
        super().__init__(f"pump-{slot}", [*command, "--link", str(self.link), "--control", "0", *arguments], folder)
        ready = json.loads(self.ready(self._first_line, "its addresses"))
        self.control: str = ready["control"]
        self.pty: str = ready["pty"]
        self.tcp_port: int | None = ready.get("tcp_port")  # with --tcp

    def _first_line(self) -> str:
        lines = [line for line in self.said().splitlines(keepends=True) if line.startswith("{")]
        return lines[0] if lines and lines[0].endswith("\n") else ""

    def ask(self, what: str, told: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401  # JSON
        """GET, or POST of what is told. Raises urllib.error.HTTPError when the simulator refuses it."""
        body = None if told is None else json.dumps(told).encode()
        request = urllib.request.Request(f"{self.control}/{what}", body, {"Content-Type": "application/json"})  # noqa: S310  # loopback
        with urllib.request.urlopen(request, timeout=_HTTP_S) as answer:  # noqa: S310  # loopback
            return json.load(answer)

    def fault(self, fault: str, **how: object) -> None:
        """From now on, by the simulator's own names (`GET /faults` lists them)."""
        self.ask("faults", {"fault": fault, **how})

    def truth(self, address: int = 0) -> Truth:
        return Truth(**self.ask(f"truth?address={address}"))

    def wire(self) -> list[Frame]:
        """Every frame so far, in order."""
        return [Frame(**each) for each in self.ask(f"journal?last={_FRAMES_LAST}")]

    def heard(self, command: str) -> list[Frame]:
        """The frames with this command that reached the pump."""
        return [each for each in self.wire() if each.event == "pump_hears" and each.command.startswith(command)]
