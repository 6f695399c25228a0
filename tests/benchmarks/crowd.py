"""STOP beyond the wire while a crowd is at the console: 50 pages that follow the bed, and 200 requests a second.

The console is a process of its own, so that its crowd costs a stop nothing but the machine's attention. So the same
figure is taken idle and crowded, in turns and in the same run: what is compared ran under the same load of everything
else. Pressed is at the daemon's own socket, as `pumpd stop` and the console do; one pump infuses, looked at as usual.

The crowd is the last to be blamed: how many requests it really made stands beside the figure.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from pumpd.testing.processes import Program
from pumpd.testing.real_bed import LONG, RealBed
from tests.benchmarks.report import Figure, ms, percentile
from tests.benchmarks.stop import chain_stops, in_flight_ns, origin_ns, own_ns, press

FOLLOWING: Final = 50
PER_S: Final = 200
TIMES: Final = 2  # as long as idle, at most
ROUNDS: Final = 2
LOAD: Final = Path(__file__).with_name("load.py")


def crowd(bed: RealBed) -> Program:
    """Its members follow and ask from now on."""
    arguments = ("--following", str(FOLLOWING), "--reading", "0", "--per-s", str(PER_S))
    found = bed.begin("crowd", str(LOAD), f"{bed.url}/", str(bed.socket), *arguments)
    found.ready(lambda: "following" in found.said(), "every page follows")
    return found


def made_per_s(found: Program, since_s: float) -> float:
    """How many requests a second were answered, by the crowd's own count."""
    lines = [line for line in found.said().splitlines() if line.isdecimal()]
    return int(lines[-1]) / (time.monotonic() - since_s) if lines else 0.0


def figures(*, quick: bool) -> list[Figure]:
    presses = 3 if quick else 50
    called: dict[bool, list[int]] = {False: [], True: []}
    made = []
    with RealBed() as bed:
        pump = bed.begin_pump()
        bed.begin_daemon()
        bed.begin_console()
        bed.infuse(LONG)
        zero_ns, _ = origin_ns(pump)
        for _ in range(1 if quick else ROUNDS):
            called[False] += press(bed, presses)[0]
            found, since_s = crowd(bed), time.monotonic()
            called[True] += press(bed, presses)[0]
            made.append(made_per_s(found, since_s))
            found.end()
        frames = pump.wire()
    stops = chain_stops(frames)
    beyond: dict[bool, list[float]] = {False: [], True: []}
    for crowded, moments in called.items():
        for at_ns in (moment - zero_ns for moment in moments):
            stop = next(each for each in stops if each.at_ns >= at_ns)
            beyond[crowded].append((stop.at_ns - at_ns - own_ns(stop) - in_flight_ns(frames, at_ns)) / 1e9)
    (idle50, idle99), (full50, full99) = (
        (percentile(beyond[crowded], 50), percentile(beyond[crowded], 99)) for crowded in (False, True)
    )
    return [
        Figure(
            name="STOP beside a crowd, p99",
            value=f"{ms(full99)}, idle {ms(idle99)}, ratio {full99 / idle99:.2f}",
            aim=f"ratio {TIMES}",
            met=full99 <= TIMES * idle99,
            note=f"p50 {ms(full50)}, idle {ms(idle50)}, ratio {full50 / idle50:.2f}; {len(beyond[True])} each; "
            f"{FOLLOWING} pages followed and {min(made):.0f} of {PER_S} requests a second were answered",
        )
    ]
