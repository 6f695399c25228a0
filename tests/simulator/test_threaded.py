"""A simulated pump in a thread: what a synchronous test can ask of it, and that nothing of it is left behind."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
import serial
from pumpd_sim import devices
from pumpd_sim.bus import Seen
from pumpd_sim.chain import Chain
from pumpd_sim.modbus_speech import ModbusSpeech, SpeechError
from pumpd_sim.modbus_wire import rtu_frame, tcp_frame
from pumpd_sim.serving import ServedBus
from pumpd_sim.threaded import SimPump, SimPumps
from pumpd_sim.verify import judge, speech_of

READ_S = 5


def talk(pump: SimPump, *commands: str) -> list[str]:
    """Commands in New Era's Basic framing; what came back to each."""
    with serial.serial_for_url(pump.port, pump.baud, timeout=READ_S) as port:
        said = []
        for command in commands:
            port.write(command.encode() + b"\r")
            said.append(port.read_until(b"\x03").strip(b"\x02\x03").decode())
        return said


@pytest.mark.parametrize("tcp", [False, True])
def test_a_host_on_a_real_port_and_a_test_that_asks_the_truth(tcp: bool) -> None:  # noqa: FBT001 - a parameter
    with SimPumps(tcp=tcp) as wire:
        pump = wire.pump()
        assert pump.port.startswith("socket://" if tcp else "/dev/")
        assert talk(pump, "", "RAT900MH", "RUN") == ["00A?R", "00S", "00I"]
        assert pump.until(lambda truth: truth.displaced_nl > 0).motor_turning
        pump.press("stop")
        assert not pump.truth().motor_turning
        pump.verify("RUN", times=1)
        pump.verify(b"RUN\r", event="host_sends")
        assert [fired.kind.value for fired in pump.fired] == ["other_user_at_keypad"]


def test_without_ptys_the_port_is_a_tcp_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "openpty")
    with SimPumps() as wire:
        assert wire.port.startswith("socket://127.0.0.1:")
        assert talk(wire.pump(), "") == ["00A?R"]


def test_each_pump_of_a_chain_has_its_own_truth_and_faults() -> None:
    with SimPumps(Chain(addresses=(3, 4))) as wire:
        talk(wire.pump(3), "3", "3RAT900MH", "3RUN")
        wire.pump(4).inject("occlusion", for_ms=60_000)
        assert [(pump.truth().motor_turning, pump.truth().occluded) for pump in wire.pumps] == [
            (True, False),
            (False, True),
        ]
        with pytest.raises(LookupError, match="there are: 3, 4"):
            wire.pump(5)


def open_files() -> list[Path]:
    return sorted(Path("/proc/self/fd").iterdir())


def test_nothing_is_left_when_it_is_closed() -> None:
    with SimPumps():
        pass  # what is loaded once stays
    threads, files = threading.active_count(), open_files()
    for tcp in (False, True):
        with SimPumps(tcp=tcp) as wire:
            talk(wire.pump(), "")
            assert threading.active_count() > threads
    assert (threading.active_count(), open_files()) == (threads, files)
    wire.close()
    with pytest.raises(RuntimeError, match="these simulated pumps are closed"):
        wire.pump().truth()


def test_what_cannot_be_opened_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()

    def full(_served: object) -> str:
        raise OSError("out of pseudo-terminals")

    monkeypatch.setattr(ServedBus, "open_pty", full)
    with pytest.raises(OSError, match="out of pseudo-terminals"):
        SimPumps()
    assert threading.active_count() == before


def test_a_simulator_that_fails_is_not_taken_for_a_silent_pump(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise ZeroDivisionError("a fault of the simulator's own")

    wire = SimPumps()
    monkeypatch.setattr(type(wire.ask(lambda bus, _now_ns: bus.device())), "on_bytes", broken)
    with serial.serial_for_url(wire.port, wire.baud, timeout=0.2) as port:
        port.write(b"\r")
        assert port.read(1) == b""
    with pytest.raises(RuntimeError, match="the simulator failed") as failure:
        wire.pump().truth()
    assert isinstance(failure.value.__cause__, ZeroDivisionError)
    with pytest.raises(RuntimeError, match="the simulator failed"):
        wire.close()


@pytest.mark.parametrize(
    ("chain", "sentence"),
    [
        (Chain(device="new_eras"), "did you mean 'new_era'"),
        (Chain(mode="turbo"), "new_era has no mode 'turbo'; it has: basic, safe"),
        (Chain(baud=1), "cannot speak at 1 baud; it can at: 19200"),
        (Chain(addresses=(1, 1)), "different ones from 0 to 99"),
        (Chain(addresses=()), "at least one"),
        (Chain(addresses=(100,)), "different ones from 0 to 99"),
        (Chain(options="any"), "a mapping of names and values"),
        (Chain(options={"stp": 1}), "unknown option 'stp'"),
    ],
)
def test_a_chain_that_makes_no_sense_is_refused_with_a_sentence(chain: Chain, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        SimPumps(chain)


def test_an_unknown_fault_is_refused_with_the_names_there_are() -> None:
    with SimPumps() as wire, pytest.raises(ValueError, match=r"known: .*mute.*occlusion"):
        wire.pump().inject("explode")


def test_a_day_of_the_pump_passes_at_once() -> None:
    with SimPumps() as wire:
        pump = wire.pump()
        talk(pump, "", "VOL2.0", "RAT20MH", "RUN")
        pump.advance(seconds=180)
        assert 990_000 < pump.truth().displaced_nl < 1_010_000
        pump.advance(seconds=3_600)
        assert pump.truth().status == "S"
        assert talk(pump, "") == ["00S"]
    with SimPumps(Chain(speed=100)) as wire:
        talk(wire.pump(), "", "RAT900MH", "RUN")
        assert wire.ask(lambda bus, _now_ns: bus.day.speed) == 100


def test_the_same_seed_is_the_same_pumps_and_the_same_faults() -> None:
    def climate(seed: int) -> tuple[object, ...]:
        bus = Chain(seed=seed, swarm=True, options="drawn", addresses=(0, 1)).build()
        bus.poll(600 * 10**9)
        return bus.wire.rates, tuple(bus.fired), [device.truth(600 * 10**9) for device in bus.devices]

    assert climate(7) == climate(7)
    assert len({repr(climate(seed)) for seed in range(8)}) > 1


# --- verify -------------------------------------------------------------------------------------------------


def said(*texts: str, event: str = "pump_hears") -> list[Seen]:
    return [
        Seen(at_ns=number * 10**9, event=event, data=text.encode())  # type: ignore[arg-type]  # a name of an event
        for number, text in enumerate(texts)
    ]


def test_a_frame_that_came_in_pieces_is_found() -> None:
    assert judge(said("RAT2", "0MH\r"), "RAT20MH<0d>").holds
    assert judge(said("RAT2", "0MH\r"), b"RAT20MH\r", times=1).holds


def test_a_near_miss_is_shown_and_a_far_one_is_not() -> None:
    verdict = judge(said("RAT20MH\r", "DIA26.6\r", "RAT20MH\r"), "RAT30MH<0d>")
    assert not verdict.holds
    assert [seen.at_ns for seen in verdict.near] == [2 * 10**9], "each text once, and the latest"
    assert "came 0 times\nclosest:\n       2.000 s  pump_hears  RAT20MH<0d>" in verdict.sentence
    assert "DIA" not in verdict.sentence
    assert judge(said("RAT20MH\r"), b"RAT30MH\r").near


def test_what_was_lost_on_the_wire_is_told_apart_from_what_was_never_sent() -> None:
    lost = judge([*said("RUN\r", event="host_sends"), *said("STP\r")], "RUN")
    assert "the host sent it 1 times: a fault on the wire" in lost.sentence
    assert "fault" not in judge(said("STP\r"), "RUN").sentence
    assert "no pump_hears at all" in judge([], "RUN").sentence


def test_never_and_so_many_times_are_asked_by_number() -> None:
    assert judge(said("RUN\r", "STP\r"), "RUN", times=1).holds
    assert judge(said("STP\r"), "RUN", times=0).holds
    assert not judge(said("RUN\r", "RUN\r"), "RUN", times=1).holds
    with pytest.raises(ValueError, match="there are: host_sends, pump_hears"):
        judge([], "RUN", event="pump_thinks")  # type: ignore[arg-type]  # that is what is asked
    with pytest.raises(ValueError, match="nothing is expected"):
        judge([], "")


@pytest.mark.parametrize("carrier", ["rtu", "tcp"])
def test_a_modbus_pump_is_asked_about_by_the_names_of_its_registers(carrier: str) -> None:
    speech = speech_of(devices.load("bag_pump"), 1)
    rate, run = bytes.fromhex("10 00 20 00 02 04 42 70 00 00"), bytes.fromhex("05 00 00 ff 00")

    def frame(pdu: bytes, unit: int = 1) -> bytes:
        return rtu_frame(unit, pdu) if carrier == "rtu" else tcp_frame(1, unit, pdu)

    heard = [Seen(at_ns=0, event="pump_hears", data=frame(pdu)) for pdu in (rate, run, b"\x03\0\x20\0\x02")]
    told = [Seen(at_ns=0, event="pump_says", data=frame(bytes.fromhex("03 04 42 70 00 00")))]
    assert judge(heard, "rate_ml_per_h = 60", times=1, speech=speech).holds
    assert judge(heard, "run = on", times=1, speech=speech).holds
    assert judge(heard, "rate_ml_per_h?", times=1, speech=speech).holds
    assert judge(told, "rate_ml_per_h = 60", event="pump_says", times=1, speech=speech).holds
    assert not judge(heard, "@2 run = on", speech=speech).holds
    verdict = judge(heard, "rate_ml_per_h = 61", speech=speech)
    assert "'rate_ml_per_h = 61' (01 10 00 20 00 02 04 42 74 00 00) was expected" in verdict.sentence
    assert "(rate_ml_per_h = 60)" in verdict.sentence
    with pytest.raises(SpeechError, match="rate_ml_per_h"):
        judge(heard, "rate_ml_h = 60", speech=speech)
    assert speech_of(devices.load("new_era"), 0) is None


def test_what_no_name_stands_for_is_told_as_its_bytes_alone() -> None:
    speech = ModbusSpeech("rtu", 1, devices.load("bag_pump").registers)
    assert speech.line_of(rtu_frame(1, bytes.fromhex("05 00 00 ff 00"))) == "run = on"
    assert speech.line_of(rtu_frame(1, bytes.fromhex("05 00 00 12 34"))) == ""
    assert speech.line_of(b"\x01\x05") == speech.line_of(b"") == ""
