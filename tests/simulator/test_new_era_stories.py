"""The traps of the manual, each as a story that a host lives through."""

from __future__ import annotations

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.host import Host
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_options import NewEraOptions
from pumpd_sim.new_era_wire import Framing, packed
from pumpd_sim.plant import PlantSpec
from pumpd_sim.readings import read

SAFE, BASIC = Framing.SAFE, Framing.BASIC


def awake(*, timeout_s: int = 0, options: NewEraOptions | None = None, plant: PlantSpec | None = None) -> Host:
    """A host whose pump has just reported its power-up alarm."""
    pump = NewEra(timeout_s=timeout_s, options=options, plant=plant)
    host = Host(SimBus([pump], baud=None), framing=SAFE if timeout_s else BASIC)
    assert host.ask("") == "00A?R"
    host.unasked.clear()
    return host


def pump_of(host: Host) -> NewEra:
    pump = host.bus.device()
    assert isinstance(pump, NewEra)
    return pump


def program(host: Host, rate: str = "20", volume: str = "10") -> None:
    host.tell("DIA26.59", f"RAT{rate}MH", f"VOL{volume}", "DIRINF", "PHN2", "FUNSTP", "PHN1")


# Alarms


def test_the_command_that_draws_the_alarm_is_not_carried_out() -> None:
    host = Host(SimBus([NewEra()], baud=None))
    assert host.ask("DIA10.00") == "00A?R"
    assert host.ask("DIA") == "00S26.59"


def test_an_unrecognised_command_draws_the_alarm_but_does_not_acknowledge_it() -> None:
    host = Host(SimBus([NewEra()], baud=None))
    assert host.ask("XYZ") == "00A?R"
    assert host.ask("DIA") == "00A?R"
    assert host.ask("DIA") == "00S26.59"


def test_in_safe_mode_the_power_up_alarm_comes_unasked_and_stays_unacknowledged() -> None:
    host = Host(SimBus([NewEra(timeout_s=5)], baud=None), framing=SAFE)
    host.wait(30)
    assert host.unasked == ["00A?R"]
    assert host.ask("RUN") == "00A?R"
    assert not host.truth().motor_turning


def test_in_basic_mode_nothing_is_said_unasked() -> None:
    host = Host(SimBus([NewEra()], baud=None))
    host.wait(30)
    assert host.unasked == []


# The communication timer


def test_a_silent_host_stops_the_pump_and_its_program() -> None:
    host = awake(timeout_s=5)
    program(host)
    host.tell("RUN")
    host.wait(4.9)
    assert host.truth().motor_turning
    host.wait(0.2)
    truth = host.truth()
    assert (truth.motor_turning, truth.status, truth.alarm) == (False, "S", "T")
    assert host.unasked == ["00A?T"]
    host.wait(60)
    assert host.unasked == ["00A?T"]
    assert host.ask("RUN") == "00A?T"
    assert host.ask("") == "00S"


def test_every_valid_packet_restarts_the_timer_and_a_bad_one_does_not() -> None:
    host = awake(timeout_s=5)
    program(host)
    host.tell("RUN")
    for _ in range(4):
        host.wait(4)
        assert host.ask("") == "00I"
    bad = bytearray(packed(SAFE, "0"))
    bad[2] ^= 1
    host.wait(4)
    host.send(bytes(bad))
    host.wait(1.1)
    assert host.truth().alarm == "T"


def test_after_power_up_no_timer_runs_until_the_first_valid_packet() -> None:
    pump = NewEra(timeout_s=5)
    host = Host(SimBus([pump], baud=None), framing=SAFE)
    host.wait(100)
    assert host.truth().watchdog_left_ns is None
    assert host.ask("") == "00A?R"
    host.wait(6)
    assert host.truth().alarm == "T"


def test_a_packet_for_another_pump_does_not_feed_this_ones_timer() -> None:
    host = awake(timeout_s=5)
    for _ in range(3):
        host.wait(2)
        assert host.ask("17") == ""
    assert host.truth().alarm == "T"


# Modes


def test_saf_takes_effect_in_its_own_reply_and_survives_the_power() -> None:
    host = awake()
    assert host.ask("SAF30", framing=SAFE) == "00S"
    assert host.last_framing is SAFE
    assert host.ask("SAF", framing=SAFE) == "00S30"
    host.bus.device().reboot(host.now_ns, 10**9)
    host.wait(2)
    assert host.unasked == ["00A?R"]
    assert host.ask("SAF0", framing=SAFE) == "00A?R"
    assert host.ask("SAF0", framing=SAFE) == "00S"
    assert host.last_framing is BASIC


def test_a_safe_pump_does_not_obey_a_basic_command_in_either_reading() -> None:
    for options, answer in ((NewEraOptions(), ""), (NewEraOptions(safe_rejects_basic="?COM"), "00S?COM")):
        host = awake(timeout_s=5, options=options)
        assert host.ask("DIA10.00", framing=BASIC) == answer
        assert host.ask("DIA") == "00S26.59"


def test_a_basic_pump_takes_both_framings_and_answers_basic() -> None:
    host = awake()
    assert host.ask("VER", framing=SAFE) == "00SNE1000V3.923"
    assert host.last_framing is BASIC


@pytest.mark.parametrize(("timeout_s", "answer"), [(5, "00S?COM"), (0, "")])
def test_a_wrong_crc_is_never_obeyed(timeout_s: int, answer: str) -> None:
    host = awake(timeout_s=timeout_s)
    bad = bytearray(packed(SAFE, "0RUN"))
    bad[-2] ^= 0x40
    heard = host.send(bytes(bad))
    assert heard == (packed(SAFE, answer) if answer else b"")
    assert not host.truth().motor_turning


# Power and people


def test_a_power_failure_forgets_the_run_and_the_totals_but_not_the_settings() -> None:
    host = awake()
    program(host, rate="20")
    host.tell("RUN")
    host.wait(60)
    pump_of(host).reboot(host.now_ns, 3 * 10**9)
    assert host.ask("") == ""
    host.wait(4)
    assert host.ask("RUN") == "00A?R"
    assert host.ask("DIS") == "00SI0.000W0.000ML"
    assert host.ask("RAT") == "00S20.00MH"
    assert not host.truth().motor_turning


def test_after_a_power_failure_only_the_reset_alarm_waits() -> None:
    host = awake(timeout_s=5)
    host.wait(6)
    assert host.truth().alarm == "T"
    pump_of(host).reboot(host.now_ns, 10**9)
    host.wait(2)
    assert host.ask("") == "00A?R"
    assert host.ask("") == "00S"


def test_half_a_command_is_forgotten_with_the_power() -> None:
    host = awake()
    host.send(b"DI")
    pump_of(host).reboot(host.now_ns, 10**8)
    host.wait(1)
    assert host.ask("A") == "00A?R"
    assert host.ask("") == "00A?R"  # "A" alone is no command, so it acknowledged nothing
    assert host.ask("") == "00S"


def test_power_fail_restart_starts_the_pump_with_nobody_there() -> None:
    host = awake()
    program(host)
    host.tell("PF1", "RUN")
    pump_of(host).reboot(host.now_ns, 10**9)
    host.wait(2)
    assert host.truth().motor_turning


def test_the_keypads_user_stops_starts_and_changes_the_rate() -> None:
    host = awake()
    program(host, rate="20")
    host.tell("RUN")
    pump = pump_of(host)
    pump.press(host.now_ns, "rate", rate_nl_per_h=50_000_000)
    assert host.ask("RAT") == "00I50.00MH"
    pump.press(host.now_ns, "stop")
    assert host.ask("") == "00P"
    pump.press(host.now_ns, "start")
    assert host.ask("RAT") == "00I20.00MH"


@pytest.mark.parametrize(("works", "letter"), [(False, "I"), (True, "P")])
def test_whether_the_stop_key_works_under_the_lock_is_an_option(*, works: bool, letter: str) -> None:
    host = awake(options=NewEraOptions(stop_key_when_locked=works))
    program(host)
    host.tell("LOC1", "RUN")
    pump_of(host).press(host.now_ns, "stop")
    assert host.ask("") == f"00{letter}"
    pump_of(host).press(host.now_ns, "start")
    assert host.ask("") == f"00{letter}"


def test_a_key_acknowledges_an_alarm_and_does_nothing_else() -> None:
    host = Host(SimBus([NewEra()], baud=None))
    host.wait(1)
    pump_of(host).press(host.now_ns, "start")
    assert host.ask("") == "00S"


@pytest.mark.parametrize(("trigger", "turns"), [("FT", True), ("ST", True), ("SP", False), ("P2", False)])
def test_a_foot_switch_starts_the_pump_unless_the_trigger_is_stop_only(*, trigger: str, turns: bool) -> None:
    host = awake()
    program(host)
    host.tell(f"TRG{trigger}")
    pump_of(host).set_trigger_pin(host.now_ns, 0)
    pump_of(host).set_trigger_pin(host.now_ns, 1)
    assert host.truth().motor_turning is turns


def test_purging_runs_at_top_speed_until_stopped() -> None:
    host = awake()
    assert host.ask("PUR") == "00X"
    assert host.truth().rate_nl_per_h == pytest.approx(1_699_000_000, rel=1e-3)
    assert host.ask("STP") == "00S"


# Addresses


def test_a_pump_answers_only_to_its_own_address() -> None:
    host = Host(SimBus([NewEra(address=0), NewEra(address=12)], baud=None))
    assert host.ask("12") == "12A?R"
    assert host.ask("12") == "12S"
    assert host.ask("") == "00A?R"
    assert host.ask("7") == ""


def test_system_commands_are_obeyed_whatever_the_address() -> None:
    host = awake()
    assert host.ask("*ADR37") == "37S"
    assert host.ask("") == ""
    assert host.ask("*ADR") == "37S37"
    assert host.ask("37SAF9", framing=SAFE) == "37S"
    assert host.ask("*RESET", framing=SAFE) == "00S"
    assert host.last_framing is BASIC


def test_a_burst_sets_several_pumps_and_its_replies_are_worth_nothing() -> None:
    bus = SimBus([NewEra(address=0), NewEra(address=1)], baud=None)
    host = Host(bus)
    for address in "01":
        host.ask(address)
    bus.write(host.now_ns, b"0 RAT 100 * 1 RAT 250 *\r")
    bus.poll(host.now_ns)
    assert [host.ask("0RAT"), host.ask("1RAT")] == ["00S100.0MH", "01S250.0MH"]


def test_two_pumps_that_answer_at_once_are_garbled() -> None:
    bus = SimBus([NewEra(address=5), NewEra(address=10)], baud=None)
    bus.write(0, b"*ADR\r")
    assert bus.poll(0) not in (b"\x0205A?R\x03", b"\x0210A?R\x03")


def test_all_readings_of_the_manual_can_be_drawn_and_read_from_text() -> None:
    assert read(NewEraOptions, {"saf_limit": "99", "purge_counts": "no"}) == NewEraOptions(
        saf_limit=99, purge_counts=False
    )
    with pytest.raises(ValueError, match="none of refused, stored"):
        read(NewEraOptions, {"vol_while_pumping": "maybe"})
    with pytest.raises(ValueError, match="known: model, saf_limit"):
        read(NewEraOptions, {"saf_limits": "9"})
