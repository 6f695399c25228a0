"""A scripted conversation with a pump, every byte of which goes through the driver's real framing."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable
from typing import Any

import pytest
from pumpd_drivers.new_era import DRIVER

from pumpd.driver_api import AlarmFrame, Procedure, PumpAlarmed, Reply


def _frame(text: str) -> bytes:
    payload = text.encode()
    return bytes([2, len(payload) + 4]) + payload + crc_hqx(payload, 0).to_bytes(2, "big") + b"\x03"


def _play(procedure: Procedure[Any], script: list[tuple[str, str]]) -> Any:  # noqa: ANN401 (of any procedure)
    """Run a procedure as a bus would; the script is what has to be sent, and the pump's reply."""
    framing = DRIVER.framing()
    lines = iter(script)
    request = next(procedure)
    while True:
        command, answer = next(lines, ("nothing more", ""))
        assert request.data == _frame(f"0{command}"), f"sent {request.text!r}, the script has {command!r}"
        try:
            (heard,) = framing.receive(_frame(f"00{answer}"), request)
            if isinstance(heard, AlarmFrame):
                request = procedure.throw(PumpAlarmed(heard.alarm))
            else:
                assert isinstance(heard, Reply)
                assert framing.answers(request, heard), f"{answer!r} was dropped as no answer to {command!r}"
                request = procedure.send(heard)
        except StopIteration as end:
            assert next(lines, None) is None, "the procedure ended before the script"
            return end.value


@pytest.fixture
def play() -> Callable[[Procedure[Any], list[tuple[str, str]]], Any]:
    return _play
