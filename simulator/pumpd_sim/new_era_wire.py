"""Bytes of the New Era protocol, as the pump's side sees them.

Two framings: Basic, a text line ended by CR and answered between STX and ETX; Safe, a packet of STX,
length, payload, CRC and ETX. A pump takes both while it is in Basic mode. A packet is framed by its length
alone, since its CRC may hold any byte. Bytes of one packet that come half a second apart or later are
thrown away. Source: New Era NE-1000 manual, publication 1200-01, sections 10.2.2 and 10.2.3, pages 33-35.

Also here: the numbers, which have four digits and a point, three places at most (`26.59`, `1000.`). They
are kept as whole thousandths.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from dataclasses import dataclass
from enum import Enum

from pumpd_sim.device import Speech

STX, ETX, CR = 0x02, 0x03, 0x0D
BETWEEN_BYTES_NS = 500_000_000
SHORTEST_PACKET = 4  # length, CRC high, CRC low, ETX
COMMAND_LIMIT = 250  # a Basic line longer than this is thrown away at its CR; a packet cannot be longer

_NUMBER = re.compile(r"(\d*)(?:\.(\d*))?\Z", re.ASCII)


class Framing(Enum):
    BASIC = "basic"
    SAFE = "safe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """What the host sent. Not intact: the CRC or the last byte is wrong, and the payload may be anything."""

    framing: Framing
    payload: str
    intact: bool = True


class Receiver:
    """Turns arriving bytes into packets, whatever else arrives."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._line_too_long = False
        self._packet: bytearray | None = None  # all after STX, while one is coming in
        self._last_byte_ns = 0

    def forget(self) -> None:
        self._line.clear()
        self._line_too_long = False
        self._packet = None

    def shift(self, by_ns: int) -> None:
        """The last byte came this much later."""
        self._last_byte_ns += by_ns

    def feed(self, now_ns: int, byte: int) -> Packet | None:
        late = now_ns - self._last_byte_ns >= BETWEEN_BYTES_NS
        self._last_byte_ns = now_ns
        if self._packet is not None and late:
            self._packet = None
        if self._packet is not None:
            return self._feed_packet(self._packet, byte)
        if byte == STX:
            self._packet = bytearray()
            self._line.clear()
            return None
        return self._feed_line(byte)

    def _feed_packet(self, packet: bytearray, byte: int) -> Packet | None:
        packet.append(byte)
        if packet[0] < SHORTEST_PACKET:
            self._packet = None
            return None
        if len(packet) < packet[0]:
            return None
        self._packet = None
        payload, crc, end = bytes(packet[1:-3]), int.from_bytes(packet[-3:-1], "big"), packet[-1]
        intact = end == ETX and crc == crc_hqx(payload, 0)
        return Packet(framing=Framing.SAFE, payload=payload.decode("latin-1"), intact=intact)

    def _feed_line(self, byte: int) -> Packet | None:
        if byte != CR:
            if len(self._line) >= COMMAND_LIMIT:
                self._line_too_long = True
            elif 0x20 < byte < 0x7F or byte > 0x7F:
                self._line.append(byte)
            return None
        text = self._line.decode("latin-1").upper()
        intact = not self._line_too_long
        self._line.clear()
        self._line_too_long = False
        return Packet(framing=Framing.BASIC, payload=text, intact=intact)


def packed(framing: Framing, payload: str) -> bytes:
    """A reply as the pump sends it."""
    body = payload.encode("latin-1")
    if framing is Framing.BASIC:
        return bytes([STX, *body, ETX])
    return bytes([STX, len(body) + 4, *body, *crc_hqx(body, 0).to_bytes(2, "big"), ETX])


def unpacked(frame: bytes) -> tuple[Framing, str]:
    """What the pump itself packed."""
    if len(frame) > 1 and not 0x30 <= frame[1] <= 0x39:
        return Framing.SAFE, frame[2:-3].decode("latin-1")
    return Framing.BASIC, frame[1:-1].decode("latin-1")


def packed_for_pump(framing: Framing, payload: str) -> bytes:
    """A command as a host sends it; for tests and the shared vectors."""
    return payload.encode("latin-1") + b"\r" if framing is Framing.BASIC else packed(framing, payload)


def frames(said: bytes) -> list[bytes]:
    """Split what a pump says into its frames, Basic and Safe."""
    found: list[bytes] = []
    rest = said
    while rest:
        safe = len(rest) > 1 and rest[0] == STX and SHORTEST_PACKET <= rest[1] < 0x30
        end = rest[1] + 1 if safe else rest.find(ETX) + 1 or len(rest)
        found.append(rest[:end])
        rest = rest[end:]
    return found


def is_safe_packet(frame: bytes) -> bool:
    return len(frame) > SHORTEST_PACKET and frame[0] == STX and frame[1] == len(frame) - 1


def may_flip(frame: bytes) -> range:
    """Payload and CRC of a packet (a wrong length would void the CRC's promise), or the text of a Basic frame."""
    return range(2 if is_safe_packet(frame) else 0, len(frame) - 1)


SPEECH = Speech(frames=frames, guarded=is_safe_packet, may_flip=may_flip)


class NotANumberError(ValueError):
    """The text is no number at all."""


class TooManyDigitsError(ValueError):
    """The text is a number that the pump cannot hold."""


def thousandths(text: str) -> int:
    """`26.59` -> 26590."""
    match = _NUMBER.match(text)
    whole, part = (match[1], match[2] or "") if match else ("", "")
    if not whole and not part:
        raise NotANumberError(text)
    if len(whole) + len(part) > 4 or len(part) > 3:
        raise TooManyDigitsError(text)
    return int(whole or "0") * 1_000 + int(part.ljust(3, "0"))


def five_characters(value_thousandths: int) -> str:
    """26590 -> `26.59`; four digits and a point, whatever lies below is cut off."""
    value = value_thousandths
    for places, limit in ((3, 10_000), (2, 100_000), (1, 1_000_000), (0, 10_000_000)):
        if value < limit:
            whole, part = divmod(value, 1_000)
            return f"{whole}.{f'{part:03d}'[:places]}"
    message = f"{value} thousandths do not fit four digits"
    raise ValueError(message)


def shown_step(value_thousandths: int) -> int:
    """The last digit's worth, in thousandths, of a number of this size as the pump shows it."""
    for step, limit in ((1, 10_000), (10, 100_000), (100, 1_000_000)):
        if value_thousandths < limit:
            return step
    return 1_000
