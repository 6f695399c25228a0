"""What an outsider gets from the wheel: their driver tested, their device simulated, with pyserial and pytest alone.

A wheel is built as for the package index and unpacked into the site-packages of an empty environment; what it depends
on is copied there from our own environment, version for version, so that no network is needed and nothing of ours
besides can be imported.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PYTEST = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
XDIST = ("pytest-xdist", "execnet")
ASYNCIO = ("pytest-asyncio", "typing-extensions")

BROKEN = """
def test_a_rate_nobody_set(sim_bus):
    pump = sim_bus(swarm=True).pump()
    pump.inject("occlusion")
    pump.verify("RAT5MH")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A virtual environment without pip."""

    folder: Path

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
            [self.python, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=100
        )

    def pytest(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "pytest", "-p", "no:cacheprovider", *arguments, cwd=cwd)


def built(project: Path, target: Path) -> Path:
    build = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    outcome = subprocess.run(build, cwd=project, capture_output=True, text=True, check=False, timeout=100)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    (wheel,) = target.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of pumpd."""
    return built(ROOT, tmp_path_factory.mktemp("pumpd"))


@pytest.fixture(scope="session")
def theirs(ours: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Our wheel, pyserial and pytest, the driver and the device of other people, and nothing else."""
    folder = tmp_path_factory.mktemp("theirs")
    venv.create(folder, with_pip=False)
    environment = Environment(folder=folder)
    environment.copy(*PYTEST, "pyserial")
    environment.unpack(ours)
    for project in ("driver_project", "device_package"):
        environment.unpack(built(HERE / project, tmp_path_factory.mktemp(project)))
    return environment


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The driver's tests alone, as a checkout that is not installed from."""
    shutil.copytree(HERE / "driver_project/tests", tmp_path / "tests")
    shutil.copyfile(HERE / "driver_project/pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


@pytest.fixture
def crowded(theirs: Environment) -> Iterator[Environment]:
    """With xdist and pytest-asyncio, which many have."""
    theirs.copy(*XDIST, *ASYNCIO)
    yield theirs
    for name in ("xdist", "pytest_asyncio", "execnet"):
        shutil.rmtree(theirs.packages / name)
    for found in theirs.packages.glob("*.dist-info"):
        if found.name.startswith(("pytest_xdist", "pytest_asyncio", "execnet")):
            shutil.rmtree(found)


@pytest.mark.parametrize("wire", ["pty", "tcp"])
def test_their_tests_pass_with_nothing_but_pyserial_and_pytest(theirs: Environment, project: Path, wire: str) -> None:
    outcome = theirs.pytest("--pumpd-wire", wire, cwd=project)
    assert "6 passed" in outcome.stdout, outcome.stdout + outcome.stderr
    assert "plugins: pumpd" in outcome.stdout
    assert "warning" not in outcome.stdout


def test_the_wheel_is_all_of_ours_that_they_have(theirs: Environment, tmp_path: Path) -> None:
    """Otherwise the other tests here would prove nothing."""
    code = "import importlib.util as u; print([n for n in ('structlog', 'fastapi', 'xdist') if u.find_spec(n)])"
    assert theirs.run("-c", code, cwd=tmp_path).stdout == "[]\n"
    where = theirs.run("-c", "import pumpd_sim; print(pumpd_sim.__file__)", cwd=tmp_path).stdout
    assert where.startswith(str(theirs.packages))


@pytest.mark.parametrize("arguments", [["-n", "2"], ["-o", "asyncio_mode=auto"], ["-p", "no:asyncio", "-n", "2"]])
def test_their_tests_pass_beside_xdist_and_asyncio(crowded: Environment, project: Path, arguments: list[str]) -> None:
    outcome = crowded.pytest(*arguments, cwd=project)
    assert "6 passed" in outcome.stdout, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_a_failure_by_lot_is_played_again_by_the_line_it_shows(
    crowded: Environment, project: Path, workers: list[str]
) -> None:
    (project / "tests/test_broken.py").write_text(BROKEN, encoding="utf-8")
    first = crowded.pytest("tests/test_broken.py", "--pumpd-seed", "random", *workers, cwd=project)
    assert first.returncode == 1, first.stdout + first.stderr
    shown = re.search(r"seed (\d+); again: pytest '(.*)' --pumpd-seed (\d+)$", first.stdout, re.MULTILINE)
    assert shown is not None, first.stdout
    assert shown[1] == shown[3]
    assert f"pumpd-sim: seed {shown[1]}\n" in first.stdout, "a worker has another seed"
    again = crowded.pytest(shown[2], "--pumpd-seed", shown[3], cwd=project)
    assert again.returncode == 1
    assert f"pumpd-sim: seed {shown[1]}" in again.stdout
    assert "'RAT5MH' was expected at least once and came 0 times" in again.stdout


def test_their_device_is_simulated_like_ours(theirs: Environment, tmp_path: Path) -> None:
    listed = theirs.run("-m", "pumpd_sim", "devices", cwd=tmp_path)
    assert "Drip-o-mat, a pump that does not exist" in listed.stdout, listed.stderr
    (tmp_path / "test_drip.py").write_text(
        """
import pytest, serial

@pytest.fixture
def line(sim_pump):
    with serial.serial_for_url(sim_pump.port, sim_pump.baud, timeout=5) as line:
        yield line

def ask(line, text):
    line.write(text.encode() + b"\\n")
    return line.read_until(b"\\n").decode().strip()

def test_it(sim_pump, line):
    assert ask(line, "SAY") == "IDLE 0 UL"
    assert ask(line, "GO 900") == "OK"
    sim_pump.until(lambda truth: truth.displaced_nl > 2_000)
    assert ask(line, "SAY").startswith("RUN ")
    sim_pump.inject("stall")
    assert line.read_until(b"\\n") == b"ALARM jammed\\n"
    sim_pump.verify("GO 900<0a>", times=1)
    sim_pump.verify("OK<0a>", event="pump_says")

@pytest.mark.sim_pump(options={"blank_line_answered": False})
def test_an_option_of_its_own(line):
    assert ask(line, "\\nHELLO") == "WHAT"
""",
        encoding="utf-8",
    )
    outcome = theirs.pytest("-o", "pumpd_device=drip_o_mat", cwd=tmp_path)
    assert "2 passed" in outcome.stdout, outcome.stdout + outcome.stderr


def test_their_device_is_served_by_the_command(theirs: Environment, tmp_path: Path) -> None:
    code = """
import json, socket, subprocess, sys
served = subprocess.Popen(
    [sys.executable, "-m", "pumpd_sim", "serve", "--device", "drip_o_mat", "--tcp", "127.0.0.1:0"],
    stdout=subprocess.PIPE, text=True,
)
ready = json.loads(served.stdout.readline())
with socket.create_connection((ready["tcp_host"], ready["tcp_port"])) as line:
    line.sendall(b"GO 20\\n")
    print(json.dumps({**ready, "said": line.recv(100).decode()}))
served.terminate()
print(served.wait())
"""
    told, status = theirs.run("-c", code, cwd=tmp_path).stdout.splitlines()
    ready = json.loads(told)
    assert (ready["device"], ready["said"], status) == ("drip_o_mat", "OK\n", "0")
    assert "pty" not in ready
