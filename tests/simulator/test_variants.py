"""Somebody's tests meet every reading of a manual, each in its own pump, and hear which they do not survive."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pumpd_sim import cli, devices
from pumpd_sim.readings import read

SIM = [sys.executable, "-m", "pumpd_sim"]
ASKS_WITHOUT_PERMISSION = """
import json, os, socket
host, port = os.environ["PUMPD_SIM_TCP"].rsplit(":", 1)
assert json.loads(os.environ["PUMPD_SIM_READY"])["tcp_port"] == int(port)
line = socket.create_connection((host, int(port)))
line.settimeout(10)
line.sendall(b"!INF_START|38F3\\r!INF|4961\\r")
heard = b""
while not heard.endswith(b"\\r") or b"!INF^" not in heard:
    heard += line.recv(1000)
print(os.environ["PUMPD_SIM_READING"], flush=True)
raise SystemExit(0 if heard.startswith(b"!INF^") else 3)
"""


def test_a_command_meets_every_reading_of_one_point_and_is_told_which_it_does_not_survive() -> None:
    done = subprocess.run(
        [*SIM, "serve", "--device", "alaris", "--variants", "refusal", "--tcp", "127.0.0.1:0", "--unpaced", "--",
         sys.executable, "-c", ASKS_WITHOUT_PERMISSION],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.split() == ["default", "refusal=error", "refusal=echo"]
    assert done.stderr.splitlines() == [
        "pumpd-sim: alaris default: survived",
        "pumpd-sim: alaris refusal=error: FAILED (exit status 3); again with: --option refusal=error",
        "pumpd-sim: alaris refusal=echo: FAILED (exit status 3); again with: --option refusal=echo",
        "pumpd-sim: 1 of 3 readings survived",
    ]


def test_a_command_that_survives_everything_ends_well() -> None:
    done = subprocess.run(
        [*SIM, "serve", "--device", "alaris", "--variants=kvo_word", "--tcp", "127.0.0.1:0", "--", "true"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "pumpd-sim: 2 of 2 readings survived")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--variants", "all"], "the command to run against each reading is missing"),
        (["--variants", "refusals", "--", "true"], "--variants: all, or one open point of alaris: refusal, bad_crc"),
        (["--", "true"], "a command behind -- belongs to --variants"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["serve", "--device", "alaris", *arguments]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("name", devices.names())
def test_the_readings_of_every_device_are_listed_as_option_takes_them(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["devices", "--variants", name]) == 0
    first, *others = capsys.readouterr().out.splitlines()
    assert first == "default"
    kind = devices.load(name)
    plain = kind.options()
    for line in others:
        option, _, value = line.partition("=")
        assert read(kind.options, {option: value}) != plain


def test_the_page_names_every_option_of_every_pump() -> None:
    page = (Path(__file__).parents[2] / "docs/simulated-pumps.md").read_text(encoding="utf-8")
    for name in devices.names():
        section = page.split(f"(`--device {name}`)")[1].split("\n## ")[0]
        rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
        told = re.findall(r"`(\w+)`", "".join(rows))
        assert sorted(told) == sorted(field.name for field in dataclasses.fields(devices.load(name).options))
