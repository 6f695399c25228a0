"""A busy ward for the bench, in a process of its own: pages that follow the bed, and pages fetched over and over.

    python load.py PAGE SOCKET

Prints one line when every stream has begun, and goes on until it is ended.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import httpx2

PAGES = ("", "pumps/p1", "pumps/p2/plot.svg", "record")
FOLLOWING = 6  # browsers with the page open
READING = 4  # programs at the daemon's own socket
FETCHING = 2  # one after the other, without a pause


async def follow(client: httpx2.AsyncClient, address: str, begun: asyncio.Semaphore) -> None:
    async with client.stream("GET", address, timeout=None) as answer:
        async for _ in answer.aiter_bytes():
            begun.release()


async def fetch(client: httpx2.AsyncClient, page: str) -> None:
    while True:
        for path in PAGES:
            with suppress(httpx2.TransportError):
                await client.get(page + path)


async def main(page: str, socket: str) -> None:
    begun = asyncio.Semaphore(0)
    transport = httpx2.AsyncHTTPTransport(uds=socket)
    async with (
        httpx2.AsyncClient(limits=httpx2.Limits(max_connections=None)) as web,
        httpx2.AsyncClient(transport=transport, base_url="http://pumpd") as bed,
        asyncio.TaskGroup() as tasks,
    ):
        for _ in range(FOLLOWING):
            tasks.create_task(follow(web, f"{page}events", begun))
        for _ in range(READING):
            tasks.create_task(follow(bed, "/v1/events", begun))
        for _ in range(FOLLOWING + READING):
            await begun.acquire()
        print("following", flush=True)
        for _ in range(FETCHING):
            tasks.create_task(fetch(web, page))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
