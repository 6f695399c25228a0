"""The units for systemd: each in a narrow sandbox, as systemd judges, and each starts a command that there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pumpd import cli

UNITS = sorted((Path(__file__).parents[2] / "systemd").glob("*.service"))
EXPOSURE_TENTHS_MAX = 15  # of systemd's 0 to 10.0, in its own unit


@pytest.mark.requirement("SEC-04")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_every_service_runs_in_a_narrow_sandbox(unit: Path) -> None:
    """A desk without systemd gets all other tests; `./run test` installs it, and in CI a skip fails the run."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_TENTHS_MAX}", str(unit)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "Overall exposure level" in judged.stdout


def test_daemon_and_console_are_services_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    commands = {}
    for unit in UNITS:
        (line,) = re.findall(r"^ExecStart=/opt/pumpd/bin/pumpd (.+)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
        commands[unit.stem] = line.split()
    assert commands == {
        "pumpd": ["run", "--config", "/etc/pumpd/pumpd.toml"],
        "pumpd-console": ["console", "--config", "/etc/pumpd/pumpd.toml"],
    }
    for name, option, _ in commands.values():
        with pytest.raises(SystemExit) as ended:
            cli.main([name, "--help"])
        assert ended.value.code in (0, None)
        assert option in capsys.readouterr().out
