"""The demo's configuration and its parts in their order: broker, pump, daemon, page.

Each part counts as up when it really answers: the broker takes a connection, the simulator has told its addresses, the
daemon answers on its socket and has heard from its pump, the page can be had. Waiting for a process to exist proves
nothing. The configuration is the checkout's own, copied into the run folder, so that what a newcomer reads in config/
is what runs.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from pumpd.api_client import AsyncClient
from pumpd.api_models import BedView, LinkState
from pumpd.config import Config
from pumpd.demo_parts import HERE, Part, answers, free_port, is_free, python
from pumpd.demo_pumps import PUMPS, DemoPump
from pumpd.errors import ApiError, DemoError

FILES: Final = ("demo.toml", "drug-library.toml", "regimens.toml", "accounts.toml")
CONFIG: Final = "pumpd.toml"
PUMP_STATE: Final = "pump-p1.json"  # of a scene: the pump as its past has left it
LINK: Final = "./pump-p1"  # to the simulator's pseudo-terminal, in the run folder
TELL_EVERY_S: Final = 0.25
SITE_KEY: Final = "site.key"
# no secret: each demo believes the courses of each other, as beds of one site do
EVERYBODYS_KEY: Final = "every demonstration bed is of the same site as every other"
LINKED_WITHIN_S: Final = 60.0  # an Alaris shows that it stands still by 40 s without a change
SCENES: Final = ("running", "step-due", "occlusion", "uncertain", "recovery", "course-day-6")  # of testing/scene.py
SILENT: Final = "uncertain"  # the pump of this one does not answer
BROKERS: Final = ("mosquitto", "iotcore")
ABROAD: Final = ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto")  # Debian's place, which is not on a user's PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A part that was asked to end; `in_time`: it did not have to be killed."""

    name: str
    in_time: bool


class Stage:
    """The parts that run, in the order in which they came up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts: list[Part] = []
        self._loop = asyncio.get_running_loop()
        self.began_s = self._loop.time()
        self.lost: asyncio.Future[Part] = self._loop.create_future()  # the first that went away by itself
        self._watches: list[asyncio.Task[None]] = []

    def say(self, text: str, since_s: float | None = None) -> None:
        """One line with its time: how long it took, or when it was."""
        took_s = self._loop.time() - (self.began_s if since_s is None else since_s)
        print(f"{took_s:6.1f} s  {text}", flush=True)

    async def begin(self, name: str, command: Sequence[str]) -> Part:
        part = await Part.begin(name, command, self.folder)
        self.parts.append(part)
        self._watches.append(asyncio.create_task(self._watch(part)))
        return part

    async def _watch(self, part: Part) -> None:
        await part.gone()
        if part.was_ready and not part.ending and not self.lost.done():
            self.lost.set_result(part)  # before that, whoever waits for it tells

    async def end(self, name: str) -> None:
        """One part, before its time."""
        part = next(each for each in self.parts if each.name == name)
        if not await part.end():
            raise DemoError(f"the {name} did not end by itself and was killed; its last words: {part.last_line()}")

    async def end_all(self) -> list[Ended]:
        """In reverse order; those that ran until now."""
        ended = []
        for part in reversed(self.parts):
            ran = part.runs
            in_time = await part.end()
            if ran:
                ended.append(Ended(name=part.name, in_time=in_time))
        await asyncio.gather(*self._watches)
        self.parts.clear()
        return ended

    def kill_all(self) -> None:
        for part in self.parts:
            part.kill()


# --- configuration --------------------------------------------------------------------------------------


def config_folder() -> Path:
    """The folder `config` of the checkout, or of wherever this was called."""
    places = (Path(__file__).resolve().parent.parent / "config", Path.cwd() / "config")
    for place in places:
        if all((place / name).is_file() for name in FILES):
            return place
    raise DemoError(f"no folder config with {', '.join(FILES)} in {' or '.join(str(p.parent) for p in places)}")


def with_ports(text: str, *, mqtt: int, console: int) -> str:
    """The same configuration with these ports in [mqtt] and [console]."""
    for table, port in (("mqtt", mqtt), ("console", console)):
        text, found = re.subn(
            rf"(^\[{table}\]\n(?:[^\[\n].*\n|\n)*?port *= *)\d+", rf"\g<1>{port}", text, count=1, flags=re.MULTILINE
        )
        assert found == 1, f"demo.toml has no port in [{table}]"
    return text


def with_pump(text: str, pump: DemoPump, port: str) -> str:
    """The same configuration with this pump on its bus, and no other."""
    text, found = re.subn(
        r"^\[\[bus\]\]\n.*?(?=^\[mqtt\])", lambda _: f"{pump.bus(port)}\n", text, flags=re.MULTILINE | re.DOTALL
    )
    assert found == 1, "demo.toml has no [[bus]] before its [mqtt]"
    return text


def prepare(
    folder: Path,
    *,
    port: int | None,
    pump: DemoPump = PUMPS["new_era"],
    bed: str = "bed-1",
    mqtt_port: int | None = None,
) -> tuple[Path, Config]:
    """The run folder's own configuration. `port`: of the page; 0 any, None the usual one or else any.

    `mqtt_port`: of a broker that is there already.
    """
    try:
        for name in (*FILES, *([pump.map] if pump.map else [])):
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(config_folder() / name, folder / name)
        path = folder / CONFIG
        wished = Config.load(folder / "demo.toml")
        assert wished.mqtt is not None, "the demo has a broker"
        if mqtt_port is None:
            mqtt_port = wished.mqtt.port if is_free(wished.mqtt.port) else free_port()
        console_port = _page_port(wished.console.port if port is None else port)
        text = (folder / "demo.toml").read_text(encoding="utf-8").replace('bed = "bed-1"', f'bed = "{bed}"', 1)
        wire = f"socket://{HERE}:{free_port()}" if pump.over_tcp else LINK
        text = with_pump(with_ports(text, mqtt=mqtt_port, console=console_port), pump, wire)
        path.write_text(f'site_key = "{SITE_KEY}"\n{text}', encoding="utf-8")
        (folder / SITE_KEY).write_text(EVERYBODYS_KEY, encoding="ascii")
        (folder / SITE_KEY).chmod(0o600)
    except OSError as error:
        raise DemoError(f"{error.filename}: {error.strerror}: name another folder with --dir") from error
    return path, Config.load(path)


def _page_port(wished: int) -> int:
    if wished == 0:
        return free_port()
    if not is_free(wished):
        raise DemoError(f"port {wished} is in use by another program: try --port {free_port()}, or --port 0 for any")
    return wished


# --- the parts ------------------------------------------------------------------------------------------


def find_mosquitto() -> str | None:
    return shutil.which("mosquitto") or next((place for place in ABROAD if os.access(place, os.X_OK)), None)


def broker_command(wished: str | None, folder: Path, port: int) -> tuple[str, list[str]]:
    """What the broker is called, and how it is started. Mosquitto where it is installed, else iotcore from pip."""
    mosquitto = find_mosquitto() if wished in (None, "mosquitto") else None
    if mosquitto is not None:
        lines = [
            f"listener {port} {HERE}",
            "allow_anonymous true",  # on the loopback address, for as long as the demo lasts
            "persistence false",
            "log_dest stdout",
            "log_type error",
            "log_type warning",
            "log_type notice",
        ]
        if os.geteuid() == 0:
            lines.append(f"user {getpass.getuser()}")  # a change of user would undo the leash
        file = folder / "mosquitto.conf"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return "Mosquitto", [mosquitto, "-c", str(file)]
    if wished in (None, "iotcore") and find_spec("iotcore") is not None:
        quiet = ["--log-level", "CRITICAL"]  # it calls every packet an error
        return "iotcore", python("iotcore", "--listen", HERE, "--port", str(port), *quiet)
    raise DemoError(
        f"there is no MQTT broker{'' if wished is None else ' called ' + wished}: "
        "apt-get install mosquitto, or pip install 'pumpd[demo]'"
    )


async def start_broker(stage: Stage, wished: str | None, port: int) -> None:
    since_s = asyncio.get_running_loop().time()
    title, command = broker_command(wished, stage.folder, port)
    part = await stage.begin("broker", command)
    await part.ready(lambda: answers(port))
    stage.say(f"broker: {title} on {HERE}:{port}", since_s)


async def play_past(stage: Stage, scene: str, *, into: Path, tag: str = "") -> None:
    """Hours in seconds, by a program of its own; what it says on its way is passed on."""
    since_s = asyncio.get_running_loop().time()
    part = await stage.begin(f"scene{tag}", python("pumpd.testing.scene", scene, "--into", str(into)))
    gone = asyncio.create_task(part.gone())
    told = 0
    while not gone.done():
        await asyncio.wait([gone], timeout=TELL_EVERY_S)
        for line in part.lines()[told:-1]:
            stage.say(f"{part.name}: {line}", since_s)
        told = max(told, len(part.lines()) - 1)
    if await gone != 0:
        raise DemoError(part.last_line() or f"the scene {part.epitaph()}")
    stage.say(f"{part.name}: {part.last_line()}", since_s)


async def start_pump(stage: Stage, config: Config, pump: DemoPump, *, tag: str = "") -> str:
    """New, or as a scene has left it. Returns the address of the simulator's truth."""
    since_s = asyncio.get_running_loop().time()
    (bus,) = config.buses
    wire = ["--tcp", bus.port.removeprefix("socket://"), "--mode", "tcp"] if pump.over_tcp else ["--link", bus.port]
    saved = config.socket.parent / PUMP_STATE
    made = ["--state", str(saved)] if saved.exists() else ["--device", pump.device, "--address", str(pump.address)]
    part = await stage.begin(
        f"pump{tag}", python("pumpd_sim", "serve", *made, "--baud", str(bus.baud), "--control", "0", *wire)
    )

    async def announced() -> dict[str, Any] | None:
        for line in part.log.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
            if line.startswith("{") and line.endswith("\n"):
                found: dict[str, Any] = json.loads(line)
                return found
        return None

    said = await part.ready(announced)
    where = said["tcp"] if pump.over_tcp else f"{said['pty']}, {bus.baud} baud"
    stage.say(f"{part.name}: simulated {pump.title} on {where}", since_s)
    return str(said["control"])


async def start_daemon(stage: Stage, path: Path, client: AsyncClient, *, tag: str = "") -> Part:
    """Ready when it answers on its socket."""
    since_s = asyncio.get_running_loop().time()
    part = await stage.begin(f"daemon{tag}", python("pumpd.cli", "run", "--config", str(path)))
    await part.ready(lambda: _bed(client))
    stage.say(f"{part.name}: pid {part.pid}, answers on {client.path}", since_s)
    return part


async def _bed(client: AsyncClient) -> BedView | None:
    try:
        return await client.bed()
    except ApiError:
        return None


async def has_its_pump(stage: Stage, daemon: Part, client: AsyncClient) -> None:
    """Until its pump has answered it."""
    since_s = asyncio.get_running_loop().time()

    async def linked() -> str | None:
        bed = await _bed(client)
        up = bed is not None and all(pump.link is LinkState.UP and pump.age_ms is not None for pump in bed.pumps)
        return None if bed is None or not up else bed.pumps[0].identity_text

    stage.say(f"{daemon.name} has its pump: {await daemon.ready(linked, within_s=LINKED_WITHIN_S)}", since_s)


async def start_past(stage: Stage, scene: str, path: Path, config: Config, *, tag: str = "") -> str:
    """A bed in the middle of its day; returns the address of its simulator's truth.

    The daemon comes first: from the moment at which the pump is served, its lease runs.
    """
    await play_past(stage, scene, into=path.parent, tag=tag)
    async with AsyncClient(config.socket) as client:
        daemon = await start_daemon(stage, path, client, tag=tag)
        truth = await start_pump(stage, config, PUMPS["new_era"], tag=tag)
        if scene != SILENT:
            await has_its_pump(stage, daemon, client)
    return truth


async def start_console(stage: Stage, path: Path, config: Config) -> None:
    since_s = asyncio.get_running_loop().time()
    part = await stage.begin("console", python("pumpd.cli", "console", "--config", str(path)))
    await part.ready(lambda: answers(config.console.port))
    stage.say(f"page: http://{HERE}:{config.console.port}/", since_s)


async def start_trainer(stage: Stage, path: Path, control: str) -> str:
    """The trainer's panel; returns its address."""
    since_s = asyncio.get_running_loop().time()
    port = free_port()
    arguments = ["--config", str(path), "--control", control, "--port", str(port)]
    part = await stage.begin("trainer", python("pumpd.demo_trainer", *arguments))
    await part.ready(lambda: answers(port))
    address = f"http://{HERE}:{port}/"
    stage.say(f"trainer's panel: {address}", since_s)
    return address
