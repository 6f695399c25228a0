"""Every task proves that it lives; systemd hears of it only while all vital ones do.

A process that still answers pings may have a bed's loop that hangs. So each task is handed a `beat` of
its own to call once in each round, and the watchdog is fed from here only while every vital task (the bed's loop,
the buses) has called in time, as the health component of F Prime strokes its watchdog. When one has not,
systemd kills and restarts the daemon, quicker than the pump's lease runs out, and the infusion goes on
or stops by the rules of a restart.

A call that should not block and does holds every task at once. `run` notices by its own lateness, and tells it before
anything else is late (LEASE-05).

An auxiliary task (journal, telemetry, API) that is late is told to whoever listens, and never costs an
infusion: it does not touch the watchdog.

The protocol is sd_notify(3): a datagram of lines to the socket named in NOTIFY_SOCKET. Without it, as
on a developer's machine, nothing is sent and all else is the same.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

Beat = Callable[[], None]

PERIOD_S: Final = 1.0  # of looking at the tasks where no watchdog sets it
HELD_S: Final = 0.5  # a loop that was held this long by one call is worth a line in the log, before it costs a look
_STATUS_CHARS_MAX: Final = 200  # one line of `systemctl status`


@dataclass(slots=True, kw_only=True)
class _Task:
    name: str
    vital: bool
    within_s: float
    beaten_s: float
    late: bool = False


class Notify:
    """systemd's ear, or nobody's. Never blocks and never raises: a deaf systemd must not stop a pump."""

    def __init__(self, address: str | None, watchdog_s: float | None) -> None:
        self.watchdog_s = watchdog_s
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        address = environment.get("NOTIFY_SOCKET") or None
        if address is not None and address.startswith("@"):
            address = "\0" + address[1:]  # the abstract namespace, sd_notify(3)
        return cls(address, _watchdog_s(environment))

    def send(self, *lines: str) -> None:
        if self._address is not None:
            with suppress(OSError):  # full or gone: the next one tells the same
                self._socket.sendto("\n".join(lines).encode(), self._address)

    def close(self) -> None:
        self._socket.close()


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """sd_watchdog_enabled(3): the deadline, unless it was meant for another process."""
    usec = environment.get("WATCHDOG_USEC", "")
    pid = environment.get("WATCHDOG_PID", "")
    if not usec.isdecimal() or int(usec) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 1_000_000


class Health:
    def __init__(self, notify: Notify) -> None:
        self.on_late: Callable[[str], None] = _ignore  # the name of a task, once each time
        self.on_back: Callable[[str], None] = _ignore
        self.on_held: Callable[[float], None] = _ignore  # for how many seconds nothing on the loop could run
        self._notify = notify
        self._tasks: list[_Task] = []
        self._ready = False
        self._status = ""

    def vital(self, name: str, *, within_s: float) -> Beat:
        """A task without which no pump is watched; the watchdog starves when it is late."""
        return self._add(name, vital=True, within_s=within_s)

    def auxiliary(self, name: str, *, within_s: float) -> Beat:
        """A task that may fail and come back while infusions go on."""
        return self._add(name, vital=False, within_s=within_s)

    def ready(self, status: str) -> None:
        """Everything that a start needs is there: `systemctl start` returns now."""
        self._ready = True
        self._notify.send("READY=1", _status_line(status))
        self._status = status

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        if text != self._status:
            self._status = text
            self._notify.send(_status_line(text))

    def stopping(self) -> None:
        self._notify.send("STOPPING=1")

    def late(self) -> tuple[str, ...]:
        """Tasks that have not called in time, by the last look."""
        return tuple(task.name for task in self._tasks if task.late)

    async def run(self) -> None:
        """Look at every task for as long as the daemon lives; feed the watchdog at half its deadline."""
        deadline_s = self._notify.watchdog_s
        period_s = PERIOD_S if deadline_s is None else min(PERIOD_S, deadline_s / 2)
        loop = asyncio.get_running_loop()
        while True:
            self.look()
            due_s = loop.time() + period_s
            await asyncio.sleep(period_s)
            held_s = loop.time() - due_s
            if held_s >= HELD_S:
                self.on_held(held_s)

    def look(self) -> None:
        now_s = asyncio.get_running_loop().time()
        for task in self._tasks:
            was, task.late = task.late, now_s - task.beaten_s > task.within_s
            if task.late and not was:
                self.on_late(task.name)
            elif was and not task.late:
                self.on_back(task.name)
        if self._ready and not any(task.late for task in self._tasks if task.vital):
            self._notify.send("WATCHDOG=1")

    def _add(self, name: str, *, vital: bool, within_s: float) -> Beat:
        loop = asyncio.get_running_loop()
        task = _Task(name=name, vital=vital, within_s=within_s, beaten_s=loop.time())
        assert all(other.name != name for other in self._tasks), f"two tasks are called {name}"
        self._tasks.append(task)

        def beat() -> None:
            task.beaten_s = loop.time()

        return beat


def _status_line(text: str) -> str:
    return f"STATUS={text.replace(chr(10), ' ')[:_STATUS_CHARS_MAX]}"


def _ignore(_: object) -> None:
    """Until somebody listens."""
