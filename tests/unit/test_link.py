"""Links over TCP, and the sentences an operator reads when a port does not open. Ptys: tests/integration."""

from __future__ import annotations

import asyncio
import errno
import os
import pty
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import serial

from pumpd import link as link_module
from pumpd.errors import LinkError, PortAbsent, PortForbidden, PortHeld, PortUnreachable
from pumpd.link import RECEIVE_LIMIT, SEND_LIMIT, Link, open_link, open_simulated


class Peer:
    """The other end of a TCP link."""

    def __init__(self) -> None:
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None
        self.connected = asyncio.Event()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.connected.set()


@pytest_asyncio.fixture
async def ends() -> AsyncIterator[tuple[Link, Peer]]:
    peer = Peer()
    server = await asyncio.start_server(peer.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = await open_link(f"socket://127.0.0.1:{port}", 19_200)
    await peer.connected.wait()
    yield link, peer
    link.close()
    assert peer.writer is not None
    peer.writer.close()
    server.close()
    await server.wait_closed()


async def taken(link: Link, count: int) -> bytes:
    rung = asyncio.Event()
    link.listen(rung.set)
    data = link.take()
    while len(data) < count:
        await rung.wait()
        rung.clear()
        data += link.take()
    return data


async def failure(link: Link) -> str:
    rung = asyncio.Event()
    link.listen(rung.set)
    try:
        while True:
            link.take()
            await rung.wait()
            rung.clear()
    except LinkError as error:
        return str(error)


async def test_bytes_travel_both_ways(ends: tuple[Link, Peer]) -> None:
    link, peer = ends
    assert peer.reader is not None
    assert peer.writer is not None
    link.write(b"\x00\x02\x03\xff")
    assert await peer.reader.readexactly(4) == b"\x00\x02\x03\xff"
    assert link.unsent() == 0
    peer.writer.write(b"answer")
    assert await taken(link, 6) == b"answer"
    assert link.take() == b""


async def test_frames_leave_at_once_and_what_has_not_left_is_discarded_on_close(ends: tuple[Link, Peer]) -> None:
    link, _ = ends
    sock = socket.socket(fileno=os.dup(link._fd))  # type: ignore[attr-defined]
    with sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == b"\x01\x00\x00\x00\x00\x00\x00\x00"


async def test_hang_up_rings_and_the_bytes_before_it_are_not_lost(ends: tuple[Link, Peer]) -> None:
    link, peer = ends
    assert peer.writer is not None
    peer.writer.write(b"last words")
    peer.writer.close()
    assert await taken(link, 10) == b"last words"
    assert "hung up" in await failure(link)
    with pytest.raises(LinkError, match="hung up"):
        link.write(b"x")
    with pytest.raises(LinkError, match="hung up"):
        link.unsent()


async def test_bytes_that_came_before_a_hang_up_are_handed_out_before_the_error(ends: tuple[Link, Peer]) -> None:
    link, peer = ends
    assert peer.writer is not None
    peer.writer.write(b"last words")
    peer.writer.close()
    async with asyncio.timeout(10):
        while link._failed is None:  # type: ignore[attr-defined]  # noqa: ASYNC110  nobody may take before it
            await asyncio.sleep(0)
    assert link.take() == b"last words"
    with pytest.raises(LinkError, match="hung up"):
        link.take()


async def test_babbling_peer_fills_no_more_than_the_receive_limit(ends: tuple[Link, Peer]) -> None:
    link, peer = ends
    assert peer.writer is not None
    peer.writer.write(bytes(3 * RECEIVE_LIMIT))
    await peer.writer.drain()
    async with asyncio.timeout(10):
        while len(link._received) < RECEIVE_LIMIT:  # type: ignore[attr-defined]  # noqa: ASYNC110  every turn counts
            await asyncio.sleep(0)
    for _ in range(200):
        await asyncio.sleep(0)
    assert len(link.take()) == RECEIVE_LIMIT


async def test_peer_that_reads_nothing_is_seen_in_unsent_and_the_rest_leaves_when_it_reads(
    ends: tuple[Link, Peer],
) -> None:
    link, peer = ends
    assert peer.reader is not None
    sent = 0
    while not link.unsent():
        link.write(b"x" * SEND_LIMIT)
        sent += SEND_LIMIT
    with pytest.raises(AssertionError, match="unsent"):
        link.write(b"x" * SEND_LIMIT)
    rung = asyncio.Event()
    link.listen(rung.set)
    async with asyncio.timeout(10):
        assert await peer.reader.readexactly(sent) == b"x" * sent
        await rung.wait()
    assert link.unsent() == 0


async def test_closed_link_says_so_and_may_be_closed_twice(ends: tuple[Link, Peer]) -> None:
    link, _ = ends
    link.close()
    link.close()
    with pytest.raises(LinkError, match="is closed"):
        link.write(b"x")


async def test_nobody_listening_is_a_link_error_with_a_hint() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
        with pytest.raises(LinkError, match=r"does not accept a connection.*port number right"):
            await open_link(f"socket://127.0.0.1:{number}", 19_200)


@pytest.mark.parametrize(
    "port", ["socket://", "socket://host", "socket://:7", "socket://host:nine", "socket://h:99999"]
)
async def test_address_without_host_or_port_shows_a_right_one(port: str) -> None:
    with pytest.raises(LinkError, match="write socket://HOST:PORT"):
        await open_link(port, 19_200)


async def test_missing_device_says_which_devices_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "BY_ID", tmp_path / "by-id")
    with pytest.raises(LinkError, match="is not there; no USB serial adapter is plugged in"):
        await open_link("/dev/pumpd-no-such-port", 19_200)
    (tmp_path / "by-id").mkdir()
    (tmp_path / "by-id" / "usb-FTDI_A1").touch()
    with pytest.raises(LinkError, match=r"set the port to one of: .*usb-FTDI_A1"):
        await open_link("/dev/pumpd-no-such-port", 19_200)


async def test_file_that_is_no_serial_port_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LinkError, match="cannot be opened as a serial port"):
        await open_link(str(tmp_path / "file"), 19_200)


async def test_busy_port_of_an_invisible_process_tells_how_to_find_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> serial.Serial:
        raise serial.SerialException(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(serial, "Serial", busy)
    with pytest.raises(PortHeld, match=r"another process .*sudo fuser -v"):
        await open_link("/dev/pumpd-no-such-port", 19_200)


async def test_forbidden_port_names_the_group_and_the_line_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = tmp_path / "ttyS9"
    port.touch()
    os.chown(port, -1, os.getgid())
    monkeypatch.setattr(link_module, "_name", lambda _, number: "dialout" if number == 20 else "nurse")
    monkeypatch.setattr(Path, "stat", lambda _: os.stat_result((0o20660, 1, 1, 1, 0, 20, 0, 0, 0, 0)))

    def forbidden(*_: object, **__: object) -> serial.Serial:
        raise serial.SerialException(errno.EACCES, "Permission denied")

    monkeypatch.setattr(serial, "Serial", forbidden)
    with pytest.raises(PortForbidden, match=r"user nurse may not open .*`sudo usermod -aG dialout nurse`"):
        await open_link(str(port), 19_200)


@pytest.mark.parametrize("port", ["/dev/null", "socket://10.0.0.7:4001", "socket://pump.example:4001"])
async def test_a_training_bed_opens_no_port_where_a_real_pump_may_be(port: str) -> None:
    with pytest.raises(PortForbidden, match=r"training = true, and a real pump may be at .*simulated pumps only"):
        await open_simulated(port, 19_200)


async def test_a_training_bed_opens_a_pty_by_whatever_name_and_a_socket_of_this_machine(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    name = tmp_path / "pump"
    name.symlink_to(os.ttyname(slave))
    link = await open_simulated(str(name), 19_200)
    link.write(b"?")
    await asyncio.sleep(0)
    assert os.read(master, 1) == b"?"
    link.close()
    os.close(master)
    os.close(slave)
    with pytest.raises(PortAbsent):
        await open_simulated(str(tmp_path / "not yet"), 19_200)
    with pytest.raises(PortUnreachable):
        await open_simulated("socket://127.0.0.1:1", 19_200)
