"""Frames of Modbus, over a serial line (RTU) and over TCP (MBAP): what of a byte stream can answer a question.

An RTU frame is unit, PDU, CRC-16 low byte first (poly 0xA001 reflected, start 0xFFFF); its end is a silence, which no
serial adapter, socket or process hands on faithfully. So nothing here looks for silences: the question implies how long
its answer is (or that it is an exception of two bytes), and the answer is looked for at every place of what has
come, so that noise before it, a late frame or an echo of the request cost nothing. A TCP frame carries transaction,
zero, length and unit before the PDU, and no checksum; all four have to be those of the question.

`answers` is strict: unit, transaction (TCP), function and form, and for a write the address and value that the
specification has the device repeat (application protocol 1.1b3). RTU numbers nothing: a late answer
of the same form is the wire's risk, kept small by the bus's quiet time and by drivers that never ask two questions
of the same form in a row.

What came before a question is never part of its answer, not even half of a frame.

The body of a Reply is two bytes of transaction (zero in RTU) and the PDU.
"""

from __future__ import annotations

from typing import Final

from pumpd.driver_api import Frame, Garbled, Reply, WireRequest

_PDU_MAX: Final = 253
_POLY: Final = 0xA001
_EXCEPTION: Final = 0x80
_EXCEPTION_SIZE: Final = 2
_WRITE_SIZE: Final = 5  # function, address, value or quantity
_COUNTED: Final = (1, 2, 3, 4, 23)  # their answers tell a byte count
_ECHOED: Final = (5, 6)
_CONFIRMED: Final = (15, 16)


def _table() -> tuple[int, ...]:
    made = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ _POLY if crc & 1 else crc >> 1
        made.append(crc)
    return tuple(made)


_TABLE: Final = _table()


def crc16(data: bytes) -> bytes:
    """Of unit and PDU, in the order of the wire."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    body = bytes([unit]) + pdu
    return body + crc16(body)


def tcp_frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    return transaction.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big") + bytes([unit]) + pdu


def answer_size(pdu: bytes) -> int:
    """How long the PDU is that answers this question, when it is no exception."""
    match pdu[0]:
        case 1 | 2:
            return 2 + -(-int.from_bytes(pdu[3:5], "big") // 8)
        case 3 | 4 | 23:
            return 2 + 2 * int.from_bytes(pdu[3:5], "big")
        case _:
            return _WRITE_SIZE


def is_answer(question: bytes, pdu: bytes) -> bool:
    """Has this PDU the form of an answer to that one?"""
    function = question[0]
    if len(pdu) < _EXCEPTION_SIZE:
        return False
    if pdu[0] == function | _EXCEPTION:
        return len(pdu) == _EXCEPTION_SIZE
    if pdu[0] != function or len(pdu) != answer_size(question):
        return False
    if function in _ECHOED:
        return pdu == question
    if function in _CONFIRMED:
        return pdu == question[:_WRITE_SIZE]
    return pdu[1] == len(pdu) - 2


class ModbusFraming:
    """What RTU and TCP have in common. Holds at most one frame's worth of bytes."""

    __slots__ = ("_asked", "_held")

    _head: int  # bytes before the PDU
    _tail: int  # and behind it

    def __init__(self) -> None:
        self._held = b""
        self._asked: WireRequest | None = None

    def receive(self, data: bytes, awaiting: WireRequest | None) -> tuple[Frame, ...]:
        frames: list[Frame] = []
        if awaiting is not self._asked:
            self._asked = awaiting
            frames += _noise(self._held, "half a frame from before the question")
            self._held = b""
        held = self._held + data
        while awaiting is not None and (found := self._find(held, awaiting)):
            at, end, reply = found
            before = self._take_others(held[:at], None, frames)
            frames += _noise(before, "bytes outside any frame")
            frames.append(reply)
            held = held[end:]
        held = self._take_others(held, awaiting, frames)
        excess = len(held) - (self._head + _PDU_MAX + self._tail)
        if excess > 0:
            frames += _noise(held[:excess], "more bytes than a frame can have")
            held = held[excess:]
        self._held = held
        return tuple(frames)

    def quiet(self) -> None:
        self._held = b""

    def answers(self, request: WireRequest, reply: Reply) -> bool:
        if reply.address != request.address or not is_answer(self._question(request), reply.body[2:]):
            return False
        return self._same_transaction(request, reply)

    def _take_others(self, held: bytes, awaiting: WireRequest | None, frames: list[Frame]) -> bytes:
        """Whole frames that answer nothing go out of what is held, unless they stand inside an answer under way."""
        while found := self._find(held, None):
            at, end, reply = found
            if awaiting is not None and any(self._begins(held, place, awaiting) for place in range(at + 1)):
                break
            frames += _noise(held[:at], "bytes outside any frame")
            frames.append(reply)
            held = held[end:]
        return held

    def _begins(self, held: bytes, at: int, awaiting: WireRequest) -> bool:
        """May an answer begin here whose end has not come?"""
        opening = self._opening(awaiting)
        size = self._head + answer_size(self._question(awaiting)) + self._tail
        return len(held) - at < size and held[at : at + len(opening)] == opening[: len(held) - at]

    def _find(self, held: bytes, awaiting: WireRequest | None) -> tuple[int, int, Reply] | None:
        """The first frame that answers; or, when nothing is awaited, the first that is whole by its own word."""
        sizes: tuple[int, ...] = ()
        if awaiting is not None:
            sizes = (answer_size(self._question(awaiting)), _EXCEPTION_SIZE)
        for at in range(len(held) - self._head - self._tail):
            for size in sizes or self._told_sizes(held, at):
                end = at + self._head + size + self._tail
                if end > len(held) or not self._is_whole(held, at, size):
                    continue
                reply = self._reply(held, at, size)
                if awaiting is None or self.answers(awaiting, reply):
                    return at, end, reply
        return None

    def _told_sizes(self, held: bytes, at: int) -> tuple[int, ...]:
        raise NotImplementedError

    def _is_whole(self, held: bytes, at: int, size: int) -> bool:
        raise NotImplementedError

    def _reply(self, held: bytes, at: int, size: int) -> Reply:
        raise NotImplementedError

    def _opening(self, awaiting: WireRequest) -> bytes:
        """The bytes with which the answer has to begin."""
        raise NotImplementedError

    def _question(self, request: WireRequest) -> bytes:
        return request.data[self._head : len(request.data) - self._tail]

    def _same_transaction(self, _request: WireRequest, _reply: Reply) -> bool:
        return True  # where nothing is numbered


class RtuFraming(ModbusFraming):
    """Over a serial line, or over TCP through a server that hands on bytes."""

    __slots__ = ()

    _head = 1
    _tail = 2

    def _told_sizes(self, held: bytes, at: int) -> tuple[int, ...]:
        function = held[at + 1]
        if function & _EXCEPTION:
            return (_EXCEPTION_SIZE,)
        if function in _COUNTED:
            return (2 + held[at + 2],)
        return (_WRITE_SIZE,) if function in _ECHOED + _CONFIRMED else ()

    def _is_whole(self, held: bytes, at: int, size: int) -> bool:
        end = at + 1 + size
        return crc16(held[at:end]) == held[end : end + 2]

    def _opening(self, awaiting: WireRequest) -> bytes:
        question = self._question(awaiting)
        counted = bytes([answer_size(question) - 2]) if question[0] in _COUNTED else b""
        return awaiting.data[:2] + counted

    def _reply(self, held: bytes, at: int, size: int) -> Reply:
        return Reply(address=held[at], body=b"\0\0" + held[at + 1 : at + 1 + size])


class TcpFraming(ModbusFraming):
    """Over TCP, with the header that the specification calls MBAP."""

    __slots__ = ()

    _head = 7
    _tail = 0

    def _told_sizes(self, held: bytes, at: int) -> tuple[int, ...]:
        size = int.from_bytes(held[at + 4 : at + 6], "big") - 1
        return (size,) if _EXCEPTION_SIZE <= size <= _PDU_MAX else ()

    def _is_whole(self, held: bytes, at: int, size: int) -> bool:
        return held[at + 2 : at + 6] == b"\0\0" + (size + 1).to_bytes(2, "big")

    def _opening(self, awaiting: WireRequest) -> bytes:
        size = answer_size(self._question(awaiting)) + 1
        return awaiting.data[:4] + size.to_bytes(2, "big") + awaiting.data[6:8]

    def _reply(self, held: bytes, at: int, size: int) -> Reply:
        return Reply(address=held[at + 6], body=held[at : at + 2] + held[at + 7 : at + 7 + size])

    def _same_transaction(self, _request: WireRequest, _reply: Reply) -> bool:
        return _reply.body[:2] == _request.data[:2]


def _noise(data: bytes, why: str) -> list[Frame]:
    return [Garbled(data=data, why=why)] if data else []
