"""A recorded trace played to a driver: it has to ask the same bytes, and to understand the same of the answers.

The bus and the wire are the daemon's own, on a virtual loop; only the link is a reader of the trace. It answers with
the recorded bytes after the recorded delay, in the recorded pieces, and notes every request that is not the one that
was recorded. So a trace from real hardware becomes a test of a driver on a machine without that hardware.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pumpd.bus import Bus, Station
from pumpd.core.effects import ChangeRate, Identify, Observe, Prepare, PumpEffect, Start, Stop, When
from pumpd.core.events import BusEvent, CommandEnded, Done, LinkReported, PumpIdentified, PumpReported, PumpSilent
from pumpd.core.pump import Remaining
from pumpd.driver_api import Driver
from pumpd.link import Link
from pumpd.registry import load
from pumpd.testing.virtual import VirtualClock, run_virtual
from pumpd.traces import Row, Trace

CHECKOUT: Final = Path(__file__).parents[2]
US_PER_S: Final = 1_000_000
PAUSE_MOST_S: Final = 0.02  # at one answer: within every driver's reply limit
STEP_LIMIT_S: Final = 120.0


@dataclass(kw_only=True)
class Replayed:
    """What came of it: what was understood after each step, and where the driver asked otherwise."""

    understood: list[BusEvent] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)
    left: int = 0  # rows that nobody asked for


class ReplayLink:
    """The trace as a port."""

    def __init__(self, trace: Trace, told: Replayed) -> None:
        self.byte_s = 0.0
        self._rows = list(trace.rows)
        self._told = told
        self.left_at_close = 0
        self._asked_us = 0
        self._began_s = asyncio.get_running_loop().time()
        self._received = b""
        self._ring: Callable[[], None] = lambda: None

    def listen(self, ring: Callable[[], None]) -> None:
        self._ring = ring

    def write(self, data: bytes) -> None:
        wanted = b""
        while self._rows and self._rows[0].who == "host" and len(wanted) < len(data):
            row = self._rows.pop(0)
            wanted, self._asked_us = wanted + row.data, row.at_us
        if wanted != data:
            self._told.otherwise.append(f"recorded {wanted.hex(' ') or 'nothing'}, asked {data.hex(' ')}")
            return
        while self._rows and self._rows[0].who == "pump":
            self._answer(self._rows.pop(0))

    def _answer(self, row: Row) -> None:
        """As late as it was, and by as much later as the host paused: a driver may go by the time between two looks."""
        loop = asyncio.get_running_loop()
        delay_s = max(0, row.at_us - self._asked_us) / US_PER_S
        paused_s = self._began_s + row.at_us / US_PER_S - (loop.time() + delay_s)
        loop.call_later(delay_s + min(max(0.0, paused_s), PAUSE_MOST_S), self._put, row.data)

    def _put(self, data: bytes) -> None:
        self._received += data
        self._ring()

    def unsent(self) -> int:
        return 0

    def take(self) -> bytes:
        data, self._received = self._received, b""
        return data

    def close(self) -> None:
        self.left_at_close = len(self._rows)


def driver_of(plan: Mapping[str, Any]) -> Driver:
    """The driver of a plan, with the map that describes the pump to it, if it takes one."""
    named = plan.get("map")
    options = {} if named is None else {"map": (CHECKOUT / named).read_text(encoding="utf-8"), "map_file": named}
    return load(plan["driver"], options)


def effect_of(number: int, step: Mapping[str, Any]) -> PumpEffect:
    """A step as a test's file tells it: `{"do": "prepare", "rate_ul_per_h": 5000, ...}`."""
    match step["do"]:
        case "identify":
            return Identify(slot="p1")
        case "observe":
            return Observe(slot="p1")
        case "prepare":
            remaining = Remaining(**{key: value for key, value in step.items() if key != "do"})
            return Prepare(slot="p1", command_id=number, remaining=remaining)
        case "start":
            return Start(slot="p1", command_id=number)
        case "change_rate":
            rate = step["rate_ul_per_h"]
            return ChangeRate(slot="p1", command_id=number, rate_ul_per_h=rate, when=When.NOW)
        case "stop":
            return Stop(slot="p1", command_id=number)
        case other:
            raise AssertionError(f"no such step: {other}")


async def take_steps(
    link: Callable[[], Awaitable[Link]],
    driver: Driver,
    steps: Sequence[Mapping[str, Any]],
    *,
    address: int,
    now_ns: Callable[[], int],
) -> list[BusEvent]:
    """Each step through the daemon's own bus, one after the other; what came of each."""
    ended: asyncio.Queue[BusEvent] = asyncio.Queue()
    opened = asyncio.Event()

    def deliver(event: BusEvent) -> None:
        match event:
            case LinkReported():
                opened.set()
            case PumpIdentified() | PumpReported() | PumpSilent() | CommandEnded():
                ended.put_nowait(event)
            case _:
                pass

    station = Station(address=address, procedures=driver.pump(address=address, options={}), info=driver.info)
    bus = Bus(
        name="replay", open_link=link, framing=driver.framing(), pumps={"p1": station}, deliver=deliver,
        now_ns=now_ns, beat=lambda: None,
    )  # fmt: skip
    running = asyncio.create_task(bus.run())
    understood = []
    async with asyncio.timeout(STEP_LIMIT_S):
        await opened.wait()
        for number, step in enumerate(steps):
            bus.submit(effect_of(number, step))
            understood.append(await ended.get())
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return understood


def replay(trace: Trace, driver: Driver, steps: Sequence[Mapping[str, Any]], *, address: int) -> Replayed:
    async def play(clock: VirtualClock) -> Replayed:
        told = Replayed()
        link = ReplayLink(trace, told)

        async def opened() -> Link:
            return link

        told.understood = await take_steps(opened, driver, steps, address=address, now_ns=clock.now_ns)
        told.left = link.left_at_close
        return told

    return run_virtual(play)


def understood(event: BusEvent) -> dict[str, object]:
    """What a step's answer comes to, as a test's file keeps it."""
    match event:
        case PumpIdentified(identified=who):
            return {"model": who.model, "firmware": who.firmware, "serial": who.serial}
        case PumpReported(report=report) | CommandEnded(outcome=Done(report=report)) if report is not None:
            alarm = None if report.alarm is None else report.alarm.value
            return {
                "drive": report.drive.value, "rate_ul_per_h": report.rate_ul_per_h, "infused_nl": report.infused_nl,
                "alarm": alarm,
            }  # fmt: skip
        case CommandEnded(outcome=Done(granted=granted)) if granted is not None:
            return {
                "granted_ul_per_h": granted.rate_ul_per_h,
                "volume_nl": granted.volume_nl,
                "lease_s": granted.lease_s,
            }
        case _:
            return {"failed": type(event).__name__, "detail": str(event)}
