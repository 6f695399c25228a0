"""What an outsider gets from the wheel: their driver tested, their device simulated, with pyserial and pytest alone."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from pumpd.testing.plain_environment import PlainEnvironment

HERE = Path(__file__).resolve().parent

BROKEN = """
def test_a_rate_nobody_set(sim_bus):
    pump = sim_bus(swarm=True).pump()
    pump.inject("occlusion")
    pump.verify("RAT5MH")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The driver's tests alone, as a checkout that is not installed from."""
    shutil.copytree(HERE / "driver_project/tests", tmp_path / "tests")
    shutil.copyfile(HERE / "driver_project/pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


@pytest.mark.parametrize("wire", ["pty", "tcp"])
def test_their_tests_pass_with_nothing_but_pyserial_and_pytest(
    theirs: PlainEnvironment, project: Path, wire: str
) -> None:
    outcome = theirs.pytest("--pumpd-wire", wire, cwd=project)
    assert "6 passed" in outcome.stdout, outcome.stdout + outcome.stderr
    assert "plugins: pumpd" in outcome.stdout
    assert "warning" not in outcome.stdout


def test_the_wheel_is_all_of_ours_that_they_have(theirs: PlainEnvironment, tmp_path: Path) -> None:
    """Otherwise the other tests here would prove nothing."""
    code = "import importlib.util as u; print([n for n in ('structlog', 'fastapi', 'xdist') if u.find_spec(n)])"
    assert theirs.run("-c", code, cwd=tmp_path).stdout == "[]\n"
    where = theirs.run("-c", "import pumpd_sim; print(pumpd_sim.__file__)", cwd=tmp_path).stdout
    assert where.startswith(str(theirs.packages))


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (
            ["-m", "pumpd.cli", "check-config", "x.toml"],
            "pumpd: this command needs more than was installed (no module ",
        ),
        (["-m", "pumpd.cli", "demo"], "pip install 'pumpd[daemon,console]'"),
        (["-m", "pumpd_sim", "serve", "--device", "new_era", "--control", "0"], "pip install 'pumpd[sim]'"),
        (["-m", "pumpd_sim", "trumpet", "alaris"], "pip install 'pumpd[plot]'"),
    ],
)
def test_what_needs_an_extra_says_which_in_one_line(
    theirs: PlainEnvironment, tmp_path: Path, command: list[str], told: str
) -> None:
    outcome = theirs.run(*command, cwd=tmp_path)
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert told in outcome.stderr
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["-n", "2"], ["-o", "asyncio_mode=auto"], ["-p", "no:asyncio", "-n", "2"]])
def test_their_tests_pass_beside_xdist_and_asyncio(
    theirs: PlainEnvironment, crowd: None, project: Path, arguments: list[str]
) -> None:
    outcome = theirs.pytest(*arguments, cwd=project)
    assert "6 passed" in outcome.stdout, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_a_failure_by_lot_is_played_again_by_the_line_it_shows(
    theirs: PlainEnvironment, crowd: None, project: Path, workers: list[str]
) -> None:
    (project / "tests/test_broken.py").write_text(BROKEN, encoding="utf-8")
    first = theirs.pytest("tests/test_broken.py", "--pumpd-seed", "random", *workers, cwd=project)
    assert first.returncode == 1, first.stdout + first.stderr
    shown = re.search(r"seed (\d+); again: pytest '(.*)' --pumpd-seed (\d+)$", first.stdout, re.MULTILINE)
    assert shown is not None, first.stdout
    assert shown[1] == shown[3]
    assert f"pumpd-sim: seed {shown[1]}\n" in first.stdout, "a worker has another seed"
    again = theirs.pytest(shown[2], "--pumpd-seed", shown[3], cwd=project)
    assert again.returncode == 1
    assert f"pumpd-sim: seed {shown[1]}" in again.stdout
    assert "'RAT5MH' was expected at least once and came 0 times" in again.stdout


def test_their_device_is_simulated_like_ours(theirs: PlainEnvironment, tmp_path: Path) -> None:
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


def test_their_device_is_served_by_the_command(theirs: PlainEnvironment, tmp_path: Path) -> None:
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
