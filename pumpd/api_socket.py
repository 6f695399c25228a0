"""The daemon's socket itself: where it is, how it is made, and the shortest way through it.

`pumpd stop` goes through `call`, with the standard library alone: it must not wait for a validation library
to load, and must not fail because a package of the page is broken. Everything else may use the richer
api_client.py, which takes the path and the sentences from here. A missing socket, a dead one and a forbidden
one are three different things to do for whoever reads the message, so each has its own sentence.

`listening` makes the socket. Nobody can connect before its mode is 0660, whatever the umask: the mode is set
between bind and listen. A lock beside it makes "is the old one dead?" a question without a race; a
socket where somebody answers is never taken away.
"""

from __future__ import annotations

import errno
import fcntl
import grp
import http.client
import json
import os
import socket
import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pumpd.errors import ApiError

DEFAULT_SOCKET: Final = Path("/run/pumpd/pumpd.sock")
SOCKET_VARIABLE: Final = "PUMPD_SOCKET"
BASE_URL: Final = "http://pumpd"  # nobody resolves it: the connection is the socket
ANSWER_TIMEOUT_S: Final = 3.0  # the bed answers within 2 s or says that it is busy
_ANSWER_BYTES_MAX: Final = 4_194_304  # a bed's view is a few kilobytes, eight hours of samples a megabyte
_HTTP_REFUSED: Final = 400
SOCKET_MODE: Final = 0o660  # the daemon's user and its group, nobody else
BACKLOG: Final = 64  # callers who wait to be let in; beyond it the kernel tells them to come back


def socket_path(given: str | Path | None = None) -> Path:
    """What was given, else what PUMPD_SOCKET names, else the daemon's usual place."""
    return Path(given or os.environ.get(SOCKET_VARIABLE) or DEFAULT_SOCKET)


def unreachable(path: Path, error: BaseException) -> ApiError:
    """The sentence for an operator: what was tried, what came back, what to do."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return ApiError(
                f"there is no daemon at {path}. Start it (systemctl start pumpd or pumpd run --config FILE), "
                f"or name its socket with --socket or {SOCKET_VARIABLE}."
            )
        case ConnectionRefusedError():
            return ApiError(
                f"nobody listens at {path}: the daemon that made this socket is gone. "
                "See: systemctl status pumpd; journalctl -u pumpd"
            )
        case PermissionError():
            return ApiError(
                f"this user may not use {path}: it is for the group {_group_of(path)}. "
                f"Type: sudo usermod -aG {_group_of(path)} $USER, then log in again."
            )
        case TimeoutError():
            return ApiError(
                f"the daemon at {path} did not answer in time: it may be overloaded or stopped. "
                "See: systemctl status pumpd"
            )
    return ApiError(f"the call to {path} failed: {str(error) or type(error).__name__}. See: journalctl -u pumpd")


def _group_of(path: Path) -> str:
    try:
        return grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):  # the folder itself is closed to us, or the group has no name
        return "pumpd"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("pumpd", timeout=timeout_s)
        self._path, self._timeout_s = path, timeout_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout_s)
        self.sock.connect(str(self._path))


def exchange(
    path: Path,
    method: str,
    target: str,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    timeout_s: float = ANSWER_TIMEOUT_S,
) -> tuple[int, bytes]:
    """One call on a connection of its own: the status and what came back. Raises ApiError without an answer."""
    connection = _UnixConnection(path, timeout_s)
    try:
        connection.request(method, target, content, dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.read(_ANSWER_BYTES_MAX)
    except (OSError, http.client.HTTPException) as error:
        raise unreachable(path, error) from error
    finally:
        connection.close()


def call(path: Path, method: str, target: str) -> dict[str, object]:
    """One call without a body. Raises ApiError when it is not answered, or answered with a refusal."""
    status, text = exchange(path, method, target)
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise ApiError(f"{method} {target}: no JSON in the answer: {text[:200]!r}", status=status) from error
    if not isinstance(answer, dict):
        raise ApiError(f"{method} {target}: not what was expected: {text[:200]!r}", status=status)
    if status >= _HTTP_REFUSED:
        raise ApiError(str(answer.get("text") or f"{method} {target}: {answer}"), status=status)
    return answer


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """Our own socket at `path`, mode 0660, listening; gone when the block ends.

    Raises ApiError when somebody else listens there, when a file that is no socket stands there, or when this
    user may not make it.
    """
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, SOCKET_MODE)
    except OSError as error:
        raise _unmakeable(path, error) from error
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _held(path, _listener_of(path)) from error
        _clear(path)
        _bind(listener, path)
        made = path.stat().st_ino
        try:
            yield listener
        finally:
            with suppress(FileNotFoundError):
                if path.stat().st_ino == made:
                    path.unlink()
    finally:
        listener.close()
        os.close(lock)  # the lock's file stays: to unlink it would let two daemons lock two files


def _bind(listener: socket.socket, path: Path) -> None:
    try:
        listener.bind(str(path))
        path.chmod(SOCKET_MODE)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        raise _unmakeable(path, error) from error


def _clear(path: Path) -> None:
    """Take away the socket of a daemon that is dead; anything else stays and is an error."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise ApiError(f"{path} is a file, not a socket, and was left as it is. Move it away, or name another socket.")
    pid = _listener_of(path)
    if pid is not None:
        raise _held(path, pid)
    path.unlink()


def _listener_of(path: Path) -> int | None:
    """The process that listens there: None for nobody, 0 for somebody who cannot be told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except OSError as error:
            return None if error.errno in (errno.ECONNREFUSED, errno.ENOENT) else 0
        credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", credentials)[0])


def _held(path: Path, pid: int | None) -> ApiError:
    who = f"process {pid}" if pid else "another process"
    return ApiError(
        f"{path} is in use: {who} listens there, and one bed has one daemon. "
        "See: systemctl status pumpd. Stop that one first, or name another socket in the configuration."
    )


def _unmakeable(path: Path, error: OSError) -> ApiError:
    return ApiError(
        f"the socket {path} cannot be made: {error.strerror or error}. The daemon's user needs a folder it may "
        f"write to: systemd makes it by RuntimeDirectory=pumpd; by hand: install -d -o pumpd -g pumpd {path.parent}"
    )
