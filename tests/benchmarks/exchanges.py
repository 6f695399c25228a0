"""Exchanges a second of every driver, beside the client that other people wrote for the same pump, in the same run.

Each pump is its look-alike, in a process of its own, on a pty paced at the pump's own baud; its record of the wire is
the stopwatch for all. pumpd is its bus with the real driver and link, asked to look again as soon as it has looked.
The other is nesp-lib for a New Era and pymodbus's client for the pumps on Modbus, asked for the same values one after
the other; for Alaris and Harvard nobody has published one that could be installed. They take turns, and the ratio is
within a turn.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from pymodbus.client import ModbusSerialClient

from pumpd.bus import Bus, Station
from pumpd.clock import SystemClock
from pumpd.core.effects import Identify, Observe
from pumpd.core.events import BusEvent, PumpIdentified, PumpReported, PumpSilent
from pumpd.link import open_link
from pumpd.testing.pairs import PAIRS, Pair
from pumpd.testing.processes import remove, short_folder
from pumpd.testing.simulate import quiet
from pumpd.testing.simulated_pump import Frame, SimulatedPump
from tests.benchmarks.report import Figure

ROUNDS: Final = 5
NS_PER_S: Final = 10**9
SETTLING: Final = 0.3  # of a turn: opening, identifying, the quiet that both need
NESP_LIB: Final = """
import sys, time
import nesp_lib
pump = nesp_lib.Pump(nesp_lib.Port(sys.argv[1], 19200), safe_mode_timeout_s=5)
end_s = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end_s:
    pump.pumping_rate_ml_per_min, pump.pumping_volume_ml, pump.volume_infused_ml
"""
Other = Callable[[Path, Sequence[Frame], float], None]


def look_and_look_again(pair: Pair, port: Path, baud: int, seconds: float) -> None:
    """Pumpd's bus, saturated."""
    driver, clock = pair.loaded(), SystemClock()

    def deliver(event: BusEvent) -> None:
        if isinstance(event, PumpIdentified | PumpReported):
            bus.submit(Observe(slot="p1"))
        elif isinstance(event, PumpSilent):
            bus.submit(Identify(slot="p1"))

    station = Station(
        address=pair.address, procedures=driver.pump(address=pair.address, options={}), info=driver.info
    )  # fmt: skip
    bus = Bus(
        name="bench", open_link=lambda: open_link(str(port), baud), framing=driver.framing(), pumps={"p1": station},
        deliver=deliver, now_ns=clock.now_ns, beat=lambda: None,
    )  # fmt: skip

    async def main() -> None:
        bus.submit(Identify(slot="p1"))
        running = asyncio.create_task(bus.run())
        await asyncio.sleep(seconds)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())


def nesp_lib(port: Path, _ours: Sequence[Frame], seconds: float) -> None:
    """It blocks without a limit, so it runs in a process that can be ended."""
    subprocess.run([sys.executable, "-c", NESP_LIB, str(port), str(seconds)], check=True, timeout=seconds + 30)


def pymodbus(port: Path, ours: Sequence[Frame], seconds: float) -> None:
    """The very questions of a look, as they stood on the wire."""
    asked = dict.fromkeys(bytes.fromhex(frame.hex) for frame in ours if frame.event == "host_sends")
    client = ModbusSerialClient(str(port), baudrate=19_200, parity="N", retries=0, timeout=2)
    assert client.connect()
    read = {1: client.read_coils, 3: client.read_holding_registers}
    questions = [
        (read[frame[1]], int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big"), frame[0])
        for frame in asked
        if frame[1] in read
    ]
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        for ask, address, count, unit in questions:
            answer = ask(address, count=count, device_id=unit)
            assert not answer.isError(), answer
    client.close()  # type: ignore[no-untyped-call]  # pymodbus leaves it bare


OTHERS: Final[dict[str, tuple[str, Other]]] = {
    "new_era": ("nesp-lib", nesp_lib),
    "isco": ("pymodbus", pymodbus),
    "dulcoflex": ("pymodbus", pymodbus),
    "generic_modbus": ("pymodbus", pymodbus),
}


def per_second(frames: Sequence[Frame]) -> tuple[float, Sequence[Frame]]:
    """Exchanges a second once a turn has settled, and what was on the wire then."""
    begun_ns = frames[0].at_ns + int((frames[-1].at_ns - frames[0].at_ns) * SETTLING)
    settled = [frame for frame in frames if frame.at_ns >= begun_ns]
    sent = [frame.at_ns for frame in settled if frame.event == "host_sends"]
    return (len(sent) - 1) * NS_PER_S / (sent[-1] - sent[0]), settled


def figures(*, quick: bool) -> list[Figure]:
    seconds, rounds = (0.4, 1) if quick else (2.0, ROUNDS)
    quiet()
    folder = short_folder()
    pumps: dict[str, SimulatedPump] = {}
    try:
        for name, pair in PAIRS.items():
            mode = "safe" if name == "new_era" else pair.mode
            pumps[name] = SimulatedPump(
                folder, name, "--address", str(pair.address), device=pair.device, mode=mode
            )  # fmt: skip
        return [_figure(PAIRS[name], pump, seconds, rounds) for name, pump in pumps.items()]
    finally:
        for pump in pumps.values():
            pump.end()
        remove(folder)


def _figure(pair: Pair, pump: SimulatedPump, seconds: float, rounds: int) -> Figure:
    ours: list[float] = []
    theirs: list[float] = []
    counted = 0
    for _ in range(rounds):
        look_and_look_again(pair, pump.link, pair.kind.bauds[0], seconds)
        frames = pump.wire()[counted:]
        counted += len(frames)
        rate, settled = per_second(frames)
        ours.append(rate)
        if pair.driver in OTHERS:
            OTHERS[pair.driver][1](pump.link, settled, seconds)
            frames = pump.wire()[counted:]
            counted += len(frames)
            theirs.append(per_second(frames)[0])
    value, note = f"{median(ours):.1f}", "no client of other people's can be installed for this pump"
    if theirs:
        value += f", ratio {median(one / other for one, other in zip(ours, theirs, strict=True)):.3f}"
        note = f"{OTHERS[pair.driver][0]}: {median(theirs):.1f}, the same values; medians of {rounds} turns of each"
    return Figure(name=f"exchanges a second, {pair.driver}", value=value, note=note)
