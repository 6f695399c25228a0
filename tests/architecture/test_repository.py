"""The checkout stands alone: no path of the machine it was written on, no host in a lock, plain POSIX sh."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

# Split, so that this file does not find itself.
FOREIGN = re.compile(
    "|".join(
        (
            r"\.\./" + "shared",
            r"(?<![\w./-])/" + r"work(?=/|\b)(?![\w-])",
            r"/tmp/" + r"b/",
            r"\." + "library/",
        )
    )
)


def files(root: Path) -> Iterator[Path]:
    """What belongs to the project: no caches, no environment, no build."""
    for folder, folders, names in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if (not name.startswith(".") or name == ".ci")
            and name not in {"__pycache__", "build", "dist", "htmlcov", "var"}
        ]
        yield from (
            Path(folder) / name for name in names if not name.startswith((".coverage", ".git")) or name == ".gitignore"
        )


def test_no_file_names_a_path_of_the_machine_it_was_written_on(root: Path) -> None:
    strays = []
    seen = 0
    for path in files(root):
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue  # a picture
        seen += 1
        strays += [
            f"{path.relative_to(root)}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), start=1)
            if FOREIGN.search(line)
        ]
    assert seen > 20
    assert strays == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_no_host_and_hashes_everything(root: Path, name: str) -> None:
    text = (root / name).read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|@", text)
    pins = re.findall(r"^[a-z0-9][\w.-]*==\S+.*(?:\n    --hash=sha256:\w{64}.*)+", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\S", text, re.MULTILINE)) > 20
    assert {"hatchling", "editables"} <= {pin.split("==")[0] for pin in pins}


def test_the_development_lock_holds_all_of_the_other(root: Path) -> None:
    """So `./run demo` after `./run test` need not build anew."""
    base, full = (
        set(re.findall(r"^(\S+==\S+)", (root / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert base - full == set()


def test_the_lock_of_what_runs_has_every_extra_but_that_for_pictures(root: Path) -> None:
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    pinned = set(re.findall(r"^([a-z0-9][\w.-]*)==", (root / "requirements.lock").read_text(), re.MULTILINE))
    asked = {name: {re.split(r"[<>=~]", wish)[0] for wish in wishes} for name, wishes in extras.items()}
    assert [name for name, wishes in asked.items() if not wishes <= pinned] == ["plot"]


@pytest.mark.parametrize("name", ["run", ".ci/run"])
def test_scripts_are_plain_posix_sh(root: Path, name: str) -> None:
    script = root / name
    assert script.read_text().startswith("#!/bin/sh\n")
    assert os.access(script, os.X_OK)
    outcome = subprocess.run(["dash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stderr) == (0, "")
