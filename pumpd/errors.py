"""Every exception that pumpd raises on purpose, in one tree.

    PumpdError
    ├── BadNumber             a quantity typed or read that is not an exact decimal
    ├── ConfigError           a configuration file is wrong: file, line, key, what to write instead
    ├── LibraryError          a drug library or regimen catalogue is wrong, or does not fit the other
    │   └── LibraryAltered    its content is not the one that was approved
    ├── RegistryError         a driver is missing, or two packages claim its name
    ├── WireError             bytes that break a pump's own manual, inside a procedure
    │   └── PumpRefused       the pump answered that it will not do it
    ├── NoReply               the pump did not answer within its reply limit (also a TimeoutError)
    ├── PumpAlarmed           the pump answered with an alarm instead of doing what was asked
    ├── LinkError             the port or socket itself failed (also an OSError)
    │   ├── PortAbsent        no such device: its adapter is not plugged in
    │   ├── PortHeld          another process holds the port
    │   ├── PortForbidden     this user may not open the port
    │   ├── PortUnreachable   nobody accepts the connection, or the port does not open in time
    │   ├── PortHungUp        it was open, and the adapter or the connection went away
    │   └── PortStuck         it is open and takes no bytes
    ├── JournalError
    │   ├── JournalBroken     the chain of hashes does not hold: edited, cut or with a gap
    │   └── JournalUnavailable  nothing can be made durable now: disk full, slow or gone
    ├── RecordError           the record that was asked for is not there
    ├── CourseFileError       a course from another bed whose signature does not hold, or of another format
    ├── ApiError              the daemon's socket refused, or is not there
    ├── SignInNeeded          a page, or what was asked on it, needs somebody who is signed in
    └── DemoError             a part of the demo did not come up or went away, or its nurse was refused

Bad input from a person is data (a `Reason`), not an exception: it has to be shown beside the other
reasons. Garbled wire data is data too (a `Garbled` frame). Exceptions are for what a caller up the
stack has to turn into a decision, and each says what was sent, what came back and what to do.
"""

from __future__ import annotations


class PumpdError(Exception):
    """Root of the tree: catching it catches everything that pumpd raises on purpose."""


class BadNumber(PumpdError, ValueError):
    """A quantity that is not an exact decimal, such as `.5`, `1,5`, `1e3` or one digit too fine."""


class ConfigError(PumpdError):
    """A configuration file that cannot be used; the text names file, line, key and the fix."""


class LibraryError(PumpdError):
    """A drug library or catalogue that is wrong, or a catalogue that does not fit the library."""


class LibraryAltered(LibraryError):
    """A file whose content has another hash than the one that was approved; the text says how to approve it."""


class RegistryError(PumpdError):
    """No driver of that name is installed, or more than one is."""


class WireError(PumpdError):
    """A reply that breaks the pump's manual, for example a rate without its unit."""


class PumpRefused(WireError):
    """The pump said no, for example `?OOR`: sent and received stand in the text."""


class NoReply(PumpdError, TimeoutError):
    """The pump did not answer within the reply limit of the request."""


class PumpAlarmed(PumpdError):
    """The reply was an alarm: the command was not carried out.

    `alarm` is a `core.pump.PumpAlarm`; typed as object here because this module stands below it.
    """

    def __init__(self, alarm: object) -> None:
        super().__init__(f"the pump answered with the alarm {alarm}: the command was not carried out")
        self.alarm = alarm


class LinkError(PumpdError, OSError):
    """The serial port or socket failed, as opposed to the pump behind it."""


class PortAbsent(LinkError):
    """There is no such device; the text names those that there are."""


class PortHeld(LinkError):
    """Another process holds the port; the text names it where the system tells."""


class PortForbidden(LinkError):
    """This user may not open the port; the text names the group to join."""


class PortUnreachable(LinkError):
    """Nobody accepts the connection, or opening takes too long."""


class PortHungUp(LinkError):
    """An open port failed: a pulled plug, a serial server switched off."""


class PortStuck(LinkError):
    """An open port takes no more bytes."""


class JournalError(PumpdError):
    """The journal cannot be trusted or cannot be written."""


class JournalBroken(JournalError):
    """A row was edited, or rows are missing."""


class JournalUnavailable(JournalError):
    """Nothing can be made durable at present."""


class RecordError(PumpdError):
    """The record that was asked for is not in this journal; the text says what there is."""


class CourseFileError(PumpdError):
    """A file that is not, to the byte, what a bed of this site wrote; the text says what to do."""


class ApiError(PumpdError):
    """The daemon refused a call or cannot be reached on its socket.

    `status` is the HTTP status, None when nobody answered; `field` names what was typed wrong.
    """

    def __init__(self, text: str, *, status: int | None = None, field: str | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.field = field


class SignInNeeded(PumpdError):
    """A page needs somebody; the sign-in answers for it, and leads on to `onward`.

    `notice`: why, where something was asked for; None where somebody only looked. `onward`: None for the page itself.
    """

    def __init__(self, notice: str | None, onward: str | None = None) -> None:
        super().__init__(notice or "Sign in to see this.")
        self.notice, self.onward = notice, onward


class DemoError(PumpdError):
    """The demo cannot go on; one line that says which part, what it said last, and what to do."""
