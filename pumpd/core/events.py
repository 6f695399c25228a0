"""Events: what the pumps, the bus, the journal and the clock bring to the bed. What people ask stands in requests.py.

An event is data with the time it arrived (`at_ns`, boot-time nanoseconds). Nothing in it has been judged: it is what
happened on the wire or to the host, and can only be believed or doubted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pumpd.core.codes import TimeAway
from pumpd.core.pump import Granted, Identified, PumpAlarm, Report
from pumpd.core.standing import RulesFile

# --- the bus --------------------------------------------------------------------------------------------


class LinkState(Enum):
    """The daemon's link to a pump. Connected means identified."""

    DOWN = "down"  # the port does not open, or hung up
    SILENT = "silent"  # the port is open, the pump does not answer
    UP = "up"


class LinkWhy(Enum):
    """Why the link is in its state, by name, for whoever has to do something about it."""

    STARTING = "starting"  # the port has not been opened yet
    ABSENT = "absent"  # no such device: the adapter is not plugged in
    HELD = "held"  # another program has the port
    FORBIDDEN = "forbidden"  # this user may not open it
    UNREACHABLE = "unreachable"  # the serial server accepts no connection
    HUNG_UP = "hung_up"  # it was open, and went away
    STUCK = "stuck"  # it is open and takes no bytes
    PORT_FAULT = "port_fault"  # anything else that a port can do
    SLEPT = "slept"  # this computer was suspended: everything is opened and asked anew
    OPENED = "opened"  # the port is open, the pump has not been heard yet
    MUTE = "mute"  # nothing at all comes back
    NOISE = "noise"  # bytes come back, and none is an answer
    ECHO = "echo"  # only what was sent comes back
    IDENTIFIED = "identified"  # the pump has said who it is
    ECHOED = "echoed"  # ... over an adapter that hears itself


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReported:
    """The bus has news of a port or a silence; `detail` is for the operator."""

    at_ns: int
    slot: str
    link: LinkState
    detail: str
    why: LinkWhy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpIdentified:
    """Somebody answered an identification."""

    at_ns: int
    slot: str
    identified: Identified


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpReported:
    """One finished observation. The report was true at some moment between the two times."""

    at_ns: int
    slot: str
    asked_at_ns: int
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpSilent:
    """An identification or observation that ended without an answer."""

    at_ns: int
    slot: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSeen:
    """An unrequested alarm frame."""

    at_ns: int
    slot: str
    alarm: PumpAlarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The command took effect, by the pump's own read-back."""

    granted: Granted | None = None
    report: Report | None = None
    asked_at_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The pump said no, or nothing that could change it had left."""

    detail: str
    alarm: PumpAlarm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A changing request left, and no answer settles whether it took effect."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken:
    """A stop took the command out of the outbox or the queue: it never reached the wire."""


Outcome = Done | Refused | Unknown | Overtaken


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEnded:
    """Every command ends, once, as one of the outcomes."""

    at_ns: int
    slot: str
    command_id: int
    outcome: Outcome


# --- the daemon -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Booted:
    """A new run of the daemon begins; the state before it came from the journal.

    `shift_ns` is what to add to the journal's boot times: zero within one boot of the kernel, else the difference by
    the wall clock, taken in the safe direction by whoever computed it; `away` says how well that is known, since what
    is safe for a window (it was just now) is not for a pause (it was long ago). `today_day` counts local days since
    1970-01-01; without it only a library that needs no day, one for training, can be in force.
    """

    at_ns: int
    boot: str
    kernel_boot: str
    shift_ns: int
    slots: tuple[str, ...]
    today_day: int = 0
    away: TimeAway = TimeAway.KERNEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """Time passed. Arrives a few times a second and carries every deadline."""

    at_ns: int
    full_second: bool = True  # what is due by the minute is looked at once a second


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalReported:
    """The journal cannot make facts durable, or can again."""

    at_ns: int
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJumped:
    """CLOCK_BOOTTIME ran ahead of CLOCK_MONOTONIC: the host was suspended."""

    at_ns: int
    by_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBegan:
    """A day began at this bed: local days since 1970-01-01."""

    at_ns: int
    today_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesCompared:
    """The files that this run of the daemon has read were read again: these are not what they were."""

    at_ns: int
    changed: tuple[RulesFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherGone:
    """The stream of views that went by this name ended: whoever read it sees and hears this bed no longer."""

    at_ns: int
    watcher: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesListen:
    """Whoever goes by this name says how many pages with their sound on it serves now; said again every few seconds."""

    at_ns: int
    watcher: str
    pages: int


BusEvent = LinkReported | PumpIdentified | PumpReported | PumpSilent | AlarmSeen | CommandEnded
DaemonEvent = Booted | Ticked | JournalReported | ClockJumped | DayBegan | FilesCompared | WatcherGone | PagesListen
