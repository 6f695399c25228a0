"""How fast virtual time runs: the daemon's own code and the simulator, with faults, on one core."""

from __future__ import annotations

import time

from pumpd.testing.simulate import quiet
from pumpd.testing.story import Story, play
from tests.benchmarks.report import Figure

AIM = 1_000


def figures(*, quick: bool) -> list[Figure]:
    quiet()
    seeds = range(1, 2 if quick else 9)
    hours = 0.1 if quick else 0.67
    began_s, cpu_s = time.perf_counter(), time.process_time()
    outcomes = [play(Story(seed=seed, hours=hours)) for seed in seeds]
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
