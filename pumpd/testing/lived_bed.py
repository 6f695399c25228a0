"""A whole bed of real processes, as a person would start them: simulated pumps, the daemon, the console.

Each part can be frozen or killed, so that a test can look at what the others then do and say. Waiting is always for
something that can be seen, never for a time; how long it took proves nothing on a shared machine.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Final

from pumpd import api_client
from pumpd.api_client import Client
from pumpd.api_models import Phase, PumpView
from pumpd.errors import ApiError

ROOT: Final = Path(__file__).parents[2]
PATIENCE_S: Final = 30  # for a machine that is busy with other things; nothing is measured by it
AT_REST: Final = frozenset({Phase.IDLE, Phase.STOPPED, Phase.ENDED})


def until(condition: Callable[[], object], told: str) -> None:
    pause = Event()
    for _ in range(PATIENCE_S * 20):
        if condition():
            return
        pause.wait(0.05)
    raise TimeoutError(f"waited {PATIENCE_S} s in vain: {told}")


@dataclass
class Bed:
    """Four kinds of processes, and the folder they share."""

    folder: Path
    slots: tuple[str, ...] = ("p1",)
    training: bool = False
    url: str = ""
    controls: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    @property
    def socket(self) -> Path:
        return self.folder / "pumpd.sock"

    def begin(self) -> None:
        for slot in self.slots:
            link = self.folder / slot
            ready = self._spawn(
                f"pump {slot}", "pumpd_sim.cli", "serve", "--device", "new_era", "--mode", "safe", "--pty",
                "--link", str(link), "--control", "0", "--volume-ml", "60",
            )  # fmt: skip
            self.controls[slot] = json.loads(ready)["control"]
        self._configure()
        self.start_daemon()
        self.start_console()

    def start_daemon(self) -> None:
        self._spawn("daemon", "pumpd.cli", "run", "--config", str(self.folder / "pumpd.toml"), wait=False)
        until(lambda: self._links() == {"up"}, "every pump is connected")

    def start_console(self, port: int = 0) -> None:
        line = self._spawn("console", "pumpd.cli", "console", "--socket", str(self.socket), "--port", str(port))
        self.url = line.split()[-1].rstrip("/")

    def pumps(self) -> tuple[PumpView, ...]:
        try:
            return Client(self.socket).bed().pumps
        except ApiError:
            return ()

    def _links(self) -> set[str]:
        return {pump.link.value for pump in self.pumps()}

    def pump(self, slot: str = "p1") -> PumpView:
        (found,) = (pump for pump in self.pumps() if pump.slot == slot)
        return found

    def until_phase(self, phase: str, slot: str = "p1") -> None:
        until(lambda: self.pump(slot).phase.value == phase, f"{slot} is {phase}")

    def rest(self) -> None:
        """Every infusion ended, by a person."""
        client = Client(self.socket)
        client.send(api_client.stop(None))
        until(lambda: {pump.phase for pump in self.pumps()} <= AT_REST, "every pump stands still")
        client.sign_in("anna", "2718")
        for pump in self.pumps():
            if pump.phase is Phase.STOPPED:
                assert client.send(api_client.end(pump.slot)).accepted

    def fault(self, slot: str, **told: Any) -> None:  # noqa: ANN401  # the simulator's own names
        body = json.dumps(told).encode()
        host = self.controls[slot].removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=PATIENCE_S)
        with closing(connection):
            connection.request("POST", "/faults", body, {"Content-Type": "application/json"})
            assert connection.getresponse().status == http.client.OK

    def send(self, name: str, number: signal.Signals) -> None:
        os.kill(self.processes[name].pid, number)

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()
        self._close(process)

    def end(self) -> None:
        for name in reversed(list(self.processes)):
            process = self.processes[name]
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._close(process)

    def _spawn(self, name: str, module: str, *arguments: str, wait: bool = True) -> str:
        """Start it; with `wait`, its first line, which it prints when it is ready."""
        log = (self.folder / f"{name.replace(' ', '-')}.log").open("a")
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=subprocess.PIPE if wait else log,
            stderr=log,
            text=True,
            cwd=self.folder,
        )
        log.close()
        self.processes[name] = process
        if not wait:
            return ""
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (self.folder / f"{name.replace(' ', '-')}.log").read_text()
        return line

    @staticmethod
    def _close(process: subprocess.Popen[str]) -> None:
        if process.stdout is not None:
            process.stdout.close()

    def _configure(self) -> None:
        (self.folder / "state").mkdir()
        for name in ("drug-library.toml", "regimens.toml", "accounts.toml"):
            shutil.copy(ROOT / "config" / name, self.folder / name)
        lines = [
            'site = "demo"', 'ward = "pain-clinic"', 'bed = "bed-1"', f"training = {str(self.training).lower()}",
            'state_dir = "state"', f'socket = "{self.socket}"', 'library = "drug-library.toml"',
            'regimens = "regimens.toml"', 'accounts = "accounts.toml"', "[bedside]", "session_idle_s = 3600",
        ]  # fmt: skip
        for slot in self.slots:
            lines += [
                "[[bus]]", f'name = "cart-{slot}"', f'port = "{self.folder / slot}"', "baud = 19200",
                "[[bus.pump]]", f'slot = "{slot}"', 'driver = "new_era"', 'asset = "simulated"',
            ]  # fmt: skip
        (self.folder / "pumpd.toml").write_text("\n".join(lines) + "\n")


@contextmanager
def lived_in(folder: Path, **wishes: Any) -> Iterator[Bed]:  # noqa: ANN401  # Bed's own fields
    bed = Bed(folder=folder, **wishes)
    try:
        bed.begin()
        yield bed
    finally:
        bed.end()
