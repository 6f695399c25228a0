"""An environment with nothing in it but what is put there: how a stranger meets what we ship.

In our own environment everything can be imported, so nothing there shows what a package really needs. This one is made
without pip; a wheel is unpacked into it, and what the wheel depends on is copied from our environment, file by file and
version for version, so that no network is needed.
"""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Self

RUN_WITHIN_S = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainEnvironment:
    """A virtual environment."""

    folder: Path

    @classmethod
    def made(cls, folder: Path, *, pip: bool = False) -> Self:
        venv.create(folder, with_pip=pip)
        return cls(folder=folder)

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    @property
    def packages(self) -> Path:
        (found,) = self.folder.glob("lib/python*/site-packages")
        return found

    def unpack(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.packages)

    def copy(self, *names: str) -> None:
        """What stands in our own environment under these names, file by file."""
        for name in names:
            for file in distribution(name).files or ():
                if ".." in file.parts or "__pycache__" in file.parts:
                    continue  # programs in bin, and caches of another folder
                target = self.packages / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(Path(str(file.locate())).read_bytes())

    def run(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.python), *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S
        )

    def pytest(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "pytest", "-p", "no:cacheprovider", *arguments, cwd=cwd)


def built(project: Path, target: Path) -> Path:
    """The wheel of a project, by the hatchling that is here: no isolation, no fetch."""
    build = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    outcome = subprocess.run(build, cwd=project, capture_output=True, text=True, check=False, timeout=RUN_WITHIN_S)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    (wheel,) = target.glob("*.whl")
    return wheel
