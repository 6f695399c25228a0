"""Each fault is shown to happen, to do what the table says, and to come when its trigger says."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumpd_sim import fault_page
from pumpd_sim.bus import SimBus
from pumpd_sim.fault_table import FAULTS, TRIGGERS
from pumpd_sim.fault_text import IN_OTHER_UNITS, FaultTextError, fault_from_words, fault_of
from pumpd_sim.faults import CannotHaveError, Fault, FaultKind, Injection
from pumpd_sim.host import BadReplyError, Host, unpacked
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_wire import Framing, packed
from pumpd_sim.plant import PlantSpec
from pumpd_sim.pump_faults import who_can
from pumpd_sim.wire_faults import WireFaults, misread

SAFE = Framing.SAFE
SECOND = 10**9
MS = 10**6


def awake(*, timeout_s: int = 60, baud: int | None = None, plant: PlantSpec | None = None, pumps: int = 1) -> Host:
    chain = [NewEra(address=number, timeout_s=timeout_s, plant=plant) for number in range(pumps)]
    host = Host(SimBus(chain, baud=baud, wire=WireFaults(random.Random(5))), framing=SAFE)
    host.wait(1)
    host.unasked.clear()
    for number in range(pumps):
        assert host.ask(f"{number}") == f"0{number}A?R"
    return host


def infusing(*, plant: PlantSpec | None = None) -> Host:
    host = awake(timeout_s=255, plant=plant)
    for command in ("RAT60MH", "VOL50", "RUN"):
        host.ask(command)
    assert host.truth().motor_turning
    return host


def bring(host: Host, words: str) -> None:
    host.bus.inject(host.now_ns, fault_from_words(words))


def kinds(host: Host) -> list[str]:
    return [fired.kind.value for fired in host.bus.fired]


# On the wire


def test_garble_makes_noise_of_a_frame() -> None:
    host = awake()
    bring(host, "garble,direction=to_host")
    with pytest.raises(BadReplyError):
        host.ask("VER")
    assert host.ask("VER") == "00SNE1000V3.923"
    assert kinds(host) == ["garble"]


def test_late_is_the_answer_to_the_question_before() -> None:
    host = awake()
    bring(host, "late,direction=to_host,by_s=1")
    assert host.ask("DIA") == ""
    host.wait(0.5)
    assert host.ask("VER") == "00SNE1000V3.923"
    host.wait(1)
    assert host.unasked == ["00S26.59"]
    assert kinds(host) == ["late"]


def test_merge_brings_two_replies_as_one_and_a_lonely_frame_after_its_wait() -> None:
    host = awake()
    bring(host, "merge,direction=to_host,by_ms=900")
    assert host.ask("DIA") == ""
    assert unpacked(host.send(packed(SAFE, "VER"))) == [(SAFE, "00S26.59"), (SAFE, "00SNE1000V3.923")]
    bring(host, "merge,direction=to_host,by_ms=900")
    assert host.ask("DIA") == ""
    host.wait(1)
    assert host.unasked == ["00S26.59"]


def test_one_byte_brings_a_frame_in_single_bytes() -> None:
    host = awake()
    bring(host, "one_byte,direction=to_host,by_ms=7")
    frame = packed(SAFE, "00S")
    host.bus.write(host.now_ns, packed(SAFE, ""))
    came = [seen for seen in host.bus.journal if seen.event == "host_hears"]
    host.wait(1)
    single = [seen for seen in host.bus.journal if seen.event == "host_hears"][len(came) :]
    assert b"".join(seen.data for seen in single) == frame
    assert {b.at_ns - a.at_ns for a, b in itertools.pairwise(single)} == {7 * MS}


def test_echo_brings_back_what_the_host_said_until_it_is_ended() -> None:
    host = awake()
    bring(host, "echo")
    asked = packed(SAFE, "VER")
    assert host.send(asked) == asked + packed(SAFE, "00SNE1000V3.923")
    bring(host, "echo,for_s=0")
    assert host.ask("VER") == "00SNE1000V3.923"
    assert kinds(host) == ["echo"]


def test_babble_is_noise_that_nobody_asked_for() -> None:
    host = awake()
    bring(host, "babble,direction=to_host,count=3,by_ms=10")
    host.bus.poll(host.now_ns)
    noises = [seen for seen in host.bus.journal if seen.event == "host_hears"][-1:]
    heard = b""
    while (wake_ns := host.bus.next_wake_ns()) is not None and wake_ns < host.now_ns + SECOND:
        heard += host.bus.poll(wake_ns)
    assert noises
    assert heard
    assert kinds(host) == ["babble"] * 3


def test_hang_up_loses_what_was_under_way_and_tells_the_wires_keeper() -> None:
    host = awake()
    told: list[int] = []
    host.bus.on_hang_up = told.append
    host.bus.write(host.now_ns, packed(SAFE, "VER"))
    bring(host, "hang_up,for_s=2")
    assert host.ask("DIA") == ""
    host.wait(1)
    assert host.unasked == []
    host.wait(1)
    assert host.ask("DIA") == "00S26.59"
    assert told == [2 * SECOND]
    assert kinds(host) == ["hang_up"]


def test_a_reply_with_a_wrong_address_has_a_good_checksum() -> None:
    host = awake()
    bring(host, "wrong_address")
    assert host.ask("DIA") == "01S26.59"
    assert host.ask("DIA") == "00S26.59"
    assert kinds(host) == ["wrong_address"]


def test_a_wrong_baud_is_noise_both_ways_and_ends() -> None:
    host = awake(baud=19_200)
    bring(host, "wrong_baud,baud=9600,for_s=1")
    heard = host.send(packed(SAFE, "VER"))
    assert b"NE1000" not in heard
    host.wait(1)
    assert host.ask("VER") == "00SNE1000V3.923"
    assert kinds(host) == ["wrong_baud"]


@given(st.binary(max_size=40), st.sampled_from((300, 9_600, 19_200)))
def test_the_right_baud_reads_every_byte(data: bytes, baud: int) -> None:
    assert misread(data, sent_baud=baud, read_baud=baud) == data


@given(st.binary(max_size=40), st.sampled_from((1_200, 4_800, 38_400)))
def test_a_faster_reader_hears_more_bytes_and_a_slower_one_fewer(data: bytes, baud: int) -> None:
    heard = misread(data, sent_baud=9_600, read_baud=baud)
    assert len(heard) <= len(data) if baud < 9_600 else len(heard) >= len(data)


def test_mute_with_an_address_silences_that_pump_alone() -> None:
    host = awake(pumps=2)
    bring(host, "mute,address=1,for_s=3")
    assert (host.ask("0"), host.ask("1")) == ("00S", "")
    host.wait(3)
    assert host.ask("1") == "01S"


# In the pump


def test_a_refused_command_is_not_carried_out() -> None:
    host = awake()
    bring(host, "refuse,count=2")
    assert [host.ask("DIA20"), host.ask("RUN"), host.ask("DIA")] == ["00S?NA", "00S?NA", "00S26.59"]
    assert kinds(host) == ["refuse"]


def test_an_alarm_storm_raises_one_after_the_other() -> None:
    host = awake()
    bring(host, "alarm_storm,count=4,by_ms=100")
    host.wait(1)
    assert len(host.unasked) == 4
    assert len(set(host.unasked)) == 4
    with pytest.raises(ValueError, match="none of this pump's: R, S, T, E, O"):
        bring(host, "alarm_storm,alarm=Z")


def test_a_cut_without_an_end_leaves_the_pump_dead() -> None:
    host = infusing()
    bring(host, "battery_cut")
    host.wait(3_600)
    assert (host.ask(""), host.truth().powered, host.truth().motor_turning) == ("", False, False)


def test_a_counter_that_was_reset_counts_on_from_zero() -> None:
    host = infusing()
    host.wait(60)
    bring(host, "counter_reset")
    assert host.ask("DIS") == "00II0.000W0.000ML"
    assert host.truth().displaced_nl > 900_000


def test_a_slow_clock_delivers_less_and_stops_later() -> None:
    slow, right = infusing(), infusing()
    bring(slow, "slow_clock,ppm=100000")
    for host in (slow, right):
        host.wait(200)
    assert slow.truth().displaced_nl == pytest.approx(right.truth().displaced_nl * 9 // 10, rel=0.002)
    slow.wait(60)
    right.wait(60)
    assert (slow.truth().motor_turning, right.truth().motor_turning) == (True, False)
    slow.wait(25)
    assert slow.truth().alarm == "T"


def test_calibration_and_a_wrong_syringe_show_in_the_truth_alone() -> None:
    for words, share in (("calibration,permille=1100", 1.1), ("wrong_syringe,diameter_um=14430", (14.43 / 26.59) ** 2)):
        host = infusing()
        before_nl = host.truth().displaced_nl
        bring(host, words)
        host.wait(60)
        assert host.truth().displaced_nl - before_nl == pytest.approx(1_000_000 * share, rel=0.001)
        assert host.ask("DIS") in ("00II0.999W0.000ML", "00II1.000W0.000ML", "00II1.001W0.000ML")
        assert kinds(host) == [words.partition(",")[0]]


# In the line


def test_a_slow_occlusion_alarms_later_than_a_sudden_one() -> None:
    alarmed_ns = {}
    for words in ("occlusion", "slow_occlusion,for_s=600"):
        host = infusing(plant=PlantSpec(compliance_nl_per_mmhg=500, stall_pressure_mmhg=500))
        bring(host, words)
        for _ in range(700):
            host.wait(1)
            if host.truth().alarm:
                break
            host.ask("")
        alarmed_ns[words] = host.now_ns
        assert host.truth().alarm == "S"
        assert host.truth().pressure_mmhg >= 450
    assert alarmed_ns["slow_occlusion,for_s=600"] > alarmed_ns["occlusion"] + 60 * SECOND


def test_air_takes_the_place_of_drug_and_no_new_era_notices() -> None:
    host = infusing()
    bring(host, "air,volume_ml=0.3")
    host.wait(60)
    truth = host.truth()
    assert truth.air_nl == 300_000
    assert truth.displaced_nl == pytest.approx(truth.at_patient_nl + truth.stored_nl + truth.air_nl, abs=3)
    assert truth.alarm == ""


def test_free_flow_empties_the_container_while_the_pump_stands() -> None:
    host = awake()
    bring(host, "free_flow,rate_ml_per_h=360,for_s=10")
    host.wait(50)
    assert kinds(host) == ["free_flow", "free_flow"]
    assert host.ask("DIS") == "00SI0.000W0.000ML"
    assert host.truth().at_patient_nl == pytest.approx(1_000_000, rel=0.02)
    assert host.truth().rate_nl_per_h == 0


def test_reverse_draws_from_the_patient_while_the_counter_goes_up() -> None:
    host = infusing(plant=PlantSpec(volume_nl=30_000_000))
    before_nl = host.truth().displaced_nl
    bring(host, "reverse,for_s=30")
    host.wait(30)
    assert host.truth().displaced_nl == pytest.approx(before_nl - 500_000, rel=0.01)
    assert host.ask("DIS") in ("00II0.499W0.000ML", "00II0.500W0.000ML")
    host.wait(30)
    assert host.truth().displaced_nl == pytest.approx(before_nl, abs=10_000)


def test_empty_early_stalls_long_before_the_volume() -> None:
    host = infusing()
    bring(host, "empty_early,volume_ml=0.5")
    host.wait(60)
    truth = host.truth()
    assert (truth.alarm, truth.remaining_nl // 10_000) == ("S", 0)


# Triggers


@pytest.mark.parametrize("words", ["drop,direction=to_pump,after_frames=2", "drop,direction=to_pump,after_bytes=12"])
def test_a_frame_fault_hits_the_frame_it_is_aimed_at(words: str) -> None:
    host = awake()
    bring(host, words)
    assert len(packed(SAFE, "")) == 5
    assert [host.ask("") for _ in range(4)] == ["00S", "00S", "", "00S"]


def test_a_flip_hits_the_byte_it_is_aimed_at() -> None:
    host = awake()
    bring(host, "flip,direction=to_pump,after_bytes=8,bits=1")
    for _ in range(2):
        host.send(packed(SAFE, ""))
    sent, heard = ([s.data for s in host.bus.journal if s.event == e][-1] for e in ("host_sends", "pump_hears"))
    assert [at for at, (a, b) in enumerate(zip(sent, heard, strict=True)) if a != b] == [3]


@pytest.mark.parametrize("trigger", ["after_s=10", "after_frames=3", "after_bytes=15"])
@pytest.mark.parametrize("fault", ["occlusion", "mute,for_s=3", "reboot"])
def test_every_kind_of_fault_waits_for_every_kind_of_trigger(fault: str, trigger: str) -> None:
    host = awake()
    bring(host, f"{fault},{trigger},direction=to_pump" if fault.startswith("mute") else f"{fault},{trigger}")
    for _ in range(12):
        host.ask("")
        host.wait(1)
        if host.bus.fired:
            break
    assert host.bus.fired[0].kind.value == fault.partition(",")[0]
    waited_s = host.now_ns // SECOND - 1
    assert waited_s in ((9, 10, 11) if trigger == "after_s=10" else (2, 3, 4))


def test_a_schedule_takes_triggers_too() -> None:
    drop = Fault(kind=FaultKind.DROP, direction="to_pump", after_frames=1)
    reboot = Fault(kind=FaultKind.REBOOT, after_ms=2_000)
    schedule = [Injection(at_ns=0, fault=drop), Injection(at_ns=3 * SECOND, fault=reboot)]
    host = Host(SimBus([NewEra()], schedule=schedule))
    assert [host.ask(""), host.ask(""), host.ask("")] == ["00A?R", "", "00S"]
    host.wait(10)
    assert [(one.kind.value, one.at_ns // SECOND) for one in host.bus.fired] == [("drop", 0), ("reboot", 5)]


# The table, and the same names everywhere


def test_every_fault_of_a_pump_happens_to_a_new_era_or_names_who_can_have_it() -> None:
    for kind in FaultKind:
        host = infusing()
        fault = Fault(kind=kind, direction="to_host", for_ms=1_000)
        able = who_can(kind)
        if "new_era" not in able:
            with pytest.raises(CannotHaveError) as refused:
                host.bus.inject(host.now_ns, fault)
            assert all(name in str(refused.value) for name in able)
            continue
        host.bus.inject(host.now_ns, fault)
        host.bus.write(host.now_ns, packed(SAFE, "DIS"))
        host.bus.poll(host.now_ns + 2 * SECOND)
        assert kind in {fired.kind for fired in host.bus.fired}, kind


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if FAULTS[kind].place in ("host", "broker")])
def test_a_fault_of_the_host_or_the_broker_says_where_it_can_be_had(kind: FaultKind) -> None:
    with pytest.raises(CannotHaveError, match=r"pumpd\.testing"):
        awake().bus.inject(2 * SECOND, Fault(kind=kind))


def test_every_field_of_the_table_is_one_of_a_fault() -> None:
    fields = {field for facts in FAULTS.values() for field in facts.fields}
    assert fields | set(TRIGGERS) | {"kind"} == set(Fault.__dataclass_fields__)
    assert list(FAULTS) == list(FaultKind)


def test_words_and_tables_make_the_same_fault() -> None:
    told = {"fault": "free_flow", "rate_ml_per_h": 1.5, "for_s": 2.5, "after_s": 1}
    wanted = Fault(kind=FaultKind.FREE_FLOW, rate_nl_per_h=1_500_000, for_ms=2_500, after_ms=1_000)
    assert fault_of(told) == fault_from_words("free_flow,rate_ml_per_h=1.5,for_s=2.5,after_s=1") == wanted


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("explode", "unknown fault 'explode'; known: mute, drop"),
        ("occlusion,for=5", "unknown field 'for' of occlusion; did you mean 'for_ms'"),
        ("occlusion,permille=5", "unknown field 'permille' of occlusion; known: address, for_ms"),
        ("mute,for_s=long", "for_s must be a number"),
        ("mute,for_s", "'for_s' is not FIELD=VALUE"),
        ("drop,count=1.5", "count must be a whole number"),
        ("drop,direction=up", "direction must be to_pump, to_host or both"),
        ("drop,after_s=1,after_frames=2", "drop waits for one thing only"),
        ("mute,for_s=5,for_ms=5", "for_ms of mute is given twice"),
    ],
)
def test_a_fault_that_cannot_be_is_told_in_one_sentence(words: str, sentence: str) -> None:
    with pytest.raises(FaultTextError) as refused:
        fault_from_words(words)
    assert sentence in str(refused.value)


@given(st.sampled_from(list(FaultKind)), st.data())
def test_any_field_that_counts_is_read(kind: FaultKind, data: st.DataObject) -> None:
    numbers = [name for name in (*FAULTS[kind].fields, "after_ms") if name not in ("direction", "key", "alarm")]
    field = data.draw(st.sampled_from(numbers))
    value = data.draw(st.integers(0, 10**6))
    assert getattr(fault_of({"fault": kind.value, field: value}), field) == value
    others = [name for name, (wanted, _) in IN_OTHER_UNITS.items() if wanted == field]
    for other in others:
        factor = IN_OTHER_UNITS[other][1]
        assert getattr(fault_of({"fault": kind.value, other: value}), field) == value * factor


@given(st.sampled_from(["drop", "garble", "late", "one_byte", "merge", "split", "duplicate"]), st.integers(1, 5))
def test_a_fault_for_so_many_frames_hits_so_many(kind: str, count: int) -> None:
    host = awake()
    bring(host, f"{kind},direction=to_pump,count={count}")
    for _ in range(8):
        host.bus.write(host.now_ns, packed(SAFE, ""))
        host.now_ns += 3 * SECOND
        host.bus.poll(host.now_ns)
    assert kinds(host) == [kind] * count


def test_the_page_of_faults_is_the_table() -> None:
    page = Path(__file__).resolve().parents[2] / "docs/faults.md"
    assert page.read_text(encoding="utf-8") == fault_page.page(), "run: pumpd-sim faults --markdown > docs/faults.md"
