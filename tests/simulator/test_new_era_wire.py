"""Bytes: the shared vectors both ways, hostile input, and numbers."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumpd_sim.bus import SimBus
from pumpd_sim.host import Host, unpacked
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_wire import (
    Framing,
    Packet,
    Receiver,
    TooManyDigitsError,
    five_characters,
    packed,
    packed_for_pump,
    shown_step,
    thousandths,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "new_era.toml"
FRAMES = tomllib.loads(VECTORS.read_text(encoding="utf-8"))["frame"]
SECOND = 10**9
payloads = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=60)


def received(data: bytes, *, apart_ns: int = 0) -> list[Packet]:
    receiver = Receiver()
    packets = [receiver.feed(SECOND + index * apart_ns, byte) for index, byte in enumerate(data)]
    return [packet for packet in packets if packet is not None]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: f"{frame['mode']}-{frame['payload']}")
def test_every_vector_is_read_or_said_byte_for_byte(frame: dict[str, str]) -> None:
    data, framing = bytes.fromhex(frame["hex"]), Framing(frame["mode"])
    if frame["direction"] == "host_to_pump":
        assert received(data) == [Packet(framing=framing, payload=frame["payload"])]
        assert packed_for_pump(framing, frame["payload"]) == data
    else:
        assert packed(framing, frame["payload"]) == data
        assert unpacked(data) == [(framing, frame["payload"])]


def test_the_vectors_hold_both_directions_both_modes_and_the_printed_frame() -> None:
    kinds = {(frame["direction"], frame["mode"]) for frame in FRAMES}
    assert len(kinds) == 4
    assert [frame["payload"] for frame in FRAMES if frame["origin"] == "manual"] == ["SAF0"]
    assert len(FRAMES) == 57


@given(payloads)
def test_a_packet_is_framed_by_its_length_even_one_byte_at_a_time(payload: str) -> None:
    data = packed(Framing.SAFE, payload)
    assert received(data, apart_ns=SECOND // 2 - 1) == [Packet(framing=Framing.SAFE, payload=payload)]


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_packet_that_pauses_half_a_second_is_thrown_away_and_the_next_one_is_read(cut: int) -> None:
    data, receiver = packed(Framing.SAFE, "0DIA"), Receiver()
    for byte in data[:cut]:
        assert receiver.feed(SECOND, byte) is None
    late = [receiver.feed(SECOND + SECOND // 2, byte) for byte in data]
    assert late[-1] == Packet(framing=Framing.SAFE, payload="0DIA")


@given(payloads.filter(len), st.data())
def test_up_to_three_flipped_bits_never_pass(payload: str, data: st.DataObject) -> None:
    frame = bytearray(packed(Framing.SAFE, payload))
    places = st.integers(0, (len(frame) - 3) * 8 - 1)
    for place in data.draw(st.sets(places, min_size=1, max_size=3)):
        frame[2 + place // 8] ^= 0x80 >> (place % 8)
    assert [packet.intact for packet in received(bytes(frame))] == [False]


def test_a_packet_is_found_behind_the_rubbish_of_a_broken_line() -> None:
    assert received(b"0R\x00#" + packed(Framing.SAFE, "0STP")) == [Packet(framing=Framing.SAFE, payload="0STP")]


def test_a_basic_line_loses_spaces_and_control_characters_and_is_folded() -> None:
    assert received(b" 0 rat\t5.0 \x07mh\r") == [Packet(framing=Framing.BASIC, payload="0RAT5.0MH")]


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("26.59", 26_590, "26.59"),
        ("5", 5_000, "5.000"),
        ("1000", 1_000_000, "1000."),
        ("9999.", 9_999_000, "9999."),
        (".125", 125, "0.125"),
        ("100.5", 100_500, "100.5"),
        ("0", 0, "0.000"),
    ],
)
def test_numbers_are_five_characters_and_always_have_a_point(text: str, value: int, shown: str) -> None:
    assert thousandths(text) == value
    assert five_characters(value) == shown


@pytest.mark.parametrize("text", ["12345", "1.2345", "26.590", "0.0001"])
def test_a_number_the_pump_cannot_hold_is_not_cut_silently(text: str) -> None:
    with pytest.raises(TooManyDigitsError):
        thousandths(text)


@given(st.integers(0, 9_999_999))
def test_what_is_shown_is_the_value_less_at_most_one_shown_step(value: int) -> None:
    shown = thousandths(five_characters(value))
    assert len(five_characters(value)) == 5
    assert 0 <= value - shown < shown_step(value)


@given(
    st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 2 * SECOND)), max_size=8),
    st.sampled_from((0, 5)),
)
def test_noise_never_crashes_the_pump_and_never_starts_the_motor(
    noise: list[tuple[bytes, int]], timeout_s: int
) -> None:
    host = Host(SimBus([NewEra(timeout_s=timeout_s)], baud=None))
    for data, gap_ns in noise:
        if b"RUN" in data.upper() or b"PUR" in data.upper():
            continue
        host.bus.write(host.now_ns, data)
        host.bus.poll(host.now_ns)
        host.now_ns += gap_ns
    assert not host.truth().motor_turning
    host.now_ns += SECOND
    host.send(b"\r")
    host.send(packed(Framing.SAFE, ""))
    host.now_ns += SECOND
    assert host.send(packed(Framing.SAFE, "")) != b""


_WORDS = ["0", "00", "7", "RAT", "VOL", "DIA", "DIR", "PHN", "FUN", "SAF", "CLD", "DIS", "STP", "BUZ", "TRG"]
_WORDS += [
    "*ADR",
    "*RESET",
    "OUT",
    "IN",
    "LOC",
    "1",
    "5.0",
    "MH",
    "ML",
    "INF",
    "99999",
    ".",
    "-1",
    "E",
    "PAS",
]


@given(st.lists(st.lists(st.sampled_from(_WORDS), max_size=5).map("".join), max_size=12), st.sampled_from((0, 5)))
def test_any_mixture_of_the_pumps_own_words_is_answered_and_never_starts_the_motor(
    lines: list[str], timeout_s: int
) -> None:
    pump = NewEra(timeout_s=timeout_s)
    host = Host(SimBus([pump], baud=None))
    for line in lines:
        host.ask(line, framing=Framing.SAFE)
        assert pump.program.state.value == "S"
    assert host.ask(f"{pump.address}", framing=Framing.SAFE)[:2] == f"{pump.address:02d}"
