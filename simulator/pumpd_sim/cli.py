"""The `pumpd-sim` command: simulated pumps on real wires, for people and for other programs' tests.

It prints one line of JSON with its addresses when it is ready, and before it nothing that starts with `{`, so
that a caller in any language may read lines until one does. SIGTERM and SIGINT end it quietly with exit
status 0. `--exit-with-parent` lets the kernel end it with whoever started it, so that no test leaves an
orphan behind; the kernel counts the starting thread as the parent, so start it from one that lives on.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import selectors
import signal
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pumpd_sim import run, state, trumpet
from pumpd_sim.bus import SimBus
from pumpd_sim.devices import Bench, DeviceKind, load, names
from pumpd_sim.fault_page import print_faults
from pumpd_sim.fault_text import fault_from_words
from pumpd_sim.parent import end_with
from pumpd_sim.readings import read
from pumpd_sim.serving import ServedBus
from pumpd_sim.swarm import WireRates, swarm_schedule
from pumpd_sim.variants import parted, run_each
from pumpd_sim.wire_faults import WireFaults

if TYPE_CHECKING:
    from pumpd_sim.control import Door
    from pumpd_sim.state import WireState

OF_NEW_PUMPS = (
    "mode", "timeout_s", "address", "swarm", "syringe_diameter_mm", "volume_ml", "option", "variants",
)  # fmt: skip  # what a saved state decides
SWARM_HORIZON_NS = 24 * 3_600 * 10**9


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pumpd-sim", description="Simulated infusion pumps.")
    commands = parser.add_subparsers(dest="command", required=True)
    devices = commands.add_parser("devices", help="list every device that is installed")
    devices.add_argument("--variants", metavar="NAME", help="list every plausible reading of this device's manual")
    faults = commands.add_parser("faults", help="list every fault, and who can observe it by what")
    faults.add_argument("--markdown", action="store_true", help="as docs/faults.md has it")
    run.add_arguments(commands.add_parser("run", help="play scenarios in virtual time, and say which hold"))
    trumpet.add_arguments(
        commands.add_parser("trumpet", help="draw how a pump's flow begins, how steady it is, and a closed line")
    )
    serve = commands.add_parser("serve", help="serve simulated pumps on a pseudo-terminal and on TCP")
    serve.add_argument("--device", metavar="NAME", help="`pumpd-sim devices` lists them")
    serve.add_argument("--state", type=Path, metavar="FILE", help="pumps as they were saved, instead of new ones")
    serve.add_argument("--mode", help="the pump's mode at the start, where its kind has modes")
    serve.add_argument("--timeout-s", type=int, metavar="S", help="the pump's own watch over silence, at the start")
    serve.add_argument("--address", type=int, nargs="+", metavar="N", help="one pump per address")
    serve.add_argument("--tcp", metavar="HOST:PORT", help="serve on TCP; port 0 takes a free one")
    serve.add_argument("--pty", action="store_true", help="serve on a pseudo-terminal (the default)")
    serve.add_argument("--link", type=Path, metavar="PATH", help="symbolic link to the pseudo-terminal")
    serve.add_argument("--control", type=int, metavar="PORT", help="HTTP control on 127.0.0.1; 0 = any port")
    serve.add_argument("--seed", type=int, default=0, help="seed of all chance")
    serve.add_argument("--swarm", action="store_true", help="faults by lot, drawn from the seed")
    serve.add_argument(
        "--fault", action="append", default=[], metavar="NAME[,FIELD=VALUE...]", help="`pumpd-sim faults` lists them"
    )
    serve.add_argument("--speed", type=int, default=1, metavar="N", help="the pumps' day runs so many times as fast")
    serve.add_argument("--baud", type=int)
    serve.add_argument("--unpaced", action="store_true", help="bytes take no time on the wire")
    serve.add_argument("--byte-by-byte", action="store_true", help="replies arrive byte by byte")
    serve.add_argument("--syringe-diameter-mm", metavar="MM", help="real inner diameter")
    serve.add_argument("--volume-ml", metavar="ML", help="in the syringe or bag at the start")
    serve.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="a point the manual leaves open"
    )
    serve.add_argument(
        "--variants", metavar="all|OPTION", help="run the command behind -- once for each reading of the manual"
    )
    serve.add_argument("--exit-with-parent", action="store_true")
    return parser


def _thousandths(text: str, name: str) -> int:
    whole, _, part = text.partition(".")
    if not (whole + part).isdecimal() or len(part) > 3 or len(whole) > 4:
        raise ValueError(f"{name}: {text!r} is not a number with up to three decimals")
    return int(whole or "0") * 1_000 + int(part.ljust(3, "0"))


def _bench(kind: DeviceKind, arguments: argparse.Namespace, address: int) -> Bench:
    plant = kind.plant
    if arguments.volume_ml is not None:
        volume_nl = _thousandths(arguments.volume_ml, "--volume-ml") * 1_000
        plant = replace(plant, volume_nl=volume_nl, capacity_nl=max(volume_nl, plant.capacity_nl))
    if arguments.syringe_diameter_mm is not None:
        plant = replace(plant, syringe_diameter_um=_thousandths(arguments.syringe_diameter_mm, "--syringe-diameter-mm"))
    if plant.syringe_diameter_um == 0:
        raise ValueError("--syringe-diameter-mm must be above 0")
    return Bench(
        address=address,
        baud=arguments.baud,
        plant=plant,
        options=read(kind.options, dict(_pair(text) for text in arguments.option)),
        mode=arguments.mode,
        timeout_s=arguments.timeout_s,
        seed=arguments.seed,
    )


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def settle(kind: DeviceKind, arguments: argparse.Namespace) -> None:
    """Fill in what the kind decides where nothing was said. Raises ValueError for what it does not have."""
    if arguments.mode is None:
        arguments.mode = kind.modes[0]
    if arguments.mode not in kind.modes:
        raise ValueError(f"--mode: {kind.name} has {', '.join(filter(None, kind.modes)) or 'no modes'}")
    if arguments.address is None:
        arguments.address = [kind.addresses[0]]
    if len(set(arguments.address)) != len(arguments.address):
        raise ValueError("--address: each address once; two pumps with one address answer at once")
    if not all(address in kind.addresses for address in arguments.address):
        raise ValueError(f"--address: {min(kind.addresses)} to {max(kind.addresses)}")
    if arguments.mode in kind.tcp_modes:
        if arguments.pty or arguments.link:
            raise ValueError(f"--pty, --link: {kind.name} in mode {arguments.mode} is on TCP alone")
        arguments.tcp = arguments.tcp or "127.0.0.1:0"
        arguments.unpaced = True
    if arguments.tcp and not arguments.tcp.rpartition(":")[2].isdecimal():
        raise ValueError(f"--tcp: {arguments.tcp!r} is not HOST:PORT")
    if arguments.baud is None:
        arguments.baud = kind.bauds[0]
    if arguments.baud not in kind.bauds:
        raise ValueError(f"--baud: {kind.name} has {', '.join(map(str, sorted(kind.bauds)))}")


def take_state(arguments: argparse.Namespace) -> WireState:
    """What the file says instead of the command line. Raises ValueError for what both would say."""
    saved = state.read(arguments.state)
    both = [name for name in OF_NEW_PUMPS if getattr(arguments, name)]
    if both:
        raise ValueError(
            f"--state says it already: leave out {', '.join('--' + each.replace('_', '-') for each in both)}"
        )
    if arguments.device not in (None, saved.device):
        raise ValueError(f"--device {arguments.device}: {arguments.state} holds a {saved.device}")
    arguments.device = saved.device
    arguments.address = [device.address for device in saved.built()]
    return saved


def build_bus(kind: DeviceKind, arguments: argparse.Namespace, saved: WireState | None = None) -> SimBus:
    """Raises ValueError with a sentence when an argument makes no sense."""
    if saved is not None:
        bus = SimBus(
            saved.built(),
            baud=None if arguments.unpaced else arguments.baud,
            byte_by_byte=arguments.byte_by_byte,
            speed=arguments.speed,
            day_ns=saved.day_ns,
        )
        saved.bring_on_faults(bus)
        return _with_faults(bus, arguments)
    pumps = [kind.build(_bench(kind, arguments, address)) for address in arguments.address]
    rng = random.Random(arguments.seed)
    rates = WireRates.drawn(rng) if arguments.swarm else None
    schedule = (
        swarm_schedule(rng, horizon_ns=SWARM_HORIZON_NS, addresses=tuple(arguments.address)) if arguments.swarm else ()
    )
    bus = SimBus(
        pumps,
        baud=None if arguments.unpaced else arguments.baud,
        wire=WireFaults(rng, rates),
        schedule=schedule,
        byte_by_byte=arguments.byte_by_byte,
        speed=arguments.speed,
    )
    return _with_faults(bus, arguments)


def _with_faults(bus: SimBus, arguments: argparse.Namespace) -> SimBus:
    for words in arguments.fault:
        try:
            bus.inject(0, fault_from_words(words))
        except LookupError as error:
            raise ValueError(f"--fault {words}: {error}") from error
    return bus


async def serve(kind: DeviceKind, arguments: argparse.Namespace, bus: SimBus) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # a loop of Windows
            signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(stop.set))
    served = ServedBus(bus)
    try:
        ready: dict[str, object] = {"device": kind.name, "addresses": arguments.address}
        if arguments.pty or arguments.link or not arguments.tcp:
            ready["pty"] = served.open_pty(arguments.link)
        if arguments.link:
            ready["link"] = str(arguments.link)
        if arguments.tcp:
            host, _, port = arguments.tcp.rpartition(":")
            bound_host, bound_port = await served.open_tcp(host or "127.0.0.1", int(port))
            ready |= {"tcp": f"{bound_host}:{bound_port}", "tcp_host": bound_host, "tcp_port": bound_port}
        ready |= {"baud": arguments.baud, "seed": arguments.seed, "pid": os.getpid()}
        if arguments.control is None:
            _announce(ready)
            await stop.wait()
        else:
            from pumpd_sim.control import Door  # late: without control nobody waits for its imports

            await _serve_with_control(Door(served, kind, arguments.control), ready, stop)
    finally:
        await served.close()


async def _serve_with_control(door: Door, ready: dict[str, object], stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(door.serve())
        _announce(ready | {"control": door.url})
        await stop.wait()
        door.close()


def _announce(ready: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()


def _list_devices(variants_of: str | None) -> None:
    if variants_of is not None:
        sys.stdout.writelines(f"{reading.name}\n" for reading in load(variants_of).readings)
        return
    for name in names():
        kind = load(name)
        modes = f"; modes {', '.join(kind.modes)}" if any(kind.modes) else ""
        sys.stdout.write(f"{name:16}{kind.title}{modes}\n")


def _each_variant(kind: DeviceKind, which: str, own: list[str], command: list[str]) -> int:
    at = next(place for place, word in enumerate(own) if word.startswith("--variants"))
    without = own[:at] + own[at + (1 if "=" in own[at] else 2) :]
    return run_each(kind, which, without, command)


def _punctual_loop() -> asyncio.AbstractEventLoop:
    """Epoll waits in whole milliseconds, rounded up: two bytes too late at 19,200 baud. select does not."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def main(argv: list[str] | None = None) -> int:
    try:
        return _run(argv)
    except BrokenPipeError:  # whoever read our lines has read enough
        sys.stderr.close()
        return 0


def _run(argv: list[str] | None) -> int:
    parent_pid = os.getppid()
    own, command = parted(sys.argv[1:] if argv is None else argv)
    arguments = _parser().parse_args(own)
    try:
        if arguments.command == "serve" and arguments.exit_with_parent:
            end_with(parent_pid)
        if arguments.command == "devices":
            _list_devices(arguments.variants)
            return 0
        if arguments.command == "faults":
            return print_faults(arguments)
        if arguments.command == "run":
            return run.run(arguments)
        if arguments.command == "trumpet":
            return trumpet.run(arguments)
        saved = None if arguments.state is None else take_state(arguments)
        if arguments.device is None:
            raise ValueError("serve which pump? --device NAME (`pumpd-sim devices` lists them), or --state FILE")
        kind = load(arguments.device)
        settle(kind, arguments)
        if arguments.variants is not None:
            return _each_variant(kind, arguments.variants, own, command)
        if arguments.control is not None and not (find_spec("uvicorn") and find_spec("starlette")):
            raise ValueError("--control needs more than was installed: pip install 'pumpd[sim]'")
        if command:
            raise ValueError(f"nothing runs {command[0]!r}: a command behind -- belongs to --variants")
        bus = build_bus(kind, arguments, saved)
    except ValueError as error:
        sys.stderr.write(f"pumpd-sim: {error}\n")
        return 2
    try:
        with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=_punctual_loop) as runner:
            runner.run(serve(kind, arguments, bus))
    except OSError as error:
        sys.stderr.write(f"pumpd-sim: cannot serve: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
