"""The product's source, parsed once for all tests of its shape."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def product() -> dict[str, ast.Module]:
    """Every module that ships, by its path from the root (`pumpd/core/bed.py`)."""
    folders = (ROOT / "pumpd", ROOT / "drivers" / "pumpd_drivers", ROOT / "simulator" / "pumpd_sim")
    paths = sorted(path for folder in folders for path in folder.rglob("*.py"))
    assert len(paths) > len(folders), "found no source: has a folder moved?"
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(), path) for path in paths}


@pytest.fixture(scope="session")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())
