"""SIGTERM hands a running pump over, SIGSTOP takes the daemon's hands off it, and a failed part stops it.

A hand-over sends no stop: the pump goes on under its lease, and the next daemon takes over. A daemon that was frozen
longer than the lease finds the pump stopped by itself and says so. A vital part that fails is the one thing at which
the daemon stops every pump on its way out, also those on a bus where nothing is wrong.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pumpd.api_models import Condition, Phase
from pumpd.core import facts as f
from pumpd.core.codes import Why
from pumpd.testing.processes import until
from pumpd.testing.real_bed import FAST, LONG, RealBed

OUT_WITHIN_S = 2.0

# A driver as a stranger might ship it: New Era's, but for a framing that breaks once a file says so.
FRAGILE = """
import os
from dataclasses import replace
from pathlib import Path
from pumpd_drivers.new_era import DRIVER as WELL

class Framing:
    def __init__(self):
        self._well = WELL.framing()

    def receive(self, data, awaiting):
        assert not Path(os.environ["FRAGILE_BREAKS"]).exists(), "a promise of the driver is broken"
        return self._well.receive(data, awaiting)

    def quiet(self):
        self._well.quiet()

    def answers(self, request, reply):
        return self._well.answers(request, reply)

class Driver:
    info = replace(WELL.info, name="fragile")

    def framing(self):
        return Framing()

    def pump(self, *, address, options):
        return WELL.pump(address=address, options=options)

DRIVER = Driver()
"""


# A socket that takes its time, so that what fails meanwhile fails before READY.
NO_SOCKET = """
import asyncio
from pumpd import daemon

async def never(app, path, beat):
    await asyncio.Event().wait()

daemon.serve = never
"""


@pytest.fixture
def bed() -> Iterator[RealBed]:
    with RealBed() as real:
        yield real


def install_fragile(folder: Path) -> dict[str, str]:
    """A distribution of its own, as pip leaves one; returns the environment in which it is found."""
    site = folder / "site"
    metadata = site / "fragile_driver-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "fragile_driver.py").write_text(FRAGILE, encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: fragile-driver\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[pumpd.drivers]\nfragile = fragile_driver:DRIVER\n", encoding="utf-8")
    return {"PYTHONPATH": str(site), "FRAGILE_BREAKS": str(folder / "break-now")}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
@pytest.mark.requirement("LEASE-10")
def test_hand_over_with_a_page_connected_is_out_within_two_seconds_and_stops_no_pump(
    bed: RealBed, number: signal.Signals
) -> None:
    pump = bed.begin_pump()
    daemon = bed.begin_daemon()
    bed.infuse(LONG)
    with bed.follow(), bed.follow():
        since_s = time.monotonic()
        daemon.signal(number)
        assert daemon.wait() == 0
        took_s = time.monotonic() - since_s
    assert took_s < OUT_WITHIN_S  # the unit file's TimeoutStopSec, and the lease, count on it
    assert pump.truth().motor_turning
    assert not bed.socket.exists()

    bed.begin_daemon()
    bed.reaches(Phase.INFUSING)
    assert pump.heard("STP") == []
    assert len(pump.heard("RUN")) == 1
    assert bed.holds_the_truth()
    assert bed.verified().holds


@pytest.mark.timeout(120)
@pytest.mark.requirement("LEASE-03")
@pytest.mark.requirement("G08")
def test_daemon_frozen_beyond_the_lease_finds_the_pump_stopped_by_itself(bed: RealBed) -> None:
    pump = bed.begin_pump()
    daemon = bed.begin_daemon()
    bed.infuse(FAST)
    daemon.freeze()
    until(lambda: not pump.truth().motor_turning, "the pump's lease")
    assert pump.truth().alarm == "T"
    daemon.thaw()

    bed.reaches(Phase.STOPPED)
    assert bed.holds_the_truth()
    assert Condition.LEASE_EXPIRED in [alarm.condition for alarm in bed.client.bed().alarms]
    assert len(pump.heard("RUN")) == 1
    assert daemon.runs


@pytest.mark.timeout(120)
@pytest.mark.requirement("SELF-04")
def test_failure_of_a_vital_part_stops_every_pump_and_asks_for_a_new_daemon(bed: RealBed) -> None:
    """The second bus fails; the pump on the first one, where nothing is wrong, is stopped and confirms it."""
    well, other = bed.begin_pump("p1"), bed.begin_pump("p2")
    environment = install_fragile(bed.folder)
    bed.write_config(drivers={"p2": "fragile"})
    daemon = bed.begin_daemon(env=environment)
    bed.infuse(LONG, "p1")
    bed.infuse(LONG, "p2")
    Path(environment["FRAGILE_BREAKS"]).touch()
    assert daemon.wait() == 70

    assert [len(pump.heard("STP")) > 0 for pump in (well, other)] == [True, True]
    assert [pump.truth().motor_turning for pump in (well, other)] == [False, False]
    logged = [json.loads(line) for line in daemon.complained().splitlines()]
    (failed,) = [line for line in logged if line["event"] == "vital_part_failed"]
    assert failed["part"] == "bus-p2"
    assert "a promise of the driver is broken" in failed["exception"]
    (stopped,) = [line for line in logged if line["event"] == "every_pump_stopped"]
    assert stopped["unconfirmed"] == ["p2"]  # its own driver cannot read the answer

    Path(environment["FRAGILE_BREAKS"]).unlink()
    bed.begin_daemon(env=environment)
    for slot, pump in (("p1", well), ("p2", other)):
        bed.reaches(Phase.STOPPED, slot)
        assert bed.holds_the_truth(slot)
        assert len(pump.heard("RUN")) == 1


@pytest.mark.timeout(120)
def test_vital_part_that_fails_before_the_daemon_is_ready_stops_every_pump_too(bed: RealBed) -> None:
    """A restarted daemon has pumps from its first moment on, and its socket only later."""
    well, other = bed.begin_pump("p1"), bed.begin_pump("p2")
    environment = install_fragile(bed.folder)
    bed.write_config(drivers={"p2": "fragile"})
    daemon = bed.begin_daemon(env=environment)
    bed.infuse(LONG, "p1")
    daemon.kill()
    Path(environment["FRAGILE_BREAKS"]).touch()
    restarted = bed.begin_daemon(env=environment, prelude=NO_SOCKET, awaited=False)
    assert restarted.wait() == 70
    assert not well.truth().motor_turning
    assert len(well.heard("STP")) > 0
    assert not other.truth().motor_turning
    phases = [each.fact for each in bed.entries() if isinstance(each.fact, f.PhaseChanged)]
    assert (phases[-1].slot, phases[-1].phase, phases[-1].why) in [
        ("p1", Phase.UNCERTAIN, Why.RESTART),
        ("p1", Phase.INFUSING, Why.REPORTED_DRIVING),  # it had taken over already
    ]
