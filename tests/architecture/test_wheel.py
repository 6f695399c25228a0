"""What other people install: three import packages, whole, and nothing of ours besides."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PACKAGES = {"pumpd", "pumpd_drivers", "pumpd_sim"}


@pytest.fixture(scope="module")
def wheel_names(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Built by the hatchling that the lock brought: no isolation, no fetch."""
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    outcome = subprocess.run(build, cwd=root, capture_output=True, text=True, check=False, timeout=50)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    (wheel,) = target.glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_wheel_has_exactly_three_import_packages(wheel_names: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}
    (info,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops - {info} == PACKAGES
    assert f"{info}/licenses/LICENSE" in wheel_names


def test_wheel_has_every_module_and_no_test(root: Path, wheel_names: list[str]) -> None:
    folders = (root / "pumpd", root / "drivers" / "pumpd_drivers", root / "simulator" / "pumpd_sim")
    source = {path.relative_to(folder.parent).as_posix() for folder in folders for path in folder.rglob("*.py")}
    assert source - set(wheel_names) == set()
    assert {f"{package}/py.typed" for package in PACKAGES} - set(wheel_names) == set()
    assert [name for name in wheel_names if Path(name).name.startswith(("test_", "conftest"))] == []


@pytest.mark.parametrize("folder", ["drivers", "simulator", "config", "systemd", "tests"])
def test_our_folders_are_nobodys_modules(folder: str, tmp_path: Path) -> None:
    """With the root on sys.path `import systemd` would succeed, as an empty namespace."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({folder!r}) is not None)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0
