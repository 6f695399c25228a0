"""Frames of the Alaris / Asena GH and CC: `!` body `|` four hexadecimal digits, CR; and what to believe of an answer.

The digits are CRC-16 (polynomial 0x1021, start 0xFFFF, not reflected) of the body; the frames of the OpenICE
project's client and of the lines it quotes from a real pump agree with it (tests/vectors/alaris.toml). A reply begins
with the name of what was asked, so a late answer to another question is never taken for this one.

Two traps. The pump acknowledges a command by sending it back, and an adapter that echoes does the same: an identical
frame counts as an acknowledgement only on a line that was seen not to echo, which every query shows, or when it comes
a second time. And a refusal has no known form: silence is taken as one.
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
    """One per bus: holds at most `HELD_MAX` bytes, and whether the line echoes (None: not seen yet)."""

    __slots__ = ("_echo_heard", "_echoes", "_held", "_request")

    def __init__(self) -> None:
        self._held = b""
        self._echoes: bool | None = None
        self._request: WireRequest | None = None
        self._echo_heard = False  # ... of the request that waits

    def receive(self, data: bytes, awaiting: WireRequest | None) -> tuple[Frame, ...]:
        if awaiting is not self._request:
            self._request, self._echo_heard = awaiting, False
        *whole, self._held = (self._held + data).split(_CR)
        frames = [self._judge(line) for line in whole if line.strip()]
        if len(self._held) > HELD_MAX:
            frames.append(Garbled(data=self._held[:HELD_MAX], why="longer than any reply"))
            self._held = b""
        return tuple(frames)

    def quiet(self) -> None:
        self._held = b""

    def answers(self, request: WireRequest, reply: Reply) -> bool:
        form = FORMS.get(request.expects)
        if form is None or reply.address != request.address or form.fullmatch(reply.body.decode("latin-1")) is None:
            return False
        if frame(reply.body.decode("latin-1")) != request.data and not self._echo_heard:
            self._echoes = False
        return True

    def _judge(self, line: bytes) -> Frame:
        body = _body(line)
        if body is None:
            return Garbled(data=line[:HELD_MAX], why="no frame with a checksum that fits")
        if self._request is not None and self._request.data == frame(body.decode("ascii")) and not self._echo_heard:
            form = FORMS.get(self._request.expects)
            acknowledges = form is not None and form.fullmatch(body.decode("ascii")) is not None
            if not acknowledges:
                self._echoes = True
            if not acknowledges or self._echoes is not False:
                self._echo_heard = True
                return Garbled(data=line, why="our own request, echoed")
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
