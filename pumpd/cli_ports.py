"""`pumpd ports`: the serial ports of this machine, who holds each, and which pumps answer on them.

Asked is only what the configuration names, by its own drivers: each pump is identified, which moves nothing. Elsewhere
a question could disturb what is no pump at all, so other ports are asked only with `--probe`, and a port that any
process holds, a running daemon above all, never.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from pumpd import serial_ports, words_ports
from pumpd.bus import Bus, Station
from pumpd.clock import SystemClock
from pumpd.config import SOCKET_SCHEME, Config
from pumpd.config import Bus as Line
from pumpd.core.effects import Identify
from pumpd.core.events import BusEvent, LinkReported, LinkState, LinkWhy, PumpIdentified, PumpSilent
from pumpd.link import open_link
from pumpd.registry import load
from pumpd.serial_ports import SerialPort

ANSWER_WITHIN_S: Final = 5.0  # for all pumps of one line; an identification has a handful of exchanges

_NO_LOG: Final = 50  # above what a bus logs of its links: what the bus would log is printed as an answer


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="pumpd ports", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--config", type=Path, default=Path("/etc/pumpd/pumpd.toml"), metavar="FILE")
    parser.add_argument("--udev", action="store_true", help="print the udev rule for the adapters plugged in")
    parser.add_argument("--probe", action="store_true", help="ask on ports that the configuration does not name, too")
    chosen = parser.parse_args(argv)
    sys.stdout.write("\n".join((*show(chosen.config, udev=chosen.udev, probe=chosen.probe), "")))
    return 0


def show(config: Path, *, udev: bool, probe: bool, root: Path = Path("/")) -> Iterable[str]:
    """The lines to print. Raises ConfigError for a configuration that is there and cannot be read."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_NO_LOG))
    ports = serial_ports.listed(root)
    if udev:
        return [words_ports.udev_rule(ports)]
    lines = Config.load(config).buses if config.is_file() else ()
    named = {os.path.realpath(line.port): line for line in lines if not line.port.startswith(SOCKET_SCHEME)}
    shown: list[str] = []
    for port in (*ports, *_beyond(ports, named)):
        # a pty is open at its other end too, by whoever plays the pump: there only the lock tells
        held_by = () if _is_pty(port) else serial_ports.holders(port.device, root)
        line = named.get(os.path.realpath(port.device))
        to_ask = [line] if line is not None else list(lines) if probe else []
        found: list[str] = []
        for each in [] if held_by else to_ask:
            found += asyncio.run(who_answers(each, port.device))
        shown += words_ports.port_lines(port, held_by, found)
    for line in lines:
        if line.port.startswith(SOCKET_SCHEME):
            shown += [line.port, *(f"  {said}" for said in asyncio.run(who_answers(line, line.port)))]
    return shown or [words_ports.no_ports()]


def _is_pty(port: SerialPort) -> bool:
    return os.path.realpath(port.device).startswith("/dev/pts/")


def _beyond(ports: Sequence[SerialPort], named: dict[str, Line]) -> list[SerialPort]:
    """Ports that the configuration names and the kernel does not list as hardware, such as a simulator's."""
    known = {os.path.realpath(port.device) for port in ports}
    return [SerialPort(device=line.port) for real, line in named.items() if real not in known]


async def who_answers(line: Line, port: str) -> list[str]:
    """Each pump of the line, identified on this port, as text."""
    loop = asyncio.get_running_loop()
    told: dict[str, str] = {}
    done = asyncio.Event()
    drivers = {str(pump.slot): load(pump.driver, pump.driver_options()) for pump in line.pumps}

    def deliver(event: BusEvent) -> None:
        match event:
            case LinkReported(slot=slot, why=LinkWhy.OPENED):
                loop.call_soon(lambda: bus.submit(Identify(slot=slot)))
            case PumpIdentified(slot=slot, identified=who):
                told[slot] = words_ports.identified(who)
            case LinkReported(slot=slot, link=LinkState.DOWN, detail=detail) | PumpSilent(slot=slot, detail=detail):
                told.setdefault(slot, detail)
            case _:
                return
        if len(told) == len(drivers):
            done.set()

    bus = Bus(
        name=line.name,
        open_link=lambda: open_link(port, line.baud, line.format),
        framing=drivers[str(line.pumps[0].slot)].framing(),
        pumps={
            str(pump.slot): Station(
                address=pump.address,
                procedures=drivers[pump.slot].pump(address=pump.address, options=pump.driver_options()),
                info=drivers[pump.slot].info,
            )
            for pump in line.pumps
        },
        deliver=deliver,
        now_ns=SystemClock().now_ns,
        beat=lambda: None,
    )
    running = asyncio.create_task(bus.run())
    with suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return [words_ports.answer(pump.slot, pump.driver, pump.address, told.get(pump.slot)) for pump in line.pumps]
