"""Which pages of a console would sound an alarm, and what the daemon is told of them; in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pumpd.api_alarms import ListenersView
from pumpd.api_client import AsyncClient
from pumpd.console.ears import PAGES_MAX, Ears
from pumpd.errors import ApiError
from pumpd.testing.virtual import VirtualClock, run_virtual


class Daemon(AsyncClient):
    """Notes what it is told, and does not answer while it is `away`."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.away = False

    async def listens(self, watcher: str, pages: int) -> ListenersView:
        assert watcher == "console-1"
        if self.away:
            raise ApiError("no daemon")
        self.told.append(pages)
        return ListenersView(lasts_ms=9_000, needed=True)


def play(story: Callable[[Ears, Daemon], Awaitable[None]]) -> list[int]:
    """What the daemon was told, in order."""

    async def played(_: VirtualClock) -> list[int]:
        daemon = Daemon()
        ears = Ears(daemon, "console-1")
        telling = asyncio.create_task(ears.run())
        await story(ears, daemon)
        telling.cancel()
        return daemon.told

    return run_virtual(played)


async def speaks(ears: Ears, *pages: str, seconds: int) -> None:
    """Each of them says every 3 s that its sound is on."""
    for _ in range(0, seconds, 3):
        for page in pages:
            ears.hear(page, armed=True)
        await asyncio.sleep(3)


def test_page_is_told_at_once_then_again_and_again_and_as_gone_ten_seconds_after_its_last_word() -> None:
    async def story(ears: Ears, daemon: Daemon) -> None:
        ears.hear("a", armed=True)
        await asyncio.sleep(0.01)
        assert daemon.told == [1]
        await speaks(ears, "a", seconds=12)
        assert set(daemon.told) == {1}
        assert len(daemon.told) >= 4
        await asyncio.sleep(10)
        assert daemon.told[-1] == 0
        daemon.told.clear()
        await asyncio.sleep(60)

    assert play(story) == [], "nobody is not said again and again"


def test_page_that_turns_its_sound_off_is_gone_at_once_and_the_other_stays() -> None:
    async def story(ears: Ears, daemon: Daemon) -> None:
        await speaks(ears, "a", "b", seconds=3)
        ears.hear("a", armed=False)
        await asyncio.sleep(0.01)
        assert daemon.told[-1] == 1
        ears.hear("b", armed=False)
        await asyncio.sleep(0.01)

    assert play(story)[-1] == 0


def test_page_that_is_loaded_anew_leaves_no_gap() -> None:
    async def story(ears: Ears, _: Daemon) -> None:
        for number in range(10):
            ears.hear(f"page-{number}", armed=True)
            await asyncio.sleep(6)

    assert 0 not in play(story)


def test_daemon_that_was_away_is_told_again() -> None:
    async def story(ears: Ears, daemon: Daemon) -> None:
        daemon.away = True
        await speaks(ears, "a", seconds=6)
        assert daemon.told == []
        daemon.away = False
        await speaks(ears, "a", seconds=3)

    assert play(story)[:1] == [1]


def test_daemon_that_was_away_when_the_last_page_went_is_told_so() -> None:
    async def story(ears: Ears, daemon: Daemon) -> None:
        await speaks(ears, "a", seconds=3)
        daemon.away = True
        ears.hear("a", armed=False)
        await asyncio.sleep(3)
        daemon.away = False
        await asyncio.sleep(3)

    assert play(story)[-1] == 0


def test_no_browser_fills_the_console_with_names() -> None:
    async def story(ears: Ears, _: Daemon) -> None:
        for number in range(1_000):
            ears.hear(str(number), armed=True)
        await asyncio.sleep(0.01)

    assert play(story) == [PAGES_MAX]
