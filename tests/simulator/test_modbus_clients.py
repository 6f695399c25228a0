"""Independent clients, written by other people for real devices, judge the Modbus look-alikes: pymodbus and mbpoll.

Each speaks to a real process, over a real TCP port and a real pseudo-terminal.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

Start = Callable[..., dict[str, Any]]
Client = ModbusSerialClient | ModbusTcpClient
FLOAT32 = ModbusTcpClient.DATATYPE.FLOAT32
INT32 = ModbusTcpClient.DATATYPE.UINT32


@pytest.fixture
def start() -> Iterator[Start]:
    """Start simulators that are gone after the test; returns what the ready line says."""
    running: list[subprocess.Popen[str]] = []

    def begin(device: str, *arguments: str) -> dict[str, Any]:
        process = subprocess.Popen(
            [sys.executable, "-m", "pumpd_sim", "serve", "--device", device, *arguments, "--exit-with-parent"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("{"), process.stderr and process.stderr.read()
        ready: dict[str, Any] = json.loads(line)
        return ready

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture(params=["rtu", "tcp"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def connected(ready: dict[str, Any], mode: str) -> Client:
    client: Client
    if mode == "tcp":
        client = ModbusTcpClient(ready["tcp_host"], port=ready["tcp_port"], retries=0)
    else:
        client = ModbusSerialClient(ready["pty"], baudrate=ready["baud"], parity="N", retries=0, timeout=2)
    assert client.connect()
    return client


def words(client: Client, address: int, count: int, unit: int) -> list[int]:
    answer = client.read_holding_registers(address, count=count, device_id=unit)
    assert not answer.isError(), answer
    return list(answer.registers)


def single(client: Client, address: int, unit: int) -> Any:  # noqa: ANN401 - as pymodbus has it
    return client.convert_from_registers(words(client, address, 2, unit), FLOAT32)


def put(client: Client, address: int, value: float, unit: int) -> None:
    answer = client.write_registers(address, client.convert_to_registers(value, FLOAT32), device_id=unit)
    assert not answer.isError(), answer


def test_pymodbus_programs_starts_and_stops_the_bag_pump(start: Start, mode: str) -> None:
    client = connected(start("bag_pump", "--mode", mode), mode)
    assert words(client, 0, 4, 1) == [0x4250, 0x0100, 0x0103, 1]
    assert client.convert_from_registers(words(client, 4, 2, 1), INT32) == 20_417
    assert client.write_coil(0, value=True, device_id=1).exception_code == 4
    client.write_coil(1, value=True, device_id=1)
    put(client, 32, 120.5, 1)
    put(client, 34, 5.0, 1)
    assert client.write_register(36, 999, device_id=1).exception_code == 3
    client.write_register(36, 10_000, device_id=1)
    assert (single(client, 32, 1), single(client, 34, 1), words(client, 36, 1, 1)) == (120.5, 5.0, [10_000])
    assert not client.write_coil(0, value=True, device_id=1).isError()
    assert client.read_coils(0, count=1, device_id=1).bits[0]
    assert client.read_discrete_inputs(0, count=1, device_id=1).bits[0]
    assert single(client, 66, 1) == 120.5
    both = client.readwrite_registers(read_address=64, read_count=2, write_address=37, values=[450], device_id=1)
    assert both.registers == [0x21, 0]
    client.mask_write_register(address=37, and_mask=0, or_mask=500, device_id=1)
    assert words(client, 37, 1, 1) == [500]
    client.write_coils(0, [False], device_id=1)
    assert not client.read_coils(0, count=1, device_id=1).bits[0]
    client.close()  # type: ignore[no-untyped-call]  # pymodbus leaves it bare


def mbpoll(ready: dict[str, Any], mode: str, *arguments: str, unit: int = 1) -> dict[int, str]:
    """What mbpoll prints by address. Its own numbers start at 0 here, as those in the frame do."""
    where = (
        ["-m", "tcp", "-p", str(ready["tcp_port"]), ready["tcp_host"]]
        if mode == "tcp"
        else ["-m", "rtu", "-b", str(ready["baud"]), "-P", "none", ready["pty"]]
    )
    before = [word for word in arguments if not word.startswith("=")]
    values = [word.removeprefix("=") for word in arguments if word.startswith("=")]
    done = subprocess.run(
        ["mbpoll", "-0", "-1", "-B", "-a", str(unit), *before, *where, *values],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {int(place): value for place, value in re.findall(r"^\[(\d+)\]:\s+(\S+)", done.stdout, re.MULTILINE)}


def test_mbpoll_programs_starts_and_stops_the_bag_pump(start: Start, mode: str) -> None:
    ready = start("bag_pump", "--mode", mode)
    assert mbpoll(ready, mode, "-t", "4:hex", "-r", "0", "-c", "4") == {
        0: "0x4250",
        1: "0x0100",
        2: "0x0103",
        3: "0x0001",
    }
    mbpoll(ready, mode, "-t", "0", "-r", "1", "=1")
    mbpoll(ready, mode, "-t", "4:float", "-r", "32", "=120.5")
    mbpoll(ready, mode, "-t", "4:float", "-r", "34", "=5")
    assert mbpoll(ready, mode, "-t", "4:float", "-r", "32", "-c", "2") == {32: "120.5", 34: "5"}
    mbpoll(ready, mode, "-t", "0", "-r", "0", "=1")
    assert mbpoll(ready, mode, "-t", "1", "-r", "0", "-c", "6") == {0: "1", 1: "0", 2: "0", 3: "0", 4: "0", 5: "1"}
    assert mbpoll(ready, mode, "-t", "3:float", "-r", "66", "-c", "1") == {66: "120.5"}
    mbpoll(ready, mode, "-t", "0", "-r", "0", "=0")
    assert mbpoll(ready, mode, "-t", "0", "-r", "0", "-c", "1") == {0: "0"}


def test_pymodbus_programs_starts_and_stops_the_isco(start: Start, mode: str) -> None:
    client = connected(start("isco", "--mode", mode), mode)
    assert (single(client, 232, 1), single(client, 240, 1)) == (1_000.0, 2.5)
    assert len(words(client, 0, 100, 1)) == 100
    for coil in (13, 91):
        assert not client.write_coil(coil, value=True, device_id=1).isError()
    put(client, 12, 60_000.0, 1)
    assert single(client, 12, 1) == 60_000.0
    assert not client.write_coil(0, value=True, device_id=1).isError()
    assert client.read_coils(0, count=142, device_id=1).bits[0]
    assert single(client, 74, 1) == 60_000.0
    assert client.write_coil(1, value=True, device_id=1).exception_code == 4
    client.write_coil(0, value=False, device_id=1)
    assert not client.read_coils(0, count=1, device_id=1).bits[0]
    client.close()  # type: ignore[no-untyped-call]  # as above


def test_mbpoll_programs_starts_and_stops_the_isco(start: Start, mode: str) -> None:
    ready = start("isco", "--mode", mode)
    assert mbpoll(ready, mode, "-t", "4:float", "-r", "232", "-c", "1") == {232: "1000"}
    mbpoll(ready, mode, "-t", "0", "-r", "91", "=1")
    mbpoll(ready, mode, "-t", "4:float", "-r", "12", "=5150")
    mbpoll(ready, mode, "-t", "0", "-r", "0", "=1")
    assert mbpoll(ready, mode, "-t", "4:float", "-r", "74", "-c", "1") == {74: "5150"}
    mbpoll(ready, mode, "-t", "0", "-r", "0", "=0")
    assert mbpoll(ready, mode, "-t", "0", "-r", "0", "-c", "1") == {0: "0"}


def test_pymodbus_programs_starts_and_stops_the_dulcoflex(start: Start) -> None:
    client = connected(start("dulcoflex"), "rtu")
    assert words(client, 63, 2, 20) == [0xAABB, 0xCCDD]
    text = client.convert_from_registers(words(client, 4, 10, 20), ModbusTcpClient.DATATYPE.STRING)
    assert text == "DF1234567"
    client.write_register(61, 10_000, device_id=20)
    put(client, 1211, 5.0, 20)
    client.write_register(1200, 1, device_id=20)
    assert (single(client, 1018, 20), words(client, 1200, 1, 20)) == (5.0, [1])
    both = client.readwrite_registers(read_address=1200, read_count=1, write_address=1200, values=[0], device_id=20)
    assert both.registers == [0]
    assert single(client, 1018, 20) == 0.0
    client.close()  # type: ignore[no-untyped-call]  # as above


def test_mbpoll_programs_starts_and_stops_the_dulcoflex(start: Start) -> None:
    ready = start("dulcoflex")
    assert mbpoll(ready, "rtu", "-t", "4:hex", "-r", "63", "-c", "2", unit=20) == {63: "0xAABB", 64: "0xCCDD"}
    mbpoll(ready, "rtu", "-t", "4", "-r", "61", "=0", unit=20)
    mbpoll(ready, "rtu", "-t", "4:float", "-r", "1211", "=5", unit=20)
    mbpoll(ready, "rtu", "-t", "4", "-r", "1200", "=1", unit=20)
    assert mbpoll(ready, "rtu", "-t", "4:float", "-r", "1018", "-c", "1", unit=20) == {1018: "5"}
    mbpoll(ready, "rtu", "-t", "4", "-r", "1200", "=0", unit=20)
    assert mbpoll(ready, "rtu", "-t", "4", "-r", "1200", "-c", "1", unit=20) == {1200: "0"}
