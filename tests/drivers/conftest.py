"""A scripted conversation with a pump, every byte of which goes through the driver's real framing."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from pumpd_drivers.modbus_frames import TcpFraming
from pumpd_drivers.new_era import DRIVER

from pumpd.driver_api import (
    AlarmFrame,
    Framing,
    NoReply,
    Procedure,
    PumpAlarm,
    PumpAlarmed,
    PumpProcedures,
    Remaining,
    Reply,
    WireRequest,
)


def _frame(text: str) -> bytes:
    payload = text.encode()
    return bytes([2, len(payload) + 4]) + payload + crc_hqx(payload, 0).to_bytes(2, "big") + b"\x03"


def _play(procedure: Procedure[Any], script: list[tuple[str, str]]) -> Any:  # noqa: ANN401 (of any procedure)
    """Run a procedure as a bus would; the script is what has to be sent, and the pump's reply."""
    framing = DRIVER.framing()
    lines = iter(script)
    request = next(procedure)
    while True:
        command, answer = next(lines, ("nothing more", ""))
        assert request.data == _frame(f"0{command}"), f"sent {request.text!r}, the script has {command!r}"
        try:
            (heard,) = framing.receive(_frame(f"00{answer}"), request)
            if isinstance(heard, AlarmFrame):
                request = procedure.throw(PumpAlarmed(heard.alarm))
            else:
                assert isinstance(heard, Reply)
                assert framing.answers(request, heard), f"{answer!r} was dropped as no answer to {command!r}"
                request = procedure.send(heard)
        except StopIteration as end:
            assert next(lines, None) is None, "the procedure ended before the script"
            return end.value


@pytest.fixture
def play() -> Callable[[Procedure[Any], list[tuple[str, str]]], Any]:
    return _play


class ModbusPump:
    """Registers and coils that answer through a driver's real framing: bytes in, bytes out, in RTU or TCP."""

    def __init__(self, framing: Framing, *, coils: set[int], registers: dict[int, int]) -> None:
        self.framing = framing
        self.coils = coils
        self.registers = registers
        self.sent: list[WireRequest] = []
        self.refuses: dict[int, int] = {}  # address of a write -> exception
        self.written: Callable[[int, Sequence[int]], None] = lambda _address, _values: None

    def __call__(self, request: WireRequest) -> Reply:
        """The answer to one request, through the framing."""
        self.sent.append(request)
        tcp = isinstance(self.framing, TcpFraming)
        pdu = self._answer(request.data[7:] if tcp else request.data[1:-2])
        if tcp:
            data = request.data[:4] + (len(pdu) + 1).to_bytes(2, "big") + request.data[6:7] + pdu
        else:
            body = request.data[:1] + pdu
            crc = 0xFFFF
            for byte in body:
                crc ^= byte
                for _ in range(8):
                    crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
            data = body + crc.to_bytes(2, "little")
        (heard,) = self.framing.receive(data, request)
        assert isinstance(heard, Reply)
        assert self.framing.answers(request, heard), f"{pdu.hex(' ')} was dropped as no answer to {request.text!r}"
        return heard

    def play(self, procedure: Procedure[Any]) -> Any:  # noqa: ANN401 (of any procedure)
        """Run a procedure as a bus would."""
        request = next(procedure)
        while True:
            try:
                request = procedure.send(self(request))
            except StopIteration as end:
                return end.value

    def _answer(self, pdu: bytes) -> bytes:
        function, address, word = pdu[0], int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        if function > 4 and address in self.refuses:
            return bytes([function | 0x80, self.refuses[address]])
        match function:
            case 1 | 2:
                bits = sum(1 << n for n in range(word) if address + n in self.coils)
                return bytes([function, -(-word // 8)]) + bits.to_bytes(-(-word // 8), "little")
            case 3 | 4:
                values = [self.registers.get(address + n) for n in range(word)]
                if None in values:
                    return bytes([function | 0x80, 2])
                return bytes([function, 2 * word]) + b"".join((value or 0).to_bytes(2, "big") for value in values)
            case 5:
                (self.coils.add if word else self.coils.discard)(address)
                self.written(address, [word])
                return pdu
            case 6:
                self.registers[address] = word
                self.written(address, [word])
                return pdu
            case _:
                values = [int.from_bytes(pdu[at : at + 2], "big") for at in range(6, len(pdu), 2)]
                self.registers |= {address + n: value for n, value in enumerate(values) if value is not None}
                self.written(address, [value for value in values if value is not None])
                return pdu[:5]


@pytest.fixture
def modbus_pump() -> type[ModbusPump]:
    return ModbusPump


PROCEDURES: dict[str, Callable[[PumpProcedures, Remaining], Procedure[Any]]] = {
    "identify": lambda p, _: p.identify(),
    "observe": lambda p, _: p.observe(),
    "prepare": lambda p, remaining: p.prepare(remaining),
    "start": lambda p, _: p.start(),
    "change_rate": lambda p, remaining: p.change_rate(remaining.rate_ul_per_h - 100),
    "stop": lambda p, _: p.stop(),
    "acknowledge": lambda p, _: p.acknowledge(),
}
WHILE_RUNNING = frozenset({"observe", "change_rate", "stop"})
ASKED_TWICE = frozenset({"prepare", "identify"})  # what programs a pump at rest


class CutOff:
    """Plays one procedure of a Modbus pump up to any of its yields, and cuts it off there.

    `make` begins anew: the procedures of a pump that runs, or does not, and the pump that is played.
    """

    def __init__(
        self, name: str, make: Callable[[bool], tuple[PumpProcedures, ModbusPump]], remaining: Remaining
    ) -> None:
        self.name = name
        self._make = make
        self._remaining = remaining

    def make(self) -> tuple[Procedure[Any], ModbusPump]:
        one, device = self._make(self.name in WHILE_RUNNING)
        return PROCEDURES[self.name](one, self._remaining), device

    def stands(self) -> None:
        """Closed it asks nothing more; an alarm passes; into silence only a question or setting at rest goes again."""
        assert self.yields() > 0
        for place in range(self.yields()):
            procedure, _, _ = self.at(place)
            procedure.close()
            with pytest.raises(StopIteration):
                next(procedure)
            procedure, _, _ = self.at(place)
            with pytest.raises(PumpAlarmed):
                procedure.throw(PumpAlarmed(PumpAlarm.STALL))
            procedure, _, request = self.at(place)
            try:
                again = procedure.throw(NoReply("silence"))
            except NoReply:
                continue
            assert self.name in ASKED_TWICE, "only what programs a pump at rest is asked twice"
            assert (again.text, again.text.startswith("run on")) == (request.text, False)
            assert again.data[2:] == request.data[2:], "the same, but for a transaction's number"
            with pytest.raises(NoReply):
                procedure.throw(NoReply("silence"))

    def yields(self) -> int:
        procedure, pump = self.make()
        pump.play(procedure)
        return len(pump.sent)

    def at(self, place: int) -> tuple[Procedure[Any], ModbusPump, WireRequest]:
        procedure, pump = self.make()
        request = next(procedure)
        for _ in range(place):
            request = procedure.send(pump(request))
        return procedure, pump, request


@pytest.fixture(params=sorted(PROCEDURES))
def cut_off(request: pytest.FixtureRequest) -> Callable[..., CutOff]:
    """Of each procedure in turn."""
    return partial(CutOff, request.param)
