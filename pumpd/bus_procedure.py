"""One driver procedure under way, and what its end means for the bed (wall 4).

Every command ends once, as one of four outcomes. The rule, with "changing" for a request whose
`WireRequest.changes` is true, and "left" from the moment its first byte is handed to the port:

- **done**: the procedure returned; what it returned is what the pump read back.
- **refused**: the pump said no, or nothing that changes it had left. The pump's no (`PumpRefused`, or an alarm
  in place of a reply, `PumpAlarmed`) counts as refused only if every changing request that left was answered,
  and none of them was accepted: then the no was the direct reply to all that could have changed anything.
  A prepare may have had settings accepted before the no: it moves nothing, and no start follows a prepare that
  did not end as done.
- **unknown**: every other end after a changing request had left: silence, a reply that breaks the manual, a cut
  by a stop, a port that failed, or a no that came after something had been accepted or left unanswered. A stop
  that was not answered is always unknown, whatever had left: nobody may read it as "the pump said no".
- **overtaken**: never begun (the bus says so, not this module).

A cut or failed identification or observation is a `PumpSilent`, and so is a look that was to move a volume target: one
that did not move leaves the pump less to give. An alarm that ends a procedure as anything but refused is also
delivered as `AlarmSeen`, since an unknown outcome has no place for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from pumpd.core.effects import (
    Acknowledge,
    ChangeRate,
    Extend,
    Identify,
    Observe,
    Prepare,
    PumpEffect,
    Start,
    Stop,
)
from pumpd.core.events import (
    AlarmSeen,
    BusEvent,
    CommandEnded,
    Done,
    Outcome,
    PumpIdentified,
    PumpReported,
    PumpSilent,
    Refused,
    Unknown,
)
from pumpd.driver_api import (
    Buzzes,
    Granted,
    Identified,
    MovesTarget,
    NoReply,
    Procedure,
    PumpAlarm,
    PumpAlarmed,
    PumpProcedures,
    PumpRefused,
    Reply,
    Report,
    WireError,
    WireRequest,
)

DETAIL_CHARS: Final = 400  # a detail is read by a person and kept in the journal
EXCHANGES_LIMIT: Final = 200  # the longest prepare known has 30: beyond this a procedure goes round in circles

Value = Identified | Report | Granted
Command = Prepare | Start | ChangeRate | Stop | Acknowledge


def bounded(detail: str) -> str:
    return detail if len(detail) <= DETAIL_CHARS else detail[: DETAIL_CHARS - 1] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    error: WireError | NoReply | PumpAlarmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Ended from outside: cut by a stop, or the port failed."""

    detail: str


Ending = Returned | Raised | Closed


def begin(procedures: PumpProcedures, effect: PumpEffect) -> Procedure[Value]:
    match effect:
        case Identify():
            return procedures.identify()
        case Observe(buzz=True):
            assert isinstance(procedures, Buzzes), "its DriverInfo promises a buzzer"
            return procedures.buzz()
        case Observe():
            return procedures.observe()
        case Extend(target_nl=target_nl):
            assert isinstance(procedures, MovesTarget), "its DriverInfo promises a target that can be moved"
            return procedures.extend(target_nl)
        case Prepare(remaining=remaining):
            return procedures.prepare(remaining)
        case Start():
            return procedures.start()
        case ChangeRate(rate_ul_per_h=rate_ul_per_h):
            return procedures.change_rate(rate_ul_per_h)
        case Stop():
            return procedures.stop()
        case Acknowledge():
            return procedures.acknowledge()
        case _:
            assert_never(effect)


class Conversation:
    """Where a procedure stands: `request` is what it wants sent next, until `ending` says how it ended."""

    def __init__(self, effect: PumpEffect, procedures: PumpProcedures) -> None:
        """May have ended already: a procedure can refuse before it sends anything."""
        self.effect = effect
        self.request: WireRequest | None = None
        self.ending: Ending | None = None
        self.asked_at_ns: int | None = None
        self.exchanges = 0
        self._changes_left = False  # at least one changing request left
        self._accepted = False  # ... and one of them was not answered with a no
        self._unsettled = False  # ... or was not answered at all
        self._procedure = begin(procedures, effect)
        self._step(lambda: next(self._procedure))

    def sending(self, now_ns: int) -> None:
        """The first byte of `request` leaves now."""
        assert self.request is not None
        self.exchanges += 1
        if self.asked_at_ns is None:
            self.asked_at_ns = now_ns
        self._changes_left |= self.request.changes

    def answered(self, reply: Reply) -> None:
        changing = self._changing()
        self._step(lambda: self._procedure.send(reply))
        refused = isinstance(self.ending, Raised) and isinstance(self.ending.error, PumpRefused)
        self._accepted |= changing and not refused

    def alarmed(self, alarm: PumpAlarm) -> None:
        self._step(lambda: self._procedure.throw(PumpAlarmed(alarm)))

    def unanswered(self, detail: str) -> None:
        self._unsettled |= self._changing()
        self._step(lambda: self._procedure.throw(NoReply(detail)))

    def close(self, detail: str) -> None:
        """Cut by a stop, or the port is gone; nothing more is sent."""
        assert self.ending is None
        self._procedure.close()
        self.request, self.ending = None, Closed(detail=detail)

    def _changing(self) -> bool:
        assert self.request is not None
        return self.request.changes

    def _step(self, go_on: Callable[[], WireRequest]) -> None:
        self.request = None
        try:
            self.request = go_on()
        except StopIteration as end:
            self.ending = Returned(value=end.value)
        except (WireError, NoReply, PumpAlarmed) as error:
            self.ending = Raised(error=error)
        else:
            if self.exchanges >= EXCHANGES_LIMIT:
                self.close(f"more than {EXCHANGES_LIMIT} exchanges: the driver goes round in circles")

    # --- what the end means ---------------------------------------------------------------------------------

    def outcome(self, at_ns: int) -> tuple[BusEvent, ...]:
        """What the bed is told; the bus repeats a stop's outcome for each stop that waited when it began."""
        assert self.ending is not None
        slot, detail = self.effect.slot, self._detail()
        told: list[BusEvent] = []
        if isinstance(self.effect, Identify | Observe | Extend):
            match self.ending:
                case Returned(value=Identified() as who):
                    told.append(PumpIdentified(at_ns=at_ns, slot=slot, identified=who))
                case Returned(value=Report() as seen):
                    asked_at_ns = self._asked(at_ns)
                    told.append(PumpReported(at_ns=at_ns, slot=slot, asked_at_ns=asked_at_ns, report=seen))
                case _:
                    told.append(PumpSilent(at_ns=at_ns, slot=slot, detail=detail))
        else:
            outcome = self._command_outcome(self.effect, detail, at_ns)
            told.append(CommandEnded(at_ns=at_ns, slot=slot, command_id=self.effect.command_id, outcome=outcome))
            if isinstance(outcome, Refused):
                return tuple(told)
        alarm = self._alarm()
        if alarm is not None:
            told.insert(0, AlarmSeen(at_ns=at_ns, slot=slot, alarm=alarm))
        return tuple(told)

    def _command_outcome(self, command: Command, detail: str, at_ns: int) -> Outcome:
        match self.ending:
            case Returned(value=Granted(infused_nl=counter_nl)) if counter_nl:
                # reports would count the last leg a second time: a driver's mistake, whoever wrote it
                return Unknown(
                    detail=f"the driver told infused_nl = {counter_nl} after a prepare instead of 0: do not start"
                )
            case Returned(value=Granted() as granted):
                return Done(granted=granted, asked_at_ns=self._asked(at_ns))
            case Returned(value=Report() as report):
                return Done(report=report, asked_at_ns=self._asked(at_ns))
            case Raised(error=PumpRefused() | PumpAlarmed()):
                moved = self._accepted and not isinstance(command, Prepare)
                if self._unsettled or moved:
                    return Unknown(detail=detail)
                return Refused(detail=detail, alarm=self._alarm())
            case _:
                if self._changes_left or isinstance(command, Stop):
                    return Unknown(detail=detail)
                return Refused(detail=detail)

    def _asked(self, at_ns: int) -> int:
        return at_ns if self.asked_at_ns is None else self.asked_at_ns

    def _alarm(self) -> PumpAlarm | None:
        if isinstance(self.ending, Raised) and isinstance(self.ending.error, PumpAlarmed):
            alarm = self.ending.error.alarm
            return alarm if isinstance(alarm, PumpAlarm) else PumpAlarm.OTHER
        return None

    def _detail(self) -> str:
        match self.ending:
            case Raised(error=error):
                return bounded(str(error))
            case Closed(detail=detail):
                return bounded(detail)
            case _:
                return ""
