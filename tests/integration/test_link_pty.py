"""Links over a real pty: the lock, the permission, the hang-up and the full buffer are the kernel's own.

Permission and lock are tested as a plain user too (setpriv), because root passes every permission test.
"""

from __future__ import annotations

import asyncio
import errno
import grp
import os
import pty
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pumpd.errors import LinkError, PortHeld
from pumpd.link import SEND_LIMIT, Link, open_link

PLAIN_USER = 65534  # nobody
OPEN_AND_REPORT = """
import asyncio, sys
from pumpd.errors import LinkError
from pumpd.link import open_link

async def main():
    try:
        link = await open_link(sys.argv[1], 19200)
    except LinkError as error:
        print(type(error).__name__, error)
    else:
        link.close()
        print("opened")

asyncio.run(main())
"""


class Line:
    """A pty: `port` is what the daemon opens, `pump` is the descriptor at the pump's end."""

    def __init__(self) -> None:
        self.pump, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        os.set_blocking(self.pump, False)

    def hang_up(self) -> None:
        for fd in (self.pump, self._slave):
            if fd >= 0:
                os.close(fd)
        self.pump = self._slave = -1


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.hang_up()


def as_plain_user(port: str) -> str:
    command = [sys.executable, "-c", OPEN_AND_REPORT, port]
    if os.geteuid() == 0:
        ids = [f"--reuid={PLAIN_USER}", f"--regid={PLAIN_USER}", "--clear-groups"]
        command = ["setpriv", *ids, "--", *command]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def rung(link: Link) -> asyncio.Event:
    event = asyncio.Event()
    link.listen(event.set)
    return event


async def readable(fd: int) -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)


async def test_bytes_that_terminals_treat_specially_pass_both_ways_unchanged(line: Line) -> None:
    link = await open_link(line.port, 19_200)
    event = await rung(link)
    every = bytes(range(256))
    link.write(every)
    await readable(line.pump)
    assert os.read(line.pump, 1024) == every
    os.write(line.pump, every)
    got = b""
    async with asyncio.timeout(10):
        while len(got) < 256:
            await event.wait()
            event.clear()
            got += link.take()
    assert got == every
    assert link.byte_s == pytest.approx(10 / 19_200)
    link.close()


@pytest.mark.parametrize(("line_format", "bits"), [("8N1", 10), ("8N2", 11), ("8E1", 11), ("7E1", 10), ("7O1", 10)])
async def test_a_port_opens_in_the_format_of_the_pumps_manual(line: Line, line_format: str, bits: int) -> None:
    """A pseudo-terminal drops parity (Linux clears the flag), so its byte's time is what shows."""
    link = await open_link(line.port, 19_200, line_format)
    assert link.byte_s == pytest.approx(bits / 19_200)
    link.close()


@pytest.mark.parametrize("line_format", ["8E1", "8O1", "7E1"])
async def test_a_pty_opens_with_parity_as_often_as_one_likes(line: Line, line_format: str) -> None:
    """It keeps none, and the C library refuses to ask for what would change nothing: it worked once, then never."""
    for _ in range(3):
        link = await open_link(line.port, 19_200, line_format)
        link.close()


async def test_hang_up_is_seen_without_any_call(line: Line) -> None:
    link = await open_link(line.port, 19_200)
    event = await rung(link)
    line.hang_up()
    async with asyncio.timeout(10):
        await event.wait()
    with pytest.raises(LinkError, match="still plugged in"):
        link.take()
    link.close()


async def test_idle_port_is_not_taken_for_one_that_hung_up(line: Line) -> None:
    link = await open_link(line.port, 19_200)
    assert termios.tcgetattr(link._fd)[6][termios.VMIN] in (1, b"\x01")  # type: ignore[attr-defined]
    with pytest.raises(OSError, match="temporarily unavailable") as caught:
        os.read(link._fd, 1)  # type: ignore[attr-defined]
    assert caught.value.errno == errno.EAGAIN
    link.close()


@pytest.mark.requirement("LINK-02")
async def test_second_open_is_refused_and_names_who_holds_the_port(line: Line) -> None:
    link = await open_link(line.port, 19_200)
    with pytest.raises(PortHeld, match=rf"{line.port} is held by .*\(process {os.getpid()}\)"):
        await open_link(line.port, 19_200)
    link.close()
    again = await open_link(line.port, 19_200)
    again.close()


async def test_plain_user_may_not_open_a_port_of_another_group_and_is_told_what_to_type(line: Line) -> None:
    root = os.geteuid() == 0
    if root:  # only root may give a port to a group
        os.chown(line.port, 0, grp.getgrnam("dialout").gr_gid)
    Path(line.port).chmod(0o660 if root else 0)
    said = as_plain_user(line.port)
    assert said.startswith("PortForbidden"), said
    assert "may not open" in said
    assert ("sudo usermod -aG dialout nobody" in said) or not root, said


async def test_plain_user_is_told_that_a_port_is_held_by_a_process_it_may_not_see(line: Line) -> None:
    Path(line.port).chmod(0o666)
    link = await open_link(line.port, 19_200)
    said = as_plain_user(line.port)
    assert said.startswith("PortHeld"), said
    assert "is held by" in said
    link.close()
    assert as_plain_user(line.port).strip().endswith("opened")


@pytest.mark.requirement("G01")
async def test_full_pty_takes_the_rest_of_a_write_when_the_pump_reads(line: Line) -> None:
    link = await open_link(line.port, 19_200)
    event = await rung(link)
    sent = b""
    while not link.unsent():
        piece = bytes([len(sent) // 1000 % 251]) * 1000
        link.write(piece)
        sent += piece
    assert link.unsent() < SEND_LIMIT
    got = b""
    async with asyncio.timeout(10):
        while len(got) < len(sent):
            await readable(line.pump)
            got += os.read(line.pump, 4096)
        await event.wait()
    assert got == sent
    assert link.unsent() == 0
    link.close()


async def test_what_had_not_left_is_gone_after_close(line: Line) -> None:
    link = await open_link(line.port, 19_200)
    while not link.unsent():
        link.write(b"RUN\n" * 100)
    link.close()
    with suppress(BlockingIOError):  # what the pump has already been given is the pump's
        while True:
            os.read(line.pump, 4096)
    fresh = await open_link(line.port, 19_200)
    fresh.write(b"STP\n")
    await readable(line.pump)
    assert os.read(line.pump, 4096) == b"STP\n"
    fresh.close()
