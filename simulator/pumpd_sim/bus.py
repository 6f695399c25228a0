"""A chain of simulated pumps on one serial line, in time that the caller makes.

There is no clock and no asyncio in it, so anything can drive it: a virtual-clock loop, a plain `for` loop, a
server on a real serial line. The caller writes what the host sends, polls what the host gets, and asks when
to poll next:

    bus = SimBus([NewEra(timeout_s=5)], baud=19_200)
    bus.write(now_ns, frame)
    while (wake_ns := bus.next_wake_ns()) is not None and wake_ns <= deadline_ns:
        received += bus.poll(wake_ns)

With a baud each frame takes its time on the wire, as many bits a byte as the pumps' `speech` says; with `baud=None` the
wire takes none. Every pump on the chain hears everything. What two pumps say at once is garbled.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pumpd_sim.faults import NS_PER_MS, Fault, FaultKind, Fired, Injection, WireFaults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pumpd_sim.device import Device, Truth
    from pumpd_sim.faults import Way

NS_PER_S = 10**9
JOURNAL_LIMIT = 100_000  # frames kept: enough for a day of polling twice a second
REBOOT_MS = 2_000

Event = Literal["host_sends", "pump_hears", "pump_says", "host_hears"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One entry of the journal: bytes at one end of the wire."""

    at_ns: int
    event: Event
    data: bytes

    @property
    def text(self) -> str:
        """The bytes for people: printable ones as they are, others as <hex>."""
        return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"<{byte:02x}>" for byte in self.data)


class SimBus:
    """The wire between one host and its pumps. Times handed in never run backwards."""

    def __init__(
        self,
        devices: Sequence[Device],
        *,
        baud: int | None = 19_200,
        wire: WireFaults | None = None,
        schedule: Sequence[Injection] = (),
        byte_by_byte: bool = False,
        journal_limit: int = JOURNAL_LIMIT,
    ) -> None:
        self.devices = list(devices)
        self.speech = devices[0].speech
        self.baud = baud
        self.wire = wire or WireFaults()
        self.byte_by_byte = byte_by_byte
        self.journal: deque[Seen] = deque(maxlen=journal_limit)
        self._now_ns = 0
        self._queue: list[tuple[int, int, Event | Fault, bytes]] = []
        self._queued = 0
        self._arrived = bytearray()
        self._wire_free_ns: dict[Way, int] = {"to_pump": 0, "to_host": 0}
        self._acks_to_lose: dict[int, int] = {}
        for injection in schedule:
            self._put(injection.at_ns, injection.fault)

    # What the host does

    def write(self, now_ns: int, data: bytes) -> None:
        self._run(now_ns)
        if not data:
            return
        self._note(now_ns, "host_sends", data)
        for delay_ns, piece in self.wire.carry(now_ns, "to_pump", data, self.speech):
            self._put(self._on_the_wire("to_pump", now_ns + delay_ns, piece), "pump_hears", piece)

    def poll(self, now_ns: int) -> bytes:
        """What has reached the host up to now and was not fetched yet."""
        self._run(now_ns)
        arrived = bytes(self._arrived)
        self._arrived.clear()
        return arrived

    def next_wake_ns(self) -> int | None:
        """When to poll next at the latest; None when nothing will happen by itself."""
        if self._arrived:
            return self._now_ns
        wakes = [wake_ns for device in self.devices if (wake_ns := device.next_wake_ns()) is not None]
        if self._queue:
            wakes.append(self._queue[0][0])
        return min(wakes, default=None)

    # What a test does

    @property
    def fired(self) -> deque[Fired]:
        """Every fault that really happened so far."""
        return self.wire.fired

    def device(self, address: int | None = None) -> Device:
        """The pump with this address; without one, the first on the chain. LookupError when there is none."""
        for device in self.devices:
            if address is None or device.address == address:
                return device
        addresses = ", ".join(str(device.address) for device in self.devices)
        message = f"no pump has address {address}; there are: {addresses}"
        raise LookupError(message)

    def truth(self, now_ns: int, address: int | None = None) -> Truth:
        self._run(now_ns)
        return self.device(address).truth(now_ns)

    def inject(self, now_ns: int, fault: Fault) -> None:
        self._run(now_ns)
        self._bring_on(now_ns, fault)

    # Inside

    def _put(self, at_ns: int, what: Event | Fault, data: bytes = b"") -> None:
        self._queued += 1
        heapq.heappush(self._queue, (at_ns, self._queued, what, data))

    def _note(self, at_ns: int, event: Event, data: bytes) -> None:
        self.journal.append(Seen(at_ns=at_ns, event=event, data=data))

    def _on_the_wire(self, way: Way, start_ns: int, data: bytes) -> int:
        """When the last byte is over, if the wire is free then."""
        if self.baud is None:
            end_ns = max(start_ns, self._wire_free_ns[way])
        else:
            taken_ns = -(-len(data) * self.speech.bits_per_byte * NS_PER_S // self.baud)
            end_ns = max(start_ns, self._wire_free_ns[way]) + taken_ns
        self._wire_free_ns[way] = end_ns
        return end_ns

    def _run(self, now_ns: int) -> None:
        """Let everything happen that is due, each at its own time."""
        while True:
            due_ns = self._queue[0][0] if self._queue else None
            waking: Device | None = None
            for device in self.devices:
                wake_ns = device.next_wake_ns()
                if wake_ns is not None and (due_ns is None or wake_ns < due_ns):
                    due_ns, waking = wake_ns, device
            if due_ns is None or due_ns > now_ns:
                break
            self._now_ns = max(self._now_ns, due_ns)
            if waking is not None:
                said = waking.on_wake(self._now_ns)
                if not (said and self.speech.answers_on_waking and self._ack_is_lost(waking, said)):
                    self._say(said, waking)
                continue
            _, _, what, data = heapq.heappop(self._queue)
            if isinstance(what, Fault):
                self._bring_on(self._now_ns, what)
            elif what == "pump_hears":
                self._deliver(data)
            else:
                self._note(self._now_ns, "host_hears", data)
                self._arrived += data
        self._now_ns = now_ns

    def _deliver(self, data: bytes) -> None:
        self._note(self._now_ns, "pump_hears", data)
        replies: list[tuple[Device, bytes]] = []
        for device in self.devices:
            if self.baud is not None and device.baud != self.baud:
                continue
            said = device.on_bytes(self._now_ns, data)
            if said and self._ack_is_lost(device, said):
                continue
            if said:
                replies.append((device, said))
        if len(replies) == 1:
            self._say(replies[0][1], replies[0][0])
        elif replies:
            garbled = bytes(a & b for a, b in zip(replies[0][1], replies[1][1], strict=False))
            self._say(garbled, replies[0][0])

    def _ack_is_lost(self, device: Device, said: bytes) -> bool:
        ordered = self._acks_to_lose.get(device.address, 0)
        if ordered:
            self._acks_to_lose[device.address] = ordered - 1
        elif not self.wire.loses_ack():
            return False
        self._fire(FaultKind.EXECUTE_BUT_LOSE_ACK, f"pump {device.address}: {said.hex(' ')}")
        return True

    def _say(self, said: bytes, device: Device) -> None:
        if not said:
            return
        self._note(self._now_ns, "pump_says", said)
        if self.baud is not None and device.baud != self.baud:
            return
        for frame in self.speech.frames(said):
            for delay_ns, piece in self.wire.carry(self._now_ns, "to_host", frame, self.speech):
                start_ns = self._now_ns + device.reply_delay_ns + delay_ns
                for part in [bytes([byte]) for byte in piece] if self.byte_by_byte else [piece]:
                    self._put(self._on_the_wire("to_host", start_ns, part), "host_hears", part)

    def _fire(self, kind: FaultKind, detail: str) -> None:
        self.wire.fired.append(Fired(at_ns=self._now_ns, kind=kind, detail=detail))

    def _bring_on(self, now_ns: int, fault: Fault) -> None:
        match fault.kind:
            case (
                FaultKind.MUTE
                | FaultKind.DROP
                | FaultKind.FLIP
                | FaultKind.DELAY
                | FaultKind.DUPLICATE
                | FaultKind.SPLIT
            ):
                self.wire.order(now_ns, fault)
                return
            case FaultKind.EXECUTE_BUT_LOSE_ACK:
                address = self.device(fault.address).address
                self._acks_to_lose[address] = self._acks_to_lose.get(address, 0) + fault.count
                return
        device = self.device(fault.address)
        said = b""
        match fault.kind:
            case FaultKind.REBOOT:
                outage_ms = REBOOT_MS if fault.for_ms is None else fault.for_ms
                said = device.reboot(now_ns, outage_ms * NS_PER_MS)
            case FaultKind.OCCLUSION:
                said = device.occlude(now_ns)
                if fault.for_ms is not None:
                    release = Fault(kind=FaultKind.RELEASE_OCCLUSION, address=device.address)
                    self._put(now_ns + fault.for_ms * NS_PER_MS, release)
            case FaultKind.RELEASE_OCCLUSION:
                said = device.release(now_ns)
            case FaultKind.LEAK:
                said = device.leak(now_ns, min(fault.permille, 1_000))
            case FaultKind.STALL:
                said = device.jam(now_ns, jammed=True)
                if fault.for_ms is not None:
                    free = Fault(kind=FaultKind.FREE_MOTOR, address=device.address)
                    self._put(now_ns + fault.for_ms * NS_PER_MS, free)
            case FaultKind.FREE_MOTOR:
                said = device.jam(now_ns, jammed=False)
            case FaultKind.OTHER_USER_AT_KEYPAD:
                said = device.press(now_ns, fault.key, rate_nl_per_h=fault.rate_nl_per_h)
            case FaultKind.NEW_SYRINGE:
                said = device.load(now_ns, fault.volume_nl)
        key = f" {fault.key}" if fault.kind is FaultKind.OTHER_USER_AT_KEYPAD else ""
        self._fire(fault.kind, f"pump {device.address}{key}")
        self._say(said, device)
