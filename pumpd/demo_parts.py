"""What the demo is made of: programs of their own, a folder of their own, ports that are free.

Each part is a real process with its own session, so that Ctrl-C reaches the demo alone and the parts end in the
order that the demo wants. What a part says goes into a log in the run folder; when one does not come up, its last
line is the best explanation there is, and becomes part of ours.

The run folder is short by necessity: the daemon's socket lies in it, and a Unix socket's path has 107 bytes. It is
gone afterwards, unless somebody asked for it. What a killed demo left there is swept by the next one: the lock
that it held tells that nobody is there any more.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self, TypeVar

from pumpd.errors import DemoError

HERE: Final = "127.0.0.1"
LEASH: Final = Path(__file__).with_name("demo_leash.py")
PREFIX: Final = "pumpd-demo-"
LOCK: Final = "demo.lock"
LOOK_EVERY_S: Final = 0.05
READY_WITHIN_S: Final = 60.0  # a busy machine has needed half of it; whatever ends before is told at once
END_WITHIN_S: Final = 4.0  # the daemon takes 2 s at most
FOLDER_BYTES_MAX: Final = 90  # leaves room for /pumpd.sock in the 107 bytes of unix(7)

T = TypeVar("T")


class Part:
    """One program of the demo, running."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self.ending = False  # by our own wish
        self.was_ready = False
        self._process = process

    @classmethod
    async def begin(cls, name: str, command: Sequence[str], folder: Path) -> Self:
        """The program and its arguments, the program by its whole path."""
        log = folder / f"{name}.log"
        leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid())]
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *leash, *command, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process.returncode is None

    async def gone(self) -> int:
        """Returns its exit status."""
        return await self._process.wait()

    def lines(self) -> list[str]:
        """What it has said so far, line by line."""
        return self.log.read_text(encoding="utf-8", errors="replace").splitlines()

    def epitaph(self) -> str:
        """How it ended, and what it said last."""
        status = self._process.returncode
        if status is None:
            how = "still runs"
        elif status < 0:
            how = f"was ended by {signal.Signals(-status).name}"
        else:
            how = f"ended with exit status {status}"
        said = self.last_line()
        return f"{how}; its last words: {said}" if said else f"{how} without a word"

    def last_line(self) -> str:
        return next((line.strip() for line in reversed(self.lines()) if line.strip()), "")

    async def ready(self, look: Callable[[], Awaitable[T | None]], *, within_s: float = READY_WITHIN_S) -> T:
        """What `look` finds, once it finds something. Raises DemoError when the part ends first, or is too slow."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    found = await look()
                    if found is not None:
                        self.was_ready = True
                        return found
                    if not self.runs:
                        raise DemoError(f"the {self.name} did not come up: it {self.epitaph()}")
                    await asyncio.sleep(LOOK_EVERY_S)
        raise DemoError(f"the {self.name} is not ready after {within_s:g} s: it {self.epitaph()}")

    async def end(self) -> bool:
        """SIGTERM, then what is left of its session. False when it had to be killed."""
        self.ending = True
        if self.runs:
            self._process.terminate()
        in_time = True
        try:
            await asyncio.wait_for(self._process.wait(), END_WITHIN_S)
        except TimeoutError:
            in_time = False
        self.kill()
        await self._process.wait()
        return in_time

    def kill(self) -> None:
        """The program and all that it started, at once."""
        self.ending = True
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def python(*arguments: str) -> list[str]:
    """A module of ours, run by this very interpreter; -P keeps a stranger's files in this folder out."""
    return [sys.executable, "-P", "-m", *arguments]


# --- ports ----------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Raises DemoError when this user may not have it at all."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HERE, port))
        except PermissionError as error:
            raise DemoError(f"this user may not open port {port}: choose one above 1023 with --port") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise DemoError(f"port {port} of {HERE} cannot be opened: {error.strerror}") from error
    return True


async def answers(port: int) -> bool | None:
    """True once somebody accepts connections there, None before."""
    try:
        _, writer = await asyncio.open_connection(HERE, port)
    except OSError:
        return None
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


# --- the run folder ---------------------------------------------------------------------------------------


@contextmanager
def run_folder(given: Path | None, *, keep: bool) -> Iterator[Path]:
    """A folder for this user alone. Only one of our own choice is taken away afterwards, and only unless `keep`."""
    try:
        folder, lock = _own_folder() if given is None else _given_folder(given.absolute())
        if keep and given is None:
            (folder / LOCK).unlink()  # nothing tells the sweep that this one may go
    except OSError as error:
        where = error.filename or given or _base()
        raise DemoError(f"{where}: {error.strerror or error}: name a folder of yours with --dir") from error
    try:
        yield folder
    finally:
        if given is None and not keep:
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _own_folder() -> tuple[Path, int]:
    base = _base()
    _sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    return folder, _hold(folder)


def _given_folder(folder: Path) -> tuple[Path, int]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder, _hold(folder)


def _base() -> Path:
    """Where short-lived things of this user live, if the path is short enough for a socket."""
    offered = os.environ.get("XDG_RUNTIME_DIR")
    if offered:
        base = Path(offered)
        fits = len(bytes(base / (PREFIX + "12345678"))) <= FOLDER_BYTES_MAX
        if base.is_dir() and base.is_absolute() and os.access(base, os.W_OK | os.X_OK) and fits:
            return base
    return Path("/tmp")  # noqa: S108  # not $TMPDIR: it may be long; mkdtemp makes a folder that is ours alone


def _hold(folder: Path) -> int:
    """The lock of a demo that lives, until the descriptor is closed."""
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise DemoError(f"another demo runs in {folder}: end it first, or name another folder with --dir") from error
    return lock


def _sweep(base: Path) -> None:
    """Folders of ours whose demo was killed."""
    for folder in base.glob(f"{PREFIX}*"):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue  # kept, or being made just now, or gone
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
