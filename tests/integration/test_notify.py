"""sd_notify(3) as systemd hears it, on a socket of our own: READY, WATCHDOG, STOPPING, and what keeps them back.

A daemon that answers its socket may still have a bed's loop that hangs, and then nobody watches the pumps. That is
the case the watchdog is for, so it is played here on a whole daemon: the loop of the bed stands still, all else runs.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from pumpd.api_models import Phase
from pumpd.testing.processes import NotifySocket, until
from pumpd.testing.real_bed import FAST, RealBed

WATCHDOG_S = 3.0  # as in systemd/pumpd.service

# The bed's loop ends its rounds once a file says so; its task goes on waiting, and the rest of the daemon lives.
HANGING = """
import asyncio, os
from pathlib import Path
from pumpd import bedside

well = bedside.Bedside._tick

def tick(self):
    if not Path(os.environ["BED_HANGS"]).exists():
        well(self)
        return
    raise Hangs

class Hangs(BaseException):
    pass

whole = bedside.Bedside.run

async def run(self):
    try:
        await whole(self)
    except Hangs:
        await asyncio.Event().wait()

bedside.Bedside._tick = tick
bedside.Bedside.run = run
"""

# The socket comes up only when a file says so.
SLOW_SOCKET = """
import asyncio, os
from pathlib import Path
from pumpd import daemon

well = daemon.serve

async def serve(app, path, beat):
    while not Path(os.environ["SOCKET_MAY"]).exists():
        await asyncio.sleep(0.01)
    await well(app, path, beat)

daemon.serve = serve
daemon.API_WITHIN_S = 0.2
"""


@pytest.fixture
def bed() -> Iterator[RealBed]:
    with RealBed() as real:
        yield real


@pytest.fixture
def systemd(bed: RealBed) -> Iterator[NotifySocket]:
    with NotifySocket(bed.folder / "notify") as ear:
        yield ear


@pytest.mark.timeout(120)
def test_ready_is_told_when_the_socket_answers_then_the_watchdog_is_fed_and_stopping_is_told(
    bed: RealBed, systemd: NotifySocket
) -> None:
    bed.begin_pump()
    daemon = bed.begin_daemon(notify=systemd, watchdog_s=WATCHDOG_S, awaited=False)
    systemd.wait_for("READY=1")
    assert bed.answers()  # at once: what systemd starts after us may ask now
    assert [word for word in systemd.heard if "WATCHDOG=1" in word] == []
    (ready,) = [word for word in systemd.heard if "READY=1" in word]
    assert "STATUS=bed bed-1: 1 pump(s)" in ready.splitlines()
    for _ in range(3):
        systemd.wait_for("WATCHDOG=1", within_s=WATCHDOG_S)
    daemon.signal(signal.SIGTERM)
    systemd.wait_for("STOPPING=1")
    assert daemon.wait() == 0
    assert sum("READY=1" in word for word in systemd.heard) == 1


@pytest.mark.timeout(120)
def test_ready_waits_for_a_socket_that_is_late(bed: RealBed, systemd: NotifySocket) -> None:
    bed.begin_pump()
    gate = bed.folder / "may"
    daemon = bed.begin_daemon(notify=systemd, prelude=SLOW_SOCKET, env={"SOCKET_MAY": str(gate)}, awaited=False)
    until(lambda: '"up"' in daemon.complained(), "the pump is linked, and all but the socket stands")
    until(lambda: "api_late" in daemon.complained(), "the log says what is waited for")
    assert systemd.next_word(1.0) is None
    gate.touch()
    systemd.wait_for("READY=1")
    assert bed.answers()


@pytest.mark.timeout(120)
@pytest.mark.requirement("LEASE-04")
@pytest.mark.requirement("G11")
@pytest.mark.requirement("LEASE-05")
def test_watchdog_starves_when_the_loop_of_the_bed_hangs_though_the_socket_still_answers(
    bed: RealBed, systemd: NotifySocket
) -> None:
    """What systemd does then is done here: SIGABRT, a new daemon. The pump meanwhile stops by its lease."""
    pump = bed.begin_pump()
    hang = bed.folder / "hang"
    daemon = bed.begin_daemon(
        notify=systemd, watchdog_s=WATCHDOG_S, prelude=HANGING, env={"BED_HANGS": str(hang)}
    )  # fmt: skip
    bed.infuse(FAST)
    systemd.wait_for("WATCHDOG=1")
    hang.touch()
    assert systemd.silence("WATCHDOG=1", WATCHDOG_S)
    assert bed.answers()
    assert daemon.runs
    until(lambda: not pump.truth().motor_turning, "nothing renews the lease")
    daemon.signal(signal.SIGABRT)
    daemon.wait()
    bed.begin_daemon()
    bed.reaches(Phase.STOPPED)
    assert bed.holds_the_truth()
