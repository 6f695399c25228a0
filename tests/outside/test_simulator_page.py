"""The page for other people keeps its word: what it shows is played by its reader, in an environment of theirs."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml
from pumpd_sim import devices, state
from pumpd_sim.bus import SimBus
from pumpd_sim.new_era import NewEra

from pumpd.testing.plain_environment import PlainEnvironment
from pumpd.testing.processes import until

HERE = Path(__file__).resolve().parent
PAGE = (HERE.parents[1] / "docs/simulator.md").read_text(encoding="utf-8")


def fenced(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    return [line for body in fenced("sh") for line in body.splitlines() if line]


def test_the_tests_on_the_page_pass(theirs: PlainEnvironment, tmp_path: Path) -> None:
    tests = next(body for body in fenced("py") if "sim_pump" in body)  # those of the daemon need a checkout
    (tmp_path / "test_page.py").write_text(tests, encoding="utf-8")
    outcome = theirs.pytest("--strict-markers", cwd=tmp_path)
    assert f"{tests.count('def test_')} passed" in outcome.stdout, outcome.stdout + outcome.stderr


def saved_pump() -> str:
    """The document of a pump that was just switched on."""
    return state.saved(SimBus([NewEra()], baud=None), devices.load("new_era"), 0).text()


def is_healthy(control: str) -> bool:
    try:
        with urllib.request.urlopen(f"{control}/readyz", timeout=5) as answer:  # noqa: S310 - loopback
            return bool(json.load(answer)["ready"])
    except OSError:
        return False


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("pumpd-sim serve ")])
def test_what_the_page_serves_gets_ready_and_ends(line: str, tmp_path: Path) -> None:
    words = shlex.split(line.replace("--control 4002", "--control 0"))[1:]
    (tmp_path / "pump.json").write_text(saved_pump(), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "pumpd_sim", *words], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as served:
        assert served.stdout is not None
        ready: dict[str, Any] = json.loads(served.stdout.readline())
        until(lambda: is_healthy(ready["control"]), "the control answers")
        served.send_signal(signal.SIGTERM)
        assert served.wait(20) == 0


@pytest.mark.parametrize(
    "line", [line for line in commands() if line.startswith(("pumpd-sim run ", "pumpd-sim trumpet "))]
)
def test_what_the_page_plays_holds(line: str, tmp_path: Path) -> None:
    words = [word for word in shlex.split(line)[1:] if word != "my/own.toml"]  # the reader's own
    done = subprocess.run(
        [sys.executable, "-m", "pumpd_sim", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_job_on_the_page_is_yaml_and_its_tests_run(theirs: PlainEnvironment, crowd: None, tmp_path: Path) -> None:
    """What is installed there is read from its line; the tests are those of the outside driver."""
    (text,) = fenced("yaml")
    ((_, job),) = yaml.safe_load(text)["jobs"].items()
    runs = [step["run"] for step in job["steps"] if "run" in step]
    install, *tests = runs
    assert shlex.split(install) == ["python", "-m", "pip", "install", "pumpd", "pytest", "pytest-xdist"]
    assert len(tests) == 2
    shutil.copytree(HERE / "driver_project/tests", tmp_path / "tests")
    for line in tests:
        python, *arguments = shlex.split(line)
        assert python == "python"
        outcome = theirs.run(*arguments, cwd=tmp_path)
        assert "6 passed" in outcome.stdout, outcome.stdout + outcome.stderr


def test_every_table_of_options_names_what_the_plugin_has(theirs: PlainEnvironment, tmp_path: Path) -> None:
    told = theirs.pytest("--help", cwd=tmp_path).stdout
    named = set(re.findall(r"`(--pumpd-[a-z]+|pumpd_(?:seed|wire|device))`", PAGE))
    assert len(named) == 5
    assert [name for name in named if name not in told] == []
