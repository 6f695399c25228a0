"""What can go wrong, by name: on the wire, in the pump, in the line, and by other people's hands.

The same names serve in Python (`Fault`), in a schedule (`Injection`), over HTTP and on the command line. A
fault comes either at a set time or by lot, with rates that `swarm` draws per seed, so that each seed has its
own climate instead of a little of everything. All chance comes from the `random.Random` handed in.

Faults on the wire keep within what a driver can be held to. A flip changes at most three bits, or bits
within a burst of 16, of the bytes that the protocol's checksum guards (`Speech.may_flip`): it finds every one of
those. Where no bit can flip on its way, as over TCP, none does. Delays and duplicates stay within the reply
limit. `FAULTS` says for each fault where it sits and which drivers can observe it; for the others a test
should assert that nothing is claimed.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pumpd_sim.device import Speech

NS_PER_MS = 1_000_000
DELAY_LIMIT_MS = 60
SPLIT_GAP_LIMIT_MS = 20
BURST_BITS = 16
MUTE_MS = 5_000  # when nobody says how long
FIRED_LIMIT = 100_000  # faults remembered; the oldest go first

Way = Literal["to_pump", "to_host"]
Direction = Literal["to_pump", "to_host", "both"]


class FaultKind(Enum):
    MUTE = "mute"
    DROP = "drop"
    FLIP = "flip"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    SPLIT = "split"
    EXECUTE_BUT_LOSE_ACK = "execute_but_lose_ack"
    REBOOT = "reboot"
    OCCLUSION = "occlusion"
    RELEASE_OCCLUSION = "release_occlusion"
    LEAK = "leak"
    STALL = "stall"
    FREE_MOTOR = "free_motor"
    OTHER_USER_AT_KEYPAD = "other_user_at_keypad"
    NEW_SYRINGE = "new_syringe"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultFacts:
    """Where a fault sits and who can see it. `observable_by` names drivers; `how` says by what."""

    place: Literal["wire", "pump", "line", "person"]
    observable_by: tuple[str, ...]
    how: str


FAULTS: dict[FaultKind, FaultFacts] = {
    FaultKind.MUTE: FaultFacts(place="wire", observable_by=("new_era",), how="no reply; then A?T in Safe mode"),
    FaultKind.DROP: FaultFacts(place="wire", observable_by=("new_era",), how="no reply"),
    FaultKind.FLIP: FaultFacts(
        place="wire", observable_by=("new_era",), how="CRC in Safe mode; nothing shows it in Basic mode"
    ),
    FaultKind.DELAY: FaultFacts(place="wire", observable_by=(), how="within the reply limit: nothing to see"),
    FaultKind.DUPLICATE: FaultFacts(place="wire", observable_by=("new_era",), how="a second reply, unasked"),
    FaultKind.SPLIT: FaultFacts(place="wire", observable_by=(), how="a packet in pieces: nothing to see"),
    FaultKind.EXECUTE_BUT_LOSE_ACK: FaultFacts(
        place="pump", observable_by=("new_era",), how="no reply; the status letter and totals tell afterwards"
    ),
    FaultKind.REBOOT: FaultFacts(place="pump", observable_by=("new_era",), how="A?R"),
    FaultKind.OCCLUSION: FaultFacts(
        place="line",
        observable_by=("new_era",),
        how="only once the motor stalls: A?S; pressure is not measured",
    ),
    FaultKind.RELEASE_OCCLUSION: FaultFacts(place="line", observable_by=(), how="the bolus is not measured"),
    FaultKind.LEAK: FaultFacts(place="line", observable_by=(), how="a pump counts its steps, not what arrives"),
    FaultKind.STALL: FaultFacts(place="pump", observable_by=("new_era",), how="A?S once it misses its steps"),
    FaultKind.FREE_MOTOR: FaultFacts(place="pump", observable_by=(), how="the next start simply works"),
    FaultKind.OTHER_USER_AT_KEYPAD: FaultFacts(
        place="person", observable_by=("new_era",), how="status letter, RAT query, totals"
    ),
    FaultKind.NEW_SYRINGE: FaultFacts(place="person", observable_by=(), how="the plunger's place is not measured"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. Without an address it meets the first pump on the bus. Fields that count, by kind:

    mute: direction, for_ms
    drop, duplicate, split: direction, count (of frames)
    flip: direction, count, bits (0 = by lot)
    delay: direction, count, by_ms
    execute_but_lose_ack: address, count
    reboot: address, for_ms
    occlusion: address, for_ms (None = until released); release_occlusion: address
    leak: address, permille (of what leaves the line; 0 ends it)
    stall: address, for_ms (None = until freed); free_motor: address
    other_user_at_keypad: address, key (start, stop, rate, clear), rate_nl_per_h
    new_syringe: address, volume_nl (None = full)
    """

    kind: FaultKind
    direction: Direction = "both"
    for_ms: int | None = None
    by_ms: int = DELAY_LIMIT_MS
    count: int = 1
    bits: int = 0
    address: int | None = None
    permille: int = 1_000
    key: str = "stop"
    rate_nl_per_h: int | None = None
    volume_nl: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """A fault at a set time."""

    at_ns: int
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A fault that really happened."""

    at_ns: int
    kind: FaultKind
    detail: str


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
            fault = Fault(
                kind=kind,
                address=rng.choice(addresses),
                for_ms=rng.randrange(least_ms, most_ms),
                permille=rng.choice((0, 10, 500, 1_000)),
                key=key,
                rate_nl_per_h=rng.choice((100_000, 5_000_000, 60_000_000)) if key == "rate" else None,
            )
            schedule.append(Injection(at_ns=rng.randrange(max(1, horizon_ns)), fault=fault))
    return tuple(sorted(schedule, key=lambda injection: injection.at_ns))


class WireFaults:
    """The wire's mishaps: what becomes of each frame on its way."""

    def __init__(self, rng: random.Random | None = None, rates: WireRates | None = None) -> None:
        self.rates = rates or WireRates()
        self.fired: deque[Fired] = deque(maxlen=FIRED_LIMIT)
        self._rng = rng or random.Random(0)
        self._mute_until_ns: dict[Way, int] = {"to_pump": 0, "to_host": 0}
        self._ordered: list[tuple[Fault, list[int]]] = []

    def order(self, now_ns: int, fault: Fault) -> None:
        """Bring on a wire fault now (mute) or with the next frames (the others)."""
        if fault.kind is not FaultKind.MUTE:
            self._ordered.append((fault, [fault.count]))
            return
        end_ns = now_ns + (MUTE_MS if fault.for_ms is None else fault.for_ms) * NS_PER_MS
        for way in self._mute_until_ns:
            if fault.direction in (way, "both"):
                self._mute_until_ns[way] = max(self._mute_until_ns[way], end_ns)

    def carry(self, now_ns: int, way: Way, frame: bytes, speech: Speech) -> list[tuple[int, bytes]]:
        """What arrives of a frame: pieces, each with its delay in ns."""
        if now_ns < self._mute_until_ns[way]:
            self._note(now_ns, FaultKind.MUTE, way, frame)
            return []
        kinds = self._hit(way, frame, speech)
        delay_ns = 0
        for fault in kinds:
            if fault.kind is FaultKind.FLIP and not speech.may_flip(frame):
                continue
            self._note(now_ns, fault.kind, way, frame)
            if fault.kind is FaultKind.DROP:
                return []
            if fault.kind is FaultKind.FLIP:
                frame = self._flipped(frame, speech.may_flip(frame), fault.bits)
            elif fault.kind is FaultKind.DUPLICATE:
                frame += frame
            elif fault.kind is FaultKind.DELAY:
                delay_ns += fault.by_ms * NS_PER_MS
        if any(fault.kind is FaultKind.SPLIT for fault in kinds) and len(frame) > 1:
            return self._split(frame, delay_ns)
        return [(delay_ns, frame)]

    def loses_ack(self) -> bool:
        return self.rates.lose_ack_ppm > 0 and self._rng.randrange(10**6) < self.rates.lose_ack_ppm

    def _hit(self, way: Way, frame: bytes, speech: Speech) -> list[Fault]:
        hit: list[Fault] = []
        for fault, left in self._ordered:
            if left[0] and fault.direction in (way, "both"):
                left[0] -= 1
                hit.append(fault)
        self._ordered = [(fault, left) for fault, left in self._ordered if left[0]]
        rates = self.rates
        by_lot = (
            (FaultKind.DROP, rates.drop_ppm),
            (FaultKind.FLIP, rates.flip_ppm if speech.guarded(frame) else 0),
            (FaultKind.DELAY, rates.delay_ppm),
            (FaultKind.DUPLICATE, rates.duplicate_ppm if way == "to_host" else 0),
            (FaultKind.SPLIT, rates.split_ppm),
        )
        for kind, ppm in by_lot:
            if ppm and self._rng.randrange(10**6) < ppm:
                hit.append(Fault(kind=kind, by_ms=self._rng.randint(1, DELAY_LIMIT_MS)))
        return hit

    def _flipped(self, frame: bytes, where: range, bits: int) -> bytes:
        room = len(where) * 8
        if bits or self._rng.random() < 0.5:
            places = self._rng.sample(range(room), min(room, bits or self._rng.randint(1, 3)))
        else:
            start = self._rng.randrange(max(1, room - BURST_BITS + 1))
            places = [start]
            burst = range(start + 1, min(room, start + BURST_BITS))
            places += [place for place in burst if self._rng.random() < 0.5]
        changed = bytearray(frame)
        for place in places:
            changed[where[place // 8]] ^= 0x80 >> (place % 8)
        return bytes(changed)

    def _split(self, frame: bytes, delay_ns: int) -> list[tuple[int, bytes]]:
        cut = self._rng.randrange(1, len(frame))
        gap_ns = self._rng.randint(1, SPLIT_GAP_LIMIT_MS) * NS_PER_MS
        return [(delay_ns, frame[:cut]), (delay_ns + gap_ns, frame[cut:])]

    def _note(self, now_ns: int, kind: FaultKind, way: Way, frame: bytes) -> None:
        self.fired.append(Fired(at_ns=now_ns, kind=kind, detail=f"{way} {frame.hex(' ')}"))
