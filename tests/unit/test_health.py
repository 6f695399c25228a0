"""The watchdog is fed only while every vital task lives; heard on a real datagram socket, as systemd would."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from pumpd.health import PERIOD_S, Health, Notify
from pumpd.testing.virtual import VirtualClock, VirtualLoop, run_virtual

WATCHDOG_S = 0.04


class Ear:
    """systemd's side of the socket."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        lines = []
        with suppress(BlockingIOError):
            while True:
                lines += self._socket.recv(4_096).decode().split("\n")
        return lines

    async def next(self) -> list[str]:
        return (await asyncio.get_running_loop().sock_recv(self._socket, 4_096)).decode().split("\n")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    heard = Ear(str(tmp_path / "notify"))
    yield heard
    heard.close()


@pytest.fixture
def notify(ear: Ear, tmp_path: Path) -> Iterator[Notify]:
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}
    found = Notify.from_environment(environment)
    yield found
    found.close()


@asynccontextmanager
async def running(health: Health) -> AsyncIterator[None]:
    task = asyncio.create_task(health.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_ready_is_told_once_with_a_status_and_nothing_before(ear: Ear, notify: Notify) -> None:
    health = Health(notify)
    health.look()
    assert ear.heard() == []
    health.ready("bed-1\nwatching p1")
    assert ear.heard() == ["READY=1", "STATUS=bed-1 watching p1"]
    health.status("bed-1 watching p1, infusing")
    health.status("bed-1 watching p1, infusing")
    assert ear.heard() == ["STATUS=bed-1 watching p1, infusing"]
    health.stopping()
    assert ear.heard() == ["STOPPING=1"]


@pytest.mark.requirement("LEASE-06")
async def test_the_watchdog_is_fed_again_and_again_within_half_its_deadline(ear: Ear, notify: Notify) -> None:
    health = Health(notify)
    health.vital("bed", within_s=3_600)
    health.ready("on")
    await ear.next()
    loop = asyncio.get_running_loop()
    asked: list[float] = []
    sleep, period = asyncio.sleep, []

    async def noted(delay: float) -> None:
        period.append(delay)
        asked.append(loop.time())
        await sleep(delay)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pumpd.health.asyncio.sleep", noted)
        async with running(health):
            assert [await ear.next() for _ in range(3)] == [["WATCHDOG=1"]] * 3
    assert set(period) == {WATCHDOG_S / 2}


@pytest.mark.requirement("LEASE-04")
@pytest.mark.requirement("LEASE-06")
async def test_a_silent_vital_task_starves_the_watchdog_until_it_is_back(ear: Ear, notify: Notify) -> None:
    health = Health(notify)
    told: list[str] = []
    health.on_late = lambda name: told.append(f"late {name}")
    health.on_back = lambda name: told.append(f"back {name}")
    health.vital("bed", within_s=3_600)
    bus = health.vital("bus cart", within_s=0)
    health.ready("on")
    ear.heard()
    await asyncio.sleep(0.001)
    health.look()
    health.look()
    assert ear.heard() == []
    assert health.late() == ("bus cart",)
    with pytest.MonkeyPatch.context() as patch:
        now_s = asyncio.get_running_loop().time()
        patch.setattr(asyncio.get_running_loop(), "time", lambda: now_s)
        bus()
        health.look()
    assert ear.heard() == ["WATCHDOG=1"]
    assert told == ["late bus cart", "back bus cart"]
    assert health.late() == ()


async def test_a_silent_auxiliary_task_is_told_and_costs_nothing(ear: Ear, notify: Notify) -> None:
    health = Health(notify)
    told: list[str] = []
    health.on_late = told.append
    health.vital("bed", within_s=3_600)
    health.auxiliary("telemetry", within_s=0)
    health.ready("on")
    ear.heard()
    await asyncio.sleep(0.001)
    health.look()
    assert told == ["telemetry"]
    assert ear.heard() == ["WATCHDOG=1"]


async def test_two_tasks_of_one_name_are_a_mistake(notify: Notify) -> None:
    health = Health(notify)
    health.vital("bed", within_s=1)
    with pytest.raises(AssertionError, match="two tasks are called bed"):
        health.auxiliary("bed", within_s=1)


def test_a_watchdog_meant_for_another_process_is_not_ours() -> None:
    ours = {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}
    with_ours = Notify.from_environment(ours)
    with_others = Notify.from_environment(ours | {"WATCHDOG_PID": "1"})
    assert (with_ours.watchdog_s, with_others.watchdog_s) == (3.0, None)
    with_ours.close()
    with_others.close()


def test_an_abstract_socket_is_heard_too() -> None:
    ear = Ear(f"\0pumpd-test-{os.getpid()}")
    notify = Notify.from_environment({"NOTIFY_SOCKET": f"@pumpd-test-{os.getpid()}"})
    notify.send("READY=1")
    assert ear.heard() == ["READY=1"]
    notify.close()
    ear.close()


def test_a_deaf_systemd_harms_nobody(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        notify = Notify.from_environment(environment)
        notify.send("READY=1")
        notify.close()
    ear = Ear(str(tmp_path / "full"))
    notify = Notify.from_environment({"NOTIFY_SOCKET": str(tmp_path / "full")})
    for _ in range(5_000):  # far beyond net.unix.max_dgram_qlen
        notify.send("WATCHDOG=1")
    assert 0 < len(ear.heard()) < 5_000
    notify.close()
    ear.close()


@pytest.mark.requirement("LEASE-05")
@pytest.mark.parametrize(("held_ms", "told"), [(100, []), (499, []), (500, [0.5]), (3_000, [3.0])])
def test_a_call_that_holds_the_loop_is_told_with_its_time(held_ms: int, told: list[float]) -> None:
    heard: list[float] = []

    async def played(_clock: VirtualClock) -> None:
        notify = Notify(None, None)
        health = Health(notify)
        health.on_held = lambda held_s: heard.append(round(held_s, 3))
        async with running(health):
            await asyncio.sleep(PERIOD_S - 0.01)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            loop._jumping.now_ns += (held_ms + 10) * 1_000_000  # a call that blocks: nothing runs, time goes on
            loop._jumping.now_s = loop._jumping.now_ns / 1e9
            await asyncio.sleep(3 * PERIOD_S)
        notify.close()

    run_virtual(played)
    assert heard == told
