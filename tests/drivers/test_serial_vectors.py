"""The vectors of the Alaris and Harvard protocols, both ways, and the bytes that other people's programs send."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pumpd_drivers import alaris_frames, harvard_frames

from pumpd.driver_api import Frame, Reply, WireRequest

FOLDER = Path(__file__).parents[1] / "vectors"


def vectors(protocol: str, direction: str) -> list[Any]:
    rows = tomllib.loads((FOLDER / f"{protocol}.toml").read_text(encoding="utf-8"))["frame"]
    found = [row for row in rows if row["direction"] == direction]
    assert found
    return [pytest.param(row, id=f"{row['payload']!r} {row['hex'][-8:]}") for row in found]


@pytest.mark.parametrize("row", vectors("alaris", "host_to_pump"))
def test_an_alaris_request_goes_out_as_the_vector_says(row: dict[str, str]) -> None:
    assert alaris_frames.frame(row["payload"]) == bytes.fromhex(row["hex"])


@pytest.mark.parametrize("row", vectors("alaris", "pump_to_host"))
def test_an_alaris_reply_means_what_the_vector_says(row: dict[str, str]) -> None:
    framing = alaris_frames.AlarisFraming()
    assert framing.receive(bytes.fromhex(row["hex"]), None) == (Reply(address=0, body=row["payload"].encode()),)


@pytest.mark.parametrize("row", vectors("alaris", "pump_to_host"))
def test_one_flipped_bit_makes_no_alaris_reply(row: dict[str, str]) -> None:
    wire = bytes.fromhex(row["hex"])
    for at in range(len(wire) - 1):
        for bit in range(8):
            bent = wire[:at] + bytes([wire[at] ^ 1 << bit]) + wire[at + 1 :]
            frames = alaris_frames.AlarisFraming().receive(bent, None)
            assert not any(isinstance(frame, Reply) for frame in frames), bent


def test_the_permission_code_is_the_checksum_of_the_serial_number() -> None:
    assert (alaris_frames.crc("8002-51740"), alaris_frames.crc("8002-51733")) == ("3CC1", "9535")


@pytest.mark.parametrize("row", vectors("harvard", "host_to_pump"))
def test_a_harvard_command_goes_out_as_the_vector_says(row: dict[str, str]) -> None:
    address, _, text = row["payload"].rpartition(":")
    assert harvard_frames.command(int(address or 0), text) == bytes.fromhex(row["hex"])


@pytest.mark.parametrize("row", vectors("harvard", "pump_to_host"))
def test_a_harvard_reply_means_what_the_vector_says_in_any_chunks(row: dict[str, str]) -> None:
    wire = bytes.fromhex(row["hex"])
    awaiting = WireRequest(data=b"", address=0, changes=False, reply_limit_ms=1, expects="poll")
    polled = row["mode"] == "poll"
    for size in (1, 3, len(wire)):
        framing = harvard_frames.HarvardFraming()
        frames: list[Frame] = []
        for at in range(0, len(wire), size):
            frames += framing.receive(wire[at : at + size], None if polled else awaiting)
        (reply,) = frames
        assert isinstance(reply, Reply)
        lines, prompt = harvard_frames.take_apart(reply.body)
        head = wire.decode().rstrip("\x11").rpartition("\n")[2]
        assert head.endswith(prompt)
        assert reply.address == int(head.removesuffix(prompt) or 0)
        told = "\n".join(line[-len(said) :] for line, said in zip(lines, row["payload"].split("\n"), strict=False))
        assert told == row["payload"]
