"""The ISCO driver against registers and coils as the EPICS support numbers them; all procedures cut off anywhere."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from pumpd_drivers.isco import DRIVER, INFO

from pumpd.driver_api import (
    ConfigError,
    Configurable,
    Drive,
    PumpAlarm,
    PumpProcedures,
    PumpRefused,
    Remaining,
    WireError,
)

REMAINING = Remaining(rate_ul_per_h=5_150, volume_nl=10_000_000, lease_s=None, syringe_diameter_um=None)


def f32(value: float) -> list[int]:
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return [high, low]


def store(registers: dict[int, int], address: int, value: float) -> None:
    registers[address], registers[address + 1] = f32(value)


def registers() -> dict[int, int]:
    found = dict.fromkeys([*range(108), *range(148, 156), *range(232, 242)], 0)
    for address, value in ((12, 5_150.0), (76, 50.25), (148, 1.125), (232, 1_000.0), (240, 2.5)):
        store(found, address, value)
    return found


AT_REST = {13, 17, 47, 91}
RUNNING = AT_REST | {0}


@pytest.fixture(params=["rtu", "tcp"])
def bench(request: pytest.FixtureRequest, modbus_pump: Any) -> Callable[..., tuple[PumpProcedures, Any]]:  # noqa: ANN401
    def made(coils: set[int], letter: str = "A") -> tuple[PumpProcedures, Any]:
        assert isinstance(DRIVER, Configurable)
        options = {"framing": str(request.param), "pump": letter}
        driver = DRIVER.configured(options)
        device = modbus_pump(driver.framing(), coils=set(coils), registers=registers())
        return driver.pump(address=1, options=options), device

    return made


Bench = Callable[..., tuple[PumpProcedures, Any]]


def test_identify_tells_type_and_software_and_no_serial_number(bench: Bench) -> None:
    one, device = bench(AT_REST)
    found = device.play(one.identify())
    assert (found.model, found.firmware, found.serial) == ("ISCO type 1000, pump A", "2.5", None)
    assert not any(request.changes for request in device.sent)


def test_identify_of_what_is_no_number_says_so(bench: Bench) -> None:
    one, device = bench(AT_REST)
    device.registers[240] = 0x7FC0
    with pytest.raises(WireError, match="no number"):
        device.play(one.identify())


@pytest.mark.parametrize(
    ("unit", "set_point", "rate"), [(91, 5_150.0, 5_150), (89, 5.15, 5_151), (88, 0.1, 6_001), (90, 85.0, 5_100)]
)
def test_observe_reads_the_flow_in_the_unit_in_force_rounded_up(
    bench: Bench, unit: int, set_point: float, rate: int
) -> None:
    one, device = bench((RUNNING - {91}) | {unit})
    store(device.registers, 12, set_point)
    report = device.play(one.observe())
    assert (report.drive, report.rate_ul_per_h) == (Drive.INFUSING, rate)
    assert report.infused_nl is None, "what it counted before any prepare is of another infusion"


@pytest.mark.parametrize("units", [set(), {88, 91}])
def test_a_flow_in_no_unit_or_two_is_no_rate(bench: Bench, units: set[int]) -> None:
    one, device = bench((RUNNING - {91}) | units)
    assert device.play(one.observe()).rate_ul_per_h is None


@pytest.mark.parametrize(
    ("coils", "drive"),
    [
        (AT_REST, Drive.STILL),
        (RUNNING, Drive.INFUSING),
        (RUNNING | {5}, Drive.OTHER),  # refills
        (AT_REST | {5}, Drive.OTHER),
        (RUNNING | {39}, Drive.OTHER),  # holds, and goes on by itself
        (RUNNING | {9}, Drive.OTHER),  # keeps a pressure
        (RUNNING - {13}, Drive.OTHER),
    ],
)
def test_observe_never_calls_still_what_moves_or_will(bench: Bench, coils: set[int], drive: Drive) -> None:
    one, device = bench(coils)
    assert device.play(one.observe()).drive is drive


@pytest.mark.parametrize(
    ("coils", "alarm"),
    [
        ({110}, PumpAlarm.EMPTY),
        ({111}, None),  # full
        ({112}, PumpAlarm.OCCLUSION),
        ({114, 112, 110}, PumpAlarm.STALL),
        ({109}, PumpAlarm.OTHER),
        ({113}, PumpAlarm.OTHER),
        ({133}, PumpAlarm.OTHER),
        ({137}, PumpAlarm.OTHER),
        ({116, 134}, None),  # another pump's
    ],
)
def test_alarm_coils_are_told_as_alarms_of_their_own_pump(
    bench: Bench, coils: set[int], alarm: PumpAlarm | None
) -> None:
    one, device = bench(AT_REST | coils)
    assert device.play(one.observe()).alarm is alarm


def test_each_letter_reads_and_runs_its_own_pump(bench: Bench) -> None:
    one, device = bench(AT_REST | {15}, "C")
    store(device.registers, 152, 3.5)
    store(device.registers, 88, 60.0)
    device.play(one.prepare(REMAINING))
    store(device.registers, 16, 777.0)
    store(device.registers, 152, 4.0)
    device.coils |= {2, 123}
    report = device.play(one.observe())
    assert (report.drive, report.rate_ul_per_h, report.infused_nl) == (Drive.INFUSING, 777, 500_000)
    assert report.alarm is None
    device.coils.add(122)
    assert device.play(one.observe()).alarm is PumpAlarm.EMPTY
    device.play(one.stop())
    assert 2 not in device.coils


def test_no_two_questions_in_a_row_have_answers_of_one_form(bench: Bench) -> None:
    """A late answer is then dropped by its form, even where frames carry no number."""
    one, device = bench(AT_REST)
    for make in (one.identify, one.observe, lambda: one.prepare(REMAINING)):
        device.sent.clear()
        device.play(make())
        pdus = [request.data[7:] if request.gap_ms == 0 else request.data[1:-2] for request in device.sent]
        forms = [(pdu[0], pdu[3:5] if pdu[0] < 5 else pdu[1:]) for pdu in pdus]
        assert all(a != b for a, b in pairwise(forms)), forms


# prepare


@pytest.mark.requirement("SEC-03")
def test_prepare_sets_constant_flow_and_grants_what_reads_back_from_the_counter_as_it_is(bench: Bench) -> None:
    one, device = bench({9, 88})
    device.written = lambda address, _: (
        device.coils.discard(9) if address == 13 else device.coils.discard(88) if address == 91 else None
    )
    granted = device.play(one.prepare(REMAINING))
    assert (granted.rate_ul_per_h, granted.volume_nl, granted.lease_s) == (5_150, 10_000_000, None)
    assert granted.infused_nl == 0
    assert 0 not in device.coils


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda device: device.coils.add(0), "does not stand still"),
        (lambda device: store(device.registers, 76, 9.9), "refill"),
        (lambda device: device.refuses.update({91: 2}), "exception 2"),
        (lambda device: device.coils.add(88), "constant flow in µL/h"),
        (lambda device: device.coils.add(9), "constant flow in µL/h"),
    ],
)
def test_prepare_refuses_what_would_not_run_as_ordered(bench: Bench, spoil: Callable[[Any], None], said: str) -> None:
    one, device = bench(AT_REST)
    spoil(device)
    with pytest.raises(WireError, match=said):
        device.play(one.prepare(REMAINING))
    assert not any("run" in request.text and "on" in request.text for request in device.sent)


@pytest.mark.requirement("SEC-03")
def test_prepare_grants_nothing_above_what_was_asked(bench: Bench) -> None:
    one, device = bench(AT_REST)

    def more(address: int, _: Sequence[int]) -> None:
        if address == 12:
            store(device.registers, 12, 5_151.0)

    device.written = more
    with pytest.raises(WireError, match="above"):
        device.play(one.prepare(REMAINING))


def test_a_model_without_remote_coil_is_prepared_all_the_same(bench: Bench) -> None:
    one, device = bench(AT_REST)
    device.refuses[47] = 2
    assert device.play(one.prepare(REMAINING)).rate_ul_per_h == 5_150


def test_a_lease_is_not_promised(bench: Bench) -> None:
    one, _ = bench(AT_REST)
    with pytest.raises(PumpRefused, match="has none"):
        next(one.prepare(Remaining(rate_ul_per_h=1, volume_nl=1, lease_s=5, syringe_diameter_um=None)))


# running


def test_the_look_that_finds_the_volume_given_stops_the_pump_which_has_no_target(bench: Bench) -> None:
    one, device = bench(AT_REST)
    device.play(one.prepare(REMAINING))
    assert device.play(one.start()).drive is Drive.INFUSING
    store(device.registers, 148, 11.0)
    assert device.play(one.observe()).drive is Drive.INFUSING
    store(device.registers, 148, 11.126)
    report = device.play(one.observe())
    assert (report.drive, 0 in device.coils) == (Drive.STILL, False)


def test_a_start_that_leaves_it_still_is_refused_and_one_that_moves_otherwise_is_unknown(bench: Bench) -> None:
    one, device = bench(AT_REST)
    device.written = lambda address, _: device.coils.discard(0) if address == 0 else None
    with pytest.raises(PumpRefused, match="remote operation"):
        device.play(one.start())
    one, device = bench(AT_REST | {39})
    with pytest.raises(WireError, match="stop it") as raised:
        device.play(one.start())
    assert not isinstance(raised.value, PumpRefused)


@pytest.mark.parametrize(("unit", "factor"), [(88, 60_000), (89, 1_000), (90, 60), (91, 1)])
def test_a_rate_change_keeps_the_unit_in_force_and_never_rounds_up(bench: Bench, unit: int, factor: int) -> None:
    one, device = bench((RUNNING - {91}) | {unit})
    report = device.play(one.change_rate(5_149))
    high, low = device.registers[12], device.registers[13]
    (written,) = struct.unpack(">f", struct.pack(">HH", high, low))
    assert written * factor <= 5_149
    assert report.rate_ul_per_h == 5_149


@pytest.mark.requirement("CMD-05")
def test_a_rate_that_reads_back_higher_is_unknown(bench: Bench) -> None:
    one, device = bench(RUNNING)
    device.written = lambda _address, _values: store(device.registers, 12, 6_000.0)
    with pytest.raises(WireError, match="reads back"):
        device.play(one.change_rate(5_000))


def test_a_pump_that_ended_before_is_not_given_a_rate(bench: Bench) -> None:
    one, device = bench(AT_REST)
    assert device.play(one.change_rate(5_000)).drive is Drive.STILL
    assert not any(request.changes for request in device.sent)


def test_the_first_frame_of_a_stop_is_the_stop_and_it_never_claims_what_it_did_not_do(bench: Bench) -> None:
    one, device = bench(RUNNING)
    assert next(one.stop()).text == "run off (0)"
    device.written = lambda address, _: device.coils.add(0) if address == 0 else None
    with pytest.raises(WireError, match="still moves"):
        device.play(one.stop())


# every procedure, cut off at every yield


@pytest.mark.requirement("LINK-03")
def test_a_procedure_cut_off_at_any_yield_ends_and_repeats_no_start(bench: Bench, cut_off: Any) -> None:  # noqa: ANN401
    cut_off(lambda running: bench(RUNNING if running else AT_REST), REMAINING).stands()


# what the driver says of itself


def test_options_name_the_nearest_valid_one_and_their_values() -> None:
    with pytest.raises(ConfigError, match=r"'pumps'.*'pump'"):
        DRIVER.pump(address=1, options={"pumps": "A"})
    with pytest.raises(ConfigError, match="'A', 'B'"):
        DRIVER.pump(address=1, options={"pump": "E"})
    with pytest.raises(ConfigError, match="'tcp' for Modbus TCP"):
        DRIVER.pump(address=1, options={"framing": "udp"})
    with pytest.raises(ConfigError, match="1 to 247"):
        DRIVER.pump(address=0, options={})


def test_a_stop_can_let_any_exchange_in_flight_end(bench: Bench) -> None:
    one, device = bench(RUNNING)
    device.play(one.observe())
    assert max(request.reply_limit_ms for request in device.sent) <= INFO.preempt_after_ms
    assert sum(request.reply_limit_ms for request in device.sent) <= INFO.worst_observe_ms
