"""What all simulated Modbus pumps have in common: the line, the unit, power, and what people do to them.

A pump hears requests in RTU or over TCP, answers those for its unit, obeys a broadcast without a word, and is deaf
without power. In RTU its answer comes when the line has fallen silent, so it is said on waking; over TCP at
once. What a request does, what happens by itself and what a start needs belong to each pump, in the methods that
raise NotImplementedError here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from pumpd_sim.device import Speech, Truth
from pumpd_sim.keypad import check_key
from pumpd_sim.modbus_slave import DEVICE_FAILURE
from pumpd_sim.modbus_wire import (
    BITS_PER_CHARACTER,
    Request,
    RtuReceiver,
    TcpReceiver,
    rtu_frame,
    tcp_frame,
    tcp_frames,
)
from pumpd_sim.provenance import Behaviour

if TYPE_CHECKING:
    from pumpd_sim.modbus_slave import Slave
    from pumpd_sim.plant import Plant

NS_PER_MS = 1_000_000
NS_PER_S = 10**9
CHANGING = (5, 6, 15, 16, 22, 23)  # the functions that write
Mode = Literal["rtu", "tcp"]
Due = tuple[int, Callable[[], None]]


def _no_byte(_frame: bytes) -> range:
    return range(0)


def _by_crc(_frame: bytes) -> bool:
    return True


RTU_SPEECH = Speech(guarded=_by_crc, bits_per_byte=BITS_PER_CHARACTER, answers_on_waking=True)
TCP_SPEECH = Speech(frames=tcp_frames, may_flip=_no_byte, numbered=True)


SERIAL_LINE, MESSAGING, PROTOCOL = (
    "Modbus over serial line 1.02",
    "Modbus messaging on TCP/IP 1.0b",
    "Modbus application protocol 1.1b3",
)
MODBUS: tuple[Behaviour, ...] = (
    ("RTU: CRC 0xA001 from 0xFFFF, low byte first", "manual", f"{SERIAL_LINE}, 6.2.2"),
    ("RTU: 3.5 characters of silence end a frame, and break a request inside", "manual", f"{SERIAL_LINE}, 2.5.1.1"),
    ("RTU: requests without silence between them are one broken frame", "manual", f"{SERIAL_LINE}, 2.5.1.1"),
    ("RTU: 1.5 characters of silence inside a frame are let pass", "assumption", "left to the device"),
    ("a broadcast is obeyed without an answer", "manual", f"{SERIAL_LINE}, 2.2"),
    ("MBAP: requests are found by their length, whatever the pieces", "manual", f"{MESSAGING}, 3.1.3"),
    ("MBAP: after a header that cannot be one, all that has come is thrown away", "assumption", "it might hang up"),
    ("MBAP: the beginning of a request waits 0.5 s for its end", "assumption", "left to the device"),
    ("checked in this order: function, quantity, address, value", "manual", f"{PROTOCOL}, 6"),
    ("half of a 32-bit number is refused with exception 2", "assumption", "left to the device"),
    ("function 23 writes, then reads", "manual", f"{PROTOCOL}, 6.17"),
)


class ModbusPump:
    """One pump. Subclasses set `slave` and fill in what it does."""

    slave: Slave
    alarms_known: tuple[str, ...]

    def __init__(self, *, unit: int, baud: int, mode: Mode, plant: Plant, reply_delay_ms: int, now_ns: int) -> None:
        self.address = unit
        self.baud = baud
        self.mode = mode
        self.plant = plant
        self.now_ns = now_ns
        self.reply_delay_ns = reply_delay_ms * NS_PER_MS
        self.speech = RTU_SPEECH if mode == "rtu" else TCP_SPEECH
        self._rtu = RtuReceiver(baud)
        self._tcp = TcpReceiver()
        self._power_back_ns: int | None = None
        self._deadline_ns: int | None = None  # when the pump's own watch over silence runs out
        self._said = bytearray()
        self._refusals = 0

    # What each pump does in its own way

    def _due(self) -> list[Due]:
        """What will happen by itself, with its time, besides power and frames."""
        raise NotImplementedError

    def _heard(self) -> None:
        """A valid request for this unit has come, whatever it asks."""
        raise NotImplementedError

    def _done(self) -> None:
        """The request has been carried out or refused; its answer is on its way."""

    def _obey_broadcast(self, pdu: bytes) -> None:
        raise NotImplementedError

    def _power_up(self) -> None:
        raise NotImplementedError

    def _power_down(self) -> None:
        """The power is gone: forget what is not kept, and whatever was driven stops."""
        raise NotImplementedError

    def _press(self, key: str, rate_nl_per_h: int | None) -> None:
        raise NotImplementedError

    def _look_again(self) -> None:
        """Something has befallen the plant that a sensor may see."""
        raise NotImplementedError

    def _raise_by_name(self, alarm: str) -> None:
        """One of `alarms_known`."""
        raise NotImplementedError

    def _status(self) -> tuple[str, str, int]:
        """What it takes itself to be doing, its alarm, and the rate it believes in, for the truth."""
        raise NotImplementedError

    # The bus's side

    @property
    def powered(self) -> bool:
        return self._power_back_ns is None

    def on_bytes(self, now_ns: int, data: bytes) -> bytes:
        said = bytearray(self.on_wake(now_ns))
        if not self.powered:
            return bytes(said)
        if self.mode == "rtu":
            self._rtu.feed(now_ns, data)
            return bytes(said)
        for request in self._tcp.feed(now_ns, data):
            said += self._answer(request)
        return bytes(said)

    def next_wake_ns(self) -> int | None:
        if self._said:
            return self.now_ns
        return min((at_ns for at_ns, _ in self._everything_due()), default=None)

    def on_wake(self, now_ns: int) -> bytes:
        while due := [each for each in self._everything_due() if each[0] <= now_ns]:
            at_ns, act = min(due, key=lambda each: each[0])
            self.now_ns = max(self.now_ns, at_ns)
            act()
        self.now_ns = max(self.now_ns, now_ns)
        said = bytes(self._said)
        self._said.clear()
        return said

    def _everything_due(self) -> list[Due]:
        if self._power_back_ns is not None:
            return [(self._power_back_ns, self._come_back)]
        due = self._due()
        frame_ends_ns = self._rtu.due_ns()
        if frame_ends_ns is not None:
            due.append((frame_ends_ns, self._take_frame))
        return due

    def _take_frame(self) -> None:
        request = self._rtu.take(self.now_ns)
        if request is not None:
            self._said += self._answer(request)

    def _is_mine(self, unit: int) -> bool:
        return unit == self.address

    def _answer(self, request: Request) -> bytes:
        if self.mode == "rtu" and request.unit == 0:
            self._obey_broadcast(request.pdu)
            return b""
        if not self._is_mine(request.unit):
            return b""
        self._heard()
        if self._refusals and request.pdu[0] in CHANGING:
            self._refusals -= 1
            return self._framed(request, bytes([request.pdu[0] | 0x80, DEVICE_FAILURE]))
        answer = self._framed(request, self.slave.answer(request.pdu))
        self._done()
        return answer

    def _framed(self, request: Request, pdu: bytes) -> bytes:
        if self.mode == "rtu":
            return rtu_frame(request.unit, pdu)
        return tcp_frame(request.transaction, request.unit, pdu)

    # People and mishaps at the pump

    def press(self, now_ns: int, key: str, *, rate_nl_per_h: int | None = None) -> bytes:
        """A person at the keypad: `start`, `stop`, `rate` (with a rate) or `clear` an alarm."""
        check_key(key, rate_nl_per_h)
        said = self.on_wake(now_ns)
        if self.powered:
            self._press(key, rate_nl_per_h)
        return said

    def reboot(self, now_ns: int, outage_ns: int) -> bytes:
        """The power fails and comes back after a while; until then the pump neither hears nor pumps."""
        said = self.on_wake(now_ns)
        self._switch_off(now_ns + outage_ns)
        return said

    def _switch_off(self, back_ns: int) -> None:
        self._power_down()
        self._rtu.forget()
        self._tcp.forget()
        self._deadline_ns = None
        self._power_back_ns = back_ns

    def _come_back(self) -> None:
        self._power_back_ns = None
        self._power_up()

    # What befalls the plant in a way that a sensor may see soon; the rest goes to the plant itself

    def occlude(self, now_ns: int) -> bytes:
        return self._befall(now_ns, lambda: self.plant.occlude(now_ns))

    def narrow(self, now_ns: int, over_ns: int) -> bytes:
        return self._befall(now_ns, lambda: self.plant.narrow(now_ns, over_ns))

    def release(self, now_ns: int) -> bytes:
        return self._befall(now_ns, lambda: self.plant.release(now_ns))

    def jam(self, now_ns: int, *, jammed: bool) -> bytes:
        return self._befall(now_ns, lambda: self.plant.jam(now_ns, jammed=jammed))

    def load(self, now_ns: int, volume_nl: int | None = None) -> bytes:
        """Somebody puts in another syringe, or hangs another bag: full unless a volume is named."""
        return self._befall(now_ns, lambda: self.plant.load(now_ns, volume_nl))

    def admit_air(self, now_ns: int, volume_nl: int) -> bytes:
        return self._befall(now_ns, lambda: self.plant.admit_air(now_ns, volume_nl))

    def flow_freely(self, now_ns: int, rate_nl_per_h: int) -> bytes:
        return self._befall(now_ns, lambda: self.plant.flow_freely(now_ns, rate_nl_per_h))

    def _befall(self, now_ns: int, deed: Callable[[], None]) -> bytes:
        said = self.on_wake(now_ns)
        deed()
        self._look_again()
        return said

    def raise_alarm(self, now_ns: int, alarm: str) -> bytes:
        said = self.on_wake(now_ns)
        if self.powered:
            self._raise_by_name(alarm)
        return said

    def refuse_next(self, now_ns: int, count: int) -> bytes:
        """The next requests that would change something are refused with exception 4 and not carried out."""
        self._refusals = count
        return self.on_wake(now_ns)

    def readdressed(self, frame: bytes) -> bytes:
        """A frame of this pump as the next unit would have said it."""
        if self.mode == "rtu":
            return rtu_frame(frame[0] % 247 + 1, frame[1:-2])
        return frame[:6] + bytes([frame[6] % 247 + 1]) + frame[7:]

    def shift_timers(self, by_ns: int) -> None:
        """What is timed on the line is later by this: the day moves on, the conversation does not."""
        if self._deadline_ns is not None:
            self._deadline_ns += by_ns
        self._rtu.shift(by_ns)
        self._tcp.shift(by_ns)

    def truth(self, now_ns: int) -> Truth:
        """What is really so at this moment; asking changes nothing (what the pump has said waits)."""
        self._said += self.on_wake(now_ns)
        plant = self.plant
        plant.advance(now_ns)
        status, alarm, believed_rate = self._status()
        return Truth.of(
            plant,
            at_ns=now_ns,
            address=self.address,
            believed_rate_nl_per_h=believed_rate,
            powered=self.powered,
            status=status,
            alarm=alarm,
            watchdog_left_ns=None if self._deadline_ns is None else self._deadline_ns - now_ns,
        )
