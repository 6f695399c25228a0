"""Vital tasks and auxiliary ones: what happens when a part of the daemon fails.

The bed's loop and the buses are vital. If one of them ends with an error, a promise that everything rests on is broken:
every pump is stopped without asking the core, and the daemon goes down for systemd to start anew. Journal, API and
telemetry are auxiliary: one that fails is said so, waits, and is started again, and no infusion notices (wall 18).

The one broad `except` of the project stands here, because this is where an unforeseen error has somewhere to go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from pumpd.bus import Bus

RESTART_FIRST_S: Final = 0.5
RESTART_MOST_S: Final = 10.0
STEADY_S: Final = 30.0  # a part that ran this long begins with the short wait again
STOP_ALL_WITHIN_S: Final = 5.0  # every pump of a bus three times, each reply late

log = structlog.get_logger(__name__)


async def keep_running(name: str, part: Callable[[], Awaitable[None]], first: Awaitable[None] | None = None) -> None:
    """Run an auxiliary part for as long as the daemon lives, whatever it raises; `first` is a run that has begun."""
    loop = asyncio.get_running_loop()
    wait_s = RESTART_FIRST_S
    while True:
        began = loop.time()
        try:
            await (part() if first is None else first)
        except Exception:  # the supervisor's own: an auxiliary part may fail in any way
            log.exception("part_failed", part=name, again_in_s=wait_s)
        else:
            log.error("part_ended", part=name, again_in_s=wait_s)
        first = None
        if loop.time() - began >= STEADY_S:
            wait_s = RESTART_FIRST_S
        await asyncio.sleep(wait_s)
        wait_s = min(RESTART_MOST_S, 2 * wait_s)


async def stop_every_pump(buses: Sequence[Bus]) -> tuple[str, ...]:
    """Stop without bed, core or journal. Returns the slots that did not confirm it."""
    results = await asyncio.gather(*(_stopped(bus) for bus in buses))
    return tuple(slot for slots in results for slot in slots)


async def _stopped(bus: Bus) -> tuple[str, ...]:
    try:
        async with asyncio.timeout(STOP_ALL_WITHIN_S):
            return await bus.stop_all()
    except TimeoutError:
        return bus.slots
