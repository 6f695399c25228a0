"""`pumpd ports` against a simulated pump on a pty, and a port that comes back under another name."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from pumpd.link import open_link
from pumpd.testing.processes import remove, short_folder
from pumpd.testing.simulated_pump import SimulatedPump

CONFIG = """
site = "s"
ward = "w"
bed = "b"
library = "l.toml"
regimens = "r.toml"
accounts = "a.toml"
[[bus]]
name = "cart"
port = "./pump-p1"
[[bus.pump]]
slot = "p1"
driver = "new_era"
asset = "17"
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = short_folder()
    (folder / "pumpd.toml").write_text(CONFIG)
    yield folder
    remove(folder)


def ports(folder: Path, *more: str) -> str:
    command = [sys.executable, "-m", "pumpd.cli", "ports", "--config", str(folder / "pumpd.toml"), *more]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_a_configured_pump_is_identified_and_not_moved(folder: Path) -> None:
    pump = SimulatedPump(folder, "p1")
    try:
        assert "p1 (new_era, address 0): NE-1000" in ports(folder)
        assert not pump.heard("RUN")
        assert not pump.heard("RAT")
    finally:
        pump.end()


@pytest.mark.requirement("LINK-02")
async def test_a_port_that_somebody_holds_is_named_and_never_asked(folder: Path) -> None:
    pump = SimulatedPump(folder, "p1")
    try:
        link = await open_link(str(folder / "pump-p1"), 19_200)
        said = await asyncio.to_thread(ports, folder)
        link.close()
        assert f"(process {os.getpid()})" in said
        assert "NE-1000" not in said
        assert not pump.heard("")
    finally:
        pump.end()


def test_a_port_that_is_not_there_says_so(folder: Path) -> None:
    assert "is not there" in ports(folder)


@pytest.mark.requirement("G04")
async def test_an_adapter_that_comes_back_under_another_name_is_found_behind_the_name_that_stays(
    tmp_path: Path,
) -> None:
    """The symlink is what udev would swap; the ptys are the kernel's own."""
    by_id = tmp_path / "usb-adapter"
    plugs = [pty.openpty(), pty.openpty()]
    try:
        for pump, port in plugs:
            tty.setraw(port)
            by_id.unlink(missing_ok=True)
            by_id.symlink_to(os.ttyname(port))
            link = await open_link(str(by_id), 19_200)
            link.write(b"hello")
            assert os.read(pump, 64) == b"hello"
            link.close()
    finally:
        for pump, port in plugs:
            os.close(pump)
            os.close(port)
