"""A plain Modbus host for tests, in virtual time: asks a simulated pump and reads what it answers.

As `host` is for text protocols: no driver, retries nothing and believes everything that bears its unit and
transaction. A refusal comes back as its PDU (function + 0x80, code), silence as no bytes.

    host = ModbusHost(SimBus([pump], baud=19_200))
    assert host.words(0, 1) == (0x4250,)
    host.write(32, f32(5.0))
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from pumpd_sim.conversation import Conversation
from pumpd_sim.modbus_wire import PDU_LONGEST, crc16, rtu_frame, tcp_frame, tcp_frames

if TYPE_CHECKING:
    from pumpd_sim.bus import SimBus
    from pumpd_sim.device import Truth


class RefusedError(Exception):
    """The pump answered with an exception, or not at all; the argument is what it said."""


class ModbusHost(Conversation):
    """One conversation with one unit. `strays` are frames that answer no question of ours."""

    def __init__(self, bus: SimBus, *, unit: int = 1, mode: str = "rtu", now_ns: int = 0) -> None:
        super().__init__(bus, now_ns)
        self.unit = unit
        self.mode = mode
        self.transaction = 0
        self.strays: list[bytes] = []

    def ask(self, pdu: bytes) -> bytes:
        """A request's PDU; returns the answer's, or b"" for silence."""
        if self.mode == "rtu":
            heard = self.send(rtu_frame(self.unit, pdu))
            whole = len(heard) >= 4 and crc16(heard[:-2]) == int.from_bytes(heard[-2:], "little")
            if whole and heard[0] == self.unit:
                return heard[1:-2]
            self.strays += [heard] if heard else []
            return b""
        self.transaction = self.transaction % 0xFFFF + 1
        answer = b""
        for frame in tcp_frames(self.send(tcp_frame(self.transaction, self.unit, pdu))):
            if int.from_bytes(frame[:2], "big") == self.transaction and frame[6] == self.unit:
                answer = frame[7:]
            else:
                self.strays.append(frame)
        assert len(answer) <= PDU_LONGEST
        return answer

    def words(self, address: int, count: int, *, function: int = 3) -> tuple[int, ...]:
        data = self._taken(struct.pack(">BHH", function, address, count))[2:]
        return struct.unpack(f">{count}H", data)

    def value(self, address: int) -> float:
        """The f32 in two registers, high word first."""
        (value,) = struct.unpack(">f", self._taken(struct.pack(">BHH", 3, address, 2))[2:])
        return float(value)

    def bits(self, address: int, count: int, *, function: int = 1) -> tuple[bool, ...]:
        packed = int.from_bytes(self._taken(struct.pack(">BHH", function, address, count))[2:], "little")
        return tuple(bool(packed >> place & 1) for place in range(count))

    def write(self, address: int, data: bytes) -> None:
        self._taken(struct.pack(">BHHB", 16, address, len(data) // 2, len(data)) + data)

    def coil(self, address: int, *, on: bool) -> None:
        self._taken(struct.pack(">BHH", 5, address, 0xFF00 if on else 0))

    def wait(self, seconds: float) -> None:
        """Let time pass; nothing is asked."""
        heard = self.listen(seconds)
        self.strays += [heard] if heard else []

    def truth(self) -> Truth:
        return self.bus.truth(self.now_ns, self.unit)

    def _taken(self, pdu: bytes) -> bytes:
        answer = self.ask(pdu)
        if not answer or answer[0] != pdu[0]:
            raise RefusedError(answer)
        return answer
