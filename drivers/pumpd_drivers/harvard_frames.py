"""Frames of the Harvard Apparatus / KD Scientific "Ultra" command set: text lines, a prompt, and XON behind it.

A reply is LF, lines that end in CR LF, and a prompt without a line end, which tells the pump's state: `:` idle, `>`
infusing, `<` withdrawing, `*` stalled, `T*` target reached, `>*` and `<*` a limit switch (PHD ULTRA user's guide,
publication 5419-002, page 83). A prompt alone does not end a reply for sure: an address, and a line that begins with
a prompt, look like one while the rest is on its way. With `poll on` every reply ends in XON, and nothing else is
taken for an end. The one exception is the reply to `poll on` itself, and to `stop`, which has to work on a pump that
was just switched on: there the first prompt will do, since neither is believed without a look.

There is no checksum. What follows from that stands with the procedures (harvard.py).

Body of a `Reply`: the text lines, each with LF behind it, then the prompt. Whether address digits stand before the
lines is told differently by every public client, so they are left where they are; harvard_talk.py finds out.
"""

from __future__ import annotations

import re
from typing import Final

from pumpd.driver_api import Frame, Garbled, Reply, WireRequest

XON: Final = 0x11
HELD_MAX: Final = 512  # the longest reply known, `version`, has about 80 bytes
_TEXT: Final = frozenset({*range(0x20, 0x7F), 0x0A, 0x0D})
PROMPTS: Final = r"T\*|>\*|<\*|[:><*]"
_PROMPT: Final = re.compile(rf"(?:([0-9]{{2}}):?)?({PROMPTS})", re.ASCII)
_PREFIX: Final = rf"(?:[0-9]{{2}}(?:{PROMPTS})?\s*)?"
_QUANTITY: Final = r"[0-9]*\.?[0-9]+ ?[munp]?l"

PLAIN: Final = "plain"
POLL: Final = "poll"  # like plain, and the first prompt ends it
FORMS: Final = {
    "status": re.compile(rf"{_PREFIX}[0-9]+ [0-9]+ [0-9]+ [iwIW][iwIW.][sS.][tT.][iwIW.][tT.]?", re.ASCII),
    "rate": re.compile(rf"{_PREFIX}{_QUANTITY}/(?:hr|h|min|sec|s)", re.ASCII | re.IGNORECASE),
    "target": re.compile(rf"{_PREFIX}(?:{_QUANTITY}|Target volume not set\.?)", re.ASCII | re.IGNORECASE),
    "diameter": re.compile(rf"{_PREFIX}[0-9]*\.?[0-9]+ ?mm", re.ASCII | re.IGNORECASE),
    "text": re.compile(r".{1,80}", re.ASCII),
}
ERROR: Final = re.compile(
    rf"{_PREFIX}((?:Command error|Unknown command|Argument error|Out of range).{{0,80}})", re.ASCII | re.IGNORECASE
)


def command(address: int, text: str) -> bytes:
    """A command as it goes out. Address 0 is left out; any other stands before a colon."""
    return f"{address}:{text}\r".encode("ascii") if address else f"{text}\r".encode("ascii")


def echoed(request: WireRequest, line: str) -> bool:
    """Is this the command itself, which a pump with `echo on` repeats?"""
    return line in (request.text, request.data.decode("ascii").rstrip("\r"))


def take_apart(body: bytes) -> tuple[tuple[str, ...], str]:
    """The lines and the prompt of a reply's body."""
    *lines, prompt = body.decode("ascii").split("\n")
    return tuple(lines), prompt


class HarvardFraming:
    """One per bus; holds one reply that has not ended, of at most `HELD_MAX` bytes."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def receive(self, data: bytes, awaiting: WireRequest | None) -> tuple[Frame, ...]:
        *whole, self._held = (self._held + data).split(bytes([XON]))
        frames = [_judge(each) for each in whole if each.strip()]
        if len(self._held) > HELD_MAX:
            frames.append(Garbled(data=self._held[:HELD_MAX], why="longer than any reply"))
            self._held = b""
        elif awaiting is not None and awaiting.expects == POLL and self._held.startswith((b"\n", b"\r")):
            early = _judge(self._held)
            if isinstance(early, Reply):
                frames.append(early)
                self._held = b""
        return tuple(frames)

    def quiet(self) -> None:
        self._held = b""

    def answers(self, request: WireRequest, reply: Reply) -> bool:
        if reply.address != request.address:
            return False
        lines = [line for line in take_apart(reply.body)[0] if not echoed(request, line)]
        if any(ERROR.fullmatch(line) for line in lines):
            return True
        if request.expects in (PLAIN, POLL):
            return not lines
        form = FORMS.get(request.expects)
        return form is not None and bool(lines) and form.fullmatch(lines[0]) is not None


def _judge(data: bytes) -> Reply | Garbled:
    if not _TEXT.issuperset(data):
        return Garbled(data=data[:HELD_MAX], why="a byte that is no text")
    if len(data) > HELD_MAX:
        return Garbled(data=data[:HELD_MAX], why="longer than any reply")
    lines = [line.rstrip() for line in data.decode("ascii").replace("\r", "\n").split("\n")]
    found = _PROMPT.fullmatch(lines[-1])
    if found is None:
        return Garbled(data=data, why="no prompt at the end")
    # A prompt alone on an earlier line came by itself, when a target was reached for example.
    kept = [line for line in lines[:-1] if line and not _PROMPT.fullmatch(line)]
    address = int(found[1]) if found[1] else 0
    return Reply(address=address, body="\n".join([*kept, found[2]]).encode("ascii"))
