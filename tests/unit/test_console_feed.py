"""One stream from the daemon, many browsers, the newest view only, and measurements fetched once."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

from pumpd.api_client import AsyncClient
from pumpd.api_models import BedView, Phase, SampleView
from pumpd.console.feed import BROWSERS_MAX, Feed
from pumpd.console.traces import Traces
from pumpd.errors import ApiError

FEED_NAME: Final = f"console-{os.getpid()}"
NOBODY: Final = Path("/nonexistent/pumpd.sock")


def view(number: int) -> BedView:
    return BedView(
        site="n", ward="w", bed="b", boot=str(number), number=number, training=False, ts_ms=number, journal_ok=True,
        journal_text=None, alarms=(), pumps=(),
    )  # fmt: skip


class Told(AsyncClient):
    """A daemon that says what the test puts in; everything around it is the real client."""

    def __init__(self) -> None:
        super().__init__(NOBODY)
        self.says: asyncio.Queue[BedView | ApiError] = asyncio.Queue()
        self.since: list[int] = []

    async def events(self, watcher: str | None = None) -> AsyncGenerator[BedView, None]:
        assert watcher == FEED_NAME, "one stream serves every browser"
        while True:
            said = await self.says.get()
            if isinstance(said, ApiError):
                raise said
            yield said

    async def samples(self, slot: str, since_ms: int = 0) -> tuple[SampleView, ...]:
        self.since.append(since_ms)
        return tuple(
            SampleView(
                ts_ms=ts_ms, slot=slot, phase=Phase.INFUSING, asked_ul_per_h=1, granted_ul_per_h=None,
                measured_ul_per_h=None, delivered_low_nl=0, delivered_high_nl=0,
            )
            for ts_ms in (1_000, 2_000, 3_000)
            if ts_ms >= since_ms
        )  # fmt: skip


def told(frame: bytes) -> dict[str, Any]:
    (line,) = (line for line in frame.decode().splitlines() if line.startswith("data: "))
    found: dict[str, Any] = json.loads(line.removeprefix("data: "))
    return found


async def until_new(stream: AsyncIterator[bytes]) -> dict[str, Any]:
    return told(await anext(stream))


async def test_slow_browser_gets_the_newest_view_and_no_queue() -> None:
    async with Told() as client:
        feed = Feed(client)
        following = asyncio.create_task(feed.run())
        async with aclosing(feed.frames()) as slow, aclosing(feed.frames()) as quick:
            assert "gone" in await until_new(slow)
            await anext(quick)
            shapes = []
            for number in range(1, 51):
                client.says.put_nowait(view(number))
                shapes.append((await until_new(quick))["shape"])
            assert (await until_new(slow))["shape"] == shapes[-1]
            assert len(set(shapes)) == 50
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert feed.browsers == 0


async def test_every_browser_is_told_when_the_daemon_is_gone_and_when_it_is_back() -> None:
    async with Told() as client:
        feed = Feed(client)
        following = asyncio.create_task(feed.run())
        async with aclosing(feed.frames()) as stream:
            await anext(stream)
            client.says.put_nowait(view(1))
            assert "fields" in await until_new(stream)
            client.says.put_nowait(ApiError("there is no daemon"))
            assert (await until_new(stream))["gone"] == "there is no daemon"
            client.says.put_nowait(view(2))
            assert "fields" in await until_new(stream)
            feed.close()
            assert [frame async for frame in stream] == []
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_number_of_browsers_is_limited() -> None:
    async with Told() as client:
        feed = Feed(client)
        streams = [feed.frames() for _ in range(BROWSERS_MAX)]
        for stream in streams:
            assert not feed.full
            await anext(stream)
        assert feed.full
        for stream in streams:
            await stream.aclose()
        assert not feed.full


async def test_measurements_are_fetched_once_and_then_only_the_new_ones() -> None:
    async with Told() as client:
        traces = Traces(client)
        first, second = await asyncio.gather(traces.of("p1", 1_000), traces.of("p1", 1_000))
        assert [row.ts_ms for row in first] == [row.ts_ms for row in second] == [1_000, 2_000, 3_000]
        assert client.since == [1_000]
        assert [row.ts_ms for row in await traces.of("p1", 2_500)] == [3_000]
        assert [row.ts_ms for row in await traces.of("p1", 0)] == [1_000, 2_000, 3_000]
        assert client.since == [1_000, 0]
