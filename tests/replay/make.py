"""Makes the traces of this folder: `python tests/replay/make.py new_era ...`, each against its look-alike.

The look-alike serves a pty, `pumpd record` stands in between, and the daemon's own bus and driver take the steps of the
plan. What the driver understood is kept beside the trace. From hardware one is made the same way, without a look-alike.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from pumpd.clock import SystemClock
from pumpd.link import Link, open_link
from pumpd.testing.processes import Program, python, remove, short_folder
from pumpd.testing.replay import driver_of, take_steps, understood

HERE = Path(__file__).parent / "traces"
PLANS = Path(__file__).with_name("plans.json")


def make(name: str) -> None:
    plan = json.loads(PLANS.read_text(encoding="utf-8"))[name]
    trace, folder = HERE / f"{name}.jsonl", short_folder()
    trace.unlink(missing_ok=True)
    port, between = folder / "pump", folder / "between"
    serve = python("-m", "pumpd_sim", "serve", "--device", plan["device"], "--link", str(port), *plan["serve"])
    look_alike = Program("look-alike", serve, folder)
    line = ["--baud", str(plan["baud"]), "--format", plan["line"]]
    try:
        look_alike.ready(port.exists, "its port")
        record = python("-m", "pumpd.cli", "record", str(port), *line, "--link", str(between), "--out", str(trace))
        recorder = Program("record", [*record, *plan.get("record", [])], folder)
        recorder.ready(between.exists, "its port")
        steps = asyncio.run(_steps(between, plan))
        recorder.signal(signal.SIGTERM)
        recorder.wait()
    finally:
        look_alike.end()
        remove(folder)
    (HERE / f"{name}.json").write_text(json.dumps(steps, indent=1) + "\n", encoding="utf-8")


async def _steps(port: Path, plan: dict[str, Any]) -> list[dict[str, object]]:
    async def opened() -> Link:
        return await open_link(str(port), plan["baud"], plan["line"])

    driver = driver_of(plan)
    ended = await take_steps(opened, driver, plan["steps"], address=plan["address"], now_ns=SystemClock().now_ns)
    return [{"step": step, "understood": understood(event)} for step, event in zip(plan["steps"], ended, strict=True)]


if __name__ == "__main__":
    for each in sys.argv[1:]:
        make(each)
