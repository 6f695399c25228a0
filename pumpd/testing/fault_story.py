"""The faults of a story with one driver and its look-alike: drawn from what this very device can have.

Which faults there are, who can observe each, and which a device can have stands in the simulator (`fault_table`,
`pump_faults`); nothing is listed here again but how long each lasts. Three kinds of day are made of them:

- a lot: some kinds take part, at any time, as on a wire and a pump that have a bad day;
- every fault that the device can have, once each, one after the other in an order by lot, so that a driver has met
  each of them (`./run test` counts that it has);
- only those that nobody can observe: then nothing may be claimed, and the checkers know of no excuse for an alarm.

What does not end by itself is ended some time later, as a nurse or a technician would: a syringe is replaced, a line is
opened, a clock goes right again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Final

from pumpd_sim.device import Device
from pumpd_sim.fault_table import ANY_DRIVER, FAULTS
from pumpd_sim.faults import NS_PER_MS, Direction, Fault, FaultKind, Injection
from pumpd_sim.pump_faults import can_have
from pumpd_sim.wire_faults import HITS_FRAMES

from pumpd.testing.pairs import Pair

ENDS: Final = (FaultKind.FREE_MOTOR, FaultKind.RELEASE_OCCLUSION)  # no fault by itself: the end of another
# nothing to see, on the way to the host: a Modbus pump takes no request with a gap in it, and late twice is too late
HARMLESS: Final = (FaultKind.DELAY, FaultKind.SPLIT, FaultKind.ONE_BYTE)
WAYS: Final[tuple[Direction, ...]] = ("to_pump", "to_host", "both")
LATCHING: Final = (
    FaultKind.STALL, FaultKind.OCCLUSION, FaultKind.SLOW_OCCLUSION, FaultKind.ALARM_STORM, FaultKind.BATTERY_SAG,
    FaultKind.EMPTY_EARLY,
)  # fmt: skip  # what may leave an alarm that only a hand at the pump takes back
QUIET_SHARE: Final = 10  # the last tenth of a story is without new faults, so that each can end


class Day(Enum):
    LOT = "some of its faults, by lot"
    EVERY = "every fault that it can have, once"
    UNSEEN = "faults that nobody can observe"


def possible(pair: Pair) -> tuple[FaultKind, ...]:
    """What this device can have, by wire, pump, line or hand."""
    device = pair.pump()
    return tuple(kind for kind, facts in FAULTS.items() if kind not in ENDS and _has(device, kind, facts.place))


def _has(device: Device, kind: FaultKind, place: str) -> bool:
    return place not in ("host", "broker") and can_have(device, kind)


def observable(pair: Pair) -> tuple[FaultKind, ...]:
    """What this driver can notice of it."""
    return tuple(kind for kind in possible(pair) if _is_seen(kind, pair))


def _is_seen(kind: FaultKind, pair: Pair) -> bool:
    seen = FAULTS[kind].observable_by
    return seen == ANY_DRIVER or pair.driver in seen


def schedule(pair: Pair, day: Day, rng: random.Random, *, now_ns: int, horizon_ns: int) -> tuple[Injection, ...]:
    """By time. Each fault that lasts has its end in it."""
    kinds = list(possible(pair))
    if day is Day.UNSEEN:
        kinds = [kind for kind in kinds if not _is_seen(kind, pair) and kind is not FaultKind.NEW_SYRINGE]
    span_ns = horizon_ns * (QUIET_SHARE - 1) // QUIET_SHARE
    if day is Day.LOT:
        times = [(rng.randrange(span_ns), kind) for kind in kinds for _ in range(rng.choice((0, 0, 1, 2)))]
    else:
        rng.shuffle(kinds)
        each_ns = span_ns // len(kinds)
        times = [(number * each_ns + each_ns // 3, kind) for number, kind in enumerate(kinds)]
    lasts_ms = span_ns // len(kinds) // NS_PER_MS // 2 if day is not Day.LOT else 300_000
    found = [
        Injection(at_ns=now_ns + at_ns + after_ms * NS_PER_MS, fault=fault)
        for at_ns, kind in times
        for after_ms, fault in drawn(kind, pair, rng, most_ms=lasts_ms)
    ]
    return tuple(sorted(found, key=lambda each: each.at_ns))


def drawn(kind: FaultKind, pair: Pair, rng: random.Random, *, most_ms: int) -> Iterator[tuple[int, Fault]]:
    """The fault, and what ends it, each with how much later it comes. It lasts for `most_ms` at most."""
    lasts_ms = rng.randrange(1_000, most_ms)
    if kind in HITS_FRAMES:
        yield 0, Fault(kind=kind, direction=_way(kind, rng), count=rng.randint(1, 8))
        return
    here = None if FAULTS[kind].place == "wire" else pair.address
    fault = Fault(
        kind=kind,
        direction=rng.choice(WAYS),
        for_ms=lasts_ms,
        count=rng.randint(1, 4),
        address=here,
        permille=rng.choice((0, 20, 500)),
        ppm=rng.choice((1_000, 10_000, 50_000)),
    )
    yield from _PARTICULAR.get(kind, _as_it_is)(fault, pair, rng)
    if kind in LATCHING:
        yield lasts_ms + 1, Fault(kind=FaultKind.OTHER_USER_AT_KEYPAD, key="clear", address=here)


def _way(kind: FaultKind, rng: random.Random) -> Direction:
    if kind is FaultKind.WRONG_ADDRESS:
        return "to_host"
    if kind in HARMLESS:
        return "to_host"
    return rng.choice(WAYS)


Drawn = Sequence[tuple[int, Fault]]


def _as_it_is(fault: Fault, _pair: Pair, _rng: random.Random) -> Drawn:
    return [(0, fault)]


def _with(fault: Fault, **changed: object) -> Fault:
    values = {name: getattr(fault, name) for name in Fault.__slots__}
    return Fault(**(values | changed))


def _short(fault: Fault, _pair: Pair, rng: random.Random) -> Drawn:
    return [(0, _with(fault, for_ms=min(fault.for_ms or 0, rng.randrange(1_000, 20_000))))]


def _set_right(**right: object) -> Callable[[Fault, Pair, random.Random], Drawn]:
    """Ended by the same fault with the figure that means none."""

    def both(fault: Fault, _pair: Pair, _rng: random.Random) -> Drawn:
        return [(0, fault), (fault.for_ms or 0, _with(fault, **right))]

    return both


def _plugged_in(fault: Fault, _pair: Pair, _rng: random.Random) -> Drawn:
    """A pump that had switched itself off comes up with the mains."""
    return [(0, fault), (fault.for_ms or 0, _with(fault, kind=FaultKind.REBOOT, for_ms=100))]


def _calibration(fault: Fault, _pair: Pair, rng: random.Random) -> Drawn:
    wrong = _with(fault, permille=rng.choice((900, 980, 1_020, 1_100)))
    return [(0, wrong), (fault.for_ms or 0, _with(fault, permille=1_000))]


def _wrong_syringe(fault: Fault, pair: Pair, rng: random.Random) -> Drawn:
    right = _with(fault, diameter_um=pair.kind.plant.syringe_diameter_um)
    return [(0, _with(fault, diameter_um=rng.choice((14_430, 19_050)))), (fault.for_ms or 0, right)]


def _released(fault: Fault, _pair: Pair, _rng: random.Random) -> Drawn:
    opened = _with(fault, kind=FaultKind.RELEASE_OCCLUSION, for_ms=None)
    return [(0, _with(fault, for_ms=(fault.for_ms or 0) // 2 + 1)), (fault.for_ms or 0, opened)]


def _emptied(fault: Fault, _pair: Pair, rng: random.Random) -> Drawn:
    full = _with(fault, kind=FaultKind.NEW_SYRINGE, volume_nl=None)
    return [(0, _with(fault, volume_nl=rng.choice((0, 100_000, 1_000_000)))), (fault.for_ms or 0, full)]


def _free_flow(fault: Fault, _pair: Pair, rng: random.Random) -> Drawn:
    return [(0, _with(fault, rate_nl_per_h=rng.choice((1_000_000, 60_000_000)), for_ms=min(fault.for_ms or 0, 20_000)))]


def _some_air(fault: Fault, _pair: Pair, rng: random.Random) -> Drawn:
    return [(0, _with(fault, volume_nl=rng.choice((20_000, 200_000))))]


def _a_key(fault: Fault, _pair: Pair, rng: random.Random) -> Drawn:
    key = rng.choice(("stop", "start", "rate", "clear"))
    rate_nl_per_h = rng.choice((5_000_000, 60_000_000)) if key == "rate" else None
    return [(0, _with(fault, key=key, rate_nl_per_h=rate_nl_per_h))]


_PARTICULAR: Final[dict[FaultKind, Callable[[Fault, Pair, random.Random], Drawn]]] = {
    FaultKind.MUTE: _short,
    FaultKind.ECHO: _short,
    FaultKind.HANG_UP: _short,
    FaultKind.WRONG_BAUD: _short,
    FaultKind.REBOOT: _short,
    FaultKind.BATTERY_CUT: _short,
    FaultKind.CALIBRATION: _calibration,
    FaultKind.SLOW_CLOCK: _set_right(ppm=0),
    FaultKind.LEAK: _set_right(permille=0),
    FaultKind.BATTERY_SAG: _plugged_in,
    FaultKind.SLOW_OCCLUSION: _released,
    FaultKind.EMPTY_EARLY: _emptied,
    FaultKind.FREE_FLOW: _free_flow,
    FaultKind.AIR: _some_air,
    FaultKind.WRONG_SYRINGE: _wrong_syringe,
    FaultKind.NEW_SYRINGE: lambda fault, _pair, _rng: [(0, _with(fault, volume_nl=None))],
    FaultKind.OTHER_USER_AT_KEYPAD: _a_key,
}
