"""A daemon at work listens on no network port, and does not run with its assertions switched off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pumpd.api_models import Phase
from pumpd.testing.processes import until
from pumpd.testing.real_bed import LONG, RealBed

LISTENS = "0A"  # the state of a socket in /proc/net/tcp
TO_MEND = 2


@pytest.fixture
def bed() -> Iterator[RealBed]:
    with RealBed() as real:
        yield real


def inodes_of(pid: int) -> set[str]:
    """The sockets that a process holds, by inode."""
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:  # closed while we looked
            continue
        if target.startswith("socket:["):
            found.add(target.removeprefix("socket:[").removesuffix("]"))
    return found


def inet_sockets(pid: int) -> dict[str, set[str]]:
    """Of a process: network sockets by state, as local addresses."""
    held, found = inodes_of(pid), dict[str, set[str]]()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in held:
                found.setdefault(fields[3], set()).add(f"{table} {fields[1]}")
    return found


@pytest.mark.usefixtures("mosquitto_installed")
@pytest.mark.requirement("SEC-01")
@pytest.mark.timeout(120)
def test_a_daemon_that_infuses_and_publishes_listens_on_no_network_port(bed: RealBed) -> None:
    broker = bed.begin_broker()
    bed.begin_pump()
    daemon = bed.begin_daemon()
    bed.infuse(LONG)
    until(lambda: broker.log.count("New client connected") == 1, "the daemon at the broker")
    assert bed.pump().phase is Phase.INFUSING
    sockets = inet_sockets(daemon.pid)
    assert sockets.get(LISTENS, set()) == set()
    assert set(sockets) == {"01"}, "one connection, to the broker, and nothing else that speaks to a network"


@pytest.mark.requirement("SEC-01")
def test_a_listening_port_would_be_seen() -> None:
    code = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print('listens', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"listens\n"
        assert len(inet_sockets(program.pid)[LISTENS]) == 1
        program.communicate(timeout=10)


@pytest.mark.requirement("SELF-04")
@pytest.mark.parametrize("how", [["-O"], ["-OO"]])
def test_a_daemon_whose_assertions_are_off_does_not_start(how: list[str], tmp_path: Path) -> None:
    command = [sys.executable, *how, "-m", "pumpd.cli", "run", "--config", str(tmp_path / "pumpd.toml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == TO_MEND
    assert "assertions are switched off" in done.stderr
    assert len(done.stderr.splitlines()) == 1
