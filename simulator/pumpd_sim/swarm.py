"""Faults by lot: each seed has its own climate instead of a little of everything.

All chance comes from the `random.Random` handed in. What is drawn here keeps within what a driver can be held to:
delays stay within the reply limit, and flips within the promise of the protocol's checksum. The other faults of
`fault_table` are for tests that mean one of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from pumpd_sim.faults import Fault, FaultKind, Injection


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRates:
    """How often each wire fault hits a frame, in parts per million; every field is a kind's name."""

    drop_ppm: int = 0
    flip_ppm: int = 0
    delay_ppm: int = 0
    duplicate_ppm: int = 0
    split_ppm: int = 0
    lose_ack_ppm: int = 0

    @staticmethod
    def drawn(rng: random.Random) -> WireRates:
        """Each kind takes part or not, and then often or seldom."""
        rates = [rng.choice((0, 0, 500, 2_000, 10_000, 30_000)) for _ in range(6)]
        drop, flip, delay, duplicate, split, lose_ack = rates
        return WireRates(
            drop_ppm=drop,
            flip_ppm=flip,
            delay_ppm=delay,
            duplicate_ppm=duplicate,
            split_ppm=split,
            lose_ack_ppm=lose_ack,
        )


def swarm_schedule(rng: random.Random, *, horizon_ns: int, addresses: tuple[int, ...] = (0,)) -> tuple[Injection, ...]:
    """Faults at times drawn by lot up to the horizon: none to two of each kind that takes part."""
    schedule: list[Injection] = []
    for kind, least_ms, most_ms in (
        (FaultKind.MUTE, 200, 30_000),
        (FaultKind.REBOOT, 100, 5_000),
        (FaultKind.OCCLUSION, 1_000, 900_000),
        (FaultKind.STALL, 1_000, 300_000),
        (FaultKind.LEAK, 1, 2),
        (FaultKind.OTHER_USER_AT_KEYPAD, 1, 2),
    ):
        for _ in range(rng.choice((0, 0, 1, 2))):
            key = rng.choice(("stop", "start", "clear", "rate"))
            address = rng.choice(addresses)
            fault = Fault(
                kind=kind,
                address=None if kind is FaultKind.MUTE else address,  # the whole line falls silent
                for_ms=rng.randrange(least_ms, most_ms),
                permille=rng.choice((0, 10, 500, 1_000)),
                key=key,
                rate_nl_per_h=rng.choice((100_000, 5_000_000, 60_000_000)) if key == "rate" else None,
            )
            schedule.append(Injection(at_ns=rng.randrange(max(1, horizon_ns)), fault=fault))
    return tuple(sorted(schedule, key=lambda injection: injection.at_ns))
