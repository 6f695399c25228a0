"""The wire between two exchanges: how long it idles while pumpd thinks, against a client that does not think at all.

The pump is the simulator, in a process of its own, on a pty paced at 19,200 baud; its own record of the wire is the
stopwatch, for both clients alike, so its own lateness is in both figures. pumpd is its bus with the real driver
and link on an asyncio loop, asked to look again as soon as it has looked. The other is the least that a program can
do: write, block until the reply is whole, write the next, the same frames over and over. They take turns.
"""

from __future__ import annotations

import asyncio
import os
import time
import tty
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pumpd.bus import Bus, Station
from pumpd.clock import SystemClock
from pumpd.core.effects import Identify, Observe
from pumpd.core.events import BusEvent, PumpIdentified, PumpReported, PumpSilent
from pumpd.link import Link, open_link
from pumpd.registry import load
from pumpd.testing.processes import remove, short_folder
from pumpd.testing.simulate import quiet
from pumpd.testing.simulated_pump import Frame, SimulatedPump
from tests.benchmarks.report import Figure, ms, percentile

BAUD = 19_200
ROUNDS = 8
IDLE_AIM_S = 0.0005
NS_PER_S = 10**9


@dataclass(slots=True, kw_only=True)
class Taken:
    """What one client did, in all its rounds."""

    per_s: list[float] = field(default_factory=list)  # exchanges, one figure a round
    idle_s: list[float] = field(default_factory=list)

    def add(self, frames: Sequence[Frame]) -> None:
        sent = [frame for frame in frames if frame.event == "host_sends"]
        self.per_s.append((len(sent) - 1) * NS_PER_S / (sent[-1].at_ns - sent[0].at_ns))
        heard_ns: int | None = None
        for frame in frames:
            if frame.event == "host_hears":
                heard_ns = frame.at_ns
            elif frame.event == "host_sends" and heard_ns is not None:
                self.idle_s.append((frame.at_ns - heard_ns) / NS_PER_S)
                heard_ns = None


async def look_and_look_again(port: Path, seconds: float) -> None:
    """Pumpd's bus, saturated: the next look is asked for when the last has come in."""
    driver = load("new_era")
    clock = SystemClock()

    def deliver(request: BusEvent) -> None:
        if isinstance(request, PumpIdentified | PumpReported):
            bus.submit(Observe(slot="p1"))
        elif isinstance(request, PumpSilent):
            bus.submit(Identify(slot="p1"))

    async def opened() -> Link:
        return await open_link(str(port), BAUD)

    bus = Bus(
        name="bench",
        open_link=opened,
        framing=driver.framing(),
        pumps={"p1": Station(address=0, procedures=driver.pump(address=0, options={}), info=driver.info)},
        deliver=deliver,
        now_ns=clock.now_ns,
        beat=lambda: None,
    )
    bus.submit(Identify(slot="p1"))
    running = asyncio.create_task(bus.run())
    await asyncio.sleep(seconds)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def write_and_block(port: Path, frames: Sequence[bytes], seconds: float) -> None:
    """The least: these requests in turn, each after the whole reply to the one before."""
    line = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(line)
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            for frame in frames:
                os.write(line, frame)
                reply = os.read(line, 64)
                while len(reply) < 2 or len(reply) < reply[1] + 1:  # Safe mode: the second byte counts the rest
                    reply += os.read(line, 64)
    finally:
        os.close(line)


def of_a_look(frames: Sequence[Frame]) -> list[bytes]:
    """The three requests of one look, as pumpd has sent them."""
    last = {each.command: bytes.fromhex(each.hex) for each in frames if each.event == "host_sends"}
    return [last[command] for command in ("RAT", "VOL", "DIS")]


def figures(*, quick: bool) -> list[Figure]:
    seconds = 0.5 if quick else 1.0
    quiet()
    folder = short_folder()
    pump = SimulatedPump(folder, "p1", "--baud", str(BAUD))
    ours, least = Taken(), Taken()
    counted_ns = 0
    try:
        for _ in range(1 if quick else ROUNDS):
            asyncio.run(look_and_look_again(pump.link, seconds))
            frames = looks(pump.wire(), counted_ns)
            ours.add(frames)
            write_and_block(pump.link, of_a_look(frames), seconds)
            least.add(looks(pump.wire(), frames[-1].at_ns))
            counted_ns = pump.truth().at_ns
    finally:
        pump.end()
        remove(folder)
    p50, p99 = percentile(ours.idle_s, 50), percentile(ours.idle_s, 99)
    bare50, bare99 = percentile(least.idle_s, 50), percentile(least.idle_s, 99)
    ratios = [mine / theirs for mine, theirs in zip(ours.per_s, least.per_s, strict=True)]
    return [
        Figure(
            name="idle wire between exchanges",
            value=f"p50 {ms(p50)}, p99 {ms(p99)} of {len(ours.idle_s)}",
            aim="p50 0.5 ms",
            met=p50 <= IDLE_AIM_S,
            note=f"a blocking client on the same pty, whose figure holds the simulator's own lateness: "
            f"p50 {ms(bare50)}, p99 {ms(bare99)}",
        ),
        Figure(
            name="exchanges a second",
            value=f"{percentile(ours.per_s, 50):.1f}, ratio {percentile(ratios, 50):.3f}",
            note=f"the blocking client: {percentile(least.per_s, 50):.1f}, same requests; medians of "
            f"{len(ratios)} turns of each, ratios from {min(ratios):.3f} to {max(ratios):.3f}",
        ),
    ]


def looks(frames: Sequence[Frame], after_ns: int) -> Sequence[Frame]:
    """What came later than that, from the first look on: identifying waits out the quiet time that it needs."""
    later = [frame for frame in frames if frame.at_ns > after_ns]
    first = next(n for n, frame in enumerate(later) if frame.event == "host_sends" and frame.command == "RAT")
    return later[first:]
