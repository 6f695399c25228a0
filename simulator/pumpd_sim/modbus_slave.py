"""The part of a Modbus pump that understands requests: functions, tables of coils and registers, exceptions.

Written from the "MODBUS application protocol specification" 1.1b3, section 6. A device lists what it has as `Bit` and
`Item`; reading asks the device, writing asks it twice: first whether each value is allowed, then, when all are, to do
it. So a request is carried out whole or refused whole, as the specification's flow charts have it (check function, then
quantity, then address, then value). What the specification leaves to a device is given to the constructor: the
functions it knows, and what reading an address without meaning yields.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 1, 2, 3, 4
READ_BITS_LIMIT, WRITE_BITS_LIMIT = 2_000, 1_968
READ_WORDS_LIMIT, WRITE_WORDS_LIMIT, READ_AND_WRITE_LIMIT = 125, 123, 121

Deed = Callable[[], None]


class ExceptionReply(Exception):
    """The request is refused with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Bit:
    """A coil or a discrete input. `write` refuses with ExceptionReply, or returns what will do it."""

    address: int
    read: Callable[[], bool]
    write: Callable[[bool], Deed] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A value in one or more registers, as bytes in the order of the wire. `write` as in Bit."""

    address: int
    read: Callable[[], bytes]
    words: int = 1
    write: Callable[[bytes], Deed] | None = None


def f32(value: float) -> bytes:
    return struct.pack(">f", value)


def u16(value: int) -> bytes:
    return (value & 0xFFFF).to_bytes(2, "big")


def u32(value: int) -> bytes:
    return (value & 0xFFFF_FFFF).to_bytes(4, "big")


def number(data: bytes) -> float:
    """The f32 in these four bytes."""
    (value,) = struct.unpack(">f", data)
    return float(value)


def _words(pdu: bytes, count: int, at: int = 1) -> tuple[int, ...]:
    """So many 16-bit numbers of a request; one that is too short is refused as a wrong quantity."""
    if len(pdu) < at + 2 * count:
        raise ExceptionReply(ILLEGAL_VALUE)
    return struct.unpack_from(f">{count}H", pdu, at)


def _exactly(pdu: bytes, length: int) -> None:
    if len(pdu) != length:
        raise ExceptionReply(ILLEGAL_VALUE)


def _packed(bits: Sequence[bool]) -> bytes:
    value = sum(1 << place for place, bit in enumerate(bits) if bit)
    return value.to_bytes(-(-len(bits) // 8), "little")


class Registers:
    """One table of 16-bit registers, seen as items. `reach` is the span in which an address without meaning reads 0.

    A 32-bit number is read whole or refused: its halves, asked one after the other, may be of two numbers.
    """

    def __init__(self, items: Iterable[Item], reach: range = range(0)) -> None:
        self._items = {item.address: item for item in items}
        self._starts = {item.address + at: item for item in self._items.values() for at in range(item.words)}
        self._reach = reach

    def read(self, address: int, count: int) -> bytes:
        values: dict[int, bytes] = {}
        data = b""
        for each in range(address, address + count):
            item = self._starts.get(each)
            if item is None:
                if each not in self._reach:
                    raise ExceptionReply(ILLEGAL_ADDRESS)
                data += b"\0\0"
                continue
            if item.words == 2 and not address <= item.address < address + count - 1:
                raise ExceptionReply(ILLEGAL_ADDRESS)
            if item.address not in values:
                values[item.address] = item.read()
            at = 2 * (each - item.address)
            data += values[item.address][at : at + 2]
        return data

    def write(self, address: int, data: bytes) -> Deed:
        deeds: list[Deed] = []
        found: list[tuple[Item, bytes]] = []
        at = 0
        while at < len(data):
            item = self._items.get(address + at // 2)
            size = 2 * item.words if item else 0
            if item is None or item.write is None or at + size > len(data):
                raise ExceptionReply(ILLEGAL_ADDRESS)
            found.append((item, data[at : at + size]))
            at += size
        for item, value in found:
            assert item.write is not None  # refused above
            deeds.append(item.write(value))
        return lambda: _do_all(deeds)


def _do_all(deeds: Iterable[Deed]) -> None:
    for deed in deeds:
        deed()


class Bits:
    """One table of coils or discrete inputs; `reach` as in Registers."""

    def __init__(self, bits: Iterable[Bit], reach: range = range(0)) -> None:
        self._bits = {bit.address: bit for bit in bits}
        self._reach = reach

    def read(self, address: int, count: int) -> list[bool]:
        span = range(address, address + count)
        if any(each not in self._bits and each not in self._reach for each in span):
            raise ExceptionReply(ILLEGAL_ADDRESS)
        return [self._bits[each].read() if each in self._bits else False for each in span]

    def write(self, address: int, values: Sequence[bool]) -> Deed:
        writers: list[Callable[[bool], Deed]] = []
        for each in range(address, address + len(values)):
            bit = self._bits.get(each)
            if bit is None or bit.write is None:
                raise ExceptionReply(ILLEGAL_ADDRESS)
            writers.append(bit.write)
        deeds = [write(value) for write, value in zip(writers, values, strict=True)]
        return lambda: _do_all(deeds)


class Slave:
    """Answers a request's PDU with a reply's."""

    def __init__(
        self,
        *,
        functions: Iterable[int],
        coils: Bits | None = None,
        discretes: Bits | None = None,
        holding: Registers | None = None,
        inputs: Registers | None = None,
    ) -> None:
        self._coils, self._discretes = coils or Bits(()), discretes or Bits(())
        self._holding, self._inputs = holding or Registers(()), inputs or Registers(())
        known: dict[int, Callable[[bytes], bytes]] = {
            1: lambda pdu: self._read_bits(self._coils, pdu),
            2: lambda pdu: self._read_bits(self._discretes, pdu),
            3: lambda pdu: self._read_words(self._holding, pdu),
            4: lambda pdu: self._read_words(self._inputs, pdu),
            5: self._write_coil,
            6: self._write_word,
            15: self._write_coils,
            16: self._write_words,
            22: self._mask_word,
            23: self._write_and_read,
        }
        self._functions = {function: known[function] for function in functions}

    def answer(self, pdu: bytes) -> bytes:
        """A refusal is an answer too: the function with its highest bit set, and why (specification 1.1b3, 7)."""
        function = pdu[0]
        try:
            if function not in self._functions:
                raise ExceptionReply(ILLEGAL_FUNCTION)
            return bytes([function]) + self._functions[function](pdu)
        except ExceptionReply as refusal:
            return bytes([function | 0x80, refusal.code])

    @staticmethod
    def _span(address: int, count: int, limit: int) -> None:
        if not 1 <= count <= limit:
            raise ExceptionReply(ILLEGAL_VALUE)
        if address + count > 0x1_0000:
            raise ExceptionReply(ILLEGAL_ADDRESS)

    def _read_bits(self, table: Bits, pdu: bytes) -> bytes:
        address, count = _words(pdu, 2)
        _exactly(pdu, 5)
        self._span(address, count, READ_BITS_LIMIT)
        data = _packed(table.read(address, count))
        return bytes([len(data)]) + data

    def _read_words(self, table: Registers, pdu: bytes) -> bytes:
        address, count = _words(pdu, 2)
        _exactly(pdu, 5)
        self._span(address, count, READ_WORDS_LIMIT)
        data = table.read(address, count)
        return bytes([len(data)]) + data

    def _write_coil(self, pdu: bytes) -> bytes:
        address, value = _words(pdu, 2)
        _exactly(pdu, 5)
        if value not in (0x0000, 0xFF00):
            raise ExceptionReply(ILLEGAL_VALUE)
        self._coils.write(address, [value == 0xFF00])()
        return pdu[1:5]

    def _write_word(self, pdu: bytes) -> bytes:
        address, _ = _words(pdu, 2)
        _exactly(pdu, 5)
        self._holding.write(address, pdu[3:5])()
        return pdu[1:5]

    def _write_coils(self, pdu: bytes) -> bytes:
        address, count = _words(pdu, 2)
        self._span(address, count, WRITE_BITS_LIMIT)
        size = -(-count // 8)
        _exactly(pdu, 6 + size)
        if pdu[5] != size:
            raise ExceptionReply(ILLEGAL_VALUE)
        value = int.from_bytes(pdu[6:], "little")
        self._coils.write(address, [bool(value >> place & 1) for place in range(count)])()
        return pdu[1:5]

    def _write_words(self, pdu: bytes) -> bytes:
        address, count = _words(pdu, 2)
        self._span(address, count, WRITE_WORDS_LIMIT)
        _exactly(pdu, 6 + 2 * count)
        if pdu[5] != 2 * count:
            raise ExceptionReply(ILLEGAL_VALUE)
        self._holding.write(address, pdu[6:])()
        return pdu[1:5]

    def _mask_word(self, pdu: bytes) -> bytes:
        address, keep, put = _words(pdu, 3)
        _exactly(pdu, 7)
        old = int.from_bytes(self._holding.read(address, 1), "big")
        self._holding.write(address, u16(old & keep | put & ~keep))()
        return pdu[1:7]

    def _write_and_read(self, pdu: bytes) -> bytes:
        """Writes first, then reads."""
        read_at, read_count, write_at, write_count = _words(pdu, 4)
        self._span(read_at, read_count, READ_WORDS_LIMIT)
        self._span(write_at, write_count, READ_AND_WRITE_LIMIT)
        _exactly(pdu, 10 + 2 * write_count)
        if pdu[9] != 2 * write_count:
            raise ExceptionReply(ILLEGAL_VALUE)
        deed = self._holding.write(write_at, pdu[10:])
        self._holding.read(read_at, read_count)  # refuses before anything is done
        deed()
        data = self._holding.read(read_at, read_count)
        return bytes([len(data)]) + data
