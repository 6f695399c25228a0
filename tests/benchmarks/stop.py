"""STOP: from the call at the daemon's socket to the last byte of the stop frame on the wire.

The hardest moment that a bed can have: four pumps on one wire at 19,200 baud, three of them infusing and looked at
without a pause, ten screens following, two browsers fetching page after page. The daemon is the real one but for one
constant: it looks again at once instead of twice a second, since four pumps alone do not fill the wire.

The exchange in flight at the call and the stop's own bytes are physics, and are taken off. The wire's times
are the simulator's; its clock is the machine's monotonic one with an origin of its own, found to half a round trip.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path

from pumpd import api_socket
from pumpd.testing.real_bed import LONG, RealBed
from pumpd.testing.simulated_pump import Frame, SimulatedPump
from tests.benchmarks.report import Figure, ms, percentile

AIM_S = 0.020
BITS_PER_BYTE = 10
BAUD = 19_200
NS_PER_S = 10**9
ROUND_TRIPS = 60
FLOOD = """
from pumpd.core import watch
watch.LOOK_MOVING_NS = watch.LOOK_RESTING_NS = 0
"""
LOAD = Path(__file__).with_name("load.py")


def origin_ns(pump: SimulatedPump) -> tuple[int, int]:
    """The simulator's zero on the monotonic clock, and how far off that may be."""
    best: tuple[int, int] = (10**12, 0)
    for _ in range(ROUND_TRIPS):
        before = time.monotonic_ns()
        at_ns = pump.truth().at_ns
        after = time.monotonic_ns()
        best = min(best, (after - before, (before + after) // 2 - at_ns))
    return best[1], best[0] // 2


def in_flight_ns(frames: Sequence[Frame], at_ns: int) -> int:
    """How long the exchange that was on the wire at that moment still took."""
    since_ns: int | None = None
    for frame in frames:
        if frame.event == "host_sends" and frame.at_ns <= at_ns:
            since_ns = frame.at_ns
        elif frame.event == "host_hears" and since_ns is not None and frame.at_ns > since_ns:
            if frame.at_ns > at_ns:
                return frame.at_ns - at_ns
            since_ns = None
        if frame.at_ns > at_ns and since_ns is None:
            return 0
    return 0


def busy_share(frames: Sequence[Frame], from_ns: int, to_ns: int) -> float:
    """The share of the time in which bytes were on the wire."""
    ends = [each for each in frames if each.event in ("host_sends", "host_hears") and from_ns <= each.at_ns < to_ns]
    carried = sum(len(bytes.fromhex(each.hex)) for each in ends)
    return carried * BITS_PER_BYTE * NS_PER_S / BAUD / (to_ns - from_ns)


def press(bed: RealBed, count: int) -> tuple[list[int], list[float]]:
    """When each call began, and how late the machine woke us before it, in seconds: nobody's fault but its own.

    Between two calls the pump has long confirmed the first.
    """
    chance = random.Random(19_200)
    called, late_s = [], []
    for _ in range(count):
        wanted_s = 0.2 + 0.05 * chance.random()
        since_s = time.monotonic()
        time.sleep(wanted_s)
        late_s.append(time.monotonic() - since_s - wanted_s)
        called.append(time.monotonic_ns())
        api_socket.call(bed.socket, "POST", "/v1/pumps/p1/stop")
    time.sleep(0.2)
    return called, late_s


def figures(*, quick: bool) -> list[Figure]:
    with RealBed() as bed:
        chain = bed.begin_chain(4)
        bed.begin_daemon(prelude=FLOOD)
        bed.begin_console()
        for slot in ("p1", "p2", "p3", "p4"):
            bed.infuse(LONG, slot)
        crowd = bed.begin("crowd", str(LOAD), f"{bed.url}/", str(bed.socket))
        crowd.ready(lambda: "following" in crowd.said(), "every screen follows")
        zero_ns, off_ns = origin_ns(chain)
        pressed, late_s = press(bed, 5 if quick else 100)
        called = [at_ns - zero_ns for at_ns in pressed]
        frames = chain.wire()
    stops = [each for each in chain_stops(frames) if each.at_ns >= called[0]]
    whole, beyond = [], []
    for at_ns in called:
        stop = next(each for each in stops if each.at_ns >= at_ns)
        whole.append((stop.at_ns - at_ns) / NS_PER_S)
        beyond.append((stop.at_ns - at_ns - own_ns(stop) - in_flight_ns(frames, at_ns)) / NS_PER_S)
    p50, p99 = percentile(beyond, 50), percentile(beyond, 99)
    return [
        Figure(
            name="STOP, call to last byte, beyond",
            value=f"p50 {ms(p50)}, p99 {ms(p99)} of {len(beyond)}",
            aim="p99 20 ms",
            met=p99 <= AIM_S,
            note=f"the exchange in flight and its own frame; with them p50 {ms(percentile(whole, 50))}, "
            f"p99 {ms(percentile(whole, 99))}; wire busy {busy_share(frames, called[0], called[-1]):.0%}, "
            f"clocks known to {ms(off_ns / NS_PER_S)}; the machine woke a sleeper late by p50 "
            f"{ms(percentile(late_s, 50))}, p99 {ms(percentile(late_s, 99))}",
        )
    ]


def chain_stops(frames: Sequence[Frame]) -> list[Frame]:
    """Every stop frame for the first pump that was heard whole."""
    return [each for each in frames if each.event == "pump_hears" and each.command == "STP" and each.address == 0]


def own_ns(stop: Frame) -> int:
    """How long the frame itself takes on the wire."""
    return len(bytes.fromhex(stop.hex)) * BITS_PER_BYTE * NS_PER_S // BAUD
