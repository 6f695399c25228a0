"""Modbus framing against a hostile wire: vectors, splits, noise, echo, and the disturbances that a real pump made."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pumpd_drivers.modbus_frames import ModbusFraming, RtuFraming, TcpFraming, is_answer, rtu_frame, tcp_frame
from pumpd_drivers.modbus_numbers import F32_MAX, f32_step, f32_towards_zero, f32_value, joined, parted

from pumpd.driver_api import Frame, Garbled, Reply, WireRequest

FOLDER = Path(__file__).parents[1] / "vectors"
FRAMES: list[dict[str, Any]] = [
    frame
    for name in ("isco", "dulcoflex", "bag_pump")
    for frame in tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["frame"]
]
# A question and the frame behind it, which answers it; the disturbances answer nothing.
TALKS = [
    (asked, answered)
    for asked, answered in pairwise(FRAMES)
    if (asked["direction"], answered["direction"]) == ("host_to_pump", "pump_to_host")
    and bytes.fromhex(asked["pdu"])[0] in (1, 2, 3, 4, 5, 6, 15, 16, 23)
]
DISTURBANCES = [frame for frame in FRAMES if frame["meaning"].startswith("disturbance")]


def framing_of(frame: dict[str, Any]) -> ModbusFraming:
    return TcpFraming() if frame["mode"] == "tcp" else RtuFraming()


def wire(frame: dict[str, Any]) -> bytes:
    return bytes.fromhex(frame["hex"])


def request(frame: dict[str, Any]) -> WireRequest:
    return WireRequest(data=wire(frame), address=frame["unit"], changes=False, reply_limit_ms=100)


def believed(framing: ModbusFraming, asked: WireRequest, frames: tuple[Frame, ...]) -> list[bytes]:
    replies = [frame for frame in frames if isinstance(frame, Reply)]
    return [reply.body[2:] for reply in replies if framing.answers(asked, reply)]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda f: f"{f['mode']} {f['pdu']}")
def test_a_frame_goes_out_and_comes_in_as_its_vector_says(frame: dict[str, Any]) -> None:
    pdu, data = bytes.fromhex(frame["pdu"]), wire(frame)
    if frame["mode"] == "rtu":
        assert rtu_frame(frame["unit"], pdu) == data
    else:
        assert tcp_frame(int.from_bytes(data[:2], "big"), frame["unit"], pdu) == data


@pytest.mark.parametrize("talk", TALKS, ids=lambda t: f"{t[0]['mode']} {t[0]['pdu']}")
def test_every_recorded_answer_answers_its_question_byte_by_byte_and_behind_noise(talk: Any) -> None:  # noqa: ANN401
    asked, answered = talk
    framing, question = framing_of(asked), request(asked)
    heard: list[bytes] = []
    for byte in b"\x00\xff\x01\x03" + wire(answered):
        heard += believed(framing, question, framing.receive(bytes([byte]), question))
    assert heard == [bytes.fromhex(answered["pdu"])]


def test_there_are_talks_of_each_kind() -> None:
    assert len(TALKS) > 100
    assert {talk[0]["mode"] for talk in TALKS} == {"rtu", "tcp"}


def test_a_tcp_answer_split_over_two_reads_as_recorded_is_one_answer() -> None:
    """The real pump's 209 bytes came as 96 and 113 (recorded 2021-02-28)."""
    question = WireRequest(
        data=tcp_frame(2, 1, bytes.fromhex("0300000064")), address=1, changes=False, reply_limit_ms=1
    )
    answer = tcp_frame(2, 1, bytes([3, 200]) + bytes(200))
    assert len(answer) == 209
    framing = TcpFraming()
    assert framing.receive(answer[:96], question) == ()
    assert believed(framing, question, framing.receive(answer[96:], question)) == [answer[7:]]


@pytest.mark.parametrize("frame", DISTURBANCES, ids=lambda f: str(f["hex"]))
def test_a_recorded_disturbance_is_dropped_and_the_answer_behind_it_is_heard(frame: dict[str, Any]) -> None:
    assert len(DISTURBANCES) == 3
    transaction = int.from_bytes(wire(frame)[:2], "big")
    for unit in (1, frame["unit"]):
        question = WireRequest(
            data=tcp_frame(transaction, unit, bytes.fromhex("030000000a")),
            address=unit,
            changes=False,
            reply_limit_ms=1,
        )
        answer = tcp_frame(transaction, unit, bytes([3, 20]) + bytes(20))
        framing = TcpFraming()
        assert believed(framing, question, framing.receive(wire(frame), question)) == []
        assert believed(framing, question, framing.receive(answer, question)) == [answer[7:]]


@pytest.mark.requirement("CMD-07")
def test_a_late_answer_to_an_earlier_transaction_is_dropped_though_it_looks_the_same() -> None:
    late, now = (tcp_frame(number, 1, bytes.fromhex("0304") + number.to_bytes(4, "big")) for number in (7, 8))
    question = WireRequest(
        data=tcp_frame(8, 1, bytes.fromhex("0300000002")), address=1, changes=False, reply_limit_ms=1
    )
    framing = TcpFraming()
    assert believed(framing, question, framing.receive(late + now, question)) == [now[7:]]


@pytest.mark.requirement("CMD-07")
def test_half_a_frame_from_before_the_question_is_no_part_of_its_answer() -> None:
    answer = rtu_frame(1, bytes.fromhex("030400000001"))
    one, two = (
        WireRequest(data=rtu_frame(1, bytes.fromhex(f"03{n:04x}0002")), address=1, changes=False, reply_limit_ms=1)
        for n in (0, 8)
    )
    framing = RtuFraming()
    assert framing.receive(answer[:4], one) == ()
    assert believed(framing, two, framing.receive(answer[4:], two)) == []


@pytest.mark.requirement("G03")
@pytest.mark.parametrize("talk", [t for t in TALKS if t[0]["mode"] == "rtu"], ids=lambda t: t[0]["pdu"])
def test_an_adapter_that_echoes_never_answers_a_question(talk: Any) -> None:  # noqa: ANN401
    """An echoed write of one coil or register cannot be told from its confirmation: each is read back."""
    asked, answered = talk
    framing, question = RtuFraming(), request(asked)
    heard = believed(framing, question, framing.receive(wire(asked), question))
    confirmed = bytes.fromhex(asked["pdu"])[0] in (5, 6)
    assert heard == ([bytes.fromhex(asked["pdu"])] if confirmed else [])
    if not confirmed:
        heard = believed(framing, question, framing.receive(wire(answered), question))
        assert heard == [bytes.fromhex(answered["pdu"])]


@pytest.mark.requirement("CMD-07")
@given(talk=st.sampled_from([t for t in TALKS if t[0]["mode"] == "rtu"]), data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_flipped_bit_is_never_believed(talk: Any, data: st.DataObject) -> None:  # noqa: ANN401
    asked, answered = talk
    flipped = bytearray(wire(answered))
    bit = data.draw(st.integers(0, len(flipped) * 8 - 1))
    flipped[bit // 8] ^= 1 << bit % 8
    framing, question = RtuFraming(), request(asked)
    assert believed(framing, question, framing.receive(bytes(flipped), question)) == []
    assert believed(framing, question, framing.receive(wire(answered), question)) == [bytes.fromhex(answered["pdu"])]


@given(talk=st.sampled_from(TALKS), cuts=st.lists(st.integers(0, 300), max_size=6), noise=st.binary(max_size=12))
@settings(max_examples=200, deadline=None)
def test_chunks_and_noise_never_change_what_answers(talk: Any, cuts: list[int], noise: bytes) -> None:  # noqa: ANN401
    asked, answered = talk
    framing, question = framing_of(asked), request(asked)
    stream = noise + wire(answered)
    places = sorted(min(cut, len(stream)) for cut in cuts)
    heard: list[bytes] = []
    for start, end in pairwise([0, *places, len(stream)]):
        heard += believed(framing, question, framing.receive(stream[start:end], question))
    assert heard[-1:] == [bytes.fromhex(answered["pdu"])]


@given(chunks=st.lists(st.binary(max_size=400), max_size=6), talk=st.one_of(st.none(), st.sampled_from(TALKS)))
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("make", [RtuFraming, TcpFraming])
def test_noise_never_raises_and_never_holds_more_than_one_frame(
    make: type[ModbusFraming],
    chunks: list[bytes],
    talk: Any,  # noqa: ANN401
) -> None:
    framing = make()
    question = None if talk is None or not isinstance(framing_of(talk[0]), make) else request(talk[0])
    shown = 0
    for chunk in chunks:
        shown += sum(len(f.data) for f in framing.receive(chunk, question) if isinstance(f, Garbled))
        assert len(framing._held) <= 260
    framing.quiet()
    assert framing._held == b""
    assert shown <= sum(map(len, chunks))


def test_an_answer_whose_registers_look_like_a_frame_is_not_torn_apart() -> None:
    inside = tcp_frame(9, 4, b"\x83\x02")
    pdu = bytes([3, 16]) + inside.ljust(16, b"\0")
    question = WireRequest(
        data=tcp_frame(5, 1, bytes.fromhex("0300000008")), address=1, changes=False, reply_limit_ms=1
    )
    answer = tcp_frame(5, 1, pdu)
    framing = TcpFraming()
    assert framing.receive(answer[:-1], question) == ()
    assert believed(framing, question, framing.receive(answer[-1:], question)) == [pdu]


@pytest.mark.parametrize(
    ("question", "pdu"),
    [
        ("050000ff00", "0500000000"),  # another value
        ("050000ff00", "050001ff00"),  # another coil
        ("100020000204401400 00", "1000200001"),  # fewer registers
        ("0300000002", "030200010002"),  # a byte count that is not the length
        ("0300000002", "0302ffff"),  # fewer registers
        ("0300000002", "8402"),  # another function's exception
        ("0300000002", ""),
    ],
)
def test_what_confirms_something_else_answers_nothing(question: str, pdu: str) -> None:
    assert not is_answer(bytes.fromhex(question), bytes.fromhex(pdu))


# numbers


@given(value=st.fractions(min_value=0, max_value=10**9))
@settings(max_examples=300, deadline=None)
def test_a_single_is_written_as_the_next_one_towards_zero(value: Fraction) -> None:
    bits = f32_towards_zero(value)
    low, high = f32_value(bits), f32_value(bits + 1)
    assert low is not None
    assert high is not None
    assert low <= value < high
    assert high - low == f32_step(bits)


@pytest.mark.parametrize(
    ("decimal", "bits"),
    [("0", 0), ("1", 0x3F800000), ("5", 0x40A00000), ("5.15", 0x40A4CCCC), ("50", 0x42480000), ("0.1", 0x3DCCCCCC)],
)
def test_singles_of_the_example_page(decimal: str, bits: int) -> None:
    assert f32_towards_zero(Fraction(decimal)) == bits


@pytest.mark.parametrize(
    ("bits", "value"),
    [
        (0x7F800000, None),
        (0x7FC00000, None),
        (0xFF800000, None),
        (0x80000000, 0),
        (0xC0A00000, -5),
        (1, Fraction(1, 2**149)),
    ],
)
def test_what_is_no_finite_number_has_no_value(bits: int, value: Fraction | None) -> None:
    assert f32_value(bits) == value


def test_the_largest_single_is_written_exactly() -> None:
    assert f32_value(f32_towards_zero(F32_MAX)) == F32_MAX


@given(bits=st.integers(0, 2**32 - 1), high_first=st.booleans())
def test_two_registers_are_parted_and_joined_in_either_order(bits: int, high_first: bool) -> None:  # noqa: FBT001
    assert joined(parted(bits, high_first=high_first), high_first=high_first) == bits
    assert parted(0xAABBCCDD, high_first=True) == (0xAABB, 0xCCDD)
