"""How a scripted host says and hears the text of each protocol: framing and checksum, and nothing of what it means.

A scenario's lines are what a manual prints: `RAT20MH`, `01 03 00 10 00 02`. Here they get what the wire wants around
them, and what came back is taken apart again. `raw` leaves all to the author: printable bytes as they are, others as
`<0d>`. What is no frame is shown in that form too, so that a garbled reply can be read, and expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pumpd_sim import alaris_wire
from pumpd_sim.host import BadReplyError, unpacked
from pumpd_sim.new_era_wire import Framing, packed_for_pump

_ESCAPED = re.compile(r"<([0-9a-fA-F]{2})>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """`packed` makes bytes of a line, `heard` makes lines of bytes that arrived together."""

    packed: Callable[[str], bytes]
    heard: Callable[[bytes], list[str]]


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


def _line(data: bytes) -> list[str]:
    return [shown(data)] if data else []


SPOKEN: dict[str, Spoken] = {
    "new_era_basic": _new_era(Framing.BASIC),
    "new_era_safe": _new_era(Framing.SAFE),
    "alaris": Spoken(packed=alaris_wire.packed, heard=_alaris),
    "cr_line": Spoken(packed=lambda text: meant(text) + b"\r", heard=_line),
    "raw": Spoken(packed=meant, heard=_line),
}
