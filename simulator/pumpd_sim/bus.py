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

The caller's time is the wire's: frames, replies and what a pump times on its line go by it. The pumps live in their
own, which is ahead by what `advance` has added, or runs `speed` times as fast (`day`): motor, line, programme, battery
and the faults that are scheduled go by that. docs/simulator.md draws the border.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pumpd_sim import pump_faults
from pumpd_sim.day import Day
from pumpd_sim.faults import NS_PER_MS, Fault, FaultKind, Fired, Injection
from pumpd_sim.wire_faults import HITS_FRAMES, STANDING, WireFaults

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pumpd_sim.device import Device, Truth
    from pumpd_sim.faults import Way

NS_PER_S = 10**9
JOURNAL_LIMIT = 100_000  # frames kept: enough for a day of polling twice a second
BABBLE_GAP_MS = 100

Event = Literal["host_sends", "pump_hears", "pump_says", "host_hears"]
WireEvent = Literal["pump_hears", "host_hears", "hold_ends_to_pump", "hold_ends_to_host"]


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
        speed: int = 1,
        day_ns: int = 0,
    ) -> None:
        self.devices = list(devices)
        self.speech = devices[0].speech
        self.baud = baud
        self.wire = wire or WireFaults()
        self.wire.line_baud = baud or self.wire.line_baud
        self.byte_by_byte = byte_by_byte
        self.journal: deque[Seen] = deque(maxlen=journal_limit)
        self.on_hang_up: Callable[[int], None] | None = None  # told how long, in ns, by whoever serves real wires
        self.day = Day(self.devices, speed=speed, began_ns=day_ns)
        self._now_ns = 0
        self._wire: list[tuple[int, int, WireEvent, bytes]] = []
        self._faults: list[tuple[int, int, Fault]] = []  # in the pumps' time
        self._queued = 0
        self._arrived = bytearray()
        self._wire_free_ns: dict[Way, int] = {"to_pump": 0, "to_host": 0}
        self._acks_to_lose: dict[int, int] = {}
        self._hung_until_ns = 0
        for injection in schedule:
            if injection.fault.after_frames or injection.fault.after_bytes:
                self.wire.wait_for(injection.fault)
            else:
                self._put_fault(injection.at_ns + injection.fault.after_ms * NS_PER_MS, injection.fault)

    # What the host does

    def write(self, now_ns: int, data: bytes) -> None:
        self._run(now_ns)
        if not data:
            return
        self._note(now_ns, "host_sends", data)
        if now_ns < self._hung_until_ns:
            return
        for delay_ns, piece in self.wire.carry(now_ns, "to_pump", data, self.speech):
            self._put(self._on_the_wire("to_pump", now_ns + delay_ns, piece), "pump_hears", piece)
        if self.wire.echoes(now_ns, data):
            self._put(self._on_the_wire("to_host", now_ns, data), "host_hears", data)
        self._after_a_frame("to_pump")

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
        wakes = [wake_ns for device in self.devices if (wake_ns := self.day.wake_ns(device)) is not None]
        if self._faults:
            wakes.append(self._faults[0][0])
        due_ns = min(wakes, default=None)
        wake_ns = None if due_ns is None else self.day.on_the_wire(self._now_ns, due_ns)
        if self._wire and (wake_ns is None or self._wire[0][0] < wake_ns):
            return self._wire[0][0]
        return wake_ns

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
        """What is so; `at_ns` is the pumps' time."""
        self._run(now_ns)
        device = self.device(address)
        return device.truth(self.day.told(device, self.day.at(now_ns)))

    def inject(self, now_ns: int, fault: Fault) -> None:
        """Bring on a fault now, or when its trigger comes. LookupError without such a pump, CannotHaveError (a
        ValueError) for a fault that this pump cannot have.
        """
        self._run(now_ns)
        pump_faults.must_have(self.device(fault.address), fault.kind)
        if fault.after_frames or fault.after_bytes or (fault.kind in HITS_FRAMES and not fault.after_ms):
            self.wire.wait_for(fault)
        elif fault.after_ms:
            self._put_fault(self.day.at(now_ns) + fault.after_ms * NS_PER_MS, fault)
        else:
            self._bring_on(fault)

    def advance(self, now_ns: int, by_ns: int) -> None:
        """Let so much time pass for the pumps and none on the wire: everything that is due happens, in order."""
        self._run(now_ns)
        self.day.jump(by_ns)
        self._run_to(now_ns)

    # Inside

    def _put(self, at_ns: int, what: WireEvent, data: bytes = b"") -> None:
        self._queued += 1
        heapq.heappush(self._wire, (at_ns, self._queued, what, data))

    def _put_fault(self, at_ns: int, fault: Fault) -> None:
        self._queued += 1
        fault = replace(fault, after_ms=0)
        heapq.heappush(self._faults, (at_ns, self._queued, fault))

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
        """Let everything happen that is due, each at its own time; a faster day in slices of the wire's."""
        while self.day.speed > 1 and self._now_ns < now_ns:
            slice_end_ns = min(now_ns, self._now_ns + self.day.slice_ns)
            more_ns = (self.day.speed - 1) * (slice_end_ns - self._now_ns)
            self._run_to(slice_end_ns)
            self.day.jump(more_ns)
        self._run_to(now_ns)

    def _run_to(self, now_ns: int) -> None:
        end_ns = self.day.at(now_ns)
        ahead_ns = end_ns - now_ns
        while True:
            due_ns = self._wire[0][0] + ahead_ns if self._wire else None
            waking: Device | None = None
            for device in self.devices:
                wake_ns = self.day.wake_ns(device)
                if wake_ns is not None and (due_ns is None or wake_ns < due_ns):
                    due_ns, waking = wake_ns, device
            fault_due = bool(self._faults) and (due_ns is None or self._faults[0][0] <= due_ns)
            if fault_due:
                due_ns, waking = self._faults[0][0], None
            if due_ns is None or due_ns > end_ns:
                break
            self.day.now_ns = max(self.day.now_ns, due_ns)
            self._now_ns = max(self._now_ns, self.day.now_ns - ahead_ns)  # a jump takes no time on the wire
            if fault_due:
                self._bring_on(heapq.heappop(self._faults)[2])
            elif waking is not None:
                said = waking.on_wake(self._told(waking))
                if not (said and self.speech.answers_on_waking and self._ack_is_lost(waking, said)):
                    self._say(said, waking)
            else:
                self._arrive(*heapq.heappop(self._wire)[2:])
        self.day.now_ns = end_ns
        self._now_ns = now_ns

    def _arrive(self, what: WireEvent, data: bytes) -> None:
        match what:
            case "pump_hears":
                self._deliver(data)
            case "host_hears":
                self._note(self._now_ns, "host_hears", data)
                self._arrived += data
            case "hold_ends_to_pump":
                if held := self.wire.let_go(self._now_ns, "to_pump"):
                    self._put(self._on_the_wire("to_pump", self._now_ns, held), "pump_hears", held)
            case "hold_ends_to_host":
                if held := self.wire.let_go(self._now_ns, "to_host"):
                    self._put(self._on_the_wire("to_host", self._now_ns, held), "host_hears", held)

    def _told(self, device: Device) -> int:
        """The time that this pump takes it to be."""
        return self.day.told(device, self.day.now_ns)

    def _deliver(self, data: bytes) -> None:
        self._note(self._now_ns, "pump_hears", data)
        replies: list[tuple[Device, bytes]] = []
        for device in self.devices:
            if self.baud is not None and device.baud != self.baud:
                continue
            if self.wire.silences(self._now_ns, device.address, data, "to_pump"):
                continue
            said = device.on_bytes(self._told(device), data)
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
        if self._now_ns < self._hung_until_ns or (self.baud is not None and device.baud != self.baud):
            return
        if self.wire.silences(self._now_ns, device.address, said, "to_host"):
            return
        as_another = getattr(device, "readdressed", None)
        for frame in self.speech.frames(said):
            for delay_ns, piece in self.wire.carry(self._now_ns, "to_host", frame, self.speech, as_another):
                start_ns = self._now_ns + device.reply_delay_ns + delay_ns
                for part in [bytes([byte]) for byte in piece] if self.byte_by_byte else [piece]:
                    self._put(self._on_the_wire("to_host", start_ns, part), "host_hears", part)
            self._after_a_frame("to_host")

    def _after_a_frame(self, way: Way) -> None:
        """Frames that wait for the next, and faults that waited for this one."""
        if (held_ns := self.wire.held_until_ns(way)) is not None:
            self._put(held_ns, "hold_ends_to_pump" if way == "to_pump" else "hold_ends_to_host")
        released, self.wire.released = self.wire.released, []
        for fault in released:
            self._put_fault(self.day.now_ns, replace(fault, after_frames=0, after_bytes=0))

    def _fire(self, kind: FaultKind, detail: str) -> None:
        self.wire.note(self._now_ns, kind, detail)

    def _bring_on(self, fault: Fault) -> None:
        if fault.kind in HITS_FRAMES:
            self.wire.wait_for(fault)
            return
        if fault.kind in STANDING:
            self.wire.begin(self._now_ns, fault)
            return
        match fault.kind:
            case FaultKind.HANG_UP:
                self._hang_up((fault.for_ms or 0) * NS_PER_MS)
            case FaultKind.BABBLE:
                self._babble(fault)
            case FaultKind.EXECUTE_BUT_LOSE_ACK:
                address = self.device(fault.address).address
                self._acks_to_lose[address] = self._acks_to_lose.get(address, 0) + fault.count
            case FaultKind.SLOW_CLOCK:
                device = self.device(fault.address)
                self.day.slow_down(device, fault.ppm)
                self._fire(fault.kind, f"pump {device.address} {fault.ppm} ppm")
            case _:
                device = self.device(fault.address)
                done = pump_faults.bring_on(device, self._told(device), fault)
                self._fire(fault.kind, f"pump {device.address}{done.detail}")
                if done.then is not None:
                    self._put_fault(self.day.now_ns + done.after_ms * NS_PER_MS, done.then)
                self._say(done.said, device)

    def _hang_up(self, for_ns: int) -> None:
        """The host's port goes away, and with it all bytes that were under way."""
        self._wire.clear()
        self._arrived.clear()
        self.wire.hang_up()
        self._wire_free_ns = {"to_pump": self._now_ns, "to_host": self._now_ns}
        self._hung_until_ns = self._now_ns + for_ns
        self._fire(FaultKind.HANG_UP, f"for {for_ns // NS_PER_MS} ms")
        if self.on_hang_up is not None:
            self.on_hang_up(for_ns)

    def _babble(self, fault: Fault) -> None:
        """Noise that all on the line hear, as far as the direction says."""
        gap_ms = BABBLE_GAP_MS if fault.by_ms is None else fault.by_ms
        for burst in range(fault.count):
            noise = self.wire.noise()
            at_ns = self._now_ns + burst * gap_ms * NS_PER_MS
            if fault.direction != "to_host":
                self._put(self._on_the_wire("to_pump", at_ns, noise), "pump_hears", noise)
            if fault.direction != "to_pump":
                self._put(self._on_the_wire("to_host", at_ns, noise), "host_hears", noise)
            self._fire(fault.kind, noise.hex(" "))
