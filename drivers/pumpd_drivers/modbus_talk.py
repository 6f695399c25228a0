"""One exchange with a Modbus pump, and what follows from each kind of answer; bodies by pymodbus's PDU classes.

What may be sent again, and what never: a question, or a setting of a pump at rest that is read back, is asked once
more into silence (`again=1`) and once more when the device says that it was busy (exceptions 05 and 06: it has not
been done, or not yet, and every setting is absolute). A start, a stop and a rate while the pump runs go out once.

pymodbus gives the classes of requests and answers, and nothing else: its client re-sends writes by itself, and its
RTU client hands a late answer to the next question (docs/decisions/0021-pymodbus-pdus.md). Its base classes are found
only where it is installed, as the extra `pumpd[modbus]`; no other driver needs it.
"""

from __future__ import annotations

from typing import Final, NoReturn

from pumpd.driver_api import ConfigError, Framing, NoReply, Procedure, PumpRefused, WireRequest
from pumpd_drivers.modbus_frames import RtuFraming, TcpFraming, answer_size, rtu_frame, tcp_frame
from pumpd_drivers.options import Options

try:
    from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadCoilsResponse, WriteSingleCoilRequest
    from pymodbus.pdu.pdu import ModbusPDU
    from pymodbus.pdu.register_message import (
        ReadHoldingRegistersRequest,
        ReadHoldingRegistersResponse,
        WriteMultipleRegistersRequest,
        WriteSingleRegisterRequest,
    )
except ModuleNotFoundError as error:
    raise ImportError(f"{error}; Modbus drivers need pymodbus: pip install 'pumpd[modbus]'") from error


# The device's own time to answer. The example bag pump's page allows 50 ms; for the others no page tells, and 120
# leaves room for two 16 ms periods of a USB adapter. [assumption]
_TURNAROUND_MS: Final = 120
_BITS_PER_BYTE: Final = 11  # with parity or a second stop bit, as the specification has it (serial line 1.02, 2.5.1)
BAUDS: Final = (9_600, 19_200, 38_400, 57_600, 115_200)
SLOWEST_BAUD: Final = min(BAUDS)
_BUSY: Final = (5, 6)
_WHY: Final = {
    1: "it does not know this function: check that the driver fits the model",
    2: "it has no such address: check the driver's options, and that the driver fits the model",
    3: "the value is out of its range",
    4: "not possible in its present state: look at its display",
    5: "it has begun and needs longer: look again",
    6: "it is busy: try again",
    8: "its memory is damaged: take it out of use",
    10: "the gateway has no way to it: check the gateway",
    11: "the gateway gets no answer from it: check cable and unit number",
}


def reply_limit_ms(answer_bytes: int, baud: int) -> int:
    """Time on the wire for this much of an answer, plus the turnaround."""
    return -(-answer_bytes * _BITS_PER_BYTE * 1_000 // baud) + _TURNAROUND_MS


class Link:
    """What the options of a Modbus pump say of its bus: RTU or TCP, and how fast."""

    __slots__ = ("baud", "tcp")

    names: Final = ("baud", "framing")

    def __init__(self, options: Options) -> None:
        """Raises ConfigError. `framing`: "rtu" (also over a serial server) or "tcp"; `baud` sets RTU's reply limits."""
        framing, baud = options.get("framing", "rtu"), options.get("baud", 19_200)
        if framing not in ("rtu", "tcp"):
            raise ConfigError(f"framing = {framing!r}: write 'tcp' for Modbus TCP, 'rtu' for all that comes off a line")
        if isinstance(baud, bool) or baud not in BAUDS:
            raise ConfigError(f"baud = {baud!r}: write one of {', '.join(map(str, BAUDS))}, as in the pump's own menu")
        self.tcp = framing == "tcp"
        self.baud = int(baud)

    def framing(self) -> Framing:
        return TcpFraming() if self.tcp else RtuFraming()


def check_unit(address: int) -> None:
    if not 1 <= address <= 247:
        raise ConfigError(f"address {address}: a Modbus unit has a number from 1 to 247")


class Talk:
    """The wire side of one pump."""

    __slots__ = ("_link", "_transaction", "_unit")

    def __init__(self, *, unit: int, link: Link) -> None:
        self._unit = unit
        self._link = link
        self._transaction = 0

    def read(
        self, address: int, count: int, text: str, *, function: int = 3, again: int = 0
    ) -> Procedure[tuple[int, ...]]:
        """Registers, as many as were asked for."""
        request = ReadHoldingRegistersRequest(address=address, count=count)
        body = yield from self._exchange(
            _pdu(request, function), f"read {text} ({address})", changes=False, again=again
        )
        answer = ReadHoldingRegistersResponse()
        answer.decode(body)
        return tuple(answer.registers)

    def bits(
        self, address: int, count: int, text: str, *, function: int = 1, again: int = 0
    ) -> Procedure[tuple[bool, ...]]:
        """Coils or contacts, as many as were asked for."""
        request = ReadCoilsRequest(address=address, count=count)
        body = yield from self._exchange(
            _pdu(request, function), f"read {text} ({address})", changes=False, again=again
        )
        answer = ReadCoilsResponse()
        answer.decode(body)
        return tuple(answer.bits[:count])

    def switch(self, address: int, text: str, *, on: bool, again: int = 0) -> Procedure[None]:
        """One coil."""
        request = WriteSingleCoilRequest(address=address, bits=[on])
        yield from self._exchange(
            _pdu(request), f"{text} {'on' if on else 'off'} ({address})", changes=True, again=again
        )

    def put(self, address: int, value: int, text: str, *, again: int = 0) -> Procedure[None]:
        """One register."""
        request = WriteSingleRegisterRequest(address=address, registers=[value])
        yield from self._exchange(_pdu(request), f"{text} {value} ({address})", changes=True, again=again)

    def put_many(self, address: int, values: tuple[int, ...], text: str, *, again: int = 0) -> Procedure[None]:
        request = WriteMultipleRegistersRequest(address=address, registers=list(values))
        yield from self._exchange(_pdu(request), f"{text} ({address})", changes=True, again=again)

    def _exchange(self, pdu: bytes, text: str, *, changes: bool, again: int) -> Procedure[bytes]:
        """The answer's body behind the function code."""
        for left in range(again, -1, -1):
            try:
                reply = yield self._request(pdu, text, changes=changes)
            except NoReply:
                if left == 0:
                    raise
                continue
            answer = reply.body[2:]
            if answer[0] == pdu[0]:
                return answer[1:]
            if answer[1] not in _BUSY or left == 0:
                self._refused(text, answer[1])
        raise AssertionError("the last round returns or raises")

    def _request(self, pdu: bytes, text: str, *, changes: bool) -> WireRequest:
        """A fresh transaction each time: what answers an earlier one is late."""
        self._transaction = self._transaction % 0xFFFF + 1
        tcp = self._link.tcp
        limit_ms = _TURNAROUND_MS if tcp else reply_limit_ms(answer_size(pdu) + 3, self._link.baud)
        return WireRequest(
            data=tcp_frame(self._transaction, self._unit, pdu) if tcp else rtu_frame(self._unit, pdu),
            address=self._unit,
            changes=changes,
            reply_limit_ms=limit_ms,
            gap_ms=0 if tcp else gap_ms(self._link.baud),
            text=text,
        )

    def _refused(self, text: str, code: int) -> NoReturn:
        raise PumpRefused(
            f"asked to {text}, unit {self._unit} answered exception {code}: "
            f"{_WHY.get(code, 'which the specification does not name')}"
        )


def gap_ms(baud: int) -> int:
    """Three and a half characters, whole milliseconds up: a device takes what comes sooner for the same frame."""
    return max(2, -(-7 * _BITS_PER_BYTE * 1_000 // (2 * baud)))


def _pdu(request: ModbusPDU, function: int | None = None) -> bytes:
    """Function code and body. Input registers and contacts are asked for like their holding kin."""
    return bytes([request.function_code if function is None else function]) + request.encode()
