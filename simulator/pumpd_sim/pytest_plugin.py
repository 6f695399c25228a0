"""The pytest plugin: a simulated pump for every test that asks for one. Loaded by pytest wherever pumpd is installed.

It must cost next to nothing where nobody uses it, so nothing is imported here until a fixture is asked for. It knows
no loop and starts its pumps in threads, so it works beside pytest-asyncio (and without), and in each worker of xdist.
Each test has pumps of its own, on ports of their own, and they are gone when it ends.

All chance comes from one seed, the same in every run unless told otherwise (`--pumpd-seed`, `pumpd_seed` in the ini
file). A test that fails shows the seed, the line that plays it again, the faults that happened and the last frames.
"""

from __future__ import annotations

import random
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from pumpd_sim.threaded import SimPump, SimPumps

SEED_LIMIT = 2**31
LAST_FRAMES = 12
WIRES = ("auto", "pty", "tcp")
NS_PER_S = 10**9
DRAWN = "pumpd_seed"

_RUNNING: pytest.StashKey[list[SimPumps]] = pytest.StashKey()


def _seed(text: str) -> int | Literal["random"]:
    if text == "random":
        return "random"
    if text.isascii() and text.isdecimal() and int(text) < SEED_LIMIT:
        return int(text)
    raise ArgumentTypeError(f"a whole number below {SEED_LIMIT}, or `random`, not {text!r}")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pumpd-sim", "simulated infusion pumps")
    group.addoption(
        "--pumpd-seed",
        type=_seed,
        metavar="SEED",
        help="seed of all chance in simulated pumps, or `random`",
    )
    group.addoption("--pumpd-wire", choices=WIRES, help="how pumps are reached: on a pty, on TCP, or (auto) as can be")
    parser.addini("pumpd_seed", "seed of all chance in simulated pumps, unless --pumpd-seed says another", default="0")
    parser.addini("pumpd_wire", f"one of {', '.join(WIRES)}, unless --pumpd-wire says another", default="auto")
    parser.addini("pumpd_device", "the device that `sim_pump` and `sim_bus` simulate by default", default="new_era")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "sim_pump(device=..., mode=..., timeout_s=..., swarm=...): which pump the fixture sim_pump is"
    )
    option = config.option
    try:
        seed = _seed(config.getini("pumpd_seed")) if option.pumpd_seed is None else option.pumpd_seed
    except ArgumentTypeError as error:
        raise pytest.UsageError(f"pumpd_seed in the ini file: {error}") from error
    drawn: int = getattr(config, "workerinput", {}).get(DRAWN, random.randrange(SEED_LIMIT))
    option.pumpd_seed = drawn if seed == "random" else seed
    option.pumpd_wire = option.pumpd_wire or config.getini("pumpd_wire")
    if option.pumpd_wire not in WIRES:
        raise pytest.UsageError(f"pumpd_wire in the ini file: {option.pumpd_wire!r} is none of {', '.join(WIRES)}")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist's, which may not be here
    """Workers of xdist read the command line again; what was drawn by lot is drawn once."""
    node.workerinput[DRAWN] = node.config.option.pumpd_seed


def pytest_report_header(config: pytest.Config) -> str:
    return f"pumpd-sim: seed {config.option.pumpd_seed}"


@pytest.fixture
def sim_bus(request: pytest.FixtureRequest) -> Iterator[Callable[..., SimPumps]]:
    """Start simulated pumps: `sim_bus(3)`, `sim_bus((4, 7), device="new_era", mode="safe")`; see `chain.Chain`."""
    from pumpd_sim.chain import Chain
    from pumpd_sim.threaded import SimPumps, has_ptys

    config = request.config
    running: list[SimPumps] = []
    request.node.stash[_RUNNING] = running

    def begin(pumps: int | Sequence[int] | None = None, **chain: Any) -> SimPumps:  # noqa: ANN401 - Chain's own fields
        chosen = {"device": config.getini("pumpd_device"), "seed": config.option.pumpd_seed + len(running)} | chain
        if isinstance(pumps, int):
            if pumps < 1:
                raise ValueError(f"sim_bus({pumps}): at least one pump")
            first = Chain(device=chosen["device"]).kind().addresses[0]
            chosen["addresses"] = tuple(range(first, first + pumps))
        elif pumps is not None:
            chosen["addresses"] = tuple(pumps)
        if config.option.pumpd_wire == "pty" and not has_ptys():
            pytest.fail("--pumpd-wire pty: this system has no pseudo-terminals; use tcp or auto", pytrace=False)
        wire = SimPumps(Chain(**chosen), tcp=config.option.pumpd_wire == "tcp")
        running.append(wire)
        return wire

    yield begin
    failures = [failure for wire in reversed(running) if (failure := _closed(wire)) is not None]
    if failures:
        raise failures[0]


def _closed(wire: SimPumps) -> RuntimeError | None:
    """Close it; every wire of a test gets its turn, whatever another one says."""
    try:
        wire.close()
    except RuntimeError as failure:
        return failure
    return None


@pytest.fixture
def sim_pump(request: pytest.FixtureRequest, sim_bus: Callable[..., SimPumps]) -> SimPump:
    """One simulated pump on a real port: `.port`, `.truth()`, `.inject("occlusion")`, `.journal`, `.verify("RUN")`."""
    marker = request.node.get_closest_marker("sim_pump")
    return sim_bus(**(marker.kwargs if marker else {})).pump()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and call.when == "call":
        for wire in item.stash.get(_RUNNING, []):
            report.sections.append((f"pumpd-sim on {wire.port}", told(wire, item)))
    return report


def told(wire: SimPumps, item: pytest.Item) -> str:
    """What somebody needs who was not there: how to see it again, what went wrong on purpose, what was said last."""
    from pumpd_sim.verify import line_of

    seed = item.config.option.pumpd_seed
    lines = [f"seed {seed}; again: pytest '{item.nodeid}' --pumpd-seed {seed}"]
    try:
        journal, fired, truths = wire.journal, wire.fired, [pump.truth() for pump in wire.pumps]
    except RuntimeError as failure:
        return "\n".join([*lines, f"{failure}: {failure.__cause__!r}"])
    lines += [f"{one.at_ns / NS_PER_S:10.3f} s  fault       {one.kind.value}: {one.detail}" for one in fired]
    lines += [line_of(seen) for seen in journal[-LAST_FRAMES:]] or ["nothing was said"]
    lines += [f"truth of pump {truth.address}: {truth}" for truth in truths]
    return "\n".join(lines)
