"""Everything that a pump driver imports: requests, frames, procedures. A driver does no I/O.

A driver has two halves. **Framing** belongs to the bus: bytes in, frames out, hostile input included.
**Procedures** belong to one pump and are ordinary generators that read like the manual: each `yield`
hands out one `WireRequest` and receives the `Reply` that answers it. Three things may come instead of a
reply, as exceptions at the `yield`: `NoReply` (silence), `PumpAlarmed` (the reply was an alarm, so the
command was not carried out) and `GeneratorExit` (a stop pre-empted the procedure; no `yield` in `finally`).
A procedure lets all of them pass unless it has a better answer, as `observe` has for an alarm.

What a procedure returns is what the pump read back, never what was sent. The bus turns its end into one
of three outcomes: done (it returned), refused (PumpRefused or PumpAlarmed, or nothing that changes the pump
had left), unknown (anything else after a changing request had left).

The bus runs a procedure with asyncio; a test runs it with a `for` loop.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from pumpd.core.pump import (
    Detectable,
    Drive,
    DriverInfo,
    FixedLease,
    Granted,
    Identified,
    IdentityKind,
    Lease,
    NoLease,
    PumpAlarm,
    Remaining,
    Report,
    SettableLease,
    VolumeLease,
)
from pumpd.errors import ConfigError, NoReply, PumpAlarmed, PumpRefused, WireError

__all__ = [
    "AlarmFrame",
    "Buzzes",
    "ConfigError",
    "Configurable",
    "Detectable",
    "Drive",
    "Driver",
    "DriverInfo",
    "FixedLease",
    "Frame",
    "Framing",
    "Garbled",
    "Granted",
    "Identified",
    "IdentityKind",
    "Lease",
    "MovesTarget",
    "NoLease",
    "NoReply",
    "Procedure",
    "PumpAlarm",
    "PumpAlarmed",
    "PumpProcedures",
    "PumpRefused",
    "Remaining",
    "Reply",
    "Report",
    "SettableLease",
    "VolumeLease",
    "WireError",
    "WireRequest",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One exchange: these bytes, one reply within the limit.

    `changes` is true when carrying it out twice, or not at all, would matter: such a request is never
    sent again blindly. `expects` is the driver's own note of what the reply must look like, for `answers`.
    """

    data: bytes
    address: int
    changes: bool
    reply_limit_ms: int
    expects: str = ""
    gap_ms: int = 0  # silence on the wire that has to be before the first byte: in Modbus RTU it parts two frames
    text: str = ""  # what a person reads in a trace, for example "RAT 24.50 MH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One well-formed frame from a pump that is not an alarm; `body` is without framing and address.

    `asked_at_ns` is when its question was sent and `at_ns` when the bus had it, on a clock of which only differences
    mean anything; a framing leaves both alone. What it tells was true at some moment in between.
    """

    address: int
    body: bytes
    asked_at_ns: int = 0
    at_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFrame:
    """A pump says that it is in alarm, as a reply or unrequested: on most wires nobody can tell which."""

    address: int
    alarm: PumpAlarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbled:
    """Bytes that are no frame: counted and shown, never acted on."""

    data: bytes
    why: str


Frame = Reply | AlarmFrame | Garbled
Procedure = Generator[WireRequest, Reply, T]


class Framing(Protocol):
    """One per bus. Holds at most one partial frame of bounded size."""

    def receive(self, data: bytes, awaiting: WireRequest | None) -> tuple[Frame, ...]:
        """Take bytes as they come, in any chunks; never raises on what a wire can carry."""
        ...

    def quiet(self) -> None:
        """The wire was silent: what is half received will never be whole. Forget it."""
        ...

    def answers(self, request: WireRequest, reply: Reply) -> bool:
        """Could this frame be the answer to that request? False drops it as late or foreign."""
        ...


class PumpProcedures(Protocol):
    """One per pump. Every method makes a fresh generator."""

    def identify(self) -> Procedure[Identified]:
        """Find out who answers; leaves the pump able to be observed; moves nothing."""
        ...

    def observe(self) -> Procedure[Report]:
        """One look; on a pump with a lease it also renews it. An alarm becomes part of the report."""
        ...

    def prepare(self, remaining: Remaining) -> Procedure[Granted]:
        """Program everything and read everything back; never starts. The motor must stand still."""
        ...

    def start(self) -> Procedure[Report]:
        """Start what was prepared, and look."""
        ...

    def change_rate(self, rate_ul_per_h: int) -> Procedure[Report]:
        """Change the rate while running, and look: the new rate is the report's read-back."""
        ...

    def stop(self) -> Procedure[Report]:
        """Stop, and look. May be sent again and again; succeeds on a pump that stands still already."""
        ...

    def acknowledge(self) -> Procedure[Report]:
        """Take the pump out of its alarm without moving it, and look."""
        ...


@runtime_checkable
class MovesTarget(Protocol):
    """The procedures of a pump whose volume target stands in for a lease have one more."""

    def extend(self, target_nl: int) -> Procedure[Report]:
        """Move the volume target of a running pump, up or down, and look: the read-back is the report's `target_nl`.

        Rounded down to the pump's grid; never starts it.
        """
        ...


@runtime_checkable
class Buzzes(Protocol):
    """The procedures of a pump whose buzzer speaks when it is told to, also while it runs, have one more."""

    def buzz(self) -> Procedure[Report]:
        """A few beeps that end by themselves, then a look; one that refuses to beep is looked at all the same."""
        ...


class Driver(Protocol):
    """What an entry point in the group `pumpd.drivers` names."""

    @property
    def info(self) -> DriverInfo: ...

    def framing(self) -> Framing:
        """A new framing for one bus."""
        ...

    def pump(self, *, address: int, options: Mapping[str, str | int | bool]) -> PumpProcedures:
        """The procedures of one pump. Raises ConfigError on an option it does not know."""
        ...


@runtime_checkable
class Configurable(Protocol):
    """A driver whose facts or framing depend on the options in the configuration has one more."""

    def configured(self, options: Mapping[str, str | int | bool]) -> Driver:
        """The driver for pumps with these options: asked once a pump, before anything else. Raises ConfigError."""
        ...
