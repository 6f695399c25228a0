"""How fast virtual time runs: the daemon's own code and the simulator, with faults, on one core."""

from __future__ import annotations

import time

from pumpd.testing.simulate import quiet
from pumpd.testing.story import Outcome, Story, play
from tests.benchmarks.report import Figure

AIM = 1_000


def figures(*, quick: bool) -> list[Figure]:
    quiet()
    limit_s, hours = (1.0, 0.05) if quick else (12.0, 0.67)
    outcomes: list[Outcome] = []
    began_s, cpu_s = time.perf_counter(), time.process_time()
    while not outcomes or time.perf_counter() - began_s < limit_s:
        outcomes.append(play(Story(seed=len(outcomes) + 1, hours=hours)))
    took_s, burnt_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    virtual_s = sum(outcome.virtual_s for outcome in outcomes)
    speed = virtual_s / took_s
    return [
        Figure(
            name="virtual seconds a second",
            value=f"{speed:.0f} ({virtual_s / burnt_s:.0f} a second of processor)",
            aim=f"{AIM}",
            met=speed >= AIM,
            note=f"one process, {len(outcomes)} seeds of {hours * 60:.0f} min, "
            f"{sum(outcome.faults for outcome in outcomes)} faults",
        )
    ]
