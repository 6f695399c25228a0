"""One exchange with a New Era pump, and what follows from each kind of answer.

A reply is a status letter and data; the data is what was asked for, or `?` and the reason why not. The
letter is the pump's state at that moment, errors included, so every answer is also a look.

What may be sent again, and what never:
- a query that drew `?COM` (bad packet) or `?IGN` (ignored, a phase began) is sent once more;
- a setting likewise, because the pump itself says that it did not take the packet, and all settings are
  absolute;
- silence is asked into once more where nothing moves by it: `ask` and `put` serve procedures that look, or that
  program a pump at rest and read everything back. `exchange` and `persist` hand it up as NoReply;
- RUN, STP and a rate while the pump runs are never sent again by a procedure that met silence: they do not use
  `ask` or `put`.

Alarms. A New Era alarm is acknowledged by being the reply to any valid command, so the look that finds an
alarm is also the one that clears it (NE-1000 manual, publication 1200-01, page 34). `hear` therefore keeps
the alarm before asking again: it stays with the pump's procedures until a report has carried it out, even
when the next reply is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NoReturn

from pumpd.driver_api import NoReply, Procedure, PumpAlarm, PumpAlarmed, PumpRefused, WireError, WireRequest
from pumpd_drivers.new_era_frames import ERROR, FORMS, PLAIN, STATUS_LETTERS, safe_frame

ALARMS_HEARD_MAX: Final = 3  # the unrequested packet, the reply that acknowledges, and one that arrived late
_TAKEN_AGAIN: Final = ("?COM", "?IGN")
_BITS_PER_BYTE: Final = 10  # 8N1
# The longest exchange: 16 bytes out ("02 .. 12RAT5.000MH .. 03"), 24 back ("12II0.125W0.000ML" in its frame).
_BYTES_MAX: Final = 40
# No manual gives the pump's turnaround. Allowed: two 16 ms periods of a USB adapter's latency timer, the rest
# for the firmware. [assumption]
_TURNAROUND_MS: Final = 150
BAUDS: Final = (9_600, 19_200)

_HINTS: Final = {
    "?": "the firmware does not know the command: check that this is an NE-1000",
    "?NA": "not possible in the pump's present state: look at its display",
    "?OOR": "outside what the pump can do with this syringe: check diameter, rate and volume",
    "?COM": "the packet arrived damaged: check the cable and its earth",
    "?IGN": "a new phase began in the same moment: look, then decide again",
}


def reply_limit_ms(baud: int) -> int:
    """Time on the wire for the longest exchange, plus the turnaround."""
    return -(-_BYTES_MAX * _BITS_PER_BYTE * 1_000 // baud) + _TURNAROUND_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A reply taken apart: the status letter, the fields of its data, and an error instead of them."""

    request: WireRequest
    letter: str
    data: str
    fields: tuple[str, ...]
    error: str  # "?NA" and so on; empty when carried out

    def refuse(self) -> NoReturn:
        raise PumpRefused(
            f"sent {self.request.text!r}, the pump answered {self.letter + self.error!r}: {_HINTS[self.error]}"
        )

    def differs(self, expected: str) -> NoReturn:
        raise WireError(
            f"sent {self.request.text!r}, the pump answered {self.letter + self.data!r} "
            f"instead of {expected}: "
            "do not start; prepare again, and change the pump if it happens twice"
        )


class Talk:
    """The wire side of one pump. `untold`: an alarm that no report has carried yet; `told`: the last told."""

    __slots__ = ("_limit_ms", "address", "told", "untold")

    def __init__(self, *, address: int, baud: int) -> None:
        self.address = address
        self._limit_ms = reply_limit_ms(baud)
        self.untold: PumpAlarm | None = None
        self.told: PumpAlarm | None = None

    def exchange(self, command: str, expects: str = PLAIN, *, changes: bool = False) -> Procedure[Answer]:
        """Ask once; nothing is sent again, errors are answers."""
        request = WireRequest(
            data=safe_frame(f"{self.address}{command}".encode("ascii")),
            address=self.address,
            changes=changes,
            reply_limit_ms=self._limit_ms,
            expects=expects,
            text=command or "status",
        )
        reply = yield request
        text = reply.body.decode("latin-1")
        letter, data = text[:1], text[1:]
        if ERROR.fullmatch(data):
            return Answer(request=request, letter=letter, data=data, fields=(), error=data)
        found = FORMS[expects].fullmatch(data)
        if not letter or letter not in STATUS_LETTERS or found is None:
            raise WireError(f"sent {request.text!r}, the pump answered {text!r}, which is no {expects!r}")
        fields = tuple(field or "" for field in found.groups())
        return Answer(request=request, letter=letter, data=data, fields=fields, error="")

    def persist(self, command: str, expects: str = PLAIN, *, changes: bool = False) -> Procedure[Answer]:
        """Ask, and once more when the pump says that it did not take the packet."""
        answer = yield from self.exchange(command, expects, changes=changes)
        if answer.error in _TAKEN_AGAIN:
            answer = yield from self.exchange(command, expects, changes=changes)
        return answer

    def insist(self, command: str, expects: str = PLAIN, *, changes: bool = False) -> Procedure[Answer]:
        """Ask, and once more into silence: a prepare has some forty exchanges, and one lost frame must not end it."""
        try:
            return (yield from self.persist(command, expects, changes=changes))
        except NoReply:
            return (yield from self.persist(command, expects, changes=changes))

    def ask(self, command: str, expects: str = PLAIN) -> Procedure[Answer]:
        """A query that has to be answered."""
        answer = yield from self.insist(command, expects)
        if answer.error:
            answer.refuse()
        return answer

    def put(self, command: str) -> Procedure[Answer]:
        """A setting of a pump at rest that has to be taken; absolute, so that twice is as good as once."""
        answer = yield from self.insist(command, changes=True)
        if answer.error:
            answer.refuse()
        return answer

    def check(self, command: str, expects: str, wanted: str) -> Procedure[Answer]:
        """A read-back of something that is not a number."""
        answer = yield from self.ask(command, expects)
        if answer.data != wanted:
            answer.differs(wanted)
        return answer

    def hear(self, command: str, expects: str = PLAIN) -> Procedure[Answer | None]:
        """A query through alarms, which it acknowledges and keeps; None when only alarms come back."""
        for _ in range(ALARMS_HEARD_MAX + 1):
            try:
                return (yield from self.persist(command, expects))
            except PumpAlarmed as alarmed:
                self.keep(alarmed)
        return None

    def keep(self, alarmed: PumpAlarmed) -> None:
        """The first one counts: what follows (a lease that ran out behind a stall) is its consequence."""
        if self.untold is None:
            self.untold = alarmed.alarm if isinstance(alarmed.alarm, PumpAlarm) else PumpAlarm.OTHER

    def tell(self) -> PumpAlarm | None:
        """Hand the alarm to a report."""
        alarm, self.untold = self.untold, None
        if alarm is not None:
            self.told = alarm
        return alarm
