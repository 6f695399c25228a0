"""An independent client, written by other people for real pumps, judges the look-alike.

nesp-lib blocks without a timeout, so each conversation runs in a thread of a process of its own that can be
killed. It speaks to a real pseudo-terminal.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CONVERSATION = """
import json, sys, time
import nesp_lib
port = nesp_lib.Port(sys.argv[1], 19200)
pump = nesp_lib.Pump(port, safe_mode_timeout_s=int(sys.argv[2]))
said = {"model": pump.model_number, "firmware": pump.firmware_version, "timeout_s": pump.safe_mode_timeout_s}
pump.syringe_diameter_mm = 26.59
pump.pumping_direction = nesp_lib.PumpingDirection.INFUSE
pump.pumping_volume_ml = 0.25
pump.pumping_rate_ml_per_min = 25.0
said |= {"diameter_mm": pump.syringe_diameter_mm, "volume_ml": pump.pumping_volume_ml}
said |= {"rate_ml_per_min": pump.pumping_rate_ml_per_min}
pump.run(wait_while_running=False)
said["running"] = pump.running
pump.wait_while_running()
said |= {"infused_ml": pump.volume_infused_ml, "status": pump.status.name}
pump.volume_infused_clear()
said["cleared_ml"] = pump.volume_infused_ml
try:
    pump.pumping_rate_ml_per_min = 1000.0
except ValueError:
    said["too_fast"] = "refused"
if int(sys.argv[2]):
    time.sleep(float(sys.argv[2]) + 0.5)
    said["after_heartbeats"] = pump.status.name
print(json.dumps(said))
"""


@pytest.mark.parametrize(("timeout_s", "mode"), [(0, "basic"), (1, "basic"), (1, "safe")])
def test_nesp_lib_runs_an_infusion_on_a_pty(timeout_s: int, mode: str, tmp_path: Path) -> None:
    link = tmp_path / "pump"
    serve = [sys.executable, "-m", "pumpd_sim", "serve", "--device", "new_era", "--mode", mode]
    command = [*serve, "--link", str(link), "--exit-with-parent"]
    simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert simulator.stdout is not None
    try:
        assert json.loads(simulator.stdout.readline())["link"] == str(link)
        client = subprocess.run(
            [sys.executable, "-c", CONVERSATION, str(link), str(timeout_s)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    finally:
        simulator.terminate()
        simulator.wait(10)
        simulator.stdout.close()
    assert client.returncode == 0, client.stderr
    said = json.loads(client.stdout)
    assert said == {
        "model": 1000,
        "firmware": [3, 923],
        "timeout_s": timeout_s,
        "diameter_mm": 26.59,
        "volume_ml": 0.25,
        "rate_ml_per_min": 25.0,
        "running": True,
        "infused_ml": 0.25,
        "status": "STOPPED",
        "cleared_ml": 0.0,
        "too_fast": "refused",
        **({"after_heartbeats": "STOPPED"} if timeout_s else {}),
    }
