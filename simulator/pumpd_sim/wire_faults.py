"""The wire's mishaps: what becomes of each frame on its way, and what stands on the line for a while.

A frame is what the host wrote in one go, or one frame of what a pump said. Faults that hit frames take the next ones
of their direction, or the one that `after_frames` or `after_bytes` points at. Faults of the whole simulator that wait
for a frame or a byte are counted here too, since here every byte passes; `released` hands them back when they are due.

A flip changes at most three bits, or bits within a burst of 16, of the bytes that the protocol's checksum guards
(`Speech.may_flip`): it finds every one of those. Where no bit can flip on its way, as over TCP, none does.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pumpd_sim.faults import NS_PER_MS, Fault, FaultKind, Fired, Way
from pumpd_sim.swarm import WireRates

if TYPE_CHECKING:
    from collections.abc import Callable

    from pumpd_sim.device import Speech

DELAY_LIMIT_MS = 60
LATE_MS = 1_500
MERGE_WAIT_MS = 300
ONE_BYTE_GAP_MS = 2
SPLIT_GAP_LIMIT_MS = 20
BURST_BITS = 16
MUTE_MS = 5_000  # when nobody says how long
FIRED_LIMIT = 100_000  # faults remembered; the oldest go first
WAITING_LIMIT = 1_000  # faults that wait for their frame
FOR_GOOD_NS = 10**18

HITS_FRAMES = frozenset(
    {
        FaultKind.DROP, FaultKind.FLIP, FaultKind.GARBLE, FaultKind.DELAY, FaultKind.LATE, FaultKind.DUPLICATE,
        FaultKind.SPLIT, FaultKind.MERGE, FaultKind.ONE_BYTE, FaultKind.WRONG_ADDRESS,
    }
)  # fmt: skip
STANDING = frozenset({FaultKind.MUTE, FaultKind.ECHO, FaultKind.WRONG_BAUD})


@dataclass(slots=True, kw_only=True)
class _Waiting:
    """A fault, the frames and bytes that still pass before it, and the frames it hits."""

    fault: Fault
    frames: int
    octets: int
    left: int


def misread(data: bytes, *, sent_baud: int, read_baud: int) -> bytes:
    """What a receiver at another baud makes of bytes: a falling edge begins a byte, bits are read at their middle."""
    bits = [bit for byte in data for bit in (0, *((byte >> place) & 1 for place in range(8)), 1)]
    length = len(bits) * read_baud  # one sent bit lasts `read_baud` units of time, one read bit `sent_baud`
    heard = bytearray()
    at = 0
    while at < length:
        if bits[at // read_baud]:
            at = (at // read_baud + 1) * read_baud
            continue
        middles = (at + (2 * place + 3) * sent_baud // 2 for place in range(8))
        read = [bits[middle // read_baud] if middle < length else 1 for middle in middles]
        heard.append(sum(bit << place for place, bit in enumerate(read)))
        at += 19 * sent_baud // 2
    return bytes(heard)


class WireFaults:
    """One wire. `line_baud` is the pumps' own, for what a port at another baud makes of them."""

    def __init__(self, rng: random.Random | None = None, rates: WireRates | None = None) -> None:
        self.rates = rates or WireRates()
        self.fired: deque[Fired] = deque(maxlen=FIRED_LIMIT)
        self.line_baud = 19_200
        self.released: list[Fault] = []
        self._rng = rng or random.Random(0)
        self._mute_until_ns: dict[Way, int] = {"to_pump": 0, "to_host": 0}
        self._silent_until_ns: dict[int, int] = {}
        self._echo_until_ns = 0
        self._misread_until_ns = 0
        self._host_baud = 0
        self._held: dict[Way, bytes] = {"to_pump": b"", "to_host": b""}
        self._held_until_ns: dict[Way, int] = {"to_pump": 0, "to_host": 0}
        self._waiting: list[_Waiting] = []

    def wait_for(self, fault: Fault) -> None:
        """Hit the frame that the fault's trigger points at, or hand the fault back then."""
        if len(self._waiting) >= WAITING_LIMIT:
            message = f"{WAITING_LIMIT} faults wait for their frames already"
            raise ValueError(message)
        waiting = _Waiting(fault=fault, frames=fault.after_frames, octets=fault.after_bytes, left=fault.count)
        self._waiting.append(waiting)

    def begin(self, now_ns: int, fault: Fault) -> None:
        """Bring on what stands on the line for a while."""
        lasts_ns = FOR_GOOD_NS if fault.for_ms is None else fault.for_ms * NS_PER_MS
        if fault.kind is FaultKind.ECHO:
            self._echo_until_ns = now_ns + lasts_ns
        elif fault.kind is FaultKind.WRONG_BAUD:
            self._misread_until_ns, self._host_baud = now_ns + lasts_ns, max(1, fault.baud)
        else:
            end_ns = now_ns + (MUTE_MS * NS_PER_MS if fault.for_ms is None else lasts_ns)
            ends = fault.for_ms == 0
            if fault.address is not None:
                until_ns = self._silent_until_ns.get(fault.address, 0)
                self._silent_until_ns[fault.address] = end_ns if ends else max(end_ns, until_ns)
                return
            for way in self._mute_until_ns:
                if fault.direction in (way, "both"):
                    self._mute_until_ns[way] = end_ns if ends else max(self._mute_until_ns[way], end_ns)

    def hang_up(self) -> None:
        """What was under way is lost."""
        self._held = {"to_pump": b"", "to_host": b""}

    def silences(self, now_ns: int, address: int, data: bytes, way: Way) -> bool:
        """Whether this pump alone is cut off."""
        if now_ns >= self._silent_until_ns.get(address, 0):
            return False
        self.note(now_ns, FaultKind.MUTE, f"pump {address} {way} {data.hex(' ')}")
        return True

    def echoes(self, now_ns: int, data: bytes) -> bool:
        if now_ns >= self._echo_until_ns:
            return False
        self.note(now_ns, FaultKind.ECHO, data.hex(" "))
        return True

    def noise(self) -> bytes:
        return self._rng.randbytes(self._rng.randint(1, 12))

    def carry(
        self,
        now_ns: int,
        way: Way,
        frame: bytes,
        speech: Speech,
        readdressed: Callable[[bytes], bytes] | None = None,
    ) -> list[tuple[int, bytes]]:
        """What arrives of a frame: pieces, each with its delay in ns."""
        if now_ns < self._mute_until_ns[way]:
            self._note(now_ns, FaultKind.MUTE, way, frame)
            return []
        hits = self._hit(way, frame, speech)
        pieces = self._shaped(now_ns, way, frame, hits, may_flip=speech.may_flip, readdressed=readdressed)
        if now_ns < self._misread_until_ns:
            ends = (self._host_baud, self.line_baud) if way == "to_pump" else (self.line_baud, self._host_baud)
            pieces = [(delay_ns, misread(piece, sent_baud=ends[0], read_baud=ends[1])) for delay_ns, piece in pieces]
            self._note(now_ns, FaultKind.WRONG_BAUD, way, frame)
        return [(delay_ns, piece) for delay_ns, piece in pieces if piece]

    def held_until_ns(self, way: Way) -> int | None:
        """When a frame that waits to be merged goes on alone."""
        return self._held_until_ns[way] if self._held[way] else None

    def let_go(self, now_ns: int, way: Way) -> bytes:
        if now_ns < self._held_until_ns[way]:
            return b""
        frame, self._held[way] = self._held[way], b""
        return frame

    def loses_ack(self) -> bool:
        return self.rates.lose_ack_ppm > 0 and self._rng.randrange(10**6) < self.rates.lose_ack_ppm

    def note(self, now_ns: int, kind: FaultKind, detail: str) -> None:
        self.fired.append(Fired(at_ns=now_ns, kind=kind, detail=detail))

    # What hits this frame

    def _hit(self, way: Way, frame: bytes, speech: Speech) -> list[tuple[Fault, int | None]]:
        """Faults, and the byte each is aimed at."""
        hit: list[tuple[Fault, int | None]] = []
        for waiting in self._waiting:
            if waiting.fault.direction not in (way, "both"):
                continue
            if waiting.fault.kind not in HITS_FRAMES:
                waiting.frames -= 1
                waiting.octets -= len(frame)
                if waiting.frames <= 0 and waiting.octets <= 0:
                    waiting.left = 0
                    self.released.append(waiting.fault)
            elif waiting.frames > 0:
                waiting.frames -= 1
            elif waiting.octets >= len(frame):
                waiting.octets -= len(frame)
            elif waiting.fault.kind is not FaultKind.WRONG_ADDRESS or way == "to_host":
                aimed = waiting.octets if waiting.fault.after_bytes and waiting.left == waiting.fault.count else None
                waiting.octets = 0
                waiting.left -= 1
                hit.append((waiting.fault, aimed))
        self._waiting = [waiting for waiting in self._waiting if waiting.left > 0]
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
                hit.append((Fault(kind=kind, by_ms=self._rng.randint(1, DELAY_LIMIT_MS)), None))
        return hit

    def _shaped(
        self,
        now_ns: int,
        way: Way,
        frame: bytes,
        hits: list[tuple[Fault, int | None]],
        *,
        may_flip: Callable[[bytes], range],
        readdressed: Callable[[bytes], bytes] | None,
    ) -> list[tuple[int, bytes]]:
        before, self._held[way] = self._held[way], b""
        delay_ns, cut, gap_ns = 0, None, None
        for fault, aimed in hits:
            if fault.kind is FaultKind.FLIP and not may_flip(frame):
                continue
            if fault.kind is FaultKind.WRONG_ADDRESS and readdressed is None:
                continue
            self._note(now_ns, fault.kind, way, frame)
            match fault.kind:
                case FaultKind.DROP:
                    return [(0, before)]
                case FaultKind.FLIP:
                    frame = self._flipped(frame, may_flip(frame), fault.bits, aimed)
                case FaultKind.GARBLE:
                    kept = aimed or 0
                    frame = frame[:kept] + self._rng.randbytes(len(frame) - kept)
                case FaultKind.WRONG_ADDRESS if readdressed is not None:
                    frame = readdressed(frame)
                case FaultKind.DUPLICATE:
                    frame += frame
                case FaultKind.DELAY | FaultKind.LATE:
                    usual_ms = DELAY_LIMIT_MS if fault.kind is FaultKind.DELAY else LATE_MS
                    delay_ns += (usual_ms if fault.by_ms is None else fault.by_ms) * NS_PER_MS
                case FaultKind.MERGE:
                    self._held[way] = before + frame
                    wait_ms = MERGE_WAIT_MS if fault.by_ms is None else fault.by_ms
                    self._held_until_ns[way] = now_ns + wait_ms * NS_PER_MS
                    return []
                case FaultKind.SPLIT:
                    cut = aimed or (self._rng.randrange(1, len(frame)) if len(frame) > 1 else None)
                case FaultKind.ONE_BYTE:
                    gap_ns = (ONE_BYTE_GAP_MS if fault.by_ms is None else fault.by_ms) * NS_PER_MS
        frame = before + frame
        if gap_ns is not None:
            return [(delay_ns + at * gap_ns, frame[at : at + 1]) for at in range(len(frame))]
        if cut is not None:
            wait_ns = self._rng.randint(1, SPLIT_GAP_LIMIT_MS) * NS_PER_MS
            return [(delay_ns, frame[:cut]), (delay_ns + wait_ns, frame[cut:])]
        return [(delay_ns, frame)]

    def _flipped(self, frame: bytes, where: range, bits: int, aimed: int | None) -> bytes:
        if aimed is not None and aimed in where:
            where = range(aimed, aimed + 1)
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

    def _note(self, now_ns: int, kind: FaultKind, way: Way, frame: bytes) -> None:
        self.note(now_ns, kind, f"{way} {frame.hex(' ')}")
