"""The test bench measures what the plant plays: a rotor's pulse, a line that stretches, and else an even flow."""

from __future__ import annotations

import csv
import struct
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pumpd_sim import cli, devices, trumpet
from pumpd_sim.fault_text import fault_from_words
from pumpd_sim.flow_bench import WINDOWS_MIN, BenchError, Measured, Trial, clock, measure, percent, started, window

UL_PER_ML = 1_000
GIVES_NL = {"alaris": 1_000, "bag_pump": 1_000}  # a mmHg, by their plants


@pytest.fixture(scope="module")
def measured() -> dict[str, Measured]:
    return {name: measure(Trial(kind=devices.load(name))) for name in ("alaris", "bag_pump")}


@pytest.mark.parametrize("device", devices.names())
def test_every_kind_says_how_it_is_started_and_then_runs_at_that_rate(device: str) -> None:
    kind = devices.load(device)
    assert kind.running is not None
    truth = started(Trial(kind=kind))
    assert truth.motor_turning
    assert abs(truth.believed_rate_nl_per_h - kind.running.rate_ul_per_h * 1_000) < 1_000


def test_a_syringe_is_even_and_a_rotor_pulses_the_less_the_longer_one_looks(measured: dict[str, Measured]) -> None:
    syringe, rotor = measured["alaris"], measured["bag_pump"]
    assert all(abs(each.most_percent) + abs(each.least_percent) < 0.1 for each in syringe.windows)
    assert [each.minutes for each in rotor.windows] == list(WINDOWS_MIN)
    widths = [each.most_percent - each.least_percent for each in rotor.windows]
    assert widths == sorted(widths, reverse=True)
    assert 1 < widths[0] < 5
    assert abs(rotor.mean_percent) < 0.1


def test_the_first_half_minute_lacks_what_stretches_the_line(measured: dict[str, Measured]) -> None:
    flow = measured["alaris"].flow_ml_per_h
    assert len(flow) == 240
    assert 4 < flow[0] < 4.9
    assert all(abs(each - 5) < 0.01 for each in flow[1:])


@pytest.mark.parametrize(
    ("device", "alarm", "limit_mmhg"), [("alaris", "AL_OCCLU", 500), ("bag_pump", "downstream", 300)]
)
def test_a_closed_line_alarms_when_it_is_stretched_to_the_limit_and_gives_it_back(
    measured: dict[str, Measured], device: str, alarm: str, limit_mmhg: int
) -> None:
    found = measured[device]
    volume_nl = limit_mmhg * GIVES_NL[device]
    expected_s = volume_nl * 3_600 / (found.rate_ul_per_h * 1_000)
    assert found.closed.alarm == alarm
    assert abs(found.closed.after_s - expected_s) < 0.03 * expected_s + 2
    assert abs(found.closed.pressure_mmhg - limit_mmhg) <= 5
    assert abs(found.closed.bolus_nl - volume_nl) < 0.03 * volume_nl


def test_a_set_that_is_too_wide_lifts_the_whole_trumpet() -> None:
    wide = measure(Trial(kind=devices.load("bag_pump"), faults=(fault_from_words("calibration,permille=1030"),)))
    assert 2.9 < wide.mean_percent < 3.1
    assert all(2 < (each.most_percent + each.least_percent) / 2 < 4 for each in wide.windows)


@given(st.lists(st.floats(-50, 50), min_size=64, max_size=90), st.sampled_from(WINDOWS_MIN))
def test_a_window_lies_between_the_extremes_and_holds_the_mean_of_an_even_flow(
    errors: list[float], minutes: int
) -> None:
    found = window(errors, minutes)
    assert min(errors) - 1e-9 <= found.least_percent <= found.most_percent <= max(errors) + 1e-9
    even = window([3.0] * len(errors), minutes)
    assert (even.most_percent, even.least_percent) == pytest.approx((3.0, 3.0))


def test_every_window_of_its_length_is_looked_at() -> None:
    """One half minute of 40 % too much, at either end: a window of 2 min has four of them."""
    for at in (0, 119):
        errors = [0.0] * 120
        errors[at] = 40.0
        assert window(errors, 2).most_percent == pytest.approx(10)


@pytest.mark.parametrize(
    ("trial", "told"),
    [
        (
            lambda: Trial(kind=devices.load("new_era"), rate_ul_per_h=60_000),
            r"new_era stopped after [\d.]+ min \(empty\)",
        ),
        (lambda: Trial(kind=devices.load("harvard"), rate_ul_per_h=90_000_000), "harvard does not run: .*Out of range"),
        (
            lambda: Trial(kind=devices.load("isco"), faults=(fault_from_words("battery_sag"),)),
            "Isco cannot have battery_sag",
        ),
        (lambda: Trial(kind=devices.load("alaris"), options={"serrial": "1"}), "serrial"),
    ],
)
def test_what_cannot_be_tested_says_why(trial: Callable[[], Trial], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        measure(trial())


def test_a_kind_that_does_not_say_how_it_starts_is_refused() -> None:
    kind = devices.load("harvard")
    mute = devices.DeviceKind(
        name=kind.name, title=kind.title, options=kind.options, build=kind.build, addresses=kind.addresses,
        bauds=kind.bauds, provenance=kind.provenance,
    )  # fmt: skip
    with pytest.raises(BenchError, match="its kind needs `running`"):
        measure(Trial(kind=mute))


def test_numbers_for_people_have_no_sign_on_nothing() -> None:
    assert [percent(each, 1) for each in (-0.04, 0.0, 1.26, -1.26)] == ["0.0 %", "0.0 %", "+1.3 %", "−1.3 %"]
    assert [clock(each) for each in (43, 358)] == ["43 s", "5 min 58 s"]


# The command


def test_the_command_writes_a_table_that_is_read_back_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], measured: dict[str, Measured], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trumpet, "measure", lambda trial: measured[trial.kind.name])
    out = tmp_path / "mine.of-today"
    assert cli.main(["trumpet", "alaris", "bag_pump", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "line closed   alarm AL_OCCLU after 5 min" in said
    assert f"wrote {out}.csv and {out}.png" in said
    with Path(f"{out}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * (240 + len(WINDOWS_MIN))
    windows = [row for row in rows if row["device"] == "bag_pump" and row["what"] == "window"]
    assert [float(row["most_percent"]) for row in windows] == pytest.approx(
        [each.most_percent for each in measured["bag_pump"].windows], abs=0.001
    )
    picture = Path(f"{out}.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    assert width > 900
    assert height > 500


def _no_matplotlib(name: str, package: str | None = None) -> ModuleSpec | None:
    return None if name == "matplotlib" else find_spec(name, package)


def test_without_matplotlib_it_says_what_to_install_and_the_table_still_comes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], measured: dict[str, Measured], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trumpet, "find_spec", _no_matplotlib)
    monkeypatch.setattr(trumpet, "measure", lambda trial: measured[trial.kind.name])
    command = ["trumpet", "alaris", "--out", str(tmp_path / "t")]
    assert cli.main(command) == 2
    assert capsys.readouterr().err == (
        "pumpd-sim: the picture needs matplotlib: pip install 'pumpd[plot]', or say --no-picture\n"
    )
    assert cli.main([*command, "--no-picture"]) == 0
    assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["alaris", "--rate-ml-per-h", "fast"], "'fast' is no rate in mL/h"),
        (["alaris", "--rate-ml-per-h", "0.0001"], "no rate in mL/h with up to three decimals"),
        (["alarris"], "did you mean 'alaris'?"),
        (["alaris", "--fault", "explode"], "unknown fault 'explode'"),
    ],
)
def test_a_senseless_command_is_one_line(arguments: list[str], told: str, capsys: pytest.CaptureFixture[Any]) -> None:
    assert cli.main(["trumpet", *arguments, "--no-picture"]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


def test_nothing_but_the_picture_imports_matplotlib() -> None:
    code = "import sys, pumpd_sim.cli, pumpd_sim.pytest_plugin; print([m for m in sys.modules if 'matplotlib' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    root = Path(cli.__file__).parents[2]
    importing = [
        path.name
        for folder in ("pumpd", "drivers", "simulator")
        for path in (root / folder).rglob("*.py")
        if "import matplotlib" in path.read_text() or "from matplotlib" in path.read_text()
    ]
    assert importing == ["trumpet_picture.py"]
