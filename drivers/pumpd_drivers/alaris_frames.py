"""Frames of the Alaris / Asena GH and CC: `!` body `|` four hexadecimal digits, CR; and what to believe of an answer.

The digits are CRC-16 (polynomial 0x1021, start 0xFFFF, not reflected) of the body; the frames of the OpenICE
project's client and of the lines it quotes from a real pump agree with it (tests/vectors/alaris.toml). A reply begins
with the name of what was asked, so a late answer to another question is never taken for this one.

Two traps. The pump acknowledges a command by sending it back, as an adapter that echoes does: the bus takes echoes off
(pumpd/bus_echo.py), and no acknowledgement alone says that anything moves or stands. And a refusal has no known form:
silence is taken as one.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from typing import Final

from pumpd.driver_api import Frame, Garbled, Reply, WireRequest

HELD_MAX: Final = 256  # the longest reply known, INF, has about 90 bytes
_CR: Final = b"\r"
_FRAME: Final = re.compile(rb"([\x20-\x7b\x7d\x7e]{1,200})\|([0-9A-F]{4})")
NUMBER: Final = r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
FORMS: Final = {
    "INF": re.compile(
        rf"INF\^(?P<serial>[^^]{{1,40}})\^(?P<alarm>[^^]*)\^(?P<mode>[^^]*)\^(?P<rate>{NUMBER})\^ml/h\^[^^]*"
        rf"\^(?P<infused>{NUMBER})\^ml\^(?P<pressure>-?{NUMBER})\^mmHg\^(?P<left>[^^]*)\^[^^]*\^[^^]*",
        re.ASCII,
    ),
    "INST_SERIALNO": re.compile(r"INST_SERIALNO\^([^^]{1,40})", re.ASCII),
    "COMMS_PROTOCOL": re.compile(r"COMMS_PROTOCOL\^([^^]{1,60})", re.ASCII),
    "REMOTE_CTRL": re.compile(r"REMOTE_CTRL\^ENABLED\^\*{4}\^PERMIT\^[0-9]+\^ms", re.ASCII),
    "REMOTE_CFG": re.compile(r"REMOTE_CFG\^ENABLED.*", re.ASCII),
    "SYRINGE_STATUS": re.compile(r"SYRINGE_STATUS\^([^^]*)\^ ?([^^]*)\^([A-Z]+)", re.ASCII),
    "INF_RATE_MAX_SYRINGE": re.compile(rf"INF_RATE_MAX_SYRINGE\^({NUMBER})\^ml/h", re.ASCII),
    "INF_RATE": re.compile(rf"INF_RATE\^({NUMBER})\^ml/h", re.ASCII),
    "INF_VTBI": re.compile(rf"INF_VTBI\^(?:ACTIV\^({NUMBER})\^ml\^([A-Z]+)|DEACT.*)", re.ASCII),
    "INF_VI_CLEAR": re.compile(r"INF_VI_CLEAR", re.ASCII),
    "INF_START": re.compile(r"INF_START", re.ASCII),
    "INF_STOP": re.compile(r"INF_STOP", re.ASCII),
    "ALARM": re.compile(r"ALARM\^(AL_[A-Z]{1,10})\^.*", re.ASCII),
}


def frame(body: str) -> bytes:
    """A body as it goes out."""
    return f"!{body}|{crc(body)}\r".encode("ascii")


def crc(text: str) -> str:
    """The checksum of a body; over the serial number, it is the code that permits remote control."""
    return f"{crc_hqx(text.encode('ascii'), 0xFFFF):04X}"


class AlarisFraming:
    """One per bus: holds at most `HELD_MAX` bytes."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def receive(self, data: bytes, _awaiting: WireRequest | None) -> tuple[Frame, ...]:
        *whole, self._held = (self._held + data).split(_CR)
        frames = [_judge(line) for line in whole if line.strip()]
        if len(self._held) > HELD_MAX:
            frames.append(Garbled(data=self._held[:HELD_MAX], why="longer than any reply"))
            self._held = b""
        return tuple(frames)

    def quiet(self) -> None:
        self._held = b""

    def answers(self, request: WireRequest, reply: Reply) -> bool:
        form = FORMS.get(request.expects)
        if form is None or reply.address != request.address:
            return False
        return form.fullmatch(reply.body.decode("latin-1")) is not None


def _judge(line: bytes) -> Frame:
    body = _body(line)
    if body is None:
        return Garbled(data=line[:HELD_MAX], why="no frame with a checksum that fits")
    return Reply(address=0, body=body)


def _body(line: bytes) -> bytes | None:
    """What follows a `!` may be the tail of noise: the frame is the part whose checksum fits."""
    at = line.find(b"!")
    while at >= 0:
        found = _FRAME.fullmatch(line, at + 1)
        if found is not None and crc_hqx(found[1], 0xFFFF) == int(found[2], 16):
            return found[1]
        at = line.find(b"!", at + 1)
    return None
