"""How a scripted host says and hears Modbus: by the names of the device's map, or as a PDU in hex.

    rate_ml_per_h = 60        written; answered `ok`, or `refused 4` with the exception's number
    rate_ml_per_h?            read; answered `rate_ml_per_h = 60`
    run = on                  a coil; `off` the other way
    alarms?                   bits by their names: `alarms = air, power`, or `alarms = none`
    03 00 40 00 02            any PDU; its answer is then a PDU too
    @7 run = off              the same to another unit; @0 to all, and nobody answers

An answer is read as the one to the question with its transaction number (over TCP) or to the last one (RTU). What
answers no question of this host, or another unit's, is shown as a PDU behind @unit, and over TCP #transaction; what is
no frame at all is shown as its bytes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pumpd_sim.fault_text import near
from pumpd_sim.modbus_names import READ_BY, Named, NotThisValueError
from pumpd_sim.modbus_wire import RTU_SHORTEST, TCP_HEADER, crc16, rtu_frame, tcp_frame

Carrier = Literal["rtu", "tcp"]
QUESTIONS_KEPT = 16
OK = "ok"
_WRITABLE = ("coil", "holding")
_TO_UNIT = re.compile(r"@(\d{1,3}) (.*)")
_PDU = re.compile(r"[0-9a-f]{2}(?: [0-9a-f]{2})*")
_ASKS = re.compile(r"(\w+)\?")
_SETS = re.compile(r"(\w+) = (.+)")
_REFUSED = re.compile(r"refused \d{1,3}")


class SpeechError(ValueError):
    """Nobody says this, or nobody could hear it; the sentence says what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked: the PDU, and the register it reads, if it reads one by its name."""

    unit: int
    pdu: bytes
    reads: Named | None = None
    by_name: bool = True


class ModbusSpeech:
    """One host at one wire."""

    def __init__(self, carrier: Carrier, unit: int, names: Iterable[Named]) -> None:
        self._carrier = carrier
        self._unit = unit
        self._names: Mapping[str, Named] = {each.name: each for each in names}
        self._asked: dict[int, Question] = {}  # by transaction; over RTU the last alone
        self._transaction = 0

    # Saying

    def packed(self, line: str) -> bytes:
        """Raises SpeechError."""
        question = self._question(line)
        if self._carrier == "rtu":
            self._asked = {0: question}
            return rtu_frame(question.unit, question.pdu)
        self._transaction = self._transaction % 0xFFFF + 1
        self._asked[self._transaction] = question
        self._asked.pop(self._transaction - QUESTIONS_KEPT, None)
        return tcp_frame(self._transaction, question.unit, question.pdu)

    def part(self, line: str, *, answered: bool = False) -> bytes:
        """Unit and PDU of a question, or of a value that is answered: they stand in its frame over either carrier.

        Raises SpeechError.
        """
        sets = _SETS.fullmatch(line) if answered else None
        if sets is None:
            question = self._question(line)
            return bytes([question.unit]) + question.pdu
        named = self._named(sets[1])
        value = _value(named, sets[2])
        return bytes([self._unit, READ_BY[named.table], len(value)]) + value

    def line_of(self, data: bytes) -> str:
        """What a host says in one whole frame of either carrier, as the line that says it; empty where no name does."""
        is_rtu = len(data) >= RTU_SHORTEST and crc16(data[:-2]) == int.from_bytes(data[-2:], "little")
        pdu = data[1:-2] if is_rtu else data[TCP_HEADER:]
        for named in self._names.values():
            if pdu == self._read(0, named).pdu:
                return f"{named.name}?"
            value = pdu[3:4] if named.form == "switch" else pdu[-2 * named.words :]
            if value and named.table in _WRITABLE and pdu == _writing(named, value):
                return f"{named.name} = {named.shown(value)}"
        return ""

    def must_be_sayable(self, line: str) -> None:
        """Raises SpeechError."""
        self._question(line)

    def must_be_hearable(self, line: str) -> None:
        """Raises SpeechError for an answer that could never come, as a number that is shown otherwise."""
        pdu = _PDU.fullmatch(line) is not None and len(line) > 2  # every answer has a function and something more
        if line in ("", OK) or line[0] in "@#<" or _REFUSED.fullmatch(line) or pdu:
            return
        found = _SETS.fullmatch(line)
        if found is None:
            raise SpeechError(f"nobody answers {line!r}: an answer is NAME = VALUE, ok, refused 4, or a PDU in hex")
        named = self._named(found[1])
        heard = f"{named.name} = {named.shown(_value(named, found[2]))}"
        if heard != line:
            raise SpeechError(f"this answer is shown as {heard!r}: write it so")

    def _question(self, line: str) -> Question:
        to_unit = _TO_UNIT.fullmatch(line)
        unit, line = (int(to_unit[1]), to_unit[2]) if to_unit else (self._unit, line)
        if unit > 0xFF:
            raise SpeechError(f"@{unit}: a unit is 0 to 255")
        if _PDU.fullmatch(line):
            return Question(unit=unit, pdu=bytes.fromhex(line), by_name=False)
        if asks := _ASKS.fullmatch(line):
            return self._read(unit, self._named(asks[1]))
        if sets := _SETS.fullmatch(line):
            named = self._named(sets[1])
            return Question(unit=unit, pdu=_writing(named, _value(named, sets[2])))
        raise SpeechError(f"{line!r} is neither NAME?, nor NAME = VALUE, nor a PDU in hex such as '03 00 00 00 01'")

    def _read(self, unit: int, named: Named) -> Question:
        function = READ_BY[named.table]
        return Question(unit=unit, pdu=struct.pack(">BHH", function, named.address, named.words), reads=named)

    def _named(self, name: str) -> Named:
        if name not in self._names:
            raise SpeechError(f"this pump has no {name!r}; {near(name, list(self._names))}")
        return self._names[name]

    # Hearing

    def heard(self, data: bytes) -> list[str]:
        return list(self._heard_rtu(data) if self._carrier == "rtu" else self._heard_tcp(data))

    def _heard_rtu(self, data: bytes) -> Iterator[str]:
        while data:
            end = _frame_size(data)
            if not RTU_SHORTEST <= end <= len(data) or crc16(data[: end - 2]) != int.from_bytes(
                data[end - 2 : end], "little"
            ):
                yield _raw(data)
                return
            yield self._answer(self._asked.get(0), data[0], data[1 : end - 2])
            data = data[end:]

    def _heard_tcp(self, data: bytes) -> Iterator[str]:
        while data:
            end = 6 + int.from_bytes(data[4:6], "big")
            if len(data) < end or end <= TCP_HEADER or data[2:4] != b"\0\0":
                yield _raw(data)
                return
            transaction = int.from_bytes(data[:2], "big")
            told = self._answer(self._asked.get(transaction), data[6], data[TCP_HEADER:end])
            yield told if transaction in self._asked else f"#{transaction} {told}"
            data = data[end:]

    def _answer(self, question: Question | None, unit: int, pdu: bytes) -> str:
        if question is None or unit != question.unit:
            return f"@{unit} {pdu.hex(' ')}"
        asked = question.pdu
        if pdu[0] == asked[0] | 0x80 and len(pdu) == 2 and question.by_name:
            return f"refused {pdu[1]}"
        named = question.reads
        if named is not None and pdu[0] == asked[0] and len(pdu) == pdu[1] + 2 == _answer_size(named):
            return f"{named.name} = {named.shown(pdu[2:])}"
        if question.by_name and named is None and pdu == asked[:5]:
            return OK
        return pdu.hex(" ")


def _value(named: Named, text: str) -> bytes:
    try:
        return named.packed(text)
    except NotThisValueError as error:
        raise SpeechError(str(error)) from error


def _writing(named: Named, value: bytes) -> bytes:
    """Function 5 for a coil, 6 for one register, 16 for more."""
    if named.table not in _WRITABLE:
        raise SpeechError(f"{named.name} can only be read: {named.name}?")
    if named.form == "switch":
        return struct.pack(">BHH", 5, named.address, 0xFF00 if value[0] else 0)
    if named.words == 1:
        return struct.pack(">BH", 6, named.address) + value
    return struct.pack(">BHHB", 16, named.address, named.words, 2 * named.words) + value


def _answer_size(named: Named) -> int:
    return 3 if named.form == "switch" else 2 + 2 * named.words


def _frame_size(data: bytes) -> int:
    """By function and count: a CRC alone may also be right a byte too early, and is with zeros behind."""
    function, count = data[1:2], data[2:3]
    if not count:
        return 0
    if function[0] & 0x80:
        return 5
    match function[0]:
        case 1 | 2 | 3 | 4 | 23:
            return 5 + count[0]
        case 22:
            return 10
        case _:
            return 8


def _raw(data: bytes) -> str:
    return "".join(f"<{byte:02x}>" for byte in data)
