"""Bytes of the Alaris Asena protocol, as the pump's side sees them.

A frame is `!`, a body of fields between `^`, `|`, four upper-case hexadecimal digits and CR. The digits are a CRC-16
with polynomial 0x1021 and start value 0xFFFF, not reflected, over the body alone (known as CCITT-FALSE); `!INF|4961` is
printed in several independent places. ESC throws away what was begun. Numbers are decimal with a point and kept here as
whole hundredths or thousandths.

A flipped bit in the four digits is not guarded as one in the body is: one bit of a letter may stand for three of the
CRC, so only flips in the body are surely found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pumpd_sim.device import Speech

ESC, CR = 0x1B, 0x0D
BODY_LIMIT = 120
TENS = (1, 10, 100, 1_000)
_TRAILER = re.compile(r"[0-9A-F]{4}\Z", re.ASCII)
_NUMBER = re.compile(r"(\d{1,6})(?:\.(\d{1,6}))?\Z", re.ASCII)


def crc(text: bytes) -> int:
    """Bit by bit, as the definition reads."""
    register = 0xFFFF
    for byte in text:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ 0x1021 if register & 0x8000 else register << 1
            register &= 0xFFFF
    return register


def permission_code(serial: str) -> str:
    """What REMOTE_CTRL wants: the CRC of the pump's serial number."""
    return f"{crc(serial.encode('latin-1')):04X}"


def packed(body: str) -> bytes:
    """A frame of either way."""
    text = body.encode("latin-1")
    return b"!%b|%04X\r" % (text, crc(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A frame from the host. Not intact: no CRC, a wrong one, or too long."""

    fields: tuple[str, ...]
    intact: bool


class Receiver:
    """Turns arriving bytes into frames; what stands outside of `!` and CR is not heard."""

    def __init__(self) -> None:
        self._text: bytearray | None = None

    def forget(self) -> None:
        self._text = None

    def feed(self, byte: int) -> Heard | None:
        if byte == ord("!"):
            self._text = bytearray()
        elif byte == ESC:
            self._text = None
        elif self._text is not None and byte == CR:
            text, self._text = bytes(self._text), None
            return _heard(text)
        elif self._text is not None:
            self._text.append(byte)
            if len(self._text) > BODY_LIMIT:
                self._text = None
        return None


def _heard(text: bytes) -> Heard:
    body, _, trailer = text.partition(b"|")
    digits = trailer.decode("latin-1")
    intact = _TRAILER.match(digits) is not None and int(digits, 16) == crc(body)
    return Heard(fields=tuple(body.decode("latin-1").split("^")), intact=intact)


class NotANumberError(ValueError):
    """The text is no number, or has more decimals than the pump holds."""


def scaled(text: str, decimals: int, *, cut: bool) -> int:
    """`5.25` with two decimals -> 525. Further decimals are cut off or refused."""
    match = _NUMBER.match(text)
    if match is None or (len(match[2] or "") > decimals and not cut):
        raise NotANumberError(text)
    return int(match[1]) * TENS[decimals] + int((match[2] or "")[:decimals].ljust(decimals, "0"))


def decimal(value: int, decimals: int) -> str:
    """525 with two decimals -> `5.25`."""
    whole, part = divmod(value, TENS[decimals])
    return f"{whole}.{part:0{decimals}d}"


def frames(said: bytes) -> list[bytes]:
    return [frame + b"\r" for frame in said.split(b"\r")[:-1]]


def guarded(frame: bytes) -> bool:
    return len(may_flip(frame)) > 0


def may_flip(frame: bytes) -> range:
    """The body, where this is a frame."""
    begin, end = frame.find(b"!"), frame.find(b"|")
    return range(begin + 1, end) if 0 <= begin < end else range(0)


SPEECH = Speech(frames=frames, guarded=guarded, may_flip=may_flip)
