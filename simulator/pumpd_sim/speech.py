"""How a scripted host says and hears the text of each protocol: framing and checksum, and nothing of what it means.

A scenario's lines are what a manual prints: `RAT20MH`, `irate 20 ml/hr`, or for Modbus the names of the device's
registers (`modbus_speech`). Here they get what the wire wants around them, and what came back is taken apart again.
`raw` leaves all to the author: printable bytes as they are, others as `<0d>`. What is no frame is shown in that form
too, so that a garbled reply can be read, and expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pumpd_sim import alaris_wire
from pumpd_sim.devices import DeviceKind
from pumpd_sim.host import BadReplyError, unpacked
from pumpd_sim.modbus_speech import ModbusSpeech
from pumpd_sim.new_era_wire import Framing, packed_for_pump

_ESCAPED = re.compile(r"<([0-9a-fA-F]{2})>")


def _anything(_line: str) -> None:
    """Text protocols have no line that cannot be said: what is nonsense the pump refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """`packed` makes bytes of a line, `heard` makes lines of bytes that arrived together.

    `must_be_sayable` and `must_be_hearable` raise SpeechError for a line that makes no sense before it is played.
    """

    packed: Callable[[str], bytes]
    heard: Callable[[bytes], list[str]]
    must_be_sayable: Callable[[str], None] = _anything
    must_be_hearable: Callable[[str], None] = _anything


def shown(data: bytes) -> str:
    """The bytes for people: printable ones as they are, others as <hex>."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"<{byte:02x}>" for byte in data)


def meant(text: str) -> bytes:
    """The other way round."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text).encode("latin-1")


def _new_era(framing: Framing) -> Spoken:
    def heard(data: bytes) -> list[str]:
        try:
            return [text for _, text in unpacked(data)]
        except BadReplyError:
            return [shown(data)]

    return Spoken(packed=lambda text: packed_for_pump(framing, text), heard=heard)


def _alaris(data: bytes) -> list[str]:
    """Bodies of whole frames with a right CRC; what is left is shown as it came."""
    *whole, rest = data.split(b"\r")
    lines = [frame + b"\r" for frame in whole] + ([rest] if rest else [])
    bodies = [line[1:].partition(b"|")[0].decode("latin-1") for line in lines]
    return [body if alaris_wire.packed(body) == line else shown(line) for body, line in zip(bodies, lines, strict=True)]


def _harvard(data: bytes) -> list[str]:
    """Each reply as its lines and its prompt, one space between them: `60 ml/hr >`. Only a prompt has no line end."""
    replies: list[str] = []
    parts: list[str] = []
    for line in data.split(b"\n"):
        if line:
            parts.append(shown(line.strip(b"\r\x11")).strip())
        if line and not line.endswith(b"\r"):
            replies.append(" ".join(parts))
            parts = []
    return [*replies, *([" ".join(parts)] if parts else [])]


def _line(data: bytes) -> list[str]:
    return [shown(data)] if data else []


SPOKEN: dict[str, Spoken] = {
    "new_era_basic": _new_era(Framing.BASIC),
    "new_era_safe": _new_era(Framing.SAFE),
    "alaris": Spoken(packed=alaris_wire.packed, heard=_alaris),
    "harvard": Spoken(packed=lambda text: meant(text) + b"\r", heard=_harvard),
    "cr_line": Spoken(packed=lambda text: meant(text) + b"\r", heard=_line),
    "raw": Spoken(packed=meant, heard=_line),
}

MODBUS = ("modbus_rtu", "modbus_tcp")


def usual(kind: DeviceKind, mode: str) -> str:
    """What this device is spoken to in: by its registers' names, or as its name and mode say."""
    mode = mode or kind.modes[0]
    if kind.registers:
        return "modbus_tcp" if mode in kind.tcp_modes else "modbus_rtu"
    return f"{kind.name}_{mode}".rstrip("_")


def spoken(speech: str, kind: DeviceKind, unit: int) -> Spoken:
    """Of one of `SPOKEN` and `MODBUS`; over Modbus a new host each time, since it remembers what it asked."""
    if speech not in MODBUS:
        return SPOKEN[speech]
    host = ModbusSpeech("rtu" if speech == "modbus_rtu" else "tcp", unit, kind.registers)
    return Spoken(
        packed=host.packed,
        heard=host.heard,
        must_be_sayable=host.must_be_sayable,
        must_be_hearable=host.must_be_hearable,
    )
