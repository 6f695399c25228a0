"""Modbus frames as the look-alikes hear them."""

from __future__ import annotations

import pytest
from pumpd_sim.modbus_wire import RtuReceiver, TcpReceiver, crc16, rtu_frame, silence_ns, tcp_frame

READ = bytes.fromhex("03 0040 0001")


def test_the_crc_is_that_of_the_published_check_value() -> None:
    assert crc16(b"123456789") == 0x4B37


def test_nothing_is_a_frame_before_the_line_has_been_silent() -> None:
    receiver = RtuReceiver(19_200)
    receiver.feed(0, rtu_frame(1, READ))
    assert receiver.take(silence_ns(19_200) - 1) is None
    request = receiver.take(silence_ns(19_200))
    assert request is not None
    assert request.pdu == READ


@pytest.mark.parametrize(("baud", "us"), [(9_600, 4_011), (19_200, 2_006), (38_400, 1_750), (115_200, 1_750)])
def test_silence_is_three_and_a_half_characters_and_never_less_than_at_fast_bauds(baud: int, us: int) -> None:
    assert -(-silence_ns(baud) // 1_000) == us


@pytest.mark.parametrize("header", ["0001 0001 0006 01", "0001 0000 0000 01", "0001 0000 0001 01", "0001 0000 00ff 01"])
def test_a_header_that_cannot_be_one_takes_what_came_with_it_and_no_more(header: str) -> None:
    receiver = TcpReceiver()
    assert receiver.feed(0, bytes.fromhex(header) + tcp_frame(7, 1, READ)) == []
    (request,) = receiver.feed(1, tcp_frame(8, 1, READ))
    assert (request.transaction, request.pdu, request.ran_together) == (8, READ, False)


def test_a_frame_longer_than_any_is_none_however_long_it_goes_on() -> None:
    receiver = RtuReceiver(19_200)
    for now_ns in range(0, 10_000_000, 1_000_000):
        receiver.feed(now_ns, b"\x01" * 100)
    assert receiver.take(10**9) is None
    receiver.feed(2 * 10**9, rtu_frame(1, READ))
    assert receiver.take(3 * 10**9) is not None


def test_a_long_request_may_come_in_several_reads_without_a_silence() -> None:
    receiver = RtuReceiver(19_200)
    frame = rtu_frame(1, bytes.fromhex("10 0020 0004 08") + bytes(8))
    for place, piece in enumerate((frame[:11], frame[11:14], frame[14:])):
        receiver.feed(place * 1_000_000, piece)
    assert receiver.take(10**9) is not None
