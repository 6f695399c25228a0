"""How an alarm is seen, by the page's own style: colours and flashing of the standard, and how soon it is told."""

from __future__ import annotations

import asyncio
import colorsys
import re
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pumpd import console
from pumpd.api_feed import Feed
from pumpd.api_models import BedView
from pumpd.core.codes import Priority
from pumpd.core.signals import _SEEN, Flash
from pumpd.testing.virtual import VirtualClock, run_virtual

STATIC: Final = Path(console.__path__[0]) / "static"
STYLE: Final = "".join((STATIC / name).read_text(encoding="utf-8") for name in ("style.css", "screens.css"))
HUES: Final = {"high": (340, 370), "medium": (45, 60), "low": (180, 200)}  # degrees: red, yellow, cyan
HZ: Final = {Priority.HIGH: (1.4, 2.8), Priority.MEDIUM: (0.4, 0.8)}
AT_THE_BED_S: Final = 0.25


def hue(priority: str) -> float:
    """Of the alarm's own ground, in degrees."""
    found = re.search(rf"^\.alarm\.{priority} {{ background: (\S+);", STYLE, re.MULTILINE)
    assert found is not None
    colour = found[1]
    if colour.startswith("var("):
        named = re.search(rf"^ *{colour[4:-1]}: (#[0-9a-f]{{6}});", STYLE, re.MULTILINE)
        assert named is not None
        colour = named[1]
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    degrees = colorsys.rgb_to_hls(red, green, blue)[0] * 360
    return degrees + 360 if degrees < 90 and priority == "high" else degrees


def hertz(flash: Flash) -> float | None:
    """Of the sign of an alarm; None: it does not flash. A half of the time it is seen: two steps, no more."""
    found = re.search(
        rf"^\.alarm\.{flash.value} \.mark {{ animation: flash (\S+)s steps\(2, jump-none\)", STYLE, re.MULTILINE
    )
    return 1 / float(found[1]) if found else None


@pytest.mark.requirement("ALM-04")
@pytest.mark.parametrize("priority", list(HUES))
def test_alarm_has_the_colour_of_its_priority(priority: str) -> None:
    low, high = HUES[priority]
    assert low <= hue(priority) <= high


@pytest.mark.requirement("ALM-04")
@pytest.mark.parametrize("priority", [Priority.HIGH, Priority.MEDIUM, Priority.LOW])
def test_alarm_flashes_at_the_rate_of_its_priority_or_not_at_all(priority: Priority) -> None:
    found = hertz(_SEEN[priority][1])
    if priority in HZ:
        low, high = HZ[priority]
        assert found is not None
        assert low <= found <= high
    else:
        assert found is None


def view() -> BedView:
    return BedView(
        site="n", ward="w", bed="b", boot="1", number=1, training=False, ts_ms=1, journal_ok=True, journal_text=None,
        alarms=(), pumps=(),
    )  # fmt: skip


@pytest.mark.requirement("ALM-03")
@given(gaps_ms=st.lists(st.integers(0, 1_500), min_size=1, max_size=8))
def test_whatever_turns_at_the_bed_is_on_its_way_to_the_page_within_a_quarter_of_a_second(gaps_ms: list[int]) -> None:
    async def played(_: VirtualClock) -> None:
        loop, feed = asyncio.get_running_loop(), Feed(view, lambda _: None)
        running = asyncio.create_task(feed.run(_nothing()))
        told_at: list[float] = []

        async def read() -> None:
            async with aclosing(feed.frames()) as frames:
                while await anext(frames):
                    told_at.append(loop.time())

        reading = asyncio.create_task(read())
        for gap_ms in gaps_ms:
            await asyncio.sleep(gap_ms / 1_000)
            turned_at = loop.time()
            feed.poke()
            await asyncio.sleep(AT_THE_BED_S)
            assert any(turned_at <= at for at in told_at), "nothing was told in time"
        for each in (running, reading):
            each.cancel()

    run_virtual(played)


def _nothing() -> Callable[[], None]:
    return lambda: None
