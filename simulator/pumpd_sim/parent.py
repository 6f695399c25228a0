"""Ends the simulator with whoever started it, even when that one is killed without a chance to tidy up.

Only the kernel can promise it, and only Linux's does (prctl(2), PR_SET_PDEATHSIG). It counts the starting thread as the
parent, so start the simulator from one that lives on. Elsewhere the wish is refused, with what to do instead: an option
that is silently ignored would leave orphans behind on somebody's build machine.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with(parent_pid: int) -> None:
    """SIGTERM when the parent dies; it may have died just before. Raises ValueError where no kernel promises it."""
    if not sys.platform.startswith("linux"):
        raise ValueError(
            f"--exit-with-parent: only Linux can promise it, this is {sys.platform}; leave it out, and end the "
            "simulator yourself (SIGTERM, or terminate() of the process)"
        )
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent_pid:
        raise SystemExit(0)
