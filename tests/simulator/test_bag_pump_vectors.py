"""The conversation in the vectors, held with the look-alike in both framings; both sides of the pair pass it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pumpd_sim.bag_pump import BagPump
from pumpd_sim.bag_pump_kind import DEVICE
from pumpd_sim.bus import SimBus
from pumpd_sim.devices import Bench
from pumpd_sim.modbus_wire import RtuReceiver, TcpReceiver, rtu_frame, tcp_frame

VECTORS = Path(__file__).parents[1] / "vectors"
CONVERSATION = tomllib.loads((VECTORS / "bag_pump.toml").read_text())["frame"]
FRAMES = [
    (name, frame)
    for name in ("bag_pump", "isco", "dulcoflex")
    for frame in tomllib.loads((VECTORS / f"{name}.toml").read_text())["frame"]
]


def pump(mode: str) -> BagPump:
    bench = Bench(address=1, baud=19_200, plant=DEVICE.plant, options=DEVICE.options(), mode=mode)
    built = DEVICE.build(bench)
    assert isinstance(built, BagPump)
    return built


@pytest.mark.parametrize("mode", ["rtu", "tcp"])
def test_the_conversation_of_the_manual_comes_about_byte_for_byte(mode: str) -> None:
    bus = SimBus([pump(mode)], baud=None)
    now_ns = 0
    told = [frame for frame in CONVERSATION if frame["mode"] == mode]
    assert len(told) > 40
    for asked, answered in zip(told[::2], told[1::2], strict=True):
        assert (asked["direction"], answered["direction"]) == ("host_to_pump", "pump_to_host")
        bus.write(now_ns, bytes.fromhex(asked["hex"]))
        heard = b""
        until_ns = now_ns + 20_000_000
        while (wake_ns := bus.next_wake_ns()) is not None and wake_ns <= until_ns and not heard:
            now_ns = max(now_ns, wake_ns)
            heard = bus.poll(now_ns)
        assert heard.hex(" ") == answered["hex"], asked["meaning"]


@pytest.mark.parametrize(("name", "frame"), FRAMES, ids=[f"{name}-{frame['hex'][:40]}" for name, frame in FRAMES])
def test_every_frame_of_the_vectors_is_built_and_read_as_written(name: str, frame: dict[str, Any]) -> None:
    data, pdu = bytes.fromhex(frame["hex"]), bytes.fromhex(frame["pdu"])
    if frame["mode"] == "rtu":
        assert rtu_frame(frame["unit"], pdu) == data
        receiver = RtuReceiver(19_200)
        receiver.feed(0, data)
        request = receiver.take(10_000_000)
    else:
        transaction = int.from_bytes(data[:2], "big")
        assert tcp_frame(transaction, frame["unit"], pdu) == data
        (request,) = TcpReceiver().feed(0, data)
        assert request.transaction == transaction
    assert request is not None
    assert (request.unit, request.pdu) == (frame["unit"], pdu)
