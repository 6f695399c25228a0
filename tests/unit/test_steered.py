"""The clock that a test steers: it jumps over nothing, runs by itself in between, and only ever forwards."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from pumpd.testing.steered import NS_PER_S, SteeredClock, SteeredLoop

T = TypeVar("T")
HOUR_NS = 3_600 * NS_PER_S


def steered(story: Callable[[SteeredLoop], Coroutine[Any, Any, T]]) -> T:
    loop = SteeredLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(story(loop))


def test_all_that_is_due_in_two_hours_happens_in_its_order_and_at_its_time() -> None:
    async def story(loop: SteeredLoop) -> None:
        clock, began = SteeredClock(loop), SteeredClock(loop).now_ns()
        happened: list[tuple[int, int]] = []

        def happens(minutes: int) -> None:
            happened.append((minutes * 60 * NS_PER_S, clock.now_ns() - began))

        for minutes in (119, 1, 30, 121):
            loop.call_later(minutes * 60, happens, minutes)
        await loop.advance(2 * HOUR_NS)
        assert [due_ns // (60 * NS_PER_S) for due_ns, _ in happened] == [1, 30, 119]
        assert all(due_ns <= at_ns < due_ns + 30 * NS_PER_S for due_ns, at_ns in happened), happened
        assert clock.now_ns() - began >= 2 * HOUR_NS

    steered(story)


def test_four_clocks_go_forward_together() -> None:
    async def story(loop: SteeredLoop) -> None:
        clock = SteeredClock(loop)
        before = (clock.now_ns(), clock.monotonic_ns(), clock.wall_ms() * 1_000_000, round(loop.time() * NS_PER_S))
        day = clock.local_day()
        await loop.advance(24 * HOUR_NS)
        after = (clock.now_ns(), clock.monotonic_ns(), clock.wall_ms() * 1_000_000, round(loop.time() * NS_PER_S))
        gone = [now - then for then, now in zip(before, after, strict=True)]
        assert min(gone) >= 24 * HOUR_NS - 1_000_000
        assert max(gone) < 25 * HOUR_NS
        assert clock.local_day() - day in (1, 2)

    steered(story)


def test_without_an_advance_nothing_jumps() -> None:
    async def story(loop: SteeredLoop) -> None:
        await asyncio.sleep(0.01)
        assert loop.jumped_ns == 0
        await loop.advance(0)
        await asyncio.sleep(0.01)
        assert loop.jumped_ns == 0

    steered(story)


@pytest.mark.parametrize("in_a_thread", [True, False])
def test_time_does_not_jump_over_what_works_outside(*, in_a_thread: bool) -> None:
    async def story(loop: SteeredLoop) -> None:
        let_go, looked = threading.Event(), []

        def work() -> None:
            before = loop.jumped_ns
            let_go.wait(0.05)
            looked.append((before, loop.jumped_ns))

        thread = threading.Thread(target=work)
        if in_a_thread:
            working = loop.run_in_executor(None, work)
        else:
            loop.busy.append(thread.is_alive)
            thread.start()
        await loop.advance(HOUR_NS)
        if in_a_thread:
            await working
        else:
            thread.join()
        assert looked == [(0, 0)]
        assert loop.jumped_ns > 0.9 * HOUR_NS

    steered(story)


def test_two_who_advance_at_once_each_get_their_time() -> None:
    async def story(loop: SteeredLoop) -> None:
        began = loop.time()
        await asyncio.gather(loop.advance(HOUR_NS), loop.advance(2 * HOUR_NS))
        assert 7_200 <= loop.time() - began < 7_260

    steered(story)


def test_no_clock_is_turned_back() -> None:
    async def story(loop: SteeredLoop) -> None:
        with pytest.raises(AssertionError, match="backwards"):
            await loop.advance(-1)

    steered(story)
