"""One bed of real programs in a folder of its own, with the acts of a nurse and the truth of the simulated pump.

The configuration is the checkout's own, so that what is tested is what ships, but for some regimens of
saline that a test can afford to watch to the end. Their rates are chosen for the pump's lease: at 300 mL/h it is
5 s, the shortest that a training bed can have, and 0.42 mL in that time is as near to the half millilitre of
wall 8 as whole seconds come.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pumpd_sim.device import Truth

from pumpd import api_client
from pumpd.api_client import Client
from pumpd.api_models import HistoryRow, LinkState
from pumpd.clock import SystemClock
from pumpd.demo_stage import config_folder
from pumpd.errors import ApiError
from pumpd.journal import Entry, VerifyResult, read_entries, verify
from pumpd.library_file import CatalogueFile
from pumpd.rules_files import content_sha256
from pumpd.testing.broker import Mosquitto
from pumpd.testing.nursed_bed import NURSE, NursedBed
from pumpd.testing.processes import NotifySocket, Program, python, remove, short_folder, until
from pumpd.testing.simulated_pump import SimulatedPump
from pumpd.toml_file import read_toml

FAST: Final = "TEST-FAST"  # 300 mL/h: a lease of 5 s
SHORT: Final = "TEST-SHORT"  # 120 mL/h, 0.5 mL: over in 15 s, within a lease of 14 s
LONG: Final = "TEST-LONG"  # 60 mL/h for five minutes: longer than any test looks
HALF_HOUR: Final = "TEST-HALF-HOUR"  # 60 mL/h: as long as a training bed may infuse, for a clock that is steered
_REGIMENS: Final = ((FAST, 300, 30), (SHORT, 120, 15), (LONG, 60, 300), (HALF_HOUR, 60, 1_800))  # mL/h, seconds
_STREAM_S: Final = 10.0
_BEGIN: Final = """
import sys
from pathlib import Path
from pumpd.daemon import main
sys.exit(main(Path(sys.argv[1])))
"""


class RealBed(NursedBed):
    """Everything about one bed. Use it as a context manager: it ends what it began, in reverse."""

    def __init__(self, *, user: int | None = None) -> None:
        """`user`: whom the daemon runs as."""
        self.user = user
        self.folder = short_folder()
        self.state = self.folder / "state"
        self.socket = self.folder / "pumpd.sock"
        self.config = self.folder / "pumpd.toml"
        self.broker: Mosquitto | None = None
        self.pumps: dict[str, SimulatedPump] = {}
        self.url = ""  # of the page, without a slash at its end
        self.client = Client(self.socket, sent_at_ns=SystemClock().now_ns)
        self._reader = Client(self.socket)  # of the record
        self._programs: list[Program] = []
        for name in ("drug-library.toml", "accounts.toml"):
            (self.folder / name).write_bytes((config_folder() / name).read_bytes())
        write_regimens(self.folder / "regimens.toml")
        if user is not None:
            os.chown(self.folder, user, user)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for program in reversed(self._programs):
            program.end()
        if self.broker is not None:
            self.broker.kill()
        remove(self.folder)

    # --- its parts ------------------------------------------------------------------------------------------

    def begin_pump(self, slot: str = "p1", *arguments: str) -> SimulatedPump:
        pump = SimulatedPump(self.folder, slot, *arguments)
        if self.user is not None:
            os.chown(pump.pty, self.user, self.user)
        self.pumps[slot] = pump
        self._programs.append(pump)
        return pump

    def begin_chain(self, count: int) -> SimulatedPump:
        """So many pumps on one wire, p1 with address 0."""
        chain = self.begin_pump("p1", "--address", *(str(address) for address in range(count)))
        self.pumps |= {f"p{number + 1}": chain for number in range(count)}
        return chain

    def begin_broker(self) -> Mosquitto:
        self.broker = Mosquitto(self.folder)
        return self.broker.start()

    def write_config(self, *, drivers: Mapping[str, str] | None = None, training: bool = False, more: str = "") -> Path:
        """One bus for each simulated pump, or one whose pump is not there; `drivers`: of a slot, if not new_era."""
        drivers = drivers or {}
        buses: dict[Path, list[str]] = {}
        for slot, pump in self.pumps.items():
            buses.setdefault(pump.link, []).append(slot)
        lines = [
            f'site = "demo"\nward = "pain-clinic"\nbed = "bed-1"\ntraining = {str(training).lower()}',
            f'state_dir = "{self.state}"\nsocket = "{self.socket}"',
            'library = "drug-library.toml"\nregimens = "regimens.toml"\naccounts = "accounts.toml"',
        ]
        for link, slots in (buses or {self.folder / "pump-p1": ["p1"]}).items():
            lines.append(f'[[bus]]\nname = "bus-{slots[0]}"\nport = "{link}"\nbaud = 19200')
            for address, slot in enumerate(slots):
                driver = drivers.get(slot, "new_era")
                lines.append(
                    f'[[bus.pump]]\nslot = "{slot}"\ndriver = "{driver}"\naddress = {address}\nasset = "{slot}"'
                )
        if self.broker is not None:
            lines.append(f'[mqtt]\nhost = "127.0.0.1"\nport = {self.broker.port}\nkeepalive_s = 2')
        self.config.write_text("\n\n".join([*lines, more]) + "\n", encoding="utf-8")
        return self.config

    def begin_daemon(
        self,
        *,
        notify: NotifySocket | None = None,
        watchdog_s: float | None = None,
        env: Mapping[str, str] | None = None,
        prelude: str | None = None,
        config: Path | None = None,
        awaited: bool = True,
    ) -> Program:
        """The daemon on its configuration, or another one; `prelude` is Python that runs in it before it begins.

        With `awaited` it counts as up when its socket answers and every pump of the bed is linked.
        """
        if config is None and not self.config.exists():
            self.write_config()
        file = str(config or self.config)
        arguments = ["-m", "pumpd.cli", "run", "--config", file] if prelude is None else ["-c", prelude + _BEGIN, file]
        environment = {**(env or {}), **(notify.environment(watchdog_s=watchdog_s) if notify else {})}
        daemon = self.begin("daemon", *arguments, env=environment)
        if awaited:
            daemon.ready(self._all_linked, "its socket answers and every pump is linked")
        return daemon

    def begin(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> Program:
        """Any Python of ours, as the daemon's user."""
        number = sum(program.name.startswith(name) for program in self._programs)
        program = Program(f"{name}-{number}", python(*arguments), self.folder, env=env, user=self.user)
        self._programs.append(program)
        return program

    def begin_console(self, *, port: int = 0) -> Program:
        """The page; its address is then in `url`. `port`: where a page was that is to be found again."""
        console = self.begin("console", "-m", "pumpd.cli", "console", "--socket", str(self.socket), "--port", str(port))
        console.ready(lambda: console.said().endswith("\n"), "its address")
        self.url = console.said().split()[-1].rstrip("/")
        return console

    def program(self, name: str) -> Program:
        """The one that was begun last under this name: daemon, console."""
        return [program for program in self._programs if program.name.startswith(name)][-1]

    def truth(self, slot: str = "p1") -> Truth:
        return self.pumps[slot].truth()

    def answers(self) -> bool:
        """Is there a daemon at the socket?"""
        try:
            self.client.bed()
        except ApiError:
            return False
        return True

    def _all_linked(self) -> bool:
        return self.answers() and all(
            pump.link is LinkState.UP and pump.age_ms is not None for pump in self.client.bed().pumps
        )

    # --- what others see ---------------------------------------------------------------------------------------

    def follow(self) -> socket.socket:
        """An open event stream, with its first view received: what a page holds."""
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.settimeout(_STREAM_S)
        stream.connect(str(self.socket))
        stream.sendall(b"GET /v1/events HTTP/1.1\r\nHost: pumpd\r\n\r\n")
        received = b""
        while b"data: " not in received:
            part = stream.recv(65_536)
            assert part, f"no event stream: {received!r}"
            received += part
        return stream

    # --- the record -----------------------------------------------------------------------------------------

    @property
    def journal(self) -> Path:
        return self.state / "journal.sqlite3"

    def entries(self) -> list[Entry]:
        """The journal, as it is on disk; with all that a living daemon has told already."""
        told = self._told_seq()
        return until(lambda: self._on_disk(told), f"row {told} on disk") if told else list(read_entries(self.journal))

    def verified(self) -> VerifyResult:
        """Of the same rows as `entries`."""
        self.entries()
        return verify(self.journal)

    def _told_seq(self) -> int:
        """The last row by the daemon's word, which is a moment ahead of the disk; 0 when there is no daemon."""
        try:
            rows = self._history()
        except ApiError:
            return 0
        return max((row.seq or 0 for row in rows), default=0)

    def _history(self) -> tuple[HistoryRow, ...]:
        """The last row, in a session of its own: a sign-in costs its hash, so once for each daemon."""
        if self._reader.token is not None:
            try:
                return self._reader.send(api_client.history(1))
            except ApiError as error:
                if error.status != HTTPStatus.UNAUTHORIZED:
                    raise
        self._reader.sign_in(*NURSE)
        return self._reader.send(api_client.history(1))

    def _on_disk(self, seq: int) -> list[Entry]:
        found = list(read_entries(self.journal))
        return found if found and found[-1].seq >= seq else []


def write_regimens(path: Path) -> None:
    """The checkout's catalogue and those of this module, approved anew."""
    text = (config_folder() / "regimens.toml").read_text(encoding="utf-8")
    text += "".join(_regimen(*each) for each in _REGIMENS)
    path.write_text(text, encoding="utf-8")
    file = read_toml(path, CatalogueFile)
    path.write_text(text.replace(file.sha256, content_sha256(file)), encoding="utf-8")


def _regimen(name: str, rate_ml_per_h: int, seconds: int) -> str:
    return f"""
[[regimen]]
id = "{name}"
title = "Test, {rate_ml_per_h} mL/h"
indication = "a test with saline"
entry = "SALINE-TRAIN"
steps = "automatic"
sessions = 1
course = "as often as you like"
premedication = "none"
evidence = "No drug."
source = "our own"
[[regimen.days]]
first = 1
last = 1
step = [{{ dose = "{rate_ml_per_h}", seconds = "{seconds}" }}]
"""
