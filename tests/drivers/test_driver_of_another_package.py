"""The template driver: built as a wheel, found by its entry point, and held to what every driver has to stand."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from pumpd_sim.devices import Bench, DeviceKind
from pumpd_sim.plant import PlantSpec

from pumpd import registry
from pumpd.driver_api import Drive, Driver, Procedure, PumpProcedures, Remaining, WireRequest
from pumpd.testing.driver_trials import Trial, stand

PROJECT: Final = Path(__file__).parents[1] / "outside"
REMAINING: Final = Remaining(rate_ul_per_h=24_500, volume_nl=48_000_000, lease_s=None, syringe_diameter_um=26_590)
PROCEDURES: Final[dict[str, Callable[[PumpProcedures], Procedure[Any]]]] = {
    "identify": lambda pump: pump.identify(),
    "observe": lambda pump: pump.observe(),
    "prepare": lambda pump: pump.prepare(REMAINING),
    "change_rate": lambda pump: pump.change_rate(20_000),
    "stop": lambda pump: pump.stop(),
    "acknowledge": lambda pump: pump.acknowledge(),
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver's wheel, unpacked as an installer does."""
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    outcome = subprocess.run(
        build, cwd=PROJECT / "driver_package", capture_output=True, text=True, check=False, timeout=50
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    (found,) = target.glob("*.whl")
    with zipfile.ZipFile(found) as archive:
        archive.extractall(target / "site")
    return target / "site"


@pytest.fixture
def driver(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Driver:
    monkeypatch.syspath_prepend(str(wheel))
    return registry.load("drip_o_mat")


def say(line: str) -> bytes:
    return f"{line}\n".encode()


def test_the_driver_of_another_package_is_found_by_name(driver: Driver) -> None:
    assert "drip_o_mat" in registry.names()
    assert driver.info.title.startswith("Drip-o-mat")


def test_it_drives_the_look_alike_of_another_package(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither knows the other; both are loaded as pumpd and pumpd-sim load them, but for the device's own wheel."""
    monkeypatch.syspath_prepend(str(PROJECT / "device_package"))
    kind: DeviceKind = import_module("drip_o_mat").DEVICE
    device = kind.build(Bench(address=0, baud=9_600, options=kind.options(), plant=PlantSpec(), now_ns=0))
    procedures, clock = driver.pump(address=0, options={}), [0]

    def pump(request: WireRequest) -> bytes:
        clock[0] += 500_000_000
        said: bytes = device.on_bytes(clock[0], request.data)
        return said

    def run(procedure: Procedure[Any]) -> Any:  # noqa: ANN401 (of any procedure)
        trial = Trial(driver=driver, procedure=procedure, pump=pump)
        return trial.result(trial.advance(0))

    run(procedures.identify())
    assert run(procedures.prepare(REMAINING)).rate_ul_per_h == 24_000
    assert run(procedures.start()).drive is Drive.INFUSING
    assert run(procedures.observe()).infused_nl > 0
    assert run(procedures.stop()).drive is Drive.STILL


@pytest.mark.parametrize("name", sorted(PROCEDURES))
def test_it_stands_the_trials_of_every_driver(driver: Driver, name: str) -> None:
    runs = name in ("observe", "change_rate", "stop")

    def make() -> Trial:
        state = {"says": "RUN" if runs else "IDLE"}

        def pump(request: WireRequest) -> bytes:
            if request.text == "SAY":
                return say(f"{state['says']} 125 UL")
            state["says"] = "IDLE" if request.text == "HALT" else "RUN"
            return say("OK")

        return Trial(driver=driver, procedure=PROCEDURES[name](driver.pump(address=0, options={})), pump=pump)

    assert stand(make, absolute=name == "stop") >= 1
