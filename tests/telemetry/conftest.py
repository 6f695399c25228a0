"""A real broker for each test that asks for one, and a bed that does what it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from pumpd.clock import SystemClock
from pumpd.testing.broker import Ear, Mosquitto, ear_at
from pumpd.testing.told_bed import ToldBed


@pytest.fixture
def mosquitto(mosquitto_installed: None, tmp_path: Path) -> Iterator[Mosquitto]:
    """A running Mosquitto that nobody else uses."""
    broker = Mosquitto(tmp_path).start()
    yield broker
    broker.kill()


@pytest_asyncio.fixture
async def ear(mosquitto: Mosquitto) -> AsyncIterator[Ear]:
    async with ear_at(mosquitto.port) as listening:
        yield listening


@pytest.fixture
def bed() -> ToldBed:
    """Booted, with a pump that answers and stands still."""
    told = ToldBed(SystemClock())
    told.boot()
    told.connect()
    return told
