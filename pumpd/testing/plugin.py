"""The daemon for other people's tests: a pytest plugin that is asked for, with the line

    pytest_plugins = ["pumpd.testing.plugin"]

in a `conftest.py`. It needs the extras of the daemon, pytest, and the folder `config` of a checkout.

- `pumpd_bed`: a bed of real processes. Simulated pump, daemon and its socket run, and are gone after the test; the
  nurse's acts and the pump's truth are methods (real_bed.py). What a client of the socket is tried on.
- `pumpd_story`: the same daemon in virtual time, so that hours take seconds (watched_bed.py). It plays an async
  function of the bed while checkers watch from outside: the pump never runs without a confirmed start, nothing says
  stopped while it is driven, what was displaced lies in the stated interval (oracles.py). Their complaints fail it.
- `pumpd_steered`: the daemon with its socket, its journal and, if asked for, its page, on a clock that runs 1:1 and
  jumps when it is told to, `advance(hours=2)` (steered_bed.py). For a browser or a client that stays a whole visit.
- `pumpd_time`: runs an async function on a virtual clock, for code of one's own that sleeps (virtual.py).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, Protocol, TypeVar

import pytest

from pumpd.testing.real_bed import RealBed
from pumpd.testing.steered_bed import SteeredBed
from pumpd.testing.virtual import VirtualClock, run_virtual
from pumpd.testing.watched_bed import WatchedBed, watched

T = TypeVar("T")
Told = Callable[[WatchedBed], Awaitable[None]]


class PlaysStory(Protocol):
    """`pumpd_story(story, pumps=2)`. AssertionError with every complaint."""

    def __call__(self, story: Told, *, pumps: int = 1) -> None: ...


class RunsInVirtualTime(Protocol):
    """`pumpd_time(main)` runs `main(clock)` and returns what it returns."""

    def __call__(self, main: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T: ...


@pytest.fixture
def pumpd_bed() -> Iterator[RealBed]:
    """A bed of real processes with one simulated pump, linked and ready for an order."""
    with RealBed() as bed:
        bed.begin_pump()
        bed.begin_daemon()
        yield bed


@pytest.fixture
def pumpd_steered() -> Iterator[SteeredBed]:
    """A bed with one simulated pump, linked and ready for an order, on a clock that can be moved on."""
    with SteeredBed() as bed:
        yield bed


@pytest.fixture
def pumpd_story() -> PlaysStory:
    """Plays a story on a bed in virtual time, watched from outside."""

    def play(story: Told, *, pumps: int = 1) -> None:
        __tracebackhide__ = True
        complaints = watched(story, pumps=pumps)
        if complaints:
            pytest.fail("\n".join(["the walls did not hold:", *complaints]), pytrace=False)

    return play


@pytest.fixture
def pumpd_time() -> RunsInVirtualTime:
    """Runs an async function on a clock that jumps."""
    return run_virtual
