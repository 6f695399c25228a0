"""A real Mosquitto of one's own, and an ear at it: for tests of whatever is published.

The broker runs on 127.0.0.1 with a free port and its own folder, so that tests do not meet each other or a broker
of the machine. It can be killed, restarted on the same port, and frozen (SIGSTOP), which is what a broker looks
like behind a broken switch: connections stand, nothing answers.

`Ear` hears everything below `pumpd/1` with a client of its own, feeds the checker of `pumpd mqtt check`, and lets a
test wait for what it wants to have heard instead of for a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import aiomqtt

from pumpd.clock import SystemClock
from pumpd.telemetry.checker import Checker
from pumpd.telemetry.payloads import Payload, decode
from pumpd.telemetry.topics import ROOT, Kind, parse
from pumpd.testing.processes import Program

HEAR_LIMIT_S: Final = 20.0  # far above what anything waited for takes; only a failing test waits so long
_SBIN: Final = "/usr/sbin"  # Debian puts it there, and a plain user's PATH does not look


def mosquitto_path() -> str | None:
    """The installed broker, or None."""
    return shutil.which("mosquitto", path=os.pathsep.join((os.environ.get("PATH", os.defpath), _SBIN)))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """Retains nothing across a restart: what is there afterwards was announced again."""

    def __init__(self, folder: Path, *, more: str = "") -> None:
        path = mosquitto_path()
        if path is None:
            raise FileNotFoundError("mosquitto is not installed: apt-get install mosquitto")
        self.port = free_port()
        self._path = path
        self._folder = folder
        self._conf = folder / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""  # a change of user would undo the leash
        self._conf.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            f"log_dest stderr\nlog_type all\n{user}{more}"
        )
        self._program: Program | None = None
        self.starts = 0

    def start(self) -> Self:
        self.starts += 1
        program = Program("mosquitto", [self._path, "-c", str(self._conf)], self._folder)
        self._program = program
        program.ready(self._answers, "its port")
        return self

    def _answers(self) -> bool:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def kill(self) -> None:
        """At once, frozen or not."""
        if self._program is not None:
            self._program.kill()

    def freeze(self) -> None:
        self._running.freeze()

    def thaw(self) -> None:
        self._running.thaw()

    @property
    def log(self) -> str:
        """Of every start."""
        return "" if self._program is None else self._program.complained()

    @property
    def _running(self) -> Program:
        program = self._program
        if program is None or not program.runs:
            raise AssertionError("the broker does not run")
        return program


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One message; `message` is None for a cleared topic."""

    topic: str
    payload: bytes
    retained: bool
    message: Payload | None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # a test asks for whatever the payload has
        return getattr(self.message, name, None)


def _kind(topic: str) -> Kind | None:
    parsed = parse(topic)
    return None if parsed is None else parsed.kind


class Ear:
    """Everything that was heard, in order, and what stands retained."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard: list[Heard] = []
        self.standing: dict[str, Heard] = {}
        self.checker = Checker()
        self.connections = 0
        self._news = asyncio.Condition()

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until `condition()` holds; looked at after each message. Fails with what was heard instead."""
        try:
            async with asyncio.timeout(HEAR_LIMIT_S), self._news:
                await self._news.wait_for(lambda: bool(condition()))
        except TimeoutError:
            lines = "\n".join(f"{each.topic} {each.payload!r}"[:300] for each in self.heard[-30:])
            raise AssertionError(f"never heard {what or condition}; heard last:\n{lines}") from None

    def of(self, kind: Kind, *, live: bool = False) -> list[Heard]:
        """Messages with contents, of one kind; `live`: those that were not retained from before."""
        return [
            each
            for each in self.heard
            if each.message is not None and _kind(each.topic) is kind and not (live and each.retained)
        ]

    def standing_of(self, kind: Kind) -> list[Heard]:
        return [each for topic, each in self.standing.items() if _kind(topic) is kind]

    async def _take(self, message: aiomqtt.Message) -> None:
        topic, payload = message.topic.value, message.payload
        assert isinstance(payload, bytes)
        parsed = parse(topic)
        contents = decode(parsed.kind, payload)[0] if parsed is not None and payload else None
        heard = Heard(topic=topic, payload=payload, retained=message.retain, message=contents)
        self.checker.take(topic, payload, retained=message.retain, at_ms=SystemClock().wall_ms())
        async with self._news:
            self.heard.append(heard)
            if parsed is not None and parsed.kind.retained:
                if payload:
                    self.standing[topic] = heard
                else:
                    self.standing.pop(topic, None)
            self._news.notify_all()

    async def listen(self) -> None:
        """For ever, over broken connections; each connection begins with what the broker retains."""
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                async with aiomqtt.Client("127.0.0.1", self.port) as client:
                    self.standing.clear()
                    await client.subscribe(f"{ROOT}/#", qos=1)
                    async with self._news:
                        self.connections += 1
                        self._news.notify_all()
                    async for message in client.messages:
                        await self._take(message)
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def ear_at(port: int) -> AsyncIterator[Ear]:
    """Listening from the first line of the block on."""
    ear = Ear(port)
    task = asyncio.create_task(ear.listen(), name="ear")
    try:
        await ear.until(lambda: ear.connections, "the broker")
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
