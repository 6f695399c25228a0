"""`pumpd-sim serve` as a real process on real wires."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import serial
from pumpd_sim.faults import FaultKind
from pumpd_sim.new_era_wire import Framing, packed

SERVE = [sys.executable, "-m", "pumpd_sim", "serve", "--device", "new_era"]
Ready = dict[str, Any]
Start = Callable[..., tuple["subprocess.Popen[str]", Ready]]


def test_a_reader_that_has_read_enough_is_no_error() -> None:
    """`pumpd-sim faults | head -1`."""
    line = f"{sys.executable} -m pumpd_sim faults | head -n 1"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.startswith("mute")


@pytest.fixture
def start() -> Iterator[Start]:
    """Start simulators that are gone after the test."""
    running: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> tuple[subprocess.Popen[str], Ready]:
        process = subprocess.Popen(
            [*SERVE, *arguments, "--exit-with-parent"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("{"), process.stderr and process.stderr.read()
        return process, json.loads(line)

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def ask(door: Ready, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(door["control"] + path, data=data)) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def until(holds: Callable[[], bool], *, within_s: float = 10) -> None:
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def talk(line: socket.socket, data: bytes, end: bytes = b"\x03") -> bytes:
    line.sendall(data)
    heard = b""
    while not heard.endswith(end):
        heard += line.recv(100)
    return heard


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("control", [[], ["--control", "0"]])
def test_a_signal_ends_it_quietly_even_with_a_host_on_the_line(
    start: Start, number: int, control: list[str], tmp_path: Path
) -> None:
    link = tmp_path / "ttyPUMP"
    process, ready = start("--tcp", "127.0.0.1:0", "--link", str(link), *control)
    assert link.is_symlink()
    with socket.create_connection((ready["tcp_host"], ready["tcp_port"])) as line:
        assert talk(line, b"\r") == packed(Framing.BASIC, "00A?R")
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")
    assert not link.is_symlink()


def test_the_ready_line_is_the_first_and_says_where_everything_is(start: Start) -> None:
    process, ready = start("--pty", "--tcp", "127.0.0.1:0", "--control", "0", "--address", "3", "4")
    assert ready["pid"] == process.pid
    assert ready["addresses"] == [3, 4]
    assert os.path.exists(ready["pty"])  # noqa: PTH110 - a device, not a file of ours
    until(lambda: bool(ask(ready, "/readyz")["ready"]))


def test_it_dies_with_its_parent() -> None:
    code = f"""
import subprocess, sys
child = subprocess.Popen({[*SERVE, "--exit-with-parent"]!r}, stdout=subprocess.PIPE, text=True)
print(child.stdout.readline(), flush=True)
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
"""
    parent = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    pid = json.loads(parent.stdout)["pid"]

    def gone() -> bool:
        with suppress(FileNotFoundError):
            return " Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        return True

    until(gone)


def test_a_serial_port_reaches_the_pump_in_safe_mode(start: Start) -> None:
    _, ready = start("--mode", "safe", "--byte-by-byte")
    with serial.Serial(ready["pty"], 19_200, timeout=5, exclusive=True) as port:
        alarm, reply = packed(Framing.SAFE, "00A?R"), packed(Framing.SAFE, "00SNE1000V3.923")
        port.write(packed(Framing.SAFE, ""))
        assert port.read_until(alarm).endswith(alarm)
        port.write(packed(Framing.SAFE, "VER"))
        assert port.read_until(reply).removeprefix(alarm) == reply  # the power-up alarm may come unasked first


def test_a_host_that_wants_parity_may_open_the_port_again_and_again(start: Start) -> None:
    """A pty keeps no parity, and the C library refuses to ask for it where nothing else would change."""
    _, door = start()
    for _ in range(3):
        with serial.Serial(door["pty"], door["baud"], parity=serial.PARITY_EVEN, timeout=5) as line:
            line.write(b"\r")
            assert line.read_until(b"\x03")


def test_the_newest_tcp_host_has_the_line(start: Start) -> None:
    _, ready = start("--tcp", "127.0.0.1:0")
    address = (ready["tcp_host"], ready["tcp_port"])
    with socket.create_connection(address) as old, socket.create_connection(address) as new:
        assert talk(new, b"\r") == packed(Framing.BASIC, "00A?R")
        select.select([old], [], [], 10)
        with suppress(ConnectionResetError):
            assert old.recv(1) == b""


def test_truth_faults_keypad_and_journal_over_http(start: Start) -> None:
    _, ready = start("--tcp", "127.0.0.1:0", "--control", "0", "--option", "stall_detected_after_ms=100")
    until(lambda: bool(ask(ready, "/readyz")["ready"]))
    with socket.create_connection((ready["tcp_host"], ready["tcp_port"])) as line:
        for command in (b"\r", b"RAT900MH\r", b"RUN\r"):
            talk(line, command)
        until(lambda: ask(ready, "/truth")["displaced_nl"] > 0)
        assert ask(ready, "/truth?address=0")["motor_turning"] is True
        ask(ready, "/faults", {"fault": "occlusion"})
        until(lambda: ask(ready, "/truth")["alarm"] == "S", within_s=20)
        ask(ready, "/faults", {"fault": "release_occlusion"})
        assert talk(line, b"\r") == packed(Framing.BASIC, "00A?S")
        talk(line, b"RUN\r")
        ask(ready, "/keypad", {"key": "stop"})
        assert talk(line, b"\r") == packed(Framing.BASIC, "00P")
    assert [entry["text"] for entry in ask(ready, "/journal?last=1")] == ["<02>00P<03>"]
    assert {entry["source"] for entry in ask(ready, "/provenance")} == {"manual", "client", "assumption"}
    faults = ask(ready, "/faults")
    assert [one["fault"] for one in faults["fired"]] == [
        "occlusion",
        "release_occlusion",
        "other_user_at_keypad",
    ]
    assert {one["fault"] for one in faults["known"]} == {kind.value for kind in FaultKind}


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/faults", {"fault": "explode"}, 400, "known: mute, drop"),
        ("/faults", {"fault": "mute", "for_s": "long"}, 400, "number of seconds"),
        ("/faults", {"fault": "mute", "four_s": 1}, 400, "unknown field"),
        ("/keypad", {"key": "eject"}, 400, "no key 'eject'"),
        ("/faults", {"fault": "reboot", "address": 9}, 404, "there are: 0"),
        ("/truth?address=9", None, 404, "there are: 0"),
    ],
)
def test_control_says_what_is_wrong(
    start: Start, path: str, body: dict[str, Any] | None, status: int, sentence: str
) -> None:
    _, ready = start("--control", "0")
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(ready, path, body)
    with refused.value as answer:
        assert answer.code == status
        assert sentence in json.load(answer)["error"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--option", "saf_limits=3"], "unknown option 'saf_limits'; known: model, saf_limit"),
        (["--address", "1", "1"], "each address once"),
        (["--tcp", "nonsense"], "is not HOST:PORT"),
        (["--volume-ml", "much"], "--volume-ml: 'much' is not a number"),
    ],
)
def test_a_senseless_argument_is_one_clear_line_and_exit_2(arguments: list[str], sentence: str) -> None:
    done = subprocess.run([*SERVE, *arguments], capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_held_port_is_one_clear_line_and_exit_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        done = subprocess.run(
            [*SERVE, "--tcp", f"127.0.0.1:{port}"], capture_output=True, text=True, check=False, timeout=20
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot serve" in done.stderr
    assert "Traceback" not in done.stderr
