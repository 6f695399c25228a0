"""Trials that any driver has to stand: every procedure closed, silenced, alarmed and answered wrongly at every yield.

A trial plays a pump: a function from a request to the bytes that answer it (none: silence). All bytes go through the
driver's own framing. A procedure may end in a result, or in one of the four ways that the bus knows (WireError and
PumpRefused, NoReply, PumpAlarmed); it may not ask for ever, ask behind its close, or send a start or a change of rate
a second time when nobody knows what became of the first (wall 4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from pumpd.driver_api import (
    AlarmFrame,
    Driver,
    NoReply,
    Procedure,
    PumpAlarm,
    PumpAlarmed,
    Reply,
    WireError,
    WireRequest,
)

EXCHANGES_MAX: Final = 200  # where the bus ends a procedure, too
Pump = Callable[[WireRequest], bytes]
Thrown = NoReply | PumpAlarmed


@dataclass(slots=True, kw_only=True)
class Trial:
    """One run of one procedure against a pump that is played."""

    driver: Driver
    procedure: Procedure[Any]
    pump: Pump
    sent: list[WireRequest] = field(default_factory=list)
    now_ns: int = 0
    exchange_ns: int = 50_000_000

    def advance(self, exchanges: int) -> WireRequest:
        """Answer so many requests; the next one, which nobody has answered yet."""
        request = next(self.procedure)
        for _ in range(exchanges):
            request = self.answer(request)
        return request

    def answer(self, request: WireRequest) -> WireRequest:
        """Raises StopIteration with the result when the procedure ends."""
        self.sent.append(request)
        self.now_ns += self.exchange_ns
        framing = self.driver.framing()
        for frame in framing.receive(self.pump(request), request):
            if isinstance(frame, AlarmFrame):
                return self.procedure.throw(PumpAlarmed(frame.alarm))
            if isinstance(frame, Reply) and framing.answers(request, frame):
                asked_at_ns = self.now_ns - self.exchange_ns
                reply = Reply(address=frame.address, body=frame.body, asked_at_ns=asked_at_ns, at_ns=self.now_ns)
                return self.procedure.send(reply)
        return self.procedure.throw(NoReply("silence"))

    def result(self, request: WireRequest) -> Any:  # noqa: ANN401 (of any procedure)
        """Answer to the end."""
        for _ in range(EXCHANGES_MAX):
            try:
                request = self.answer(request)
            except StopIteration as end:
                return end.value
        raise AssertionError(f"more than {EXCHANGES_MAX} exchanges: it goes round in circles")

    def end(self, request: WireRequest) -> object:
        """The result, or the error that a bus knows; any other error passes."""
        try:
            return self.result(request)
        except (WireError, NoReply, PumpAlarmed) as error:
            return error

    def interrupt(self, thrown: Thrown) -> object:
        """Throw this instead of the reply, and let the pump answer what follows."""
        try:
            request = self.procedure.throw(thrown)
        except StopIteration as end:
            return end.value
        except (WireError, NoReply, PumpAlarmed) as error:
            return error
        return self.end(request)


def stand(make: Callable[[], Trial], *, absolute: bool) -> int:
    """All trials of one procedure; how many yields it has. `make` begins anew; raises AssertionError.

    `absolute`: what it changes may be sent twice: a stop, and the settings of a pump at rest, which are read back.
    """
    whole = make()
    whole.result(whole.advance(0))
    for at in range(len(whole.sent)):
        closed = make()
        closed.advance(at)
        closed.procedure.close()
        assert next(closed.procedure, None) is None, "it asks behind its close"
        for thrown in (NoReply("silence"), PumpAlarmed(PumpAlarm.STALL)):
            one = make()
            cut = one.advance(at)
            one.interrupt(thrown)
            repeated = [each for each in one.sent[at:] if each.data == cut.data]
            assert absolute or not cut.changes or not repeated, f"{cut.text!r} was sent twice into {thrown!r}"
        mute = make()
        mute.advance(at)
        mute.pump = lambda _: b""
        mute.interrupt(NoReply("silence"))
    return len(whole.sent)
