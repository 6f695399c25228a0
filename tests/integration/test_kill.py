"""What a SIGKILL does: to the daemon, and to the programs around it. Real processes, a real pty, the pump's own truth.

A daemon that is gone leaves the pump to its lease, and the lease to arithmetic: half a millilitre at most. A daemon
that comes back within it takes over without a second start; one that comes back later finds a pump that stands
still, and knows what is in. Page and broker may die as they like.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from pumpd.api_alarms import AlarmView
from pumpd.api_client import acknowledge
from pumpd.api_models import Condition, Phase
from pumpd.core import facts as f
from pumpd.core.codes import CommandKind, Why
from pumpd.testing.nursed_bed import accepted
from pumpd.testing.processes import until
from pumpd.testing.real_bed import FAST, LONG, SHORT, RealBed

LEASE_NL_MAX = 500_000  # wall 8
FAST_LEASE_NS = 5 * 10**9
NS_PER_S = 10**9


@pytest.fixture
def bed() -> Iterator[RealBed]:
    with RealBed() as real:
        yield real


def phases(bed: RealBed) -> list[tuple[Phase, Why]]:
    return [(each.fact.phase, each.fact.why) for each in bed.entries() if isinstance(each.fact, f.PhaseChanged)]


def alarms(bed: RealBed) -> list[Condition]:
    return [each.fact.condition for each in bed.entries() if isinstance(each.fact, f.AlarmRaised)]


def told_of_restart(bed: RealBed) -> list[AlarmView]:
    """A slow machine may have called for the pump besides, until it was heard again."""
    return [each for each in bed.client.bed().alarms if each.condition is Condition.RESTARTED]


@pytest.mark.timeout(120)
@pytest.mark.requirement("LEASE-01")
@pytest.mark.requirement("LEASE-02")
@pytest.mark.requirement("LEASE-03")
@pytest.mark.requirement("G10")
def test_killed_daemon_leaves_a_pump_that_stops_within_its_lease_and_the_rest_can_be_resumed(bed: RealBed) -> None:
    pump = bed.begin_pump()
    daemon = bed.begin_daemon()
    bed.infuse(FAST)
    bed.displaces(200_000)
    at_kill = pump.truth()
    daemon.kill()
    until(lambda: not pump.truth().motor_turning, "the pump stands still by itself")

    still = pump.truth()
    assert still.alarm == "T"  # its own time-out: nothing else may have stopped it
    assert pump.heard("STP") == []
    assert 0 < still.displaced_nl - at_kill.displaced_nl <= LEASE_NL_MAX
    last_heard = max(frame.at_ns for frame in pump.wire() if frame.event == "pump_hears")
    (told,) = [each for each in pump.wire() if each.event == "pump_says" and each.at_ns > last_heard + NS_PER_S]
    assert told.at_ns - last_heard <= FAST_LEASE_NS  # by the pump's own clock
    assert bed.verified().holds

    bed.begin_daemon()
    stopped = bed.reaches(Phase.STOPPED)
    assert stopped.delivered is not None
    assert stopped.delivered.low_nl <= still.displaced_nl <= stopped.delivered.high_nl
    assert stopped.delivered.high_nl - stopped.delivered.low_nl < 10_000  # by the counter, not by a guess
    assert Condition.LEASE_EXPIRED in alarms(bed)
    assert pump.truth().displaced_nl == still.displaced_nl
    bed.resume()
    assert len(pump.heard("RUN")) == 2
    bed.displaces(still.displaced_nl + 100_000)
    assert bed.holds_the_truth()
    bed.stop()
    assert bed.holds_the_truth()
    assert bed.verified().holds


@pytest.mark.timeout(120)
def test_daemon_restarted_within_the_lease_goes_on_to_the_planned_volume_without_a_second_start(bed: RealBed) -> None:
    pump = bed.begin_pump()
    daemon = bed.begin_daemon()
    bed.infuse(SHORT)
    bed.displaces(70_000)
    daemon.kill()
    assert pump.truth().motor_turning
    bed.begin_daemon()
    bed.reaches(Phase.INFUSING)
    assert bed.holds_the_truth()
    (notice,) = told_of_restart(bed)
    bed.sign_in()
    accepted(bed.client.send(acknowledge(notice.alarm_id)))
    assert told_of_restart(bed) == []  # seen: it does not come back
    ended = bed.reaches(Phase.ENDED)

    truth = pump.truth()
    volume_nl = 500_000
    assert not truth.motor_turning
    assert abs(truth.displaced_nl - volume_nl) <= truth.step_nl + 1_000  # one motor step and one of its counter
    assert ended.delivered is not None
    assert ended.delivered.low_nl <= truth.displaced_nl <= ended.delivered.high_nl
    assert len(pump.heard("RUN")) == 1
    assert pump.heard("STP") == []
    assert phases(bed)[-4:] == [
        (Phase.INFUSING, Why.REPORTED_DRIVING),
        (Phase.UNCERTAIN, Why.RESTART),
        (Phase.INFUSING, Why.REPORTED_DRIVING),
        (Phase.ENDED, Why.VOLUME_REACHED),
    ]
    assert alarms(bed).count(Condition.RESTARTED) == 1
    starts = [each for each in bed.entries() if isinstance(each.fact, f.InfusionOrdered)]
    assert len(starts) == 1
    assert bed.verified().holds


@pytest.mark.timeout(120)
def test_daemon_killed_while_it_starts_a_pump_never_starts_it_again(bed: RealBed) -> None:
    """The command's row is durable and its outcome is not: whether RUN left, only the pump can say."""
    pump = bed.begin_pump()
    daemon = bed.begin_daemon()
    bed.sign_in()
    bed.order(LONG)
    until(lambda: pump.heard("RUN"), "RUN on the wire")
    daemon.kill()
    bed.begin_daemon()
    until(lambda: bed.pump().phase in (Phase.INFUSING, Phase.STOPPED), "the pump's own word")
    assert len(pump.heard("RUN")) == 1
    assert bed.holds_the_truth()
    issued = [each.fact for each in bed.entries() if isinstance(each.fact, f.CommandIssued)]
    assert [fact.command for fact in issued].count(CommandKind.START) == 1


@pytest.mark.usefixtures("mosquitto_installed")
@pytest.mark.timeout(120)
@pytest.mark.requirement("LEASE-12")
@pytest.mark.requirement("F25")
def test_killed_console_and_broker_are_not_noticed_by_the_infusion(bed: RealBed) -> None:
    broker = bed.begin_broker()
    pump = bed.begin_pump()
    bed.begin_daemon()
    console = bed.begin_console()
    bed.infuse(LONG)
    until(lambda: broker.log.count("New client connected") == 1, "the daemon at the broker")
    rows = bed.verified().rows
    rate = pump.truth().rate_nl_per_h
    looks = len(pump.heard("DIS"))

    console.kill()
    broker.kill()
    until(lambda: len(pump.heard("DIS")) >= looks + 10, "ten more looks at the pump")

    assert pump.truth().rate_nl_per_h == rate > 0
    since = [type(each.fact) for each in bed.entries()[rows:]]
    assert set(since) <= {f.Checkpoint}
    assert bed.pump().phase is Phase.INFUSING
    assert bed.holds_the_truth()
    heard = [frame.at_ns for frame in pump.heard("DIS")][looks:]
    assert max(after - before for before, after in itertools.pairwise(heard)) < 2 * NS_PER_S
    broker.start()
    until(lambda: broker.log.count("New client connected") == 2, "telemetry is back")
