"""Somebody else's tests of somebody else's driver, as they would stand in their own repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pumpd_sim.threaded import SimPump, SimPumps
from slow_infuser import PumpError, SlowInfuser


@pytest.fixture
def infuser(sim_pump: SimPump) -> Iterator[SlowInfuser]:
    infuser = SlowInfuser(sim_pump.port, sim_pump.baud)
    yield infuser
    infuser.close()


def test_it_infuses_at_the_rate_that_was_asked_for(sim_pump: SimPump, infuser: SlowInfuser) -> None:
    infuser.infuse(900)
    truth = sim_pump.until(lambda truth: truth.displaced_nl > 0)
    assert truth.rate_nl_per_h == 900_000_000
    infuser.stop()
    assert not sim_pump.truth().motor_turning


def test_a_start_is_sent_once_even_when_its_reply_is_lost(sim_pump: SimPump, infuser: SlowInfuser) -> None:
    infuser.query("")
    infuser.query("RAT900MH")
    sim_pump.inject("execute_but_lose_ack")
    with pytest.raises(PumpError, match="no reply to RUN"):
        infuser.ask("RUN")
    assert infuser.status() == "I"
    sim_pump.verify("RUN", times=1)


def test_a_dropped_question_is_asked_again(sim_pump: SimPump, infuser: SlowInfuser) -> None:
    infuser.query("")
    sim_pump.inject("drop", direction="to_pump", count=1)
    assert infuser.query("DIA")[1]
    sim_pump.verify("DIA<0d>", times=1)
    sim_pump.verify("DIA<0d>", event="host_sends", times=2)


def test_a_hand_at_the_pump_is_seen(sim_pump: SimPump, infuser: SlowInfuser) -> None:
    infuser.infuse(900)
    sim_pump.press("stop")
    assert infuser.status() == "P"


@pytest.mark.sim_pump(options={"model": "NE500V1.00"})
def test_another_model_tells_its_name(infuser: SlowInfuser) -> None:
    infuser.query("")
    assert infuser.query("VER")[1] == "NE500V1.00"


def test_of_two_pumps_the_other_one_is_left_alone(sim_bus: Callable[..., SimPumps]) -> None:
    wire = sim_bus(2)
    host = SlowInfuser(wire.port, wire.baud)
    for command in ("0", "0RAT900MH", "0RUN"):
        host.query(command)
    host.close()
    assert [pump.truth().motor_turning for pump in wire.pumps] == [True, False]
