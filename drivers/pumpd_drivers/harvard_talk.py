"""One exchange with a Harvard / KDS Ultra pump: lines, prompt, and whether the pump said no.

Two public readings of the reply differ in what stands before a text line of a pump with an address: two digits, two
digits and a prompt, or nothing. Before the number `3.2` two bare digits make another number, so it is found out at
identification, where the first line of `version` is a word; until then no number that a line begins with is believed.
On address 0 the digits would be zeros, and change no number.

What may be sent again: queries, and settings of a pump at rest, which are absolute and read back. `irun`, `stop` and
a rate while the pump runs are never repeated by a procedure that met silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Final, NoReturn

from pumpd.driver_api import NoReply, Procedure, PumpRefused, WireError, WireRequest
from pumpd_drivers.harvard_frames import ERROR, PLAIN, PROMPTS, command, echoed, take_apart

BAUDS: Final = (9_600, 19_200, 38_400, 57_600, 115_200)  # PHD ULTRA user's guide, page 83
_BITS_PER_BYTE: Final = 10
_BYTES_MAX: Final = 120  # the longest command and reply, `version`
_TURNAROUND_MS: Final = 150  # two periods of a USB adapter's latency timer, the rest for the firmware [assumption]
_NL_PER: Final[dict[str, int | Fraction]] = {
    "ml": 1_000_000,
    "ul": 1_000,
    "nl": 1,
    "pl": Fraction(1, 1_000),
    "l": 1_000_000_000,
}
_PER_H: Final = {"hr": 1, "h": 1, "min": 60, "sec": 3_600, "s": 3_600}
_NUMBER: Final = re.compile(r"([0-9]*\.?[0-9]+) ?(mm|[munp]?l)(?:/(hr|h|min|sec|s))?", re.ASCII | re.IGNORECASE)


class Lines(Enum):
    """What stands before a text line."""

    UNKNOWN = "unknown"
    BARE = "bare"
    DIGITS = "digits"
    PROMPTED = "prompted"


def reply_limit_ms(baud: int) -> int:
    return -(-_BYTES_MAX * _BITS_PER_BYTE * 1_000 // baud) + _TURNAROUND_MS


def quantity(text: str) -> Fraction | None:
    """Nanolitres, nanolitres per hour, or micrometres: exact."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    number = Fraction(found[1])
    if found[2].lower() == "mm":
        return number * 1_000
    return number * _NL_PER[found[2].lower()] * (_PER_H[found[3].lower()] if found[3] else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reply taken apart; `error` is the pump's sentence where it said no."""

    request: WireRequest
    raw: tuple[str, ...]  # as they came
    lines: tuple[str, ...]  # without an address before them
    prompt: str
    error: str

    @property
    def text(self) -> str:
        return self.lines[0] if self.lines else ""

    def refuse(self) -> NoReturn:
        raise PumpRefused(f"sent {self.request.text!r}, the pump answered {self.error!r}: look at its display")

    def differs(self, expected: str) -> NoReturn:
        raise WireError(
            f"sent {self.request.text!r}, the pump answered {self.text!r} instead of {expected}: "
            "do not start; prepare again, and change the pump if it happens twice"
        )


class Talk:
    """The wire side of one pump."""

    __slots__ = ("_limit_ms", "address", "form")

    def __init__(self, *, address: int, baud: int) -> None:
        self.address = address
        self._limit_ms = reply_limit_ms(baud)
        self.form = Lines.UNKNOWN

    def exchange(self, text: str, expects: str = PLAIN, *, changes: bool = False) -> Procedure[Answer]:
        """Ask once; the pump's no is an answer."""
        request = WireRequest(
            data=command(self.address, text),
            address=self.address,
            changes=changes,
            reply_limit_ms=self._limit_ms,
            expects=expects,
            text=text,
        )
        reply = yield request
        raw, prompt = take_apart(reply.body)
        said = [line for line in raw if not echoed(request, line)]
        no = next((found[1] for found in map(ERROR.fullmatch, said) if found), "")
        lines = tuple(self.without_address(line) for line in said)
        return Answer(request=request, raw=tuple(said), lines=lines, prompt=prompt, error=no)

    def ask(self, text: str, expects: str) -> Procedure[Answer]:
        """A query, once more into silence."""
        try:
            answer = yield from self.exchange(text, expects)
        except NoReply:
            answer = yield from self.exchange(text, expects)
        if answer.error:
            answer.refuse()
        return answer

    def put(self, text: str) -> Procedure[Answer]:
        """A setting of a pump at rest."""
        try:
            answer = yield from self.exchange(text, changes=True)
        except NoReply:
            answer = yield from self.exchange(text, changes=True)
        if answer.error:
            answer.refuse()
        return answer

    def learn(self, line: str) -> None:
        """From a line that begins with a word."""
        digits = f"{self.address:02d}"
        if re.match(rf"{digits}(?:{PROMPTS})", line):
            self.form = Lines.PROMPTED
        else:
            self.form = Lines.DIGITS if line.startswith(digits) else Lines.BARE

    def without_address(self, line: str) -> str:
        match self.form:
            case Lines.BARE:
                return line
            case Lines.DIGITS:
                return line[2:].lstrip()
            case Lines.PROMPTED | Lines.UNKNOWN:
                return re.sub(rf"^{self.address:02d}(?:{PROMPTS})\s*", "", line)

    def trusts_numbers(self) -> bool:
        """Is the first number of a line the number that was meant?"""
        return self.address == 0 or self.form is not Lines.UNKNOWN
