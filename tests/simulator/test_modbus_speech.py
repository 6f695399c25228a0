"""Scenarios speak Modbus by name: each name means what the device's map has there, and each answer is told apart."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumpd_sim import devices
from pumpd_sim.bag_pump_map import NAMES
from pumpd_sim.bus import SimBus
from pumpd_sim.device import Device
from pumpd_sim.modbus_host import ModbusHost
from pumpd_sim.modbus_names import Named
from pumpd_sim.modbus_speech import Carrier, ModbusSpeech, SpeechError
from pumpd_sim.modbus_wire import rtu_frame, tcp_frame

MODBUS = [name for name in devices.names() if devices.load(name).registers]
EVERY_NAME = [pytest.param(device, named, id=f"{device}-{named.name}")
              for device in MODBUS for named in devices.load(device).registers]  # fmt: skip
BY_NAME = {named.name: named for named in NAMES}


def pump_of(device: str) -> Device:
    kind = devices.load(device)
    return kind.build(
        devices.Bench(
            address=kind.addresses[0], baud=kind.bauds[0], plant=kind.plant, options=kind.options(), mode="rtu"
        )
    )  # fmt: skip


def host_of(carrier: Carrier = "rtu") -> ModbusSpeech:
    return ModbusSpeech(carrier, 1, NAMES)


def answer(pdu: str, *, unit: int = 1) -> bytes:
    return rtu_frame(unit, bytes.fromhex(pdu))


@pytest.mark.parametrize(("device", "named"), EVERY_NAME)
def test_every_name_is_an_address_that_the_device_answers_whole(device: str, named: Named) -> None:
    pump = pump_of(device)
    speech = ModbusSpeech("rtu", pump.address, devices.load(device).registers)
    heard = ModbusHost(SimBus([pump], baud=19_200), unit=pump.address).send(speech.packed(f"{named.name}?"))
    (told,) = speech.heard(heard)
    assert told.startswith(f"{named.name} = ")
    speech.must_be_hearable(told)


@pytest.mark.parametrize("device", MODBUS)
def test_no_two_values_of_a_pump_share_a_name_or_a_place(device: str) -> None:
    registers = devices.load(device).registers
    assert len({each.name for each in registers}) == len(registers)
    places = [(each.table, each.address + at) for each in registers for at in range(each.words)]
    assert len(set(places)) == len(places)


@given(st.data(), st.sampled_from([named for named in NAMES if named.form != "text"]))
def test_bytes_shown_as_a_value_are_that_value(data: st.DataObject, named: Named) -> None:
    if named.form == "f32":
        raw = struct.pack(">f", data.draw(st.floats(width=32, allow_nan=False, allow_infinity=False)))
        shown = named.shown(raw)
        assert named.shown(named.packed(shown)) == shown
    elif named.form == "switch":
        raw = bytes([data.draw(st.integers(0, 1))])
        assert named.packed(named.shown(raw)) == raw
    else:
        raw = data.draw(st.binary(min_size=2 * named.words, max_size=2 * named.words))
        assert named.packed(named.shown(raw)) == raw


def test_a_line_becomes_the_frame_that_the_specification_has_for_it() -> None:
    """MODBUS application protocol 1.1b3: 6.5 for a coil, 6.6 for a register, 6.12 for two, 6.1 and 6.3 to read."""
    host = host_of()
    said = {
        "run = on": "05 00 00 ff 00",
        "run = off": "05 00 00 00 00",
        "timeout_ms = 5000": "06 00 24 13 88",
        "rate_ml_per_h = 60": "10 00 20 00 02 04 42 70 00 00",
        "rate_ml_per_h?": "03 00 20 00 02",
        "run?": "01 00 00 00 01",
        "03 00 4e 00 01": "03 00 4e 00 01",
    }
    for line, pdu in said.items():
        assert host.packed(line) == rtu_frame(1, bytes.fromhex(pdu)), line
    assert host.packed("@0 run = off") == rtu_frame(0, bytes.fromhex("0500000000"))


@pytest.mark.parametrize(
    ("said", "pdu", "told"),
    [
        ("rate_ml_per_h?", "03 04 42 70 00 00", "rate_ml_per_h = 60"),
        ("alarms?", "03 02 02 04", "alarms = air, power"),
        ("alarms?", "03 02 80 00", "alarms = bit 15"),
        ("run?", "01 01 01", "run = on"),
        ("run = on", "05 00 00 ff 00", "ok"),
        ("run = on", "05 00 00 00 00", "05 00 00 00 00"),
        ("rate_ml_per_h = 60", "10 00 20 00 02", "ok"),
        ("rate_ml_per_h = 60", "10 00 20 00 01", "10 00 20 00 01"),
        ("rate_ml_per_h = 60", "90 04", "refused 4"),
        ("rate_ml_per_h?", "03 02 42 70", "03 02 42 70"),
        ("03 00 20 00 02", "83 02", "83 02"),
    ],
)
def test_an_answer_is_told_by_its_question(said: str, pdu: str, told: str) -> None:
    host = host_of()
    host.packed(said)
    assert host.heard(answer(pdu)) == [told]


def test_two_frames_at_once_are_two_answers_and_noise_is_shown_as_its_bytes() -> None:
    host = host_of()
    host.packed("run?")
    assert host.heard(answer("01 01 00") + answer("01 01 01", unit=2) + b"\x00\xff") == [
        "run = off",
        "@2 01 01 01",
        "<00><ff>",
    ]


def test_over_tcp_a_late_answer_is_told_by_its_own_question_and_a_foreign_one_by_its_number() -> None:
    host = host_of("tcp")
    host.packed("rate_ml_per_h?")
    host.packed("run?")
    late = tcp_frame(1, 1, bytes.fromhex("030442700000"))
    foreign = tcp_frame(77, 1, bytes.fromhex("010100"))
    assert host.heard(late + foreign + tcp_frame(2, 1, bytes.fromhex("010101")) + b"\x00\x03\x00") == [
        "rate_ml_per_h = 60",
        "#77 @1 01 01 00",
        "run = on",
        "<00><03><00>",
    ]


def test_what_is_only_read_cannot_be_said() -> None:
    contact = Named(name="door", address=3, form="switch", table="contact")
    with pytest.raises(SpeechError, match=r"door can only be read: door\?"):
        ModbusSpeech("rtu", 1, (contact,)).must_be_sayable("door = on")


@given(st.binary(max_size=40), st.sampled_from(["rtu", "tcp"]))
def test_whatever_comes_is_shown(data: bytes, carrier: Carrier) -> None:
    host = host_of(carrier)
    host.packed("rate_ml_per_h?")
    assert all(host.heard(data))
    assert bool(host.heard(data)) is bool(data)


def test_the_names_of_the_bag_pump_are_those_of_its_page() -> None:
    """docs/bag-pump.md prints these addresses; three of each kind, by hand."""
    assert [BY_NAME[name].address for name in ("clear_total", "vtbi_ml", "pressure_limit_mmhg")] == [2, 34, 37]
    assert BY_NAME["alarms"].flags[7] == "timeout"
    assert BY_NAME["status"].flags[4] == "stopped_at_keypad"
