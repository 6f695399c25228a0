"""Further beds of a demo, for whoever builds a dashboard: each with a daemon and a simulated pump of its own.

They publish to the demo's one broker, as the beds of a ward do, and each has another past (testing/scene.py): a closed
line, a step that is due, a free bed. So a dashboard has alarms, infusions and silence to show from its first minute.
The first bed is the demo's own, with page and trainer's panel; the others have neither, and are reached over their
sockets.

Pasts are played side by side, as many at a time as the machine has processors, and a bed is started as soon as its own
is played.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pumpd.config import Config
from pumpd.demo_stage import Stage, prepare, start_past
from pumpd.errors import DemoError

MOST: Final = 12  # a bed is two processes and 125 MB (ps -o rss): so many fit beside a browser in 2 GB
PASTS: Final = ("occlusion", "step-due", "recovery", "uncertain", "running")  # of the second bed, the third, ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    number: int
    path: Path  # of its configuration
    config: Config
    scene: str

    @property
    def tag(self) -> str:
        """What its programs and their logs are told apart by."""
        return f"-{self.number}"


def lay_out(folder: Path, count: int, first: Config) -> tuple[Bed, ...]:
    """Folders and configurations of all beds but the first."""
    assert first.mqtt is not None, "the demo has a broker"
    beds = []
    for number in range(2, count + 1):
        own = folder / f"bed-{number}"
        own.mkdir(mode=0o700, exist_ok=True)
        path, config = prepare(own, port=0, bed=f"bed-{number}", mqtt_port=first.mqtt.port)
        beds.append(Bed(number=number, path=path, config=config, scene=PASTS[(number - 2) % len(PASTS)]))
    return tuple(beds)


async def fill(stage: Stage, beds: tuple[Bed, ...]) -> None:
    """Until every bed has its past, and its daemon answers. Raises DemoError."""
    room = asyncio.Semaphore(os.cpu_count() or 1)

    async def filled(bed: Bed) -> None:
        async with room:
            await start_past(stage, bed.scene, bed.path, bed.config, tag=bed.tag)

    try:
        async with asyncio.TaskGroup() as tasks:
            for bed in beds:
                tasks.create_task(filled(bed))
    except* DemoError as failed:
        raise failed.exceptions[0] from None


def told(beds: tuple[Bed, ...]) -> str:
    """For the invitation."""
    return ", ".join(f"{bed.config.bed} {bed.scene}" for bed in beds)
