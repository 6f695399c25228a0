"""Time and chance, behind one small protocol: nothing else in the daemon reads a clock or rolls a die.

Everything else is handed a `Clock`, so that the whole daemon runs on a virtual clock and the same seed gives
the same journal in two processes. Three clocks, because they fail in three ways:

- **boot time** (CLOCK_BOOTTIME) decides: it never steps and goes on while the machine is suspended;
- **monotonic** stands still during a suspend: a jump of boot time against it is how a suspend is noticed;
- **wall** is for people and for records: it can step in either direction, so nothing is decided by it within
  one boot of the machine, but for the day: whether a library's approval is over.

`kernel_boot` tells whether boot times of two runs of the daemon can be compared at all: they can while the
kernel's boot id is the same. `secret_token` makes what a guesser must not guess; ids are merely unlike.
"""

from __future__ import annotations

import secrets
import time
from datetime import date
from pathlib import Path
from typing import Final, Protocol

_FIRST_DAY: Final = date(1970, 1, 1)
_KERNEL_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_ID_BYTES: Final = 6  # 48 bits: two alike among a million ids with a chance of 0.2 %
_TOKEN_BYTES: Final = 32


class Clock(Protocol):
    """What the daemon may know of time and chance."""

    def now_ns(self) -> int:
        """Nanoseconds since the machine started, suspends included: `at_ns` everywhere."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds that the machine was awake; only differences mean anything."""
        ...

    def wall_ms(self) -> int:
        """UTC in milliseconds since 1970: for people and records, never for a decision."""
        ...

    def local_day(self) -> int:
        """Which day it is here, in days since 1970-01-01: for approvals that end, never within a decision."""
        ...

    def new_id(self) -> str:
        """A short id, unlike every other; not a secret."""
        ...

    def kernel_boot(self) -> str:
        """The same text as long as the machine has not restarted."""
        ...


class SystemClock:
    """The machine's own clocks. Never scaled, never set."""

    def now_ns(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def local_day(self) -> int:
        return (date(*time.localtime()[:3]) - _FIRST_DAY).days

    def new_id(self) -> str:
        return secrets.token_hex(_ID_BYTES)

    def kernel_boot(self) -> str:
        return _KERNEL_BOOT.read_text(encoding="ascii").strip()


def secret_token() -> str:
    """256 bits from the system, fit for a URL or a cookie: a session's credential."""
    return secrets.token_urlsafe(_TOKEN_BYTES)
