"""`pumpd record` between a program and a port: nothing is added, nothing is lost, and what is masked is nowhere."""

from __future__ import annotations

import os
import pty
import signal
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from pumpd.testing.processes import Program, python, remove, short_folder
from pumpd.traces import read_trace


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = short_folder()
    yield folder
    remove(folder)


def test_bytes_pass_both_ways_and_stand_in_the_trace_without_what_is_masked(folder: Path) -> None:
    pump, port = pty.openpty()
    tty.setraw(port)
    between, out = folder / "between", folder / "trace.jsonl"
    command = python("-m", "pumpd.cli", "record", os.ttyname(port), "--link", str(between), "--out", str(out))
    recorder = Program("record", [*command, "--mask", "SN4711"], folder)
    recorder.ready(between.exists, "its port")
    program = os.open(between, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(program)
    os.write(program, b"\x02who\x03")
    assert os.read(pump, 64) == b"\x02who\x03"
    os.write(pump, b"pump SN4711 here")
    heard = b""
    while len(heard) < 16:
        heard += os.read(program, 64)
    assert heard == b"pump SN4711 here"
    recorder.signal(signal.SIGTERM)
    recorder.wait()
    rows = read_trace(out).rows
    assert b"".join(row.data for row in rows if row.who == "host") == b"\x02who\x03"
    assert b"".join(row.data for row in rows if row.who == "pump") == b"pump XX0000 here"
    assert os.ttyname(port) not in out.read_text(encoding="ascii")
    assert not between.is_symlink()
    for fd in (program, pump, port):
        os.close(fd)


def test_a_program_that_wants_parity_may_open_the_port_again(folder: Path) -> None:
    pump, port = pty.openpty()
    tty.setraw(port)
    between = folder / "between"
    more = ("--format", "8E1", "--link", str(between), "--out", str(folder / "trace.jsonl"))
    recorder = Program("record", python("-m", "pumpd.cli", "record", os.ttyname(port), *more), folder)
    recorder.ready(between.exists, "its port")
    for said in (b"\x01one", b"\x02two"):
        with serial.Serial(str(between), 19_200, parity=serial.PARITY_EVEN) as program:
            program.write(said)
            heard = b""
            while len(heard) < len(said):
                heard += os.read(pump, 64)
            assert heard == said
    recorder.signal(signal.SIGTERM)
    assert recorder.wait() == 0
    os.close(pump)
    os.close(port)


def test_a_trace_is_never_written_over(folder: Path) -> None:
    pump, port = pty.openpty()
    tty.setraw(port)
    (folder / "trace.jsonl").write_text("precious", encoding="ascii")
    more = ("--link", str(folder / "between"), "--out", str(folder / "trace.jsonl"))
    recorder = Program("record", python("-m", "pumpd.cli", "record", os.ttyname(port), *more), folder)
    assert recorder.wait() == 2
    assert "never written over" in recorder.complained()
    assert (folder / "trace.jsonl").read_text(encoding="ascii") == "precious"
    os.close(pump)
    os.close(port)
