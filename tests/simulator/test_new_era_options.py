"""Each open point of the manual, in each of its readings, as a conversation."""

from __future__ import annotations

import random

import pytest
from pumpd_sim.bus import SimBus
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.host import Host
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_options import NewEraOptions
from pumpd_sim.new_era_wire import Framing, packed
from pumpd_sim.readings import read

Talk = list[tuple[str, str]]
RUNNING: Talk = [("RAT60MH", "00S"), ("VOL5", "00S"), ("RUN", "00I")]


@pytest.mark.parametrize(
    ("setting", "talk"),
    [
        ("model=NE1000X2V3.919", [("VER", "00SNE1000X2V3.919")]),
        ("saf_limit=255", [("SAF256", "00S?OOR"), ("SAF255", "00S")]),
        ("saf_limit=999", [("SAF999", "00S")]),
        ("vol_while_pumping=refused", [*RUNNING, ("VOL7", "00I?NA")]),
        ("vol_while_pumping=stored", [*RUNNING, ("VOL7", "00I"), ("VOL", "00I7.000ML")]),
        ("paused_is_operating=no", [*RUNNING, ("STP", "00P"), ("CLDINF", "00P"), ("DIA20", "00P")]),
        ("paused_is_operating=yes", [*RUNNING, ("STP", "00P"), ("CLDINF", "00P?NA"), ("DIA20", "00P?NA")]),
        ("program_edits_while_pumping=refused", [*RUNNING, ("FUNRAT", "00I?NA")]),
        ("program_edits_while_pumping=stored", [*RUNNING, ("FUNRAT", "00I")]),
        ("run_starts_at=selected_phase", [("PHN2", "00S"), ("RUN", "00S")]),
        ("run_starts_at=phase_1", [("PHN2", "00S"), ("RUN", "00I"), ("PHN", "00I1")]),
        ("rat_query_while_pumping=live", [*RUNNING, ("RAT90", "00I"), ("RAT", "00I90.00MH")]),
        ("rat_query_while_pumping=stored", [*RUNNING, ("RAT90", "00I"), ("RAT", "00I60.00MH")]),
        ("phase_2_from_the_factory=STP", [("PHN2", "00S"), ("FUN", "00SSTP")]),
        ("phase_2_from_the_factory=RAT", [("PHN2", "00S"), ("FUN", "00SRAT")]),
        ("too_many_digits=?", [("RAT12.345MH", "00S?")]),
        ("too_many_digits=?OOR", [("RAT12.345MH", "00S?OOR")]),
        ("stp_when_stopped=accepted", [("STP", "00S")]),
        ("stp_when_stopped=?NA", [("STP", "00S?NA"), *RUNNING, ("STP", "00P"), ("STP", "00S")]),
        ("dia_max_um=30000", [("DIA30.01", "00S?OOR"), ("DIA30", "00S")]),
    ],
)
def test_a_reading_answers_so(setting: str, talk: Talk) -> None:
    host = awake(setting)
    for command, reply in talk:
        assert host.ask(command) == reply, command


def awake(setting: str, *, timeout_s: int = 0) -> Host:
    name, value = setting.split("=")
    pump = NewEra(options=read(NewEraOptions, {name: value}), timeout_s=timeout_s)
    host = Host(SimBus([pump], baud=None), framing=Framing.SAFE if timeout_s else Framing.BASIC)
    assert host.ask("") == "00A?R"
    host.unasked.clear()
    return host


@pytest.mark.parametrize(("reading", "framing"), [("asked", Framing.SAFE), ("current", Framing.BASIC)])
def test_the_framing_of_an_alarm_reply_to_saf(reading: str, framing: Framing) -> None:
    pump = NewEra(options=read(NewEraOptions, {"saf_alarm_reply_framing": reading}))
    host = Host(SimBus([pump], baud=None), framing=Framing.SAFE)
    assert host.ask("SAF5") == "00A?R"
    assert host.last_framing is framing
    assert host.ask("SAF5") == "00S"
    assert host.last_framing is Framing.SAFE


@pytest.mark.parametrize(("reading", "framing"), [("basic", Framing.BASIC), ("safe", Framing.SAFE)])
def test_the_framing_of_the_reply_to_saf_in_a_basic_line(reading: str, framing: Framing) -> None:
    host = awake(f"saf_in_basic_framing_answered={reading}")
    assert host.ask("SAF5") == "00S"
    assert host.last_framing is framing


@pytest.mark.parametrize(("reading", "heard"), [("silence", b""), ("?COM", packed(Framing.BASIC, "00S?COM"))])
def test_a_wrong_crc_in_basic_mode(reading: str, heard: bytes) -> None:
    host = awake(f"bad_crc_in_basic={reading}")
    assert host.send(b"\x02\x080RUN\x00\x00\x03") == heard


@pytest.mark.parametrize(("reading", "alarm"), [("no", "T"), ("yes", "")])
def test_a_foreign_packet_and_the_watchdog(reading: str, alarm: str) -> None:
    host = awake(f"foreign_packet_feeds_watchdog={reading}", timeout_s=3)
    for _ in range(3):
        host.wait(1.5)
        assert host.ask("7") == ""
    assert host.truth().alarm == alarm


@pytest.mark.parametrize(("reading", "letter"), [("stopped", "S"), ("paused", "P")])
def test_what_a_stall_leaves(reading: str, letter: str) -> None:
    host = awake(f"stall_leaves={reading}")
    host.tell("RAT60MH", "RUN")
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.STALL))
    host.wait(2)
    assert host.ask("") == "00A?S"
    assert host.ask("") == f"00{letter}"


@pytest.mark.parametrize(("reading", "total"), [("no", "0.000"), ("yes", "1.000")])
def test_the_totals_after_a_power_failure(reading: str, total: str) -> None:
    host = awake(f"dis_survives_reset={reading}")
    host.tell("RAT60MH", "VOL1", "RUN")
    host.wait(61)
    host.bus.device().reboot(host.now_ns, 10**9)
    host.wait(2)
    assert host.ask("") == "00A?R"
    assert host.ask("DIS") == f"00SI{total}W0.000ML"


@pytest.mark.parametrize(("reading", "total"), [("no", "1.000"), ("yes", "0.000")])
def test_the_totals_after_a_new_diameter(reading: str, total: str) -> None:
    host = awake(f"dis_cleared_by_dia={reading}")
    host.tell("RAT60MH", "VOL1", "RUN")
    host.wait(61)
    host.tell("DIA20")
    assert host.ask("DIS") == f"00SI{total}W0.000ML"


@pytest.mark.parametrize(("reading", "counted"), [("no", False), ("yes", True)])
def test_whether_a_purge_is_counted(*, reading: str, counted: bool) -> None:
    host = awake(f"purge_counts={reading}")
    assert host.ask("PUR") == "00X"
    host.wait(1)
    assert host.ask("STP") == "00S"
    assert (host.ask("DIS") != "00SI0.000W0.000ML") is counted
    assert host.truth().displaced_nl > 400_000


def test_a_pump_may_think_before_it_answers() -> None:
    host = awake("reply_delay_ms=40")
    asked_ns = host.now_ns
    assert host.ask("") == "00S"
    assert host.now_ns - asked_ns == 40_000_000


def test_by_lot_every_open_point_takes_every_reading_and_figures_stay() -> None:
    drawn = [NewEraOptions.drawn(random.Random(seed)) for seed in range(60)]
    readings = {name: {getattr(options, name) for options in drawn} for name in NewEraOptions.__slots__}
    figures = {name for name, seen in readings.items() if len(seen) == 1}
    assert figures == {
        "model",
        "saf_limit",
        "stall_detected_after_ms",
        "ign_window_ms",
        "dia_min_um",
        "dia_max_um",
        "reply_delay_ms",
    }
    assert NewEraOptions.drawn(random.Random(5)) == drawn[5]
