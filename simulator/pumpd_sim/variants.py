"""Somebody's own tests against every plausible reading of a manual, one after the other: `serve --variants`.

Where a manual is silent, a pump that a driver meets one day may do either thing. A test suite that passes against one
reading has shown little; so the command behind `--` is run once for each, against a simulator of its own that has just
been switched on, and the verdict names the readings it does not survive:

    pumpd-sim serve --device alaris --variants all --link ./pump -- pytest tests/pump

The command finds the pump under the name that `--link` gave it, or in its environment: PUMPD_SIM_PTY, PUMPD_SIM_TCP,
PUMPD_SIM_CONTROL (each if served), PUMPD_SIM_READING, and the whole ready line in PUMPD_SIM_READY. Exit status 0 of the
command means that it survived.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from pumpd_sim.devices import DeviceKind
from pumpd_sim.readings import Reading

ALL = "all"
END_S = 10


def chosen(kind: DeviceKind, which: str) -> tuple[Reading, ...]:
    """All readings, or those of one option and the default. Raises ValueError with the options there are."""
    if which == ALL:
        return kind.readings
    found = tuple(one for one in kind.readings if not one.settings or one.settings[0][0] == which)
    if len(found) < 2:
        known = dict.fromkeys(one.settings[0][0] for one in kind.readings if one.settings)
        raise ValueError(f"--variants: {ALL}, or one open point of {kind.name}: {', '.join(known) or 'it has none'}")
    return found


def parted(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """The simulator's own arguments, and the command behind `--`."""
    words = list(argv)
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


def run_each(kind: DeviceKind, which: str, serve_argv: Sequence[str], command: Sequence[str]) -> int:
    """Returns 0 when the command survived every reading, else 1. Raises ValueError, OSError."""
    if not command:
        raise ValueError("--variants: the command to run against each reading is missing; put it behind --")
    lost: list[str] = []
    for reading in chosen(kind, which):
        status = _run(serve_argv, reading, command)
        again = "" if reading.name == "default" else f"; again with: --option {reading.name}"
        verdict = "survived" if status == 0 else f"FAILED (exit status {status}){again}"
        sys.stderr.write(f"pumpd-sim: {kind.name} {reading.name}: {verdict}\n")
        sys.stderr.flush()
        if status:
            lost.append(reading.name)
    total = len(chosen(kind, which))
    sys.stderr.write(f"pumpd-sim: {total - len(lost)} of {total} readings survived\n")
    return 1 if lost else 0


def _run(serve_argv: Sequence[str], reading: Reading, command: Sequence[str]) -> int:
    """The command's exit status against one reading."""
    options = [word for name, value in reading.settings for word in ("--option", f"{name}={value}")]
    leash = ["--exit-with-parent"] if sys.platform == "linux" else []
    serve = [sys.executable, "-m", "pumpd_sim", *serve_argv, *options, *leash]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as simulator:  # noqa: S603  # our own program
        try:
            assert simulator.stdout is not None
            line = simulator.stdout.readline()
            if not line.startswith("{"):
                raise OSError(f"the simulator did not start with {reading.name}")
            return subprocess.run(command, env=_environment(line, reading), check=False).returncode  # noqa: S603  # the user's
        finally:
            simulator.terminate()
            simulator.wait(timeout=END_S)


def _environment(ready_line: str, reading: Reading) -> dict[str, str]:
    ready = json.loads(ready_line)
    told = {"PUMPD_SIM_READING": reading.name, "PUMPD_SIM_READY": ready_line.strip()}
    told |= {f"PUMPD_SIM_{name.upper()}": str(ready[name]) for name in ("pty", "tcp", "control") if name in ready}
    return {**os.environ, **told}
