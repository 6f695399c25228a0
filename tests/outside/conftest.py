"""Other people's projects, each in an environment of its own (pumpd/testing/plain_environment.py), not in ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pumpd.testing.plain_environment import PlainEnvironment, built

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PYTEST = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
CROWD = ("pytest-xdist", "execnet", "pytest-asyncio", "typing-extensions")

collect_ignore = ["driver_project", "device_package"]


@pytest.fixture(scope="session")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of pumpd."""
    return built(ROOT, tmp_path_factory.mktemp("pumpd"))


@pytest.fixture(scope="session")
def theirs(ours: Path, tmp_path_factory: pytest.TempPathFactory) -> PlainEnvironment:
    """Our wheel, pyserial and pytest, the driver and the device of other people, and nothing else."""
    folder = tmp_path_factory.mktemp("theirs")
    environment = PlainEnvironment.made(folder)
    environment.copy(*PYTEST, "pyserial")
    environment.unpack(ours)
    for project in ("driver_project", "device_package"):
        environment.unpack(built(HERE / project, tmp_path_factory.mktemp(project)))
    return environment


@pytest.fixture
def crowd(theirs: PlainEnvironment) -> Iterator[None]:
    """With xdist and pytest-asyncio, which many have."""
    before = set(theirs.packages.iterdir())
    theirs.copy(*CROWD)
    yield
    for added in set(theirs.packages.iterdir()) - before:
        shutil.rmtree(added) if added.is_dir() else added.unlink()
