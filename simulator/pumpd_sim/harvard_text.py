"""Text of the Harvard and KD Scientific "Ultra" command set, as the pump's side writes and reads it.

A command is an optional address, a name, arguments, CR; LF is not heard. A reply is LF, lines that end in CR LF, and a
prompt without a line end; XON closes it once the pump has been told POLL ON. There is no checksum, so nothing shows
that a byte was damaged. Sources: PHD ULTRA user's guide 5419-002, pages 83 and 88; Pump 33 DDS guide 5419-013.

Rates are kept in whole zeptolitres an hour and volumes in whole zeptolitres, so that no unit loses anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

CR, LF, XON = 0x0D, 0x0A, 0x11
LINE_LIMIT = 100
ZL_OF = {"ml": 10**18, "ul": 10**15, "nl": 10**12, "pl": 10**9}
PER_HOUR = {"hr": 1, "h": 1, "min": 60, "m": 60, "sec": 3_600, "s": 3_600}
ZL_PER_FL = 10**6
_COMMAND = re.compile(r"@?\s*(?:(\d{1,2})\s*:?)?\s*@?\s*(.*)", re.ASCII)
_NUMBER = re.compile(r"\d{0,7}(?:\.\d{0,6})?\Z", re.ASCII)


class BadArgumentError(ValueError):
    """The first argument is the one that was not taken, the second what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    address: int
    name: str
    values: tuple[str, ...]


class Receiver:
    """Turns arriving bytes into commands; a line that is too long is none."""

    def __init__(self) -> None:
        self._line = bytearray()

    def forget(self) -> None:
        self._line.clear()

    def feed(self, byte: int) -> Command | None:
        if byte == CR:
            line, self._line = bytes(self._line), bytearray()
            return None if len(line) > LINE_LIMIT else command(line.decode("latin-1"))
        if byte != LF and len(self._line) <= LINE_LIMIT:
            self._line.append(byte)
        return None


def command(line: str) -> Command:
    match = _COMMAND.fullmatch(line.lower())
    if match is None:
        return Command(address=0, name=line, values=())
    name, *values = match[2].split() or [""]
    return Command(address=int(match[1] or 0), name=name, values=tuple(values))


def reply(lines: tuple[str, ...], prompt: str, *, before_line: str, before_prompt: str, xon: bool) -> bytes:
    told = "".join(f"{before_line}{line}\r\n" for line in lines)
    return f"\n{told}{before_prompt}{prompt}".encode("latin-1") + (bytes([XON]) if xon else b"")


def number(text: str) -> Decimal:
    if not _NUMBER.match(text) or not any(character.isdigit() for character in text):
        raise BadArgumentError(text, "Invalid number")
    return Decimal(text)


def rate_zl_per_h(value: str, unit: str) -> int:
    volume, _, time = unit.partition("/")
    if volume not in ZL_OF or time not in PER_HOUR:
        raise BadArgumentError(unit, "Invalid unit")
    return int(number(value) * ZL_OF[volume] * PER_HOUR[time])


def volume_zl(value: str, unit: str) -> int:
    if unit not in ZL_OF:
        raise BadArgumentError(unit, "Invalid unit")
    return int(number(value) * ZL_OF[unit])


def shown(value: Decimal, *, digits: int, leading_zero: bool) -> str:
    """So many significant digits, the rest cut off, no zeros behind: `24.5`, `.0404`."""
    if value == 0:
        return "0"
    places = digits - 1 - value.adjusted()
    cut = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN)
    text = f"{cut:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if leading_zero else text.removeprefix("0") or "0"


def cut_to(value: int, digits: int) -> int:
    """A whole number with so many significant digits kept."""
    below = 10 ** max(0, len(str(value)) - digits)
    return int(value // below * below)
