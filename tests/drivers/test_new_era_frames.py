"""The New Era framing against a hostile wire: chunks, noise, late and foreign answers, two modes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pumpd_drivers.new_era_frames import FORMS, NewEraFraming, safe_frame

from pumpd.driver_api import AlarmFrame, Frame, Garbled, PumpAlarm, Reply, WireRequest

VECTORS: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[1] / "vectors" / "new_era.toml").read_text(encoding="utf-8")
)["frame"]
ALARMS = {
    "R": PumpAlarm.RESET,
    "S": PumpAlarm.STALL,
    "T": PumpAlarm.LEASE_EXPIRED,
    "E": PumpAlarm.PROGRAM_ERROR,
    "O": PumpAlarm.PROGRAM_ERROR,
}


def vectors(direction: str, mode: str) -> list[Any]:
    found = [v for v in VECTORS if (v["direction"], v["mode"]) == (direction, mode)]
    assert found
    return [pytest.param(v["payload"], bytes.fromhex(v["hex"]), id=f"{mode} {v['payload']!r}") for v in found]


def request(expects: str = "plain", address: int = 0) -> WireRequest:
    return WireRequest(data=b"", address=address, changes=False, reply_limit_ms=100, expects=expects)


def basic_frame(payload: str) -> bytes:
    return b"\x02" + payload.encode() + b"\x03"


def meaning(payload: str) -> Frame:
    address, text = int(payload[:2]), payload[2:]
    if text.startswith("A?"):
        return AlarmFrame(address=address, alarm=ALARMS[text[2]])
    return Reply(address=address, body=text.encode())


def believed(frames: tuple[Frame, ...]) -> list[Frame]:
    return [frame for frame in frames if not isinstance(frame, Garbled)]


@pytest.mark.parametrize(("payload", "wire"), vectors("host_to_pump", "safe"))
def test_a_request_goes_out_as_the_vector_says(payload: str, wire: bytes) -> None:
    assert safe_frame(payload.encode()) == wire


@pytest.mark.parametrize(("payload", "wire"), vectors("pump_to_host", "safe"))
def test_a_safe_reply_means_what_the_vector_says(payload: str, wire: bytes) -> None:
    assert NewEraFraming().receive(wire, None) == (meaning(payload),)


@pytest.mark.parametrize(("payload", "wire"), vectors("pump_to_host", "basic"))
def test_a_basic_reply_to_a_waiting_request_means_what_the_vector_says(payload: str, wire: bytes) -> None:
    assert NewEraFraming().receive(wire, request()) == (meaning(payload),)


@pytest.mark.parametrize(("payload", "wire"), vectors("pump_to_host", "safe"))
def test_a_frame_is_heard_behind_noise_byte_by_byte_and_behind_a_torn_one(payload: str, wire: bytes) -> None:
    framing = NewEraFraming()
    heard: list[Frame] = []
    for byte in b"\x00\xff\x03" + wire[:-2] + wire:
        heard += framing.receive(bytes([byte]), None)
    assert believed(tuple(heard)) == [meaning(payload)]
    assert sum(len(frame.data) for frame in heard if isinstance(frame, Garbled)) == 3 + len(wire) - 2


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_chunks_never_change_what_is_heard(data: st.DataObject) -> None:
    whole = [bytes.fromhex(v["hex"]) for v in VECTORS if v["direction"] == "pump_to_host" and v["mode"] == "safe"]
    pieces = data.draw(st.lists(st.one_of(st.sampled_from(whole), st.binary(max_size=6)), max_size=6))
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    at_once = NewEraFraming().receive(stream, request())
    chunked = NewEraFraming()
    heard: tuple[Frame, ...] = ()
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        heard += chunked.receive(stream[start:end], request())
    assert believed(heard) == believed(at_once)


@given(chunks=st.lists(st.binary(max_size=200), max_size=6))
@settings(max_examples=150, deadline=None)
def test_noise_never_raises_and_never_holds_more_than_one_frame(chunks: list[bytes]) -> None:
    framing = NewEraFraming()
    shown = 0
    for chunk in chunks:
        shown += sum(len(frame.data) for frame in framing.receive(chunk, None) if isinstance(frame, Garbled))
        assert len(framing._held) <= 48
    framing.quiet()
    assert framing._held == b""
    assert shown <= sum(map(len, chunks))


@given(
    vector=st.sampled_from([v for v in VECTORS if v["direction"] == "pump_to_host" and v["mode"] == "safe"]),
    data=st.data(),
)
@settings(max_examples=200, deadline=None)
@pytest.mark.requirement("CMD-07")
def test_a_flipped_bit_is_never_believed(vector: dict[str, Any], data: st.DataObject) -> None:
    wire = bytearray.fromhex(vector["hex"])
    bit = data.draw(st.integers(0, len(wire) * 8 - 1))
    wire[bit // 8] ^= 1 << bit % 8
    framing = NewEraFraming()
    address = vector["payload"][:2]
    framing.receive(safe_frame(f"{address}S".encode()), request(address=int(address)))
    assert believed(framing.receive(bytes(wire), request())) == []
    # Before a pump has spoken Safe, a length flipped into STX may leave a Basic frame: it answers nothing.
    fresh = NewEraFraming()
    replies = [frame for frame in believed(fresh.receive(bytes(wire), request())) if isinstance(frame, Reply)]
    assert not any(fresh.answers(request(asked, int(address)), reply) for reply in replies for asked in FORMS)


def test_a_torn_frame_that_claims_a_great_length_does_not_swallow_the_next_one() -> None:
    frames = NewEraFraming().receive(b"\x02\x2f00S" + safe_frame(b"00I"), request())
    assert believed(frames) == [meaning("00I")]


def test_quiet_forgets_half_a_frame() -> None:
    wire = safe_frame(b"00S")
    framing = NewEraFraming()
    assert framing.receive(wire[:4], request()) == ()
    framing.quiet()
    assert believed(framing.receive(wire[4:], request())) == []
    assert believed(framing.receive(wire, request())) == [meaning("00S")]


def test_a_pump_that_spoke_safe_is_not_believed_without_checksum() -> None:
    framing = NewEraFraming()
    framing.receive(safe_frame(b"00S"), request())
    (frame,) = framing.receive(basic_frame("00I"), request())
    assert isinstance(frame, Garbled)
    (alarm,) = framing.receive(basic_frame("00A?S"), request())
    assert isinstance(alarm, Garbled)


def test_an_alarm_in_safe_framing_also_ends_belief_in_basic_frames() -> None:
    framing = NewEraFraming()
    framing.receive(safe_frame(b"00A?R"), None)
    assert believed(framing.receive(basic_frame("00S"), request())) == []


def test_a_pump_reset_to_basic_is_found_again_by_its_version_only() -> None:
    framing = NewEraFraming()
    framing.receive(safe_frame(b"00S"), request())
    assert believed(framing.receive(basic_frame("00A?R"), request("version"))) == [meaning("00A?R")]
    assert believed(framing.receive(basic_frame("00S?NA"), request("version"))) == [meaning("00S?NA")]
    assert believed(framing.receive(basic_frame("00S"), request())) == []
    assert believed(framing.receive(basic_frame("00SNE1000V3.923"), request("version"))) != []
    assert believed(framing.receive(basic_frame("00S"), request())) == [meaning("00S")]


def test_one_pump_speaking_safe_does_not_silence_another_in_basic() -> None:
    framing = NewEraFraming()
    framing.receive(safe_frame(b"00S"), request())
    assert believed(framing.receive(basic_frame("01S"), request(address=1))) == [meaning("01S")]


@pytest.mark.parametrize("awaiting", [None, request(address=1)])
def test_a_basic_frame_that_nobody_waits_for_is_noise(awaiting: WireRequest | None) -> None:
    assert believed(NewEraFraming().receive(basic_frame("00S"), awaiting)) == []


def test_a_basic_frame_is_heard_byte_by_byte() -> None:
    framing = NewEraFraming()
    wire = basic_frame("00II0.125W0.000ML")
    heard = [framing.receive(bytes([byte]), request("dispensed")) for byte in wire]
    assert heard == [()] * (len(wire) - 1) + [(meaning("00II0.125W0.000ML"),)]


@pytest.mark.parametrize("payload", ["0", "00", "0S", "0xS", "00Z", "00A?", "00A?SS", "00S\x01", "00S" + "0" * 60])
def test_a_basic_frame_that_breaks_the_manual_is_noise_and_what_follows_is_heard(payload: str) -> None:
    framing = NewEraFraming()
    frames = framing.receive(basic_frame(payload) + basic_frame("00S"), request())
    assert believed(frames) == [meaning("00S")]


GOOD = {
    "plain": "S",
    "version": "SNE1000V3.923",
    "timeout": "S30",
    "number": "S26.59",
    "rate": "I5.000MH",
    "volume": "S10.00ML",
    "dispensed": "II0.125W0.000ML",
    "phase": "S2",
    "function": "SRAT",
    "direction": "SINF",
    "trigger": "SSP",
    "switch": "S1",
}
# Where one form is part of another: a number of a time-out reads as a phase, and so on.
ALIKE = {
    ("timeout", "phase"),
    ("switch", "phase"),
    ("switch", "timeout"),
    ("phase", "timeout"),
    ("trigger", "function"),
    ("direction", "function"),
}


@pytest.mark.parametrize("asked", sorted(FORMS))
@pytest.mark.parametrize("came", sorted(GOOD))
@pytest.mark.requirement("CMD-07")
def test_a_late_answer_of_another_kind_is_dropped(asked: str, came: str) -> None:
    reply = Reply(address=0, body=GOOD[came].encode())
    assert NewEraFraming().answers(request(asked), reply) == (asked == came or (came, asked) in ALIKE)


@pytest.mark.parametrize("asked", sorted(FORMS))
@pytest.mark.parametrize("error", ["?", "?NA", "?OOR", "?COM", "?IGN"])
def test_any_request_may_draw_an_error(asked: str, error: str) -> None:
    framing = NewEraFraming()
    assert framing.answers(request(asked), Reply(address=0, body=b"I" + error.encode()))
    assert not framing.answers(request(asked), Reply(address=0, body=b"I" + error.encode() + b"X"))


@pytest.mark.requirement("CMD-07")
def test_the_answer_of_another_address_is_dropped() -> None:
    assert not NewEraFraming().answers(request(address=1), Reply(address=0, body=b"S"))


@pytest.mark.parametrize("body", [b"", b"Z", b"A", b"?NA", b"\xff\xff"])
def test_a_body_without_status_letter_answers_nothing(body: bytes) -> None:
    assert not any(NewEraFraming().answers(request(asked), Reply(address=0, body=body)) for asked in FORMS)


@pytest.mark.parametrize(
    ("command", "expects"),
    [
        *((c, "plain") for c in ("", "STP", "RUN", "SAF15", "PHN1", "PF0", "TRGSP", "AL1", "LOC0", "CLDINF")),
        ("SAF", "timeout"),
        ("PHN", "phase"),
        ("PF", "switch"),
        ("TRG", "trigger"),
        ("FUN", "function"),
        ("DIS", "dispensed"),
        ("RAT", "rate"),
    ],
)
@pytest.mark.parametrize("address", [0, 12])
@pytest.mark.requirement("G03")
def test_a_wire_that_echoes_our_own_request_is_never_an_answer(command: str, expects: str, address: int) -> None:
    framing = NewEraFraming()
    asked = request(expects, address)
    frames = framing.receive(safe_frame(f"{address}{command}".encode()), asked)
    assert not any(isinstance(frame, AlarmFrame) for frame in frames)
    assert not any(framing.answers(asked, frame) for frame in frames if isinstance(frame, Reply))
