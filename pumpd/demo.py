"""Everything at once, for a newcomer: broker, simulated pump, daemon and page, started with one command.

Real programs, each a process of its own, as they run at a bed: only the pump is simulated. The demo itself decides
nothing and imports no part of the daemon: it starts processes (demo_stage.py), tells where to look, and ends them in
the reverse order. Nothing outlives it: not a process, even when it is killed (demo_leash.py), and not a file, unless
somebody asked for the folder (demo_parts.py).

With --scene the bed has a past: it is played ahead (testing/scene.py), and the daemon starts on it as after a restart.
With --scripted a nurse who is no person plays one infusion (demo_nurse.py) while a witness listens to the broker
(demo_witness.py), and pumpd, pump, broker and record are held against each other (demo_verdict.py).
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pumpd.api_client import AsyncClient
from pumpd.clock import SystemClock
from pumpd.config import Config
from pumpd.demo_beds import MOST, Bed, fill, lay_out, told
from pumpd.demo_nurse import Nurse
from pumpd.demo_parts import HERE, run_folder
from pumpd.demo_pumps import PUMPS
from pumpd.demo_stage import (
    BROKERS,
    SCENES,
    Stage,
    has_its_pump,
    prepare,
    start_broker,
    start_console,
    start_daemon,
    start_past,
    start_pump,
    start_trainer,
)
from pumpd.demo_verdict import Verdict, judge
from pumpd.demo_witness import Witness
from pumpd.errors import DemoError

# As they stand in config/accounts.toml for everybody to read; a test signs each of them in.
PEOPLE: Final = (
    ("anna", "2718", "nurse"),
    ("ben", "3141", "nurse"),
    ("dora", "1618", "prescriber"),
    ("paul", "1414", "pharmacist"),
    ("ada", "1732", "technician"),
)
DONE: Final = 0
DISAGREES: Final = 1
INTERRUPTED: Final = 130  # as a shell tells it
ENDING_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


# --- for people -----------------------------------------------------------------------------------------


def is_headless() -> bool:
    has_screen = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return not has_screen or "SSH_CONNECTION" in os.environ


def tunnel(port: int) -> str:
    """What to type on the machine that has a screen."""
    came_by = os.environ.get("SSH_CONNECTION", "").split()
    host = came_by[2] if len(came_by) == 4 else socket.gethostname()  # client, its port, server, its port
    return f"ssh -N -L {port}:{HERE}:{port} {getpass.getuser()}@{host}"


def command_name() -> str:
    """How `pumpd` is called from here."""
    program = Path(sys.argv[0]).absolute()
    if program.name != "pumpd":
        return f"{sys.executable} -m pumpd.cli"
    found = shutil.which("pumpd")
    if found is not None and Path(found).resolve() == program.resolve():
        return "pumpd"
    return os.path.relpath(program) if program.is_relative_to(Path.cwd()) else str(program)


def invitation(config: Config, truth: str, trainer: str, folder: Path, others: tuple[Bed, ...] = ()) -> str:
    assert config.mqtt is not None, "the demo has a broker"
    pumpd = command_name()
    lines = [("OPEN", f"http://{HERE}:{config.console.port}/")]
    if is_headless():
        lines.append(("from afar", f"{tunnel(config.console.port)}   then open the same address there"))
    lines += [
        ("sign in", ", ".join(f"{name} {pin} ({role})" for name, pin, role in PEOPLE)),
        (
            "MQTT",
            f"{HERE}:{config.mqtt.port}, topics pumpd/1/{config.site}/{config.ward}/{'+' if others else config.bed}/#",
        ),
        ("", f"{pumpd} mqtt check --port {config.mqtt.port}"),
        ("terminal", f"{pumpd} status --watch --socket {config.socket}"),
        *([("beds", f"{told(others)}; each with its socket below {folder}")] if others else []),
        ("trainer", f"{trainer}   what goes wrong; the patient's monitor is {trainer}patient"),
        ("pump", f"what it really does: {truth}/truth"),
        ("logs", str(folder)),
        ("end", "Ctrl-C ends everything"),
    ]
    return "\n" + "\n".join(f"  {label:<10} {text}" for label, text in lines) + "\n"


# --- together -------------------------------------------------------------------------------------------


async def entertain(stage: Stage, arguments: argparse.Namespace, path: Path, config: Config) -> int:
    """Start everything and stay until cancelled."""
    assert config.mqtt is not None, "the demo has a broker"
    await start_broker(stage, arguments.broker, config.mqtt.port)
    if arguments.scene is not None:
        truth = await start_past(stage, arguments.scene, path, config)
    else:
        truth = await start_pump(stage, config, PUMPS[arguments.driver])
        async with AsyncClient(config.socket) as client:
            await has_its_pump(stage, await start_daemon(stage, path, client), client)
    await start_console(stage, path, config)
    trainer = await start_trainer(stage, path, truth)
    others = lay_out(stage.folder, arguments.beds, config)
    await fill(stage, others)
    print(invitation(config, truth, trainer, stage.folder, others), flush=True)
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


async def play(stage: Stage, arguments: argparse.Namespace, path: Path, config: Config) -> int:
    """Start everything, one infusion from sign-in to its end, then the verdict."""
    assert config.mqtt is not None, "the demo has a broker"
    await start_broker(stage, arguments.broker, config.mqtt.port)
    pump = PUMPS[arguments.driver]
    async with Witness.listening(config.mqtt.port) as witness:
        truth = await start_pump(stage, config, pump)
        async with AsyncClient(config.socket, sent_at_ns=SystemClock().now_ns) as client:
            await has_its_pump(stage, await start_daemon(stage, path, client), client)
            await start_console(stage, path, config)
            name, pin, _ = PEOPLE[0]
            story = await (await Nurse.signed_in(client, name, pin, stage.say)).play(pump.lesson)
        verdict = await judge(story, witness, truth, config, lambda: stage.end("daemon"))
    return tell(stage, verdict)


def tell(stage: Stage, verdict: Verdict) -> int:
    print(f"\n{verdict.table()}\n", flush=True)
    for line in verdict.disagreements:
        print(f"DISAGREES  {line}", flush=True)
    count = len(verdict.disagreements)
    stage.say("all agree" if count == 0 else f"{count} of {verdict.compared} comparisons disagree")
    return DISAGREES if count else DONE


async def run(arguments: argparse.Namespace) -> int:
    """Until the work is done, somebody asks to end, or a part goes away. Ends every part."""
    with run_folder(arguments.dir, keep=arguments.keep) as folder:
        page = 0 if arguments.scripted and arguments.port is None else arguments.port
        path, config = prepare(folder, port=page, pump=PUMPS[arguments.driver])
        stage = Stage(folder)
        asked = asyncio.Event()

        def ask() -> None:
            if asked.is_set():
                stage.kill_all()  # asked twice: somebody is in a hurry
            asked.set()

        for number in ENDING_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, ask)
        work = asyncio.create_task((play if arguments.scripted else entertain)(stage, arguments, path, config))
        asking = asyncio.create_task(asked.wait())
        try:
            waits: tuple[asyncio.Future[Any], ...] = (work, asking, stage.lost)
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            if asking.done():
                return INTERRUPTED if arguments.scripted else DONE
            lost = stage.lost.result()
            raise DemoError(f"the {lost.name} went away: it {lost.epitaph()}")
        finally:
            for task in (work, asking):
                task.cancel()
            await asyncio.gather(work, asking, return_exceptions=True)
            await bring_down(stage)
            if arguments.keep or arguments.dir is not None:
                print(f"logs and journal: {folder}", flush=True)


async def bring_down(stage: Stage) -> None:
    """In reverse order, and say so."""
    since_s = asyncio.get_running_loop().time()
    ended = await stage.end_all()
    if ended:
        stage.say(f"ended: {', '.join(each.name for each in ended)}", since_s)
    killed = [each.name for each in ended if not each.in_time]
    if killed:
        print(f"had to be killed: {', '.join(killed)}", file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="pumpd demo", description="Broker, simulated pump, daemon and bedside page, all on this machine."
    )
    made.add_argument("--port", type=int, metavar="N", help="of the page; 0 takes any free one (default: 8080)")
    made.add_argument("--dir", type=Path, metavar="DIR", help="run there, and leave journal and logs behind")
    made.add_argument("--scripted", action="store_true", help="no person: one infusion is played and judged")
    made.add_argument("--keep", action="store_true", help="leave the run folder behind, with journal and logs")
    made.add_argument(
        "--driver", choices=tuple(PUMPS), default="new_era", help="the pump at the bed (default: new_era)"
    )
    made.add_argument("--scene", choices=SCENES, help="open on a bed with a past, which is played ahead first")
    made.add_argument("--beds", type=int, default=1, metavar="N", help=f"so many, for dashboards (at most {MOST})")
    made.add_argument("--broker", choices=BROKERS, help="default: mosquitto where it is installed, else iotcore")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Raises PumpdError with one clear line, told by the caller."""
    arguments = parser().parse_args(argv)
    if arguments.port is not None and not 0 <= arguments.port <= 65_535:
        raise DemoError(f"{arguments.port} is no port: choose 1024 to 65535, or 0 for any")
    if arguments.scene is not None and (arguments.scripted or arguments.driver != "new_era"):
        raise DemoError("a scene has its own nurse and its own pump: leave out --scripted and --driver")
    if not 1 <= arguments.beds <= MOST or (arguments.scripted and arguments.beds > 1):
        raise DemoError(f"--beds takes 1 to {MOST}, each two more processes on this machine; --scripted has one")
    return asyncio.run(run(arguments))
