"""Starts a program that cannot outlive the demo, even when the demo is killed without a chance to tidy up.

The kernel (Linux, prctl(2) PR_SET_PDEATHSIG) sends SIGTERM to a process when the thread that made it ends, and
keeps that promise across exec. It has to be asked from inside the new process; doing so between fork and exec of a
Python that may have threads can hang, so this small program asks and then becomes the one that was wanted.
SIGTERM, not SIGKILL: the daemon's way out is a hand-over, and the pump's own lease does the rest.

It is run as a file by a bare interpreter (`python -I -S demo_leash.py PARENT PROGRAM...`), because it stands in
the way of every start: the standard library and nothing else.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1


def main(parent_pid: int, command: list[str]) -> None:
    """Never returns, unless the parent is gone already or the program cannot be run (OSError)."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() == parent_pid:  # else it died before it could be asked for
        os.execv(command[0], command)  # noqa: S606  # that is what it is for: no shell, and the same process


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
