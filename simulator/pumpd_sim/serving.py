"""A simulated chain of pumps on real wires: a pseudo-terminal, a TCP port, or both.

The bus lives in virtual time; here real time is fed to it. What the host writes goes in, what is due comes
out, and one timer waits for whatever the bus says comes next. How many hosts there may be over
TCP depends on the protocol (serving_hosts.py). A host that does not read loses bytes, as it would on a real
line; nothing here waits for it.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pumpd_sim import clock
from pumpd_sim.serving_hosts import HostLine, Hosts

if TYPE_CHECKING:
    from pumpd_sim.bus import SimBus

READ_AT_ONCE = 4_096


class ServedBus:
    """Real time for a bus. Create it inside a running loop; `close` gives everything back."""

    def __init__(self, bus: SimBus) -> None:
        self.bus = bus
        self._loop = asyncio.get_running_loop()
        self._started_ns = clock.now_ns()
        self._timer: asyncio.TimerHandle | None = None
        self._master: int | None = None
        self._slave: int | None = None
        self._link: Path | None = None
        self._server: asyncio.Server | None = None
        self._hung_until_ns = 0
        self._hosts = Hosts(several=bus.speech.numbered, let_in=lambda: self.now_ns() >= self._hung_until_ns)
        self._reopening: asyncio.TimerHandle | None = None
        self.tcp: str | None = None  # the address at which hosts connect, as HOST:PORT
        self.pty: str | None = None  # where a host opens it now; another one after a hang-up
        bus.on_hang_up = self._hangs_up
        self._settle()

    def now_ns(self) -> int:
        """Nanoseconds since serving began: the bus's time."""
        return clock.now_ns() - self._started_ns

    def open_pty(self, link: Path | None = None) -> str:
        """Returns the path a host opens. With `link`, a symbolic link to it; an old link is replaced."""
        if not hasattr(os, "openpty"):
            raise OSError("this system has no pseudo-terminals; serve on TCP alone: --tcp 127.0.0.1:0")
        import tty  # late: a system without pseudo-terminals has no such module, and TCP needs none

        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        path = os.ttyname(self._slave)
        self._loop.add_reader(self._master, self._read_pty)
        if link is not None:
            if link.is_symlink():
                link.unlink()
            link.symlink_to(path)
            self._link = link
        self.pty = path
        return path

    def _hangs_up(self, for_ns: int) -> None:
        """Once what is under way has ended: the fault may have come in the middle of reading this very port."""
        self._loop.call_soon(self._hang_up, for_ns)

    def _hang_up(self, for_ns: int) -> None:
        """The host's port goes away: a reset connection, a device file that is gone; both are back after a while."""
        self._hung_until_ns = self.now_ns() + for_ns
        self._hosts.abort_all()
        if self._master is None:
            return
        self._close_pty()
        self._reopening = self._loop.call_later(for_ns / 1e9, self._reopen, self._link)

    def _reopen(self, link: Path | None) -> None:
        self._reopening = None
        self.open_pty(link)

    def _close_pty(self) -> None:
        if self._master is not None and self._slave is not None:
            self._loop.remove_reader(self._master)
            os.close(self._master)
            os.close(self._slave)
        self._master = self._slave = self.pty = None
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    async def open_tcp(self, host: str, port: int) -> tuple[str, int]:
        """Returns the address a host connects to; port 0 takes a free one."""
        self._server = await self._loop.create_server(lambda: HostLine(self._hosts, self._asked), host, port)
        bound_host, bound_port = self._server.sockets[0].getsockname()[:2]
        self.tcp = f"{bound_host}:{bound_port}"
        return str(bound_host), int(bound_port)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._reopening is not None:
            self._reopening.cancel()
        self._close_pty()
        self._hosts.abort_all()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def touched(self) -> None:
        """Call after anything was done to the bus from outside: sends what is due and sets the timer."""
        self._settle()

    def take(self, data: bytes) -> None:
        self.bus.write(self.now_ns(), data)
        self._settle()

    def _asked(self, line: HostLine, data: bytes) -> None:
        request = self._hosts.ask(line, self.now_ns(), data)
        if request:
            self.take(request)

    def _settle(self) -> None:
        """Send what is due, then sleep until the bus's next moment."""
        data = self.bus.poll(self.now_ns())
        if data:
            self._send(data)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_ns = self.bus.next_wake_ns()
        if wake_ns is not None:
            self._timer = self._loop.call_later(max(0, wake_ns - self.now_ns()) / 1e9, self._settle)

    def _send(self, data: bytes) -> None:
        if self._master is not None:
            with suppress(BlockingIOError):
                os.write(self._master, data)
        self._hosts.answer(data)

    def _read_pty(self) -> None:
        assert self._master is not None
        assert self._slave is not None
        with suppress(BlockingIOError):
            data = os.read(self._master, READ_AT_ONCE)
            _forget_speed(self._slave)
            self.take(data)


def _forget_speed(slave: int) -> None:
    """Leave a setting that the next host will change.

    A pty keeps no parity. Where a host asks for parity and nothing else would change, the C library calls that an
    error (tcsetattr, EINVAL), and a second program in 8E1 could not open the port. Nothing here goes by the speed.
    """
    import termios  # late, as tty above

    settings = termios.tcgetattr(slave)
    if settings[4] != termios.B50:
        settings[4] = settings[5] = termios.B50
        termios.tcsetattr(slave, termios.TCSANOW, settings)
