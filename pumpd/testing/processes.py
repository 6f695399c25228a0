"""A bed of real processes: simulated pump, daemon, page and broker, each a program of its own, for tests and the bench.

What a kill, a hand-over or a held port does can only be seen on real processes, a real pty and real signals. Each
program here has a condition under which it counts as up (it has told its addresses, its socket answers) and a clean
end: SIGTERM, then SIGKILL for whatever is left. Nothing outlives the test, even one that is itself killed: the kernel
ends each program with its parent (demo_leash.py).

Waiting is always for a condition, with a limit that only a failing test reaches. The truth is the simulator's, over
its control port; what pumpd believes comes from its socket and its journal.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from pumpd import demo_leash

T = TypeVar("T")

SOON_S: Final = 30.0  # far above what anything waited for takes: only a failing test waits so long
LOOK_EVERY_S: Final = 0.02
END_WITHIN_S: Final = 5.0  # the daemon takes 2 s at most
NOBODY: Final = 65534  # a user without any right, on every Linux
_DATAGRAM_BYTES: Final = 4_096


def until(look: Callable[[], T], what: str, within_s: float = SOON_S) -> T:
    """What `look` returns, once that is true. Raises AssertionError with `what` was waited for."""
    give_up = time.monotonic() + within_s
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < give_up, f"waited {within_s:g} s in vain: {what}"
        time.sleep(LOOK_EVERY_S)


def python(*arguments: str) -> list[str]:
    """A module of ours, run by this very interpreter; -P keeps a stranger's files in this folder out."""
    return [sys.executable, "-P", *arguments]


def short_folder() -> Path:
    """A new folder below /tmp: a Unix socket's path has 107 bytes, and a plain user must get there."""
    folder = Path(tempfile.mkdtemp(prefix="pd-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


class Program:
    """One process. What it says goes to two files, behind what an earlier one of this name said there."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        user: int | None = None,
    ) -> None:
        """`user`: run as this one, without any group or capability; None for the present one."""
        self.name = name
        self.began_s = time.monotonic()
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        with self._out.open("ab") as out, self._err.open("ab") as err:
            self.process = subprocess.Popen(
                [*_leash(user), *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**_plain_environment(), **(env or {})},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        return self._out.read_text(encoding="utf-8", errors="replace")

    def complained(self) -> str:
        return self._err.read_text(encoding="utf-8", errors="replace")

    def sentence(self) -> str:
        """The one line for people among the log lines of its standard error."""
        (line,) = [line for line in self.complained().splitlines() if not line.startswith("{")]
        return line

    def ready(self, look: Callable[[], T], what: str, within_s: float = SOON_S) -> T:
        """What `look` finds, once it is true. Raises AssertionError at once when the program has ended."""

        def found_or_dead() -> T:
            found = look()
            assert found or self.runs, f"the {self.name} ended with {self.process.returncode}:\n{self.complained()}"
            return found

        return until(found_or_dead, f"the {self.name}: {what}", within_s)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def freeze(self) -> None:
        """What a hung program looks like from outside: its connections stand, nothing answers."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def wait(self, within_s: float = SOON_S) -> int:
        """The exit status; negative: by that signal. Raises subprocess.TimeoutExpired."""
        return self.process.wait(within_s)

    def kill(self) -> None:
        """SIGKILL, to it and to whatever it has started; frozen or not."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """SIGTERM, then what is left of its session."""
        if self.runs:
            self.thaw()
            self.signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.wait(END_WITHIN_S)
        self.kill()


def _leash(user: int | None) -> list[str]:
    """The program ends with us; the kernel forgets that promise at a change of user, so setpriv makes it anew."""
    if user is None:
        return [sys.executable, "-I", "-S", str(demo_leash.__file__), str(os.getpid())]
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--pdeathsig=TERM", "--"]


def _plain_environment() -> dict[str, str]:
    """Ours, without what a systemd or a shell around the tests may have meant for itself."""
    mine = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "PUMPD_SOCKET"}
    return {name: value for name, value in os.environ.items() if name not in mine}


class NotifySocket:
    """systemd's end of sd_notify(3), ours: a datagram socket that keeps what it was told, in order."""

    def __init__(self, path: Path) -> None:
        self.heard: list[str] = []
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def environment(self, *, watchdog_s: float | None = None) -> dict[str, str]:
        """What systemd would set."""
        given = {"NOTIFY_SOCKET": str(self._path)}
        if watchdog_s is not None:
            given["WATCHDOG_USEC"] = str(int(watchdog_s * 1_000_000))
        return given

    def next_word(self, within_s: float) -> str | None:
        """The next thing told, None when nothing is for so long."""
        self._socket.settimeout(within_s)
        try:
            word = self._socket.recv(_DATAGRAM_BYTES).decode()
        except TimeoutError:
            return None
        self.heard.append(word)
        return word

    def wait_for(self, word: str, within_s: float = SOON_S) -> None:
        """Until this line is told. Raises AssertionError."""
        give_up = time.monotonic() + within_s
        while (left_s := give_up - time.monotonic()) > 0:
            told = self.next_word(left_s)
            if told is not None and word in told.splitlines():
                return
        raise AssertionError(f"{word} was not told within {within_s:g} s, but {self.heard}")

    def silence(self, word: str, within_s: float) -> bool:
        """Is this line not told for so long, at any time from now on? Ends at the first silence, or after SOON_S."""
        give_up = time.monotonic() + SOON_S
        last_s = time.monotonic()
        while time.monotonic() < give_up:
            told = self.next_word(max(0.0, last_s + within_s - time.monotonic()) or 0.001)
            if told is not None and word in told.splitlines():
                last_s = time.monotonic()
            elif time.monotonic() - last_s >= within_s:
                return True
        return False


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
