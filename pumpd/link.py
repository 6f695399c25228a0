"""Bytes to and from a serial port or a TCP socket; knows nothing of pumps.

The port is opened, configured and locked by pyserial, so that no second daemon talks to the same pump; from
then on the file descriptor is ours and the event loop's, without a thread. Nothing here waits: `write` hands
over what the port takes and keeps the rest, `take` returns what has come, and whoever listens is rung when
either changes. A hang-up (a pulled plug, a closed socket) is a `LinkError` from the next call.

A link that is closed keeps nothing back: what had not left is discarded, because a start that a port coughs
up after a stop would be worse than any lost command. Each refusal to open says what to do about it, for an
operator who has a terminal and the configuration file in front of them.

An address is a device (`/dev/serial/by-id/...`, a pty) or `socket://host:port`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import grp
import os
import pwd
import socket
import struct
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import serial
import structlog

from pumpd import serial_ports
from pumpd.errors import LinkError, PortAbsent, PortForbidden, PortHeld, PortHungUp, PortUnreachable

RECEIVE_LIMIT: Final = 65536  # nobody took this much: a babbling wire, of which the newest bytes matter least
SEND_LIMIT: Final = 4096  # one frame is 64 bytes at most; more than this means that nobody watches `unsent`
CHUNK: Final = 4096
PTYS: Final = "/dev/pts/"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
FORMATS: Final = ("8N1", "8N2", "8E1", "8O1", "7E1", "7O1")  # data bits, parity, stop bits: as pumps' manuals write it
BY_ID: Final = Path("/dev/serial/by-id")

log = structlog.get_logger(__name__)


class Link(Protocol):
    """An open port. Every method raises LinkError once the port has failed, except close."""

    @property
    def byte_s(self) -> float:
        """How long one byte is on the wire: 0 where nobody can know."""
        ...

    def listen(self, ring: Callable[[], None]) -> None:
        """Call `ring` whenever bytes have come, the rest of a write has left, or the port has failed."""
        ...

    def write(self, data: bytes) -> None: ...

    def unsent(self) -> int:
        """Bytes written that the port has not taken yet."""
        ...

    def take(self) -> bytes:
        """What has come since the last call, perhaps nothing."""
        ...

    def close(self) -> None:
        """Idempotent; discards what has not left."""
        ...


class _Descriptor:
    """A non-blocking file descriptor on the running loop, with a buffer each way."""

    def __init__(self, *, fd: int, title: str, byte_s: float, shut: Callable[[], None]) -> None:
        self.byte_s = byte_s
        self._fd = fd
        self._title = title
        self._shut = shut
        self._ring: Callable[[], None] = lambda: None
        self._received = bytearray()
        self._unsent = bytearray()
        self._failed: LinkError | None = None
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(fd, self._readable)

    def listen(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        if self._received or self._failed is not None:
            ring()

    def write(self, data: bytes) -> None:
        self._check()
        assert len(self._unsent) + len(data) <= SEND_LIMIT, "somebody writes without looking at unsent()"
        waiting = bool(self._unsent)
        self._unsent += data
        if not waiting:
            self._push()
            self._check()
            if self._unsent:
                self._loop.add_writer(self._fd, self._writable)

    def unsent(self) -> int:
        self._check()
        return len(self._unsent)

    def take(self) -> bytes:
        if not self._received:
            self._check()
        data = bytes(self._received)
        self._received.clear()
        return data

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._fail(LinkError(f"{self._title} is closed"))
            self._shut()

    def _check(self) -> None:
        if self._failed is not None:
            raise type(self._failed)(str(self._failed))

    def _fail(self, error: LinkError) -> None:
        if self._failed is None:
            self._failed = error
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._ring()

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(PortHungUp(f"{self._title} failed: {error.strerror}; is it still plugged in?"))
            return
        if not data:
            self._fail(PortHungUp(f"{self._title} hung up; is it still plugged in and switched on?"))
            return
        room = RECEIVE_LIMIT - len(self._received)
        self._received += data[:room]
        self._ring()

    def _writable(self) -> None:
        self._push()
        if not self._unsent and self._failed is None:
            self._loop.remove_writer(self._fd)
            self._ring()

    def _push(self) -> None:
        try:
            taken = os.write(self._fd, self._unsent)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(PortHungUp(f"{self._title} does not take bytes: {error.strerror}; is it still plugged in?"))
            return
        del self._unsent[:taken]


async def open_link(port: str, baud: int, line_format: str = "8N1") -> Link:
    """Raises PortHeld, PortForbidden or LinkError; the text says what to do. `line_format`: one of FORMATS."""
    if port.startswith("socket://"):
        return await _open_socket(port)
    return _open_serial(port, baud, line_format)


async def open_simulated(port: str, baud: int, line_format: str = "8N1") -> Link:
    """As open_link, for a training bed: raises PortForbidden, too, where a real pump may be.

    A simulated pump is a pseudo-terminal or a socket of this machine. What somebody has bridged to one of these on
    purpose cannot be told from it.
    """
    if _may_be_real(port):
        raise PortForbidden(
            f"training = true, and a real pump may be at {port}: a training bed moves simulated pumps only (a pty, or a"
            " socket of this machine); correct the port, or take training out of the configuration"
        )
    return await open_link(port, baud, line_format)


def _may_be_real(port: str) -> bool:
    if port.startswith("socket://"):
        return _address_of(port)[0] not in LOOPBACK
    return Path(port).exists() and not os.path.realpath(port).startswith(PTYS)


# --- TCP ----------------------------------------------------------------------------------------------------


async def _open_socket(port: str) -> Link:
    host, number = _address_of(port)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, number, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise PortUnreachable(f"{port}: {error.strerror or error}; check the host name") from error
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Closing discards what has not left, as the docstring promises.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError as error:
        sock.close()
        hint = "is the serial server switched on, and is the port number right?"
        raise PortUnreachable(f"{port} does not accept a connection: {error.strerror or error}; {hint}") from error
    except asyncio.CancelledError:
        sock.close()
        raise
    return _Descriptor(fd=sock.fileno(), title=port, byte_s=0.0, shut=sock.close)


def _address_of(port: str) -> tuple[str, int]:
    try:
        parts = urlsplit(port)
        host, number = parts.hostname, parts.port
    except ValueError:
        host, number = None, None
    if host is None or number is None:
        raise LinkError(f"{port} is no address: write socket://HOST:PORT, for example socket://10.0.0.7:4001")
    return host, number


# --- serial -------------------------------------------------------------------------------------------------


def _open_serial(port: str, baud: int, line_format: str) -> Link:
    data_bits, parity, stop_bits = int(line_format[0]), line_format[1], int(line_format[2])
    # A pty keeps neither parity nor seven bits, and asked for them a second time it refuses to open.
    wanted = (8, "N") if os.path.realpath(port).startswith(PTYS) else (data_bits, parity)
    try:
        line = serial.Serial(
            port, baud, bytesize=wanted[0], parity=wanted[1], stopbits=stop_bits,
            timeout=0, write_timeout=0, exclusive=True,
        )  # fmt: skip
    except (serial.SerialException, OSError, ValueError, termios.error) as error:
        raise _why_not(port, error) from error
    # On by default with latency in mind: a USB adapter otherwise holds replies back for up to 16 ms.
    try:
        line.set_low_latency_mode(True)
    except (ValueError, OSError, NotImplementedError, AttributeError) as error:
        log.info("no_low_latency", port=port, detail=str(error))  # a pty and some drivers do not know it
    fd = line.fileno()
    bits = 1 + data_bits + (parity != "N") + stop_bits
    _tell_empty_from_hung_up(fd)
    return _Descriptor(fd=fd, title=port, byte_s=bits / baud, shut=lambda: _shut_serial(line))


def _tell_empty_from_hung_up(fd: int) -> None:
    """By pyserial VMIN is 0, with which an empty port reads like one that hung up (termios(3))."""
    settings = termios.tcgetattr(fd)
    settings[6][termios.VMIN] = 1
    termios.tcsetattr(fd, termios.TCSANOW, settings)


def _shut_serial(line: serial.Serial) -> None:
    with contextlib.suppress(termios.error, OSError):
        termios.tcflush(line.fileno(), termios.TCIOFLUSH)
    line.close()


def _why_not(port: str, error: Exception) -> LinkError:
    match getattr(error, "errno", None):
        case errno.ENOENT | errno.ENXIO | errno.ENODEV:
            return PortAbsent(f"{port} is not there; {_what_is_there()}")
        case errno.EACCES | errno.EPERM:
            return _forbidden(port)
        case errno.EAGAIN | errno.EBUSY:
            who = [f"{each.program} (process {each.pid})" for each in serial_ports.holders(port)]
            by = ", ".join(who) if who else "another process (run `sudo fuser -v` on the port to see which)"
            return PortHeld(f"{port} is held by {by}; end it, or give this bus another port")
        case _:
            return LinkError(f"{port} cannot be opened as a serial port: {error}")


def _what_is_there() -> str:
    names = sorted(str(path) for path in BY_ID.iterdir()) if BY_ID.is_dir() else []
    if not names:
        return f"no USB serial adapter is plugged in (nothing in {BY_ID}): plug it in, or correct the port"
    return f"plug it in, or set the port to one of: {', '.join(names)}"


def _forbidden(port: str) -> PortForbidden:
    user = _name(lambda: pwd.getpwuid(os.geteuid()).pw_name, os.geteuid())
    owner = Path(port).stat().st_gid
    group = _name(lambda: grp.getgrgid(owner).gr_name, owner)
    if owner == 0 or group == "tty":  # joining that group is no answer
        return PortForbidden(
            f"user {user} may not open {port}, which belongs to group {group}: install the udev rule that"
            " gives serial ports to group dialout, or check that this is the port of a pump"
        )
    return PortForbidden(
        f"user {user} may not open {port}: type `sudo usermod -aG {group} {user}`, then log in again"
        " or restart the service"
    )


def _name(look_up: Callable[[], str], number: int) -> str:
    try:
        return look_up()
    except KeyError:
        return str(number)
