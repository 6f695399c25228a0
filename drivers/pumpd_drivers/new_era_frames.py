"""Frames of the New Era protocol: what goes onto the wire, and what can be believed of what comes back.

Safe mode: STX, length, payload, CRC high, CRC low, ETX; the length counts everything behind STX, the CRC
(poly 0x1021, start 0) covers the payload (NE-1000 manual, publication 1200-01, sections 10.2.2 and 10.2.3).
A CRC byte may look like STX or ETX, so a Safe frame ends where its length says. Basic mode: STX, two digits
of address, status, data, ETX; no checksum. The byte behind STX tells them apart: a Safe reply is 7 to 47
long, a Basic one begins with a digit (48 to 57). Payload is printable text, so a frame that lost bytes
shows at the next STX, not at a time-out.

Requests always go out in Safe framing, which a pump in either mode obeys. A Basic reply is believed only
while a request to that very address waits, and only until that pump has answered in Safe framing: from then
on it is noise, because a checksum that counts only when present guards nothing. One way leads back, for a
pump that was reset to its factory mode: `VER`, with which identify begins, may be answered in Basic, and
its long reply in the manual's form makes that pump a Basic one again. An alarm in Basic framing is believed
on the same terms.

The forms below say what each kind of answer looks like. With them `answers` drops what is
late, foreign, or our own request echoed by a wire. Any request may draw an error reply instead (`?`, `?NA`,
...).
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from typing import Final

from pumpd.driver_api import AlarmFrame, Frame, Garbled, PumpAlarm, Reply, WireRequest
from pumpd_drivers.new_era_numbers import NUMBER

STX: Final = 0x02
ETX: Final = 0x03
_OVERHEAD: Final = 4  # length byte, two CRC bytes, ETX: what the length counts beside the payload
_PAYLOAD_MIN: Final = 3  # "00S"
_PAYLOAD_MAX: Final = 43  # the longest reply known is 17 ("00II0.125W0.000ML"); below 44 no length looks like a digit
_DIGITS: Final = range(0x30, 0x3A)
_PRINTABLE: Final = range(0x20, 0x7F)
STATUS_LETTERS: Final = "IWSPTUX"
_ALARMS: Final = {
    "R": PumpAlarm.RESET,
    "S": PumpAlarm.STALL,
    "T": PumpAlarm.LEASE_EXPIRED,
    "E": PumpAlarm.PROGRAM_ERROR,
    "O": PumpAlarm.PROGRAM_ERROR,  # phase out of range: the programme is not what we wrote
}

# What the data of an answer looks like, by the request's `expects`.
PLAIN: Final = "plain"
VERSION: Final = "version"
FORMS: Final = {
    PLAIN: re.compile(r""),
    VERSION: re.compile(r"NE([0-9]{3,5})(X[0-9]?)?V([0-9]{1,2}\.[0-9]{1,4})", re.ASCII),
    "timeout": re.compile(r"([0-9]{1,3})", re.ASCII),
    "number": re.compile(rf"({NUMBER})", re.ASCII),
    "rate": re.compile(rf"({NUMBER})(MH|UH|MM|UM)", re.ASCII),
    "volume": re.compile(rf"({NUMBER})(ML|UL)", re.ASCII),
    "dispensed": re.compile(rf"I({NUMBER})W({NUMBER})(ML|UL)", re.ASCII),
    "phase": re.compile(r"([0-9]{1,3})", re.ASCII),
    "function": re.compile(r"([A-Z]{2,3}[A-Z0-9.]{0,8})", re.ASCII),
    "direction": re.compile(r"(INF|WDR|REV|STK)", re.ASCII),
    "trigger": re.compile(r"(FT|FH|F2|LE|ST|T2|SP|P2|RL|RH|SL|SH|ET|BT)", re.ASCII),
    "switch": re.compile(r"([01])", re.ASCII),
}
ERROR: Final = re.compile(r"\?(NA|OOR|COM|IGN)?", re.ASCII)


def safe_frame(payload: bytes) -> bytes:
    """A payload as it goes out, for example `0STP`."""
    return bytes([STX, len(payload) + _OVERHEAD]) + payload + crc_hqx(payload, 0).to_bytes(2, "big") + bytes([ETX])


class NewEraFraming:
    """One per bus: holds one partial frame of at most 48 bytes, and which pumps speak Safe."""

    __slots__ = ("_held", "_safe")

    def __init__(self) -> None:
        self._held = b""
        self._safe: set[int] = set()  # addresses whose Basic frames are noise

    def receive(self, data: bytes, awaiting: WireRequest | None) -> tuple[Frame, ...]:
        held = self._held + data
        frames: list[Frame] = []
        at = junk_from = 0
        why = "bytes outside any frame"
        while at < len(held):
            size, problem = _measure(held, at)
            if problem:
                why = problem
                at = _next_start(held, at + 1)
                continue
            if size == 0:
                break
            if junk_from < at:
                frames.append(Garbled(data=held[junk_from:at], why=why))
                why = "bytes outside any frame"
            frames.append(self._judge(held[at : at + size], awaiting))
            at = junk_from = at + size
        if junk_from < at:
            frames.append(Garbled(data=held[junk_from:at], why=why))
        self._held = held[at:]
        return tuple(frames)

    def quiet(self) -> None:
        self._held = b""

    def answers(self, request: WireRequest, reply: Reply) -> bool:
        if reply.address != request.address:
            return False
        text = reply.body.decode("latin-1")
        form = FORMS.get(request.expects)
        if form is None or text[:1] not in STATUS_LETTERS or not text:
            return False
        return bool(form.fullmatch(text[1:]) or ERROR.fullmatch(text[1:]))

    def _judge(self, frame: bytes, awaiting: WireRequest | None) -> Frame:
        """A whole frame: reply, alarm, or one that must not be believed."""
        safe = frame[1] not in _DIGITS
        payload = frame[2:-3] if safe else frame[1:-1]
        address = int(payload[:2])
        heard = _interpret(address, payload[2:].decode("latin-1"))
        if heard is None:
            return Garbled(data=frame, why="neither a status of the manual nor an alarm")
        fits = awaiting is not None and isinstance(heard, Reply) and self.answers(awaiting, heard)
        if safe:
            if fits or isinstance(heard, AlarmFrame):
                self._safe.add(address)
            return heard
        if awaiting is None or awaiting.address != address:
            return Garbled(data=frame, why="a frame without checksum that nobody asked for")
        if address in self._safe:
            if awaiting.expects != VERSION:
                return Garbled(data=frame, why="a frame without checksum from a pump that speaks Safe mode")
            if fits and not ERROR.fullmatch(payload[3:].decode("latin-1")):
                self._safe.discard(address)  # reset to factory mode: identify has found it again
        return heard


def _next_start(held: bytes, at: int) -> int:
    found = held.find(STX, at)
    return len(held) if found < 0 else found


def _interpret(address: int, text: str) -> Reply | AlarmFrame | None:
    if text[:1] in STATUS_LETTERS:
        return Reply(address=address, body=text.encode("latin-1"))
    if text[:2] == "A?" and len(text) == 3:
        return AlarmFrame(address=address, alarm=_ALARMS.get(text[2], PumpAlarm.OTHER))
    return None


def _measure(held: bytes, at: int) -> tuple[int, str]:
    """The size of the frame that begins here (0: not all of it is here), or why none does."""
    if held[at] != STX:
        return 0, "bytes outside any frame"
    if at + 1 == len(held):
        return 0, ""
    second = held[at + 1]
    if second in _DIGITS:
        return _measure_basic(held, at)
    if not _PAYLOAD_MIN + _OVERHEAD <= second <= _PAYLOAD_MAX + _OVERHEAD:
        return 0, f"a length of {second}, which no reply has"
    return _measure_safe(held, at, second)


def _measure_safe(held: bytes, at: int, length: int) -> tuple[int, str]:
    payload = held[at + 2 : at + 2 + length - _OVERHEAD]
    if problem := _odd_text(payload):
        return 0, problem
    end = at + 1 + length
    if len(held) < end:
        return 0, ""
    if held[end - 1] != ETX:
        return 0, "no ETX where the length ends"
    if crc_hqx(payload, 0) != int.from_bytes(held[end - 3 : end - 1], "big"):
        return 0, "checksum does not fit"
    return end - at, ""


def _measure_basic(held: bytes, at: int) -> tuple[int, str]:
    # Text is printable, so the first byte that is not must be the ETX.
    stop = at + 1
    limit = min(len(held), at + 1 + _PAYLOAD_MAX + 1)
    while stop < limit and held[stop] in _PRINTABLE:
        stop += 1
    if problem := _odd_text(held[at + 1 : stop]):
        return 0, problem
    if stop == len(held) and stop - at <= _PAYLOAD_MAX + 1:
        return 0, ""
    if stop == limit or held[stop] != ETX:
        return 0, "a frame without checksum that does not end in ETX"
    if stop - at - 1 < _PAYLOAD_MIN:
        return 0, "a frame without status"
    return stop + 1 - at, ""


def _odd_text(payload: bytes) -> str:
    """Why this beginning of a payload can be no reply; empty when it can."""
    if any(byte not in _DIGITS for byte in payload[:2]):
        return "no two-digit address"
    if any(byte not in _PRINTABLE for byte in payload):
        return "a control character inside the text"
    return ""
