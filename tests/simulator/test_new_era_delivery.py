"""What a programmed pump delivers, counts and refuses, each as a story that a host lives through."""

from __future__ import annotations

import random
from typing import Literal

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.host import Host
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_options import NewEraOptions
from pumpd_sim.new_era_wire import Framing
from pumpd_sim.plant import ZL_PER_NL, PlantSpec

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


# Rates and volumes


def test_a_rate_changed_while_pumping_acts_at_once_and_is_forgotten_at_the_next_stop() -> None:
    host = awake()
    program(host, rate="20")
    host.tell("RUN", "RAT30")
    assert host.ask("RAT") == "00I30.00MH"
    assert host.truth().rate_nl_per_h == pytest.approx(30_000_000, abs=2)
    assert host.ask("RAT40MH") == "00I?NA"
    assert host.ask("STP") == "00P"
    assert host.ask("RAT") == "00P20.00MH"
    host.tell("RUN")
    assert host.truth().rate_nl_per_h == pytest.approx(20_000_000, abs=2)


def test_a_second_stop_resets_the_program_and_its_volume_begins_anew() -> None:
    host = awake()
    program(host, rate="60", volume="2")
    host.tell("RUN")
    host.wait(60)
    assert host.ask("STP") == "00P"
    assert host.ask("STP") == "00S"
    host.tell("RUN")
    host.wait(119)
    assert host.ask("") == "00I"
    host.wait(2)
    assert host.ask("DIS") == "00SI3.000W0.000ML"


def test_a_pause_keeps_the_volume_already_given() -> None:
    host = awake()
    program(host, rate="60", volume="2")
    host.tell("RUN")
    host.wait(60)
    host.tell("STP", "RUN")
    host.wait(61)
    assert host.ask("DIS") == "00SI2.000W0.000ML"
    truth = host.truth()
    assert 0 <= truth.displaced_nl - 2_000_000 <= 2 * truth.step_nl


def test_a_forgotten_second_phase_pumps_on_for_ever() -> None:
    host = awake(options=NewEraOptions(phase_2_from_the_factory="RAT"))
    host.tell("RAT60MH", "VOL1", "RUN")
    host.wait(3_600)
    assert host.ask("PHN") == "00I2"
    assert host.truth().displaced_nl > 10_000_000


@pytest.mark.parametrize(
    ("diameter", "most", "too_much", "least", "too_little"),
    [
        ("26.59", "1699.MH", "1700.MH", "23.36UH", "23.34UH"),
        ("4.699", "53.07MH", "53.08MH", ".730UH", ".729UH"),
        ("14.43", "8.340MM", "8.343MM", "6.877UH", "6.876UH"),
    ],
)
def test_the_rate_range_is_piston_area_times_speed(
    diameter: str, most: str, too_much: str, least: str, too_little: str
) -> None:
    host = awake()
    host.tell(f"DIA{diameter}", f"RAT{most}", f"RAT{least}")
    assert host.ask(f"RAT{too_much}") == "00S?OOR"
    assert host.ask(f"RAT{too_little}") == "00S?OOR"


def test_a_diameter_set_after_the_rate_cannot_make_the_motor_run_too_fast() -> None:
    host = awake()
    program(host, rate="1500")
    host.tell("DIA4.699")
    assert host.ask("RUN") == "00S?OOR"
    assert not host.truth().motor_turning


@pytest.mark.parametrize(("diameter", "unit"), [("14.00", "UL"), ("14.01", "ML"), ("4.699", "UL")])
def test_the_diameter_sets_the_volume_unit(diameter: str, unit: str) -> None:
    host = awake()
    host.tell("VOL5", f"DIA{diameter}")
    assert host.ask("VOL") == f"00S5.000{unit}"
    host.tell("VOLML")
    assert host.ask("VOL") == "00S5.000ML"


def test_the_counter_steps_ten_microlitres_above_ten_millilitres() -> None:
    host = awake()
    program(host, rate="60", volume="30")
    host.tell("RUN")
    seen = set()
    for _ in range(400):
        host.wait(3)
        seen.add(host.ask("DIS")[4:9])
    assert {len(text.partition(".")[2]) for text in seen if text < "9" and text[1] == "."} == {3}
    assert {len(text.partition(".")[2]) for text in seen if text[2] == "."} == {2}
    assert "9.999" in seen
    assert "12.34" in seen


@pytest.mark.parametrize(
    "command",
    ["DIA20", "CLDINF", "RAT5MH", "PHN2", "FUNSTP", "VOL5", "VOLML", "RUN", "PUR", "DIRWDR", "DIRSTK"],
)
def test_what_is_refused_while_pumping_answers_na_behind_the_live_letter(command: str) -> None:
    host = awake()
    program(host)
    host.tell("RUN")
    assert host.ask(command) == "00I?NA"
    assert host.truth().motor_turning


@pytest.mark.parametrize("command", ["", "DIS", "VER", "SAF", "BUZ0", "RAT", "VOL", "DIA", "DIR", "RAT21", "STP"])
def test_what_is_allowed_while_pumping_is_not_refused(command: str) -> None:
    host = awake()
    program(host)
    host.tell("RUN")
    assert "?" not in host.ask(command)


@pytest.mark.parametrize(
    ("rounding", "at_9_9998", "at_12_3467"), [("down", "9.999", "12.34"), ("nearest", "10.00", "12.35")]
)
def test_how_the_totals_are_cut_is_an_option(
    rounding: Literal["down", "nearest"], at_9_9998: str, at_12_3467: str
) -> None:
    host = awake(options=NewEraOptions(dis_rounding=rounding))
    program_of = pump_of(host).program
    program_of.dispensed_zl = {"INF": 9_999_800 * ZL_PER_NL, "WDR": 12_346_700 * ZL_PER_NL}
    assert host.ask("DIS") == f"00SI{at_9_9998}W{at_12_3467}ML"


@pytest.mark.parametrize(("beyond", "shown"), [("rolls_over", "1.000"), ("holds", "9999.")])
def test_what_the_totals_do_beyond_four_digits_is_an_option(beyond: Literal["rolls_over", "holds"], shown: str) -> None:
    host = awake(options=NewEraOptions(dis_beyond_9999=beyond))
    host.tell("VOLUL")
    pump_of(host).program.dispensed_zl["INF"] = 10_001_000 * ZL_PER_NL
    assert host.ask("DIS") == f"00SI{shown}W0.000UL"


def test_the_direction_may_turn_while_pumping_only_without_a_volume() -> None:
    host = awake(plant=PlantSpec(volume_nl=30_000_000))
    program(host, rate="60", volume="0")
    host.tell("RUN")
    host.wait(60)
    assert host.ask("DIRREV") == "00W"
    host.wait(30)
    assert host.ask("DIS") == "00WI0.999W0.499ML"
    assert host.truth().displaced_nl == pytest.approx(500_000, abs=1_000)


def test_totals_are_cleared_one_by_one_and_not_by_starting_again() -> None:
    host = awake()
    program(host, rate="60", volume="1")
    host.tell("RUN")
    host.wait(61)
    host.tell("RUN")
    host.wait(61)
    assert host.ask("DIS") == "00SI2.000W0.000ML"
    host.tell("CLDINF")
    assert host.ask("DIS") == "00SI0.000W0.000ML"


# Programs


def test_a_program_with_pauses_and_a_loop_runs_as_written() -> None:
    host = awake()
    host.tell("RAT60MH", "VOL.5", "PHN2", "FUNPAS20", "PHN3", "FUNLOP02", "PHN4", "FUNPAS00", "PHN5", "FUNSTP")
    host.tell("PHN1", "RUN")
    host.wait(31)
    assert host.ask("") == "00T"
    host.wait(20)
    assert host.ask("") == "00I"
    host.wait(50)
    assert host.ask("") == "00U"
    assert host.ask("RUN") == "00S"
    assert host.ask("DIS") == "00SI1.000W0.000ML"


@pytest.mark.parametrize(("function", "alarm"), [("JMP01", "00A?E"), ("IF01", "00A?E"), ("JMP00", "00A?O")])
def test_a_program_that_cannot_go_on_ends_in_an_alarm(function: str, alarm: str) -> None:
    host = awake()
    host.tell(f"FUN{function}")
    assert host.ask("RUN") == alarm
    assert host.ask("") == "00S"


def test_a_setting_at_the_very_moment_of_a_new_phase_is_ignored() -> None:
    host = awake()
    host.tell("RAT60MH", "VOL1", "PHN2", "FUNRAT", "RAT30MH", "PHN1", "RUN")
    due_ns = host.bus.next_wake_ns()
    assert due_ns is not None
    host.now_ns = due_ns
    assert host.ask("RAT45") == "00I?IGN"
    host.wait(1)
    assert host.ask("RAT") == "00I30.00MH"


# The line and the syringe


def test_an_occlusion_ends_in_a_stall_alarm_and_its_release_in_a_bolus() -> None:
    host = awake(timeout_s=200)
    program(host, rate="60", volume="10")
    host.tell("RUN")
    host.wait(60)
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.OCCLUSION))
    host.wait(70)
    truth = host.truth()
    assert host.unasked == ["00A?S"]
    assert (truth.alarm, truth.motor_turning, truth.status) == ("S", False, "S")
    assert truth.stored_nl == pytest.approx(1_000_000, abs=1_000)
    assert host.ask("") == "00A?S"
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.RELEASE_OCCLUSION))
    host.wait(30)
    assert host.truth().at_patient_nl - truth.at_patient_nl == pytest.approx(truth.stored_nl, abs=2)


def test_an_empty_syringe_is_told_only_by_the_stall() -> None:
    host = awake(plant=PlantSpec(volume_nl=500_000))
    program(host, rate="60", volume="1")
    host.tell("RUN")
    host.wait(40)
    assert host.ask("") == "00A?S"
    assert host.ask("DIS") == "00SI0.499W0.000ML"


# Whatever the manual leaves open


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.requirement("FLOW-13")
def test_a_volume_is_given_and_stopped_at_in_every_reading_of_the_manual(seed: int) -> None:
    host = awake(timeout_s=9, options=NewEraOptions.drawn(random.Random(seed)))
    program(host, rate="60", volume="1")
    host.tell("RUN")
    for _ in range(12):
        host.wait(6)
        host.ask("")
    truth = host.truth()
    assert (truth.status, truth.alarm) == ("S", "")
    assert 0 <= truth.displaced_nl - 1_000_000 <= truth.step_nl
