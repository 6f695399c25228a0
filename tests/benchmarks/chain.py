"""Many pumps on one bus: what a look at one costs, when 1, 4 or 16 share the wire.

A chain of simulated pumps on one pty, paced at 19,200 baud, in a process of its own; pumpd is its bus with the real
driver and link, asked to look at each pump again as soon as it has looked. The wire does one exchange at a time, so a
look has to take as long on a full bus as on an empty one: what grows with the number of pumps is pumpd's own doing. The
three take turns within one run, and their figures are ratios, because the machine is shared.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from pumpd.bus import Bus, Station
from pumpd.clock import SystemClock
from pumpd.core.effects import Identify, Observe
from pumpd.core.events import BusEvent, LinkReported, LinkWhy, PumpIdentified, PumpReported
from pumpd.link import open_link
from pumpd.registry import load
from pumpd.testing.processes import remove, short_folder
from pumpd.testing.simulate import quiet
from pumpd.testing.simulated_pump import SimulatedPump
from tests.benchmarks.report import Figure, ms

COUNTS = (1, 4, 16)
ROUNDS = 5
BAUD = 19_200
WITHIN = 0.20
IDENTIFIED_WITHIN_S = 30.0


async def looks(port: Path, pumps: int, seconds: float) -> tuple[float, float]:
    """Seconds of the clock and of the processor for one look, on a saturated bus with so many pumps."""
    driver, clock, loop = load("new_era"), SystemClock(), asyncio.get_running_loop()
    named: set[str] = set()
    seen = 0
    all_named = asyncio.Event()

    def deliver(event: BusEvent) -> None:
        nonlocal seen
        match event:
            case LinkReported(slot=slot, why=LinkWhy.OPENED):
                loop.call_soon(bus.submit, Identify(slot=slot))
            case PumpIdentified(slot=slot) | PumpReported(slot=slot):
                named.add(slot)
                seen += isinstance(event, PumpReported)
                if len(named) == pumps:
                    all_named.set()
                loop.call_soon(bus.submit, Observe(slot=slot))
            case _:
                pass

    stations = {
        f"p{n + 1}": Station(address=n, procedures=driver.pump(address=n, options={}), info=driver.info)
        for n in range(pumps)
    }
    bus = Bus(
        name="bench", open_link=lambda: open_link(str(port), BAUD), framing=driver.framing(), pumps=stations,
        deliver=deliver, now_ns=clock.now_ns, beat=lambda: None,
    )  # fmt: skip
    running = asyncio.create_task(bus.run())
    async with asyncio.timeout(IDENTIFIED_WITHIN_S):
        await all_named.wait()
    before, began_s, cpu_s = seen, time.monotonic(), time.process_time()
    await asyncio.sleep(seconds)
    count, took_s, burnt_s = seen - before, time.monotonic() - began_s, time.process_time() - cpu_s
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return took_s / count, burnt_s / count


def figures(*, quick: bool) -> list[Figure]:
    seconds, rounds = (1.0, 1) if quick else (2.0, ROUNDS)
    quiet()
    folder = short_folder()
    addresses = [str(address) for address in range(max(COUNTS))]
    chain = SimulatedPump(folder, "p1", "--baud", str(BAUD), "--address", *addresses)
    wall: dict[int, list[float]] = {count: [] for count in COUNTS}
    processor: dict[int, list[float]] = {count: [] for count in COUNTS}
    try:
        for _ in range(rounds):
            for count in COUNTS:
                a_look_s, burnt_s = asyncio.run(looks(chain.link, count, seconds))
                wall[count].append(a_look_s)
                processor[count].append(burnt_s)
    finally:
        chain.end()
        remove(folder)
    return [
        _figure("a look with 1, 4, 16 on a bus", wall, "of the clock, three exchanges each"),
        _figure("processor for a look, 1, 4, 16", processor, "of one core, in pumpd alone"),
    ]


def _figure(name: str, taken: dict[int, list[float]], note: str) -> Figure:
    ratios = {n: median(b / a for a, b in zip(taken[1], taken[n], strict=True)) for n in COUNTS}
    return Figure(
        name=name,
        value=", ".join(ms(median(taken[n])) for n in COUNTS) + _ratios(list(ratios.values())),
        aim="ratio within 20 %",
        met=all(abs(ratio - 1) <= WITHIN for ratio in ratios.values()),
        note=f"{note}; medians of {len(taken[1])} turns of each, ratios within one turn",
    )


def _ratios(ratios: Sequence[float]) -> str:
    return " (ratio " + ", ".join(f"{ratio:.2f}" for ratio in ratios[1:]) + ")"
