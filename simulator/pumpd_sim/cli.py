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
import ctypes
import json
import os
import random
import selectors
import signal
import sys
from pathlib import Path

from pumpd_sim.bus import SimBus
from pumpd_sim.faults import WireFaults, WireRates, swarm_schedule
from pumpd_sim.new_era import NewEra
from pumpd_sim.new_era_commands import BAUDS
from pumpd_sim.new_era_options import NewEraOptions
from pumpd_sim.plant import PlantSpec
from pumpd_sim.serving import ServedBus

PR_SET_PDEATHSIG = 1
SWARM_HORIZON_NS = 24 * 3_600 * 10**9
TIMEOUT_S = 5


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pumpd-sim", description="Simulated infusion pumps.")
    serve = parser.add_subparsers(dest="command", required=True).add_parser(
        "serve", help="serve simulated pumps on a pseudo-terminal and on TCP"
    )
    serve.add_argument("--device", choices=["new_era"], required=True)
    serve.add_argument("--mode", choices=["basic", "safe"], default="basic", help="the pump's mode at the start")
    serve.add_argument("--timeout-s", type=int, default=TIMEOUT_S, metavar="S", help="timeout in Safe mode at first")
    serve.add_argument("--address", type=int, nargs="+", default=[0], metavar="N", help="one pump per address")
    serve.add_argument("--tcp", metavar="HOST:PORT", help="serve on TCP; port 0 takes a free one")
    serve.add_argument("--pty", action="store_true", help="serve on a pseudo-terminal (the default)")
    serve.add_argument("--link", type=Path, metavar="PATH", help="symbolic link to the pseudo-terminal")
    serve.add_argument("--control", type=int, metavar="PORT", help="HTTP control on 127.0.0.1; 0 = any port")
    serve.add_argument("--seed", type=int, default=0, help="seed of all chance")
    serve.add_argument("--swarm", action="store_true", help="faults by lot, drawn from the seed")
    serve.add_argument("--baud", type=int, choices=BAUDS, default=19_200)
    serve.add_argument("--unpaced", action="store_true", help="bytes take no time on the wire")
    serve.add_argument("--byte-by-byte", action="store_true", help="replies arrive byte by byte")
    serve.add_argument("--syringe-diameter-mm", default="26.59", help="real inner diameter")
    serve.add_argument("--volume-ml", default="60", help="in the syringe at the start")
    serve.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="see NewEraOptions")
    serve.add_argument("--exit-with-parent", action="store_true")
    return parser


def _thousandths(text: str, name: str) -> int:
    whole, _, part = text.partition(".")
    if not (whole + part).isdecimal() or len(part) > 3 or len(whole) > 4:
        raise ValueError(f"{name}: {text!r} is not a number with up to three decimals")
    return int(whole or "0") * 1_000 + int(part.ljust(3, "0"))


def build_bus(arguments: argparse.Namespace) -> SimBus:
    """Raises ValueError with a sentence when an argument makes no sense."""
    settings = dict(pair.split("=", 1) if "=" in pair else (pair, "") for pair in arguments.option)
    options = NewEraOptions.read(settings)
    if len(set(arguments.address)) != len(arguments.address):
        raise ValueError("--address: each address once; two pumps with one address answer at once")
    if not all(0 <= address <= 99 for address in arguments.address):
        raise ValueError("--address: 0 to 99")
    if not 1 <= arguments.timeout_s <= options.saf_limit:
        raise ValueError(f"--timeout-s: 1 to {options.saf_limit}")
    volume_nl = _thousandths(arguments.volume_ml, "--volume-ml") * 1_000
    plant = PlantSpec(
        syringe_diameter_um=_thousandths(arguments.syringe_diameter_mm, "--syringe-diameter-mm"),
        volume_nl=volume_nl,
        capacity_nl=max(volume_nl, PlantSpec().capacity_nl),
    )
    if plant.syringe_diameter_um == 0:
        raise ValueError("--syringe-diameter-mm must be above 0")
    pumps = [
        NewEra(
            address=address,
            timeout_s=arguments.timeout_s if arguments.mode == "safe" else 0,
            baud=arguments.baud,
            options=options,
            plant=plant,
        )
        for address in arguments.address
    ]
    rng = random.Random(arguments.seed)
    rates = WireRates.drawn(rng) if arguments.swarm else None
    schedule = (
        swarm_schedule(rng, horizon_ns=SWARM_HORIZON_NS, addresses=tuple(arguments.address)) if arguments.swarm else ()
    )
    return SimBus(
        pumps,
        baud=None if arguments.unpaced else arguments.baud,
        wire=WireFaults(rng, rates),
        schedule=schedule,
        byte_by_byte=arguments.byte_by_byte,
    )


async def serve(arguments: argparse.Namespace, bus: SimBus) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    served = ServedBus(bus)
    try:
        ready: dict[str, object] = {"device": arguments.device, "addresses": arguments.address}
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
            await _serve_with_control(served, arguments.control, ready, stop)
    finally:
        await served.close()


async def _serve_with_control(served: ServedBus, port: int, ready: dict[str, object], stop: asyncio.Event) -> None:
    from pumpd_sim.control import Door  # late: without control nobody waits for its imports

    door = Door(served, port)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(door.serve())
        _announce(ready | {"control": door.url})
        await stop.wait()
        door.close()


def _announce(ready: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()


def _exit_with_parent(parent_pid: int) -> None:
    """Ask the kernel (Linux) for SIGTERM when the parent dies; it may have died just before."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent_pid:
        raise SystemExit(0)


def _punctual_loop() -> asyncio.AbstractEventLoop:
    """Epoll waits in whole milliseconds, rounded up: two bytes too late at 19,200 baud. select does not."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def main(argv: list[str] | None = None) -> int:
    parent_pid = os.getppid()
    arguments = _parser().parse_args(argv)
    if arguments.exit_with_parent:
        _exit_with_parent(parent_pid)
    try:
        bus = build_bus(arguments)
        if arguments.tcp and not arguments.tcp.rpartition(":")[2].isdecimal():
            raise ValueError(f"--tcp: {arguments.tcp!r} is not HOST:PORT")
    except ValueError as error:
        sys.stderr.write(f"pumpd-sim: {error}\n")
        return 2
    try:
        with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=_punctual_loop) as runner:
            runner.run(serve(arguments, bus))
    except OSError as error:
        sys.stderr.write(f"pumpd-sim: cannot serve: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
