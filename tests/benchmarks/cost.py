"""What a daemon costs: time from its start to READY=1, and its memory while it infuses and two pages look on."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

from pumpd.testing.processes import NotifySocket
from pumpd.testing.real_bed import LONG, RealBed
from tests.benchmarks.report import Figure, percentile

READY_AIM_S = 1.0
MEMORY_AIM_MIB = 80.0
KIB_PER_MIB = 1_024


def figures(*, quick: bool) -> list[Figure]:
    starts: list[float] = []
    with RealBed() as bed, NotifySocket(bed.folder / "notify") as systemd:
        bed.begin_pump()
        for _ in range(1 if quick else 5):
            daemon = bed.begin_daemon(notify=systemd, awaited=False)
            systemd.wait_for("READY=1")
            starts.append(time.monotonic() - daemon.began_s)
            daemon.signal(signal.SIGTERM)
            daemon.wait()
        daemon = bed.begin_daemon()
        bed.infuse(LONG)
        with bed.follow(), bed.follow():
            bed.displaces(20_000 if quick else 100_000)
            now, most = memory_mib(daemon.pid)
    return [
        Figure(
            name="start to READY=1",
            value=f"p50 {percentile(starts, 50):.2f} s, slowest {max(starts):.2f} s of {len(starts)}",
            aim="1 s",
            met=percentile(starts, 50) <= READY_AIM_S,
            note="from the fork on, Python's own start and its imports included",
        ),
        Figure(
            name="memory of the daemon, infusing",
            value=f"{now:.1f} MiB resident, at most {most:.1f} MiB",
            aim="80 MiB",
            met=now <= MEMORY_AIM_MIB,
            note="after a sign-in, which takes 19 MiB for its PIN for a moment",
        ),
    ]


def memory_mib(pid: int) -> tuple[float, float]:
    """Resident now, and at most so far (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE))
    return int(found["VmRSS"]) / KIB_PER_MIB, int(found["VmHWM"]) / KIB_PER_MIB
