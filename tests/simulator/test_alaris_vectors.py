"""The Alaris frames of the shared vectors: the look-alike hears every one of the host's and says those of a pump."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pumpd_sim.alaris import Alaris
from pumpd_sim.alaris_commands import COMMANDS
from pumpd_sim.alaris_options import AlarisOptions
from pumpd_sim.alaris_wire import SPEECH, Receiver, packed, permission_code
from pumpd_sim.bus import SimBus

FRAMES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[1] / "vectors" / "alaris.toml").read_text(encoding="utf-8")
)["frame"]
ASKED = [frame for frame in FRAMES if frame["direction"] == "host_to_pump"]
SAID = [frame for frame in FRAMES if frame["direction"] == "pump_to_host"]


def named(frame: dict[str, Any]) -> str:
    return str(frame["payload"])


@pytest.mark.parametrize("frame", FRAMES, ids=named)
def test_every_frame_is_packed_to_its_bytes_and_heard_from_them(frame: dict[str, Any]) -> None:
    data = bytes.fromhex(frame["hex"])
    assert packed(frame["payload"]) == data
    assert SPEECH.frames(data + data) == [data, data]
    receiver = Receiver()
    (heard,) = [one for byte in data if (one := receiver.feed(byte))]
    assert ("^".join(heard.fields), heard.intact) == (frame["payload"], True)


def test_a_pump_that_is_asked_all_of_it_says_the_answers_that_need_no_infusion_byte_for_byte() -> None:
    said: set[bytes] = set()
    for serial in ("8002-51740", "8002-51733"):
        bus = SimBus([Alaris(options=AlarisOptions(serial=serial, reply_ms=0))], baud=None)
        permission = packed(f"REMOTE_CTRL^ENABLED^{permission_code(serial)}")
        for number, frame in enumerate(ASKED + ASKED):  # what needs a rate finds one the second time
            bus.write(number * 10**9, permission)
            bus.poll(number * 10**9)
            bus.write(number * 10**9, bytes.fromhex(frame["hex"]))
            said.add(bus.poll(number * 10**9))
    wanted = [frame for frame in SAID if not frame["payload"].startswith("INF^") and "AL_" not in frame["payload"]]
    missing = [frame["payload"] for frame in wanted if bytes.fromhex(frame["hex"]) not in said]
    assert len(wanted) > 10
    assert missing == []


def test_every_command_of_the_vectors_is_one_the_pump_knows_but_the_bolus() -> None:
    names = {frame["payload"].partition("^")[0] for frame in ASKED}
    assert names - set(COMMANDS) == {"INF_BOLUS"}
