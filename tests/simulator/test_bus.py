"""The wire: its pace, its faults, each shown to fire, and the same story from the same seed."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumpd_sim.bus import SimBus
from pumpd_sim.fault_table import FAULTS
from pumpd_sim.faults import Fault, FaultKind, Injection
from pumpd_sim.host import BadReplyError, Host, unpacked
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_wire import SPEECH, Framing, packed
from pumpd_sim.swarm import WireRates, swarm_schedule
from pumpd_sim.wire_faults import DELAY_LIMIT_MS, WireFaults

SAFE = Framing.SAFE
SECOND = 10**9
BYTE_NS = -(-10 * SECOND // 19_200)


def awake(*, baud: int | None = None, wire: WireFaults | None = None) -> Host:
    host = Host(SimBus([NewEra(timeout_s=60)], baud=baud, wire=wire), framing=SAFE)
    host.wait(1)
    host.unasked.clear()
    assert host.ask("") == "00A?R"
    return host


def infusing() -> Host:
    host = awake()
    for command in ("RAT60MH", "VOL10", "RUN"):
        host.ask(command)
    assert host.truth().motor_turning
    return host


def kinds(host: Host) -> list[FaultKind]:
    return [fired.kind for fired in host.bus.fired]


def test_a_frame_takes_its_time_on_the_wire_both_ways() -> None:
    host = awake(baud=19_200)
    asked_ns = host.now_ns
    assert host.ask("VER") == "00SNE1000V3.923"
    bytes_on_the_wire = len(packed(SAFE, "VER")) + len(packed(SAFE, "00SNE1000V3.923"))
    assert host.now_ns - asked_ns == pytest.approx(bytes_on_the_wire * BYTE_NS, abs=100)


def test_a_reply_may_arrive_byte_by_byte() -> None:
    bus = SimBus([NewEra()], baud=19_200, byte_by_byte=True)
    bus.write(0, b"\r")
    arrived: list[tuple[int, bytes]] = []
    while (wake_ns := bus.next_wake_ns()) is not None:
        data = bus.poll(wake_ns)
        if data:
            arrived.append((wake_ns, data))
    assert b"".join(data for _, data in arrived) == packed(Framing.BASIC, "00A?R")
    gaps = {later - earlier for (earlier, _), (later, _) in itertools.pairwise(arrived)}
    assert [len(data) for _, data in arrived] == [1] * 7
    assert gaps == {BYTE_NS}


def test_a_pump_at_another_baud_neither_hears_nor_is_heard() -> None:
    host = awake(baud=19_200)
    assert host.ask("*ADR0B9600") == ""
    assert host.ask("DIA20") == ""
    host.bus.baud = 9_600
    assert host.ask("DIA") == "00S26.59"


@given(st.lists(st.integers(0, 3 * SECOND), max_size=30))
def test_polling_more_often_changes_neither_the_bytes_nor_the_truth(looks: list[int]) -> None:
    def story(looks: list[int]) -> tuple[bytes, object]:
        bus = SimBus([NewEra(timeout_s=1)])
        heard = b""
        writes = [(SECOND // 4 * at, packed(SAFE, text)) for at, text in enumerate(("", "RAT60MH", "RUN", ""))]
        for at_ns, data in sorted([*writes, *((at_ns, b"") for at_ns in looks)]):
            heard += bus.poll(at_ns)
            bus.write(at_ns, data)
        return heard + bus.poll(4 * SECOND), bus.truth(4 * SECOND)

    assert story(looks) == story([])


# Faults, one by one


def test_mute_swallows_everything_for_its_time_and_the_pumps_own_watchdog_stops_it() -> None:
    host = infusing()
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.MUTE, for_ms=61_000))
    assert host.ask("") == ""
    host.wait(61)
    assert FaultKind.MUTE in kinds(host)
    assert not host.truth().motor_turning
    assert host.ask("") == "00A?T"


def test_a_fault_without_an_address_meets_the_first_pump_and_a_wrong_address_is_named() -> None:
    bus = SimBus([NewEra(address=3), NewEra(address=4)])
    bus.inject(0, Fault(kind=FaultKind.OCCLUSION))
    assert [bus.truth(0, address).occluded for address in (3, 4)] == [True, False]
    with pytest.raises(LookupError, match="there are: 3, 4"):
        bus.inject(0, Fault(kind=FaultKind.OCCLUSION, address=5))


def test_a_dropped_request_is_not_carried_out_and_a_dropped_reply_is() -> None:
    host = awake()
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.DROP, direction="to_pump"))
    assert host.ask("DIA20") == ""
    assert host.ask("DIA") == "00S26.59"
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.DROP, direction="to_host"))
    assert host.ask("DIA20") == ""
    assert host.ask("DIA") == "00S20.00"
    assert kinds(host) == [FaultKind.DROP, FaultKind.DROP]


@pytest.mark.parametrize("bits", [0, 1, 2, 3])
def test_flips_are_found_by_the_crc_at_both_ends(bits: int) -> None:
    host = awake()
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.FLIP, direction="to_pump", bits=bits))
    assert host.ask("RUN") in ("", "00S?COM")
    assert not host.truth().motor_turning
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.FLIP, direction="to_host", bits=bits))
    with pytest.raises(BadReplyError):
        host.ask("DIA")
    assert kinds(host) == [FaultKind.FLIP, FaultKind.FLIP]


@given(st.integers(0, 10**9), st.text("0123ADISTRUN.", min_size=1, max_size=20))
def test_no_flip_by_lot_ever_passes_the_crc(seed: int, payload: str) -> None:
    wire = WireFaults(random.Random(seed), WireRates(flip_ppm=10**6))
    frame = packed(SAFE, payload)
    ((_, flipped),) = wire.carry(0, "to_host", frame, SPEECH)
    assert flipped != frame
    assert flipped[:2] == frame[:2]
    with pytest.raises(BadReplyError):
        unpacked(flipped)


def test_delay_stays_within_its_limit() -> None:
    host = awake(wire=WireFaults(random.Random(3), WireRates(delay_ppm=10**6)))
    for _ in range(50):
        asked_ns = host.now_ns
        assert host.ask("") == "00S"
        assert 2_000_000 <= host.now_ns - asked_ns <= 2 * DELAY_LIMIT_MS * 1_000_000
    assert FaultKind.DELAY in kinds(host)


def test_duplicate_gives_the_reply_twice_in_one_breath() -> None:
    host = awake()
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.DUPLICATE, direction="to_host"))
    assert host.send(packed(SAFE, "0")) == packed(SAFE, "00S") * 2
    assert kinds(host) == [FaultKind.DUPLICATE]


def test_a_duplicated_stop_resets_the_program() -> None:
    host = infusing()
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.DUPLICATE, direction="to_pump"))
    host.ask("STP")
    assert host.ask("") == "00S"


def test_split_gives_a_packet_in_two_pieces_that_belong_together() -> None:
    host = awake()
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.SPLIT, direction="to_pump"))
    assert host.ask("VER") == "00SNE1000V3.923"
    assert kinds(host) == [FaultKind.SPLIT]


def test_execute_but_lose_ack_starts_the_pump_and_says_nothing() -> None:
    host = awake()
    host.ask("RAT60MH")
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.EXECUTE_BUT_LOSE_ACK))
    assert host.ask("RUN") == ""
    assert host.ask("") == "00I"
    assert kinds(host) == [FaultKind.EXECUTE_BUT_LOSE_ACK]


def test_reboot_stops_the_pump_and_raises_the_reset_alarm() -> None:
    host = infusing()
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.REBOOT, for_ms=700))
    assert not host.truth().motor_turning
    assert host.ask("") == ""
    host.wait(1)
    assert host.unasked == ["00A?R"]
    assert kinds(host) == [FaultKind.REBOOT]


def test_occlusion_ends_by_itself_after_its_time() -> None:
    host = infusing()
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.OCCLUSION, for_ms=20_000))
    host.wait(10)
    assert host.truth().occluded
    host.wait(11)
    assert not host.truth().occluded
    assert kinds(host) == [FaultKind.OCCLUSION, FaultKind.RELEASE_OCCLUSION]


def test_leak_takes_drug_from_the_patient_and_nothing_on_the_wire_tells() -> None:
    host = infusing()
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.LEAK, permille=500))
    host.wait(30)
    assert host.ask("DIS") == "00II0.499W0.000ML"
    truth = host.truth()
    assert truth.leaked_nl > 200_000
    assert truth.displaced_nl - truth.at_patient_nl - truth.stored_nl == pytest.approx(truth.leaked_nl, abs=2)


def test_stall_holds_the_motor_until_it_is_freed_and_driven_anew() -> None:
    host = infusing()
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.STALL, for_ms=5_000))
    host.wait(6)
    assert host.unasked == ["00A?S"]
    assert not host.truth().motor_turning
    assert host.ask("RUN") == "00A?S"
    assert host.ask("RUN") == "00I"
    host.wait(6)
    assert host.truth().motor_turning


def test_another_user_stops_the_pump_at_its_keypad() -> None:
    host = infusing()
    host.bus.inject(host.now_ns, Fault(kind=FaultKind.OTHER_USER_AT_KEYPAD, key="stop"))
    assert host.ask("") == "00P"
    assert kinds(host) == [FaultKind.OTHER_USER_AT_KEYPAD]


def test_a_schedule_brings_faults_at_their_times() -> None:
    schedule = [Injection(at_ns=5 * SECOND, fault=Fault(kind=FaultKind.REBOOT, for_ms=100))]
    host = Host(SimBus([NewEra(timeout_s=60)], schedule=schedule), framing=SAFE)
    host.wait(10)
    assert [fired.at_ns for fired in host.bus.fired] == [5 * SECOND]
    assert host.unasked == ["00A?R", "00A?R"]


def test_every_fault_says_where_it_sits_and_who_can_see_it() -> None:
    assert list(FAULTS) == list(FaultKind)
    assert {facts.place for facts in FAULTS.values()} == {"wire", "pump", "line", "person", "host", "broker"}


# The same seed, the same story


def swarm_story(seed: int) -> str:
    """An hour of polling in a climate drawn from the seed; the hash of all that was seen and is true."""
    rng = random.Random(seed)
    rates = WireRates.drawn(rng)
    schedule = swarm_schedule(rng, horizon_ns=3_600 * SECOND)
    bus = SimBus([NewEra(timeout_s=15)], wire=WireFaults(rng, rates), schedule=schedule)
    digest = hashlib.sha256()
    now_ns = 0
    for turn in range(1_200):
        command = ("", "RAT60MH", "RUN", "DIS")[turn % 4 if turn % 40 < 4 else 3]
        bus.write(now_ns, packed(SAFE, command))
        now_ns += 3 * SECOND
        digest.update(bus.poll(now_ns))
        digest.update(repr(bus.truth(now_ns)).encode())
    digest.update(repr(list(bus.journal)).encode() + repr(list(bus.fired)).encode())
    return digest.hexdigest()


def test_one_seed_is_one_story_in_two_processes_and_two_seeds_are_two() -> None:
    here = swarm_story(7)
    assert here != swarm_story(8)
    code = f"import runpy; print(runpy.run_path({__file__!r})['swarm_story'](7))"
    for hash_seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": hash_seed}
        there = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        assert there.stdout.strip() == here
