"""The HTTP control in full: its own description is held to its routes and answers, its day moves, its wire hangs up."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import serial
from pumpd_sim import devices, openapi
from pumpd_sim.bus import SimBus
from pumpd_sim.chain import Chain
from pumpd_sim.control import application
from pumpd_sim.faults import Fault, FaultKind
from pumpd_sim.modbus_wire import rtu_frame
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_wire import Framing, packed
from pumpd_sim.serving import ServedBus
from starlette.routing import Route
from starlette.testclient import TestClient

DOCUMENT = openapi.document()
SAFE = Framing.SAFE


class StillBus(ServedBus):
    """A served bus whose clock stands where the test puts it."""

    def __init__(self, bus: SimBus) -> None:
        self.at_ns = 0
        super().__init__(bus)

    def now_ns(self) -> int:
        return self.at_ns


@contextlib.contextmanager
def served(device: str = "new_era") -> Iterator[tuple[StillBus, TestClient]]:
    """A control without a network: every request runs in the test's own loop."""

    async def begun() -> StillBus:
        pumps = [NewEra(timeout_s=5)] if device == "new_era" else Chain(device=device).build().devices
        return StillBus(SimBus(pumps, baud=None))

    with asyncio.Runner() as runner:
        bus = runner.run(begun())
        yield bus, TestClient(application(bus, devices.load(device)), raise_server_exceptions=False)


def schema_of(path: str, method: str) -> dict[str, Any]:
    schema = DOCUMENT["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    return {**schema, "components": DOCUMENT["components"]}


def ask(client: TestClient, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
    answer = client.request(method, path, json=body)
    assert answer.status_code == 200, answer.text
    jsonschema.validate(answer.json(), schema_of(path.partition("?")[0], method.lower()))
    return answer.json()


def test_the_description_has_every_route_and_no_other() -> None:
    with served() as (bus, _):
        routes = application(bus, devices.load("new_era")).routes
    real = {
        (route.path, method.lower())
        for route in routes if isinstance(route, Route) for method in route.methods or () if method != "HEAD"
    }  # fmt: skip
    told = {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert told == real


def test_every_answer_is_as_described() -> None:
    with served() as (bus, client):
        bus.bus.write(0, packed(SAFE, ""))
        for path in (
            "/truth",
            "/truth?address=0",
            "/state",
            "/faults",
            "/journal",
            "/provenance",
            "/readyz",
            "/openapi.json",
        ):
            ask(client, "GET", path)
        assert ask(client, "POST", "/faults", {"fault": "mute", "for_s": 1})["done"]
        assert ask(client, "POST", "/keypad", {"key": "stop"})["done"]
        assert ask(client, "GET", "/openapi.json") == DOCUMENT


def test_every_fault_of_the_description_is_one_that_is_read() -> None:
    told = {one["properties"]["fault"]["const"] for one in DOCUMENT["components"]["schemas"]["Fault"]["oneOf"]}
    assert told == {kind.value for kind in FaultKind}
    jsonschema.validate({"fault": "mute", "for_s": 5}, DOCUMENT["components"]["schemas"]["Fault"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"fault": "mute", "permille": 5}, DOCUMENT["components"]["schemas"]["Fault"])


def test_an_hour_passes_over_http_and_the_lease_does_not_notice() -> None:
    with served() as (bus, client):
        for text in ("", "RAT6MH", "RUN"):
            bus.bus.write(bus.at_ns, packed(SAFE, text))
            bus.at_ns += 10**8
        before = ask(client, "GET", "/truth")
        done = ask(client, "POST", "/advance", {"hours": 0.5, "minutes": 30})
        after = ask(client, "GET", "/truth")
    assert after["displaced_nl"] - before["displaced_nl"] == pytest.approx(6_000_000, rel=0.001)
    assert after["watchdog_left_ns"] == before["watchdog_left_ns"]
    assert done["day_ns"] - done["at_ns"] == 3_600 * 10**9


def test_verify_says_yes_or_what_came_closest() -> None:
    with served() as (bus, client):
        bus.bus.write(0, packed(SAFE, "RAT20MH"))
        bus.bus.poll(1)
        assert ask(client, "POST", "/verify", {"text": "RAT20MH"})["holds"]
        no = ask(client, "POST", "/verify", {"text": "<02><0b>RAT25MH"})
        assert (no["holds"], "closest" in no["sentence"], "RAT20MH" in no["near"][0]["text"]) == (False, True, True)
        assert ask(client, "POST", "/verify", {"hex": "52 41 54", "times": 1, "event": "host_sends"})["holds"]


def test_verify_takes_the_names_of_a_modbus_pumps_registers() -> None:
    with served("bag_pump") as (bus, client):
        bus.bus.write(0, rtu_frame(1, bytes.fromhex("10 00 20 00 02 04 42 70 00 00")))
        bus.bus.poll(1)
        assert ask(client, "POST", "/verify", {"text": "rate_ml_per_h = 60", "times": 1})["holds"]
        no = ask(client, "POST", "/verify", {"text": "rate_ml_per_h = 6"})
        assert (no["holds"], "(rate_ml_per_h = 60)" in no["sentence"]) == (False, True)
        wrong = client.post("/verify", json={"text": "rate = 60"})
        assert (wrong.status_code, "no 'rate'" in wrong.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/advance", {"days": 1}, "known: hours, minutes, seconds"),
        ("/advance", {"hours": -1}, "hours must be a number from 0"),
        ("/advance", {}, "more than nothing"),
        ("/advance", {"hours": 1_000}, "a week at most"),
        ("/verify", {}, "one of text and hex"),
        ("/verify", {"text": "x", "hex": "00"}, "one of text and hex"),
        ("/verify", {"hex": "zz"}, "is not hex"),
        ("/verify", {"text": "x", "event": "said"}, "no event 'said'"),
        ("/verify", {"text": "x", "times": "two"}, "times must be a whole number"),
        ("/faults", {"fault": "battery_sag"}, "NewEra cannot have battery_sag"),
        ("/faults", {"fault": "broker_down"}, "pumpd.testing.broker"),
    ],
)
def test_what_makes_no_sense_is_told(path: str, body: dict[str, Any], sentence: str) -> None:
    with served() as (_, client):
        answer = client.post(path, json=body)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]


async def test_a_hang_up_takes_the_device_file_away_and_brings_it_back_under_the_same_link(tmp_path: Path) -> None:
    bus = SimBus([NewEra()], baud=None)
    line = ServedBus(bus)
    link = tmp_path / "ttyPUMP"
    first = line.open_pty(link)
    try:
        with serial.Serial(first, timeout=0):
            bus.inject(line.now_ns(), Fault(kind=FaultKind.HANG_UP, for_ms=50))
            await asyncio.sleep(0)
            assert not link.is_symlink()
            async with asyncio.timeout(10):
                while line.pty is None:  # noqa: ASYNC110  # the line knows no event for it
                    await asyncio.sleep(0.005)
        assert os.readlink(link) == line.pty  # noqa: PTH115  # the text of the link, not where it leads
    finally:
        await line.close()
    assert not link.is_symlink()


async def test_a_hang_up_resets_the_connection_and_refuses_others_until_it_is_over() -> None:
    bus = SimBus([NewEra()], baud=None)
    line = ServedBus(bus)
    host, port = await line.open_tcp("127.0.0.1", 0)
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"\r")
        assert await reader.readexactly(7) == packed(Framing.BASIC, "00A?R")
        bus.inject(line.now_ns(), Fault(kind=FaultKind.HANG_UP, for_ms=200))
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        async with asyncio.timeout(10):
            while True:
                reader, writer = await asyncio.open_connection(host, port)
                with contextlib.suppress(ConnectionResetError):
                    writer.write(b"\r")
                    if await reader.read(7) == packed(Framing.BASIC, "00S"):
                        break
                writer.close()
        assert line.now_ns() >= 200_000_000
        writer.close()
    finally:
        await line.close()
