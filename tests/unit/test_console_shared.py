"""What pages ask at the same moment is asked once, and never shown across somebody's own act; in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pumpd import api_client
from pumpd.api_client import AsyncClient
from pumpd.api_exchange import Call
from pumpd.console.shared import SharedClient
from pumpd.errors import ApiError
from pumpd.testing.virtual import VirtualClock, run_virtual

NOBODY = Path("/nonexistent/pumpd.sock")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the daemon; it answers each after 20 ms, with how many it was asked so far."""
    found: list[str] = []

    async def send(_: AsyncClient, call: Call[Any], token: str | None = None) -> object:
        found.append(f"{call.method} {call.path} {token or ''}".strip())
        number = len(found)
        await asyncio.sleep(0.02)
        if call.path == "/v1/history":
            raise ApiError("the daemon is gone")
        return number

    monkeypatch.setattr(AsyncClient, "send", send)
    return found


def play(story: Callable[[SharedClient], Awaitable[None]]) -> None:
    async def played(_: VirtualClock) -> None:
        await story(SharedClient(NOBODY))

    run_virtual(played)


def test_two_hundred_pages_a_second_ask_the_daemon_ten_times(asked: list[str]) -> None:
    async def story(client: SharedClient) -> None:
        pages = []
        for _ in range(200):
            pages.append(asyncio.ensure_future(client.send(api_client.bed())))
            await asyncio.sleep(0.005)
        await asyncio.gather(*pages)

    play(story)
    assert 8 <= len(asked) <= 12


def test_whoever_has_done_something_is_shown_the_bed_after_it(asked: list[str]) -> None:
    async def story(client: SharedClient) -> None:
        before = asyncio.ensure_future(client.send(api_client.bed()))
        await asyncio.sleep(0.001)
        await client.send(api_client.stop("p1"))
        after: Any = await client.send(api_client.bed())
        assert await before != after
        assert after == len(asked), "it was asked when the stop had been answered"

    play(story)
    assert asked == ["GET /v1/bed", "POST /v1/pumps/p1/stop", "GET /v1/bed"]


def test_nobody_is_shown_what_was_asked_with_the_session_of_another(asked: list[str]) -> None:
    async def story(client: SharedClient) -> None:
        await asyncio.gather(*(client.send(api_client.session(), token) for token in ("anna", "ben", "anna")))

    play(story)
    assert asked == ["GET /v1/sessions/mine anna", "GET /v1/sessions/mine ben"]


def test_a_page_that_hangs_up_takes_nothing_from_the_others_and_all_hear_of_a_daemon_that_is_gone(
    asked: list[str],
) -> None:
    async def story(client: SharedClient) -> None:
        first = asyncio.ensure_future(client.send(api_client.bed()))
        second = asyncio.ensure_future(client.send(api_client.bed()))
        await asyncio.sleep(0.001)
        first.cancel()
        assert await second == 1  # type: ignore[comparison-overlap]  # the number of the answer
        gone = await asyncio.gather(*(client.send(api_client.history()) for _ in range(3)), return_exceptions=True)
        assert [type(each) for each in gone] == [ApiError] * 3

    play(story)
    assert asked == ["GET /v1/bed", "GET /v1/history"]
