"""A busy ward for the bench, in a process of its own: pages that follow the bed, and pages fetched over and over.

    python load.py PAGE SOCKET [--following N] [--reading N] [--per-s N]

Prints one line when every stream has begun, then once a second how many pages were answered so far, and goes on until
it is ended. With --per-s so many are asked for in a second, whether or not the last ones have come.
"""

from __future__ import annotations

import argparse
import asyncio
from contextlib import suppress
from itertools import cycle

import httpx2

PAGES = ("", "pumps/p1", "pumps/p1/plot.svg", "record")
FETCHING = 2  # one after the other, without a pause
PATIENCE_S = 5.0
WAITING_MAX = 64  # beyond, the console does not keep up, and one that asks more measures only itself


class Crowd:
    def __init__(self, web: httpx2.AsyncClient, page: str) -> None:
        self._web = web
        self._page = page
        self.answered = 0

    async def follow(self, client: httpx2.AsyncClient, address: str, begun: asyncio.Semaphore) -> None:
        async with client.stream("GET", address, timeout=None) as answer:
            async for _ in answer.aiter_bytes():
                begun.release()

    async def fetch(self, path: str) -> None:
        with suppress(httpx2.TransportError):
            answer = await self._web.get(self._page + path, timeout=PATIENCE_S)
            self.answered += answer.status_code == httpx2.codes.OK

    async def fetch_for_ever(self) -> None:
        for path in cycle(PAGES):
            await self.fetch(path)

    async def fetch_at_a_pace(self, per_s: int, tasks: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        began_s, waiting = loop.time(), set[asyncio.Task[None]]()
        for number, path in enumerate(cycle(PAGES)):
            await asyncio.sleep(max(0.0, began_s + number / per_s - loop.time()))
            if len(waiting) < WAITING_MAX:
                waiting.add(task := tasks.create_task(self.fetch(path)))
                task.add_done_callback(waiting.discard)


async def main(asked: argparse.Namespace) -> None:
    begun = asyncio.Semaphore(0)
    transport = httpx2.AsyncHTTPTransport(uds=asked.socket)
    async with (
        httpx2.AsyncClient(limits=httpx2.Limits(max_connections=None)) as web,
        httpx2.AsyncClient(transport=transport, base_url="http://pumpd") as bed,
        asyncio.TaskGroup() as tasks,
    ):
        crowd = Crowd(web, asked.page)
        for _ in range(asked.following):
            tasks.create_task(crowd.follow(web, f"{asked.page}events", begun))
        for _ in range(asked.reading):
            tasks.create_task(crowd.follow(bed, "/v1/events", begun))
        for _ in range(asked.following + asked.reading):
            await begun.acquire()
        print("following", flush=True)
        if asked.per_s:
            tasks.create_task(crowd.fetch_at_a_pace(asked.per_s, tasks))
        else:
            for _ in range(FETCHING):
                tasks.create_task(crowd.fetch_for_ever())
        while True:
            await asyncio.sleep(1)
            print(crowd.answered, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("page")
    parser.add_argument("socket")
    parser.add_argument("--following", type=int, default=6)
    parser.add_argument("--reading", type=int, default=4)
    parser.add_argument("--per-s", type=int, default=0)
    asyncio.run(main(parser.parse_args()))
