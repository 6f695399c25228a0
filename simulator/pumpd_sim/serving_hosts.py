"""Who is connected to simulated pumps over TCP: one host at a serial server, several at a Modbus device.

A serial server hands a line through, and a line has one host: the newest connection has it, the one before is closed.
Over Modbus TCP each connection is a conversation of its own, as at a real device ("MODBUS messaging on TCP/IP" 1.0b,
4.2), and an answer bears the number of its question. So requests are taken whole out of each stream, and an answer goes
to the host whose number it bears; where two hosts happen to use the same number at once, one of them is exchanged on
its way and put back in the answer. Bytes that are no request go on as they came, for the pump to throw away.

What several hosts share is the pump: a watch over silence is content with anybody's question.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator

from pumpd_sim.modbus_wire import PART_KEPT_NS, PDU_LONGEST, TCP_HEADER

HOSTS_LIMIT = 8  # then the one that has been silent for the longest is closed, to let the newest in (ibid., 3.2)
OPEN_LIMIT = 64  # requests whose answer may still come
UNSENT_LIMIT = 65_536  # bytes a host may leave unread before what follows is lost
LENGTH_AT = 6  # what the length counts begins here


class HostLine(asyncio.Protocol):
    """One connection. `arrived` is told what came."""

    def __init__(self, hosts: Hosts, arrived: Callable[[HostLine, bytes], None]) -> None:
        self.begun = bytearray()  # of a request whose end is not here yet
        self.heard_ns = 0
        self._hosts = hosts
        self._arrived = arrived
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._hosts.seat(self)

    def data_received(self, data: bytes) -> None:
        self._arrived(self, data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._hosts.unseat(self)

    def say(self, data: bytes) -> None:
        if self._transport is not None and self._transport.get_write_buffer_size() < UNSENT_LIMIT:
            self._transport.write(data)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Hosts:
    """All connections. `several`: answers bear the numbers of MBAP, so that more than one may ask.

    `let_in`: is the port there?
    """

    def __init__(self, *, several: bool, let_in: Callable[[], bool]) -> None:
        self._several = several
        self._let_in = let_in
        self._lines: list[HostLine] = []  # the one that has been silent for the longest first
        self._asked: OrderedDict[int, tuple[HostLine, int]] = OrderedDict()  # by number on the wire: who, with which
        self._answering: HostLine | None = None
        self._left = 0  # bytes of an answer that are still to come
        self._heard = bytearray()

    def seat(self, line: HostLine) -> None:
        if not self._let_in():
            line.abort()
            return
        room = HOSTS_LIMIT if self._several else 1
        while len(self._lines) >= room:
            self._lines.pop(0).abort()
        self._lines.append(line)

    def unseat(self, line: HostLine) -> None:
        if line in self._lines:
            self._lines.remove(line)

    def abort_all(self) -> None:
        """What was under way is lost."""
        for line in self._lines:
            line.abort()
        self._lines.clear()
        self._asked.clear()
        self._heard.clear()
        self._left = 0

    def ask(self, line: HostLine, now_ns: int, data: bytes) -> bytes:
        """What of it goes on to the pumps now."""
        if line not in self._lines:
            return b""
        if not self._several:
            return data
        self._lines.remove(line)
        self._lines.append(line)
        if now_ns - line.heard_ns > PART_KEPT_NS:
            line.begun.clear()  # as the pump would forget it
        line.heard_ns = now_ns
        line.begun += data
        return b"".join(self._requests(line))

    def answer(self, data: bytes) -> None:
        """To whom it belongs; to the one who asked last where nobody can tell."""
        if not self._lines:
            return
        if len(self._lines) == 1 and all(number == own for number, (_, own) in self._asked.items()):
            self._lines[0].say(data)
            return
        self._heard += data
        while self._heard:
            if not self._left and not self._begin_answer():
                return
            part = bytes(self._heard[: self._left])
            del self._heard[: self._left]
            self._left -= len(part)
            if self._answering is not None:
                self._answering.say(part)

    def _begin_answer(self) -> bool:
        """Read whose it is off its header, and put that one's own number back."""
        if len(self._heard) < LENGTH_AT:
            return False
        found = self._asked.get(int.from_bytes(self._heard[:2], "big"))
        length = LENGTH_AT + int.from_bytes(self._heard[4:6], "big")
        if found is None or length > LENGTH_AT + 1 + PDU_LONGEST:
            self._answering, self._left = self._lines[-1], len(self._heard)
            return True
        self._answering, own = found
        self._heard[:2] = own.to_bytes(2, "big")
        self._left = length
        return True

    def _requests(self, line: HostLine) -> Iterator[bytes]:
        begun = line.begun
        while len(begun) >= TCP_HEADER:
            length = int.from_bytes(begun[4:6], "big")
            if begun[2:4] != b"\0\0" or not 2 <= length <= PDU_LONGEST + 1:
                yield bytes(begun)
                begun.clear()
                return
            if len(begun) < LENGTH_AT + length:
                return
            frame = bytes(begun[: LENGTH_AT + length])
            del begun[: LENGTH_AT + length]
            yield self._number(line, int.from_bytes(frame[:2], "big")).to_bytes(2, "big") + frame[2:]

    def _number(self, line: HostLine, own: int) -> int:
        """The request's own number, or the next that no other host's open request bears."""
        number = own
        while self._asked.get(number, (line, own))[0] is not line:
            number = (number + 1) % 0x1_0000
        self._asked.pop(number, None)
        self._asked[number] = (line, own)
        if len(self._asked) > OPEN_LIMIT:
            self._asked.popitem(last=False)
        return number
