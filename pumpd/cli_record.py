"""`pumpd record PORT`: stands between any program and a pump's port, and writes down every byte both ways.

It opens the port and offers a pseudo-terminal in its place (`--link`, a name of your choice). The daemon, a vendor's
own program or a script opens that instead of the port and notices nothing but a fraction of a millisecond. Nothing is
sent that the program did not send. It ends with Ctrl-C, SIGTERM, or when the port goes away.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import termios
import tty
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from pumpd.clock import SystemClock
from pumpd.errors import ConfigError, LinkError
from pumpd.link import FORMATS, SEND_LIMIT, Link, open_link
from pumpd.traces import TraceFile, Who

NS_PER_US: Final = 1_000
CHUNK: Final = 1_024


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="pumpd record", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("port", metavar="PORT", help="a serial device or socket://HOST:PORT")
    parser.add_argument("--baud", type=int, default=19_200)
    parser.add_argument("--format", choices=FORMATS, default="8N1", help="data bits, parity, stop bits")
    parser.add_argument("--link", type=Path, required=True, metavar="PATH", help="what the program opens instead")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the trace; must not exist yet")
    parser.add_argument(
        "--mask", action="append", default=[], metavar="TEXT", help="keep this out, such as a serial number; repeat it"
    )
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    return asyncio.run(_record(parser.parse_args(argv)))


async def _record(args: argparse.Namespace) -> int:
    if args.link.exists() and not args.link.is_symlink():
        raise ConfigError(f"{args.link} is there already and is no link: choose another name")
    link = await open_link(args.port, args.baud, args.format)
    try:
        with args.out.open("x", encoding="ascii") as out:
            trace = TraceFile(out, baud=args.baud, line=args.format, masks=args.mask)
            return await _Between(link, trace).run(args.link)
    except FileExistsError as error:
        raise ConfigError(f"{args.out} is there already: a trace is never written over") from error
    finally:
        link.close()


class _Between:
    """The port on one side, a pty on the other."""

    def __init__(self, link: Link, trace: TraceFile) -> None:
        self._link = link
        self._trace = trace
        self._clock = SystemClock()
        self._began_ns = self._clock.monotonic_ns()
        self._over = asyncio.Event()
        self._why = ""
        self._master, self._slave = os.openpty()  # the slave is kept, so that a program may open and close it
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)

    async def run(self, name: Path) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._over.set)
        with suppress(FileNotFoundError):
            os.unlink(name)  # noqa: PTH108  one system call at a beginning, not a wait within a loop
        os.symlink(os.ttyname(self._slave), name)  # noqa: PTH211  as above
        try:
            loop.add_reader(self._master, self._from_program)
            self._link.listen(self._from_port)
            sys.stderr.write(f"pumpd: recording; let the program open {name}; Ctrl-C ends it\n")
            await self._over.wait()
        finally:
            loop.remove_reader(self._master)
            self._trace.flush()
            os.unlink(name)  # noqa: PTH108  as above, at the end
            os.close(self._master)
            os.close(self._slave)
        if self._why:
            sys.stderr.write(f"pumpd: {self._why}\n")
        return 1 if self._why else 0

    def _from_program(self) -> None:
        data = os.read(self._master, CHUNK)
        self._forget_speed()
        try:
            if self._link.unsent() + len(data) > SEND_LIMIT:
                self._end("the port does not take what the program sends")
                return
            self._add("host", data)
            self._link.write(data)
        except LinkError as error:
            self._end(str(error))

    def _forget_speed(self) -> None:
        """The next program has then something to change: who asks a pty for parity and nothing new is refused."""
        settings = termios.tcgetattr(self._slave)
        if settings[4] != termios.B50:
            settings[4] = settings[5] = termios.B50
            termios.tcsetattr(self._slave, termios.TCSANOW, settings)

    def _from_port(self) -> None:
        try:
            data = self._link.take()
        except LinkError as error:
            self._end(str(error))
            return
        if data:
            self._add("pump", data)
            with suppress(BlockingIOError):  # a program that does not read loses bytes, as at a real port
                os.write(self._master, data)

    def _add(self, who: Who, data: bytes) -> None:
        self._trace.add((self._clock.monotonic_ns() - self._began_ns) // NS_PER_US, who, data)

    def _end(self, why: str) -> None:
        self._why = why
        self._over.set()
