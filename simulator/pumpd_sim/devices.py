"""Which devices can be simulated: found by entry point, ours and other people's alike.

A package that brings a look-alike names it in the group `pumpd_sim.devices`; the name leads to a `DeviceKind`, plain
facts and one function that builds a pump. Everything else in the simulator (the bus, the command, the HTTP control)
asks the kind and knows no protocol:

    [project.entry-points."pumpd_sim.devices"]
    my_pump = "my_package.my_pump_kind:DEVICE"

A name that two packages claim is refused, with both named: a test must know what it is tested against. Nothing is
imported before it is asked for.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pumpd_sim.device import Device
from pumpd_sim.modbus_names import Named
from pumpd_sim.plant import PlantSpec
from pumpd_sim.provenance import Behaviour
from pumpd_sim.readings import Reading, readings

GROUP = "pumpd_sim.devices"


class DeviceError(ValueError):
    """No such device, or not one that can be used; the sentence says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What one pump is built from. `options` is of the kind's own options type."""

    address: int
    baud: int
    plant: PlantSpec
    options: Any
    mode: str = ""  # one of the kind's modes
    timeout_s: int | None = None  # the pump's own watch over silence at the start; None = as it leaves the factory
    seed: int = 0  # for a device that has chance of its own
    now_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How a host makes this kind run: what it says for a rate in µL/h, from power-up to the start.

    `rate_ul_per_h` is a middle rate of its kind. A pump that watches over silence is asked `poll` in between.
    """

    lines: Callable[[int], tuple[str, ...]]
    rate_ul_per_h: int
    poll: str = ""
    poll_every_s: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """How a pump is saved and goes on later (state.py): a dataclass, and both ways between it and the device."""

    state: type[Any]
    save: Callable[[Any], Any]
    restore: Callable[[Any], Device]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKind:
    """One kind of pump. The first of `bauds`, of `modes` and of `addresses` is as it leaves the factory.

    `build` raises ValueError with a sentence when the bench asks for something the pump does not have. `options` is a
    frozen dataclass as `readings` describes. How the bytes lie on the wire is each device's own `speech`. A Modbus pump
    names its `registers`, in the default reading of its manual, for whoever speaks to it by name. `running` is for
    `pumpd-sim trumpet`, `lasting` for `pumpd-sim serve --state`.
    """

    name: str
    title: str
    options: type[Any]
    build: Callable[[Bench], Device]
    addresses: Sequence[int]
    bauds: tuple[int, ...]
    provenance: tuple[Behaviour, ...]
    modes: tuple[str, ...] = ("",)
    tcp_modes: tuple[str, ...] = ()  # those of `modes` that exist on TCP alone, where bytes have no pace
    plant: PlantSpec = field(default_factory=PlantSpec)
    registers: tuple[Named, ...] = ()
    running: Running | None = None
    lasting: Lasting | None = None

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every plausible reading of the manual, the default first."""
        return readings(self.options)


def names() -> tuple[str, ...]:
    """Every device that is installed."""
    return tuple(sorted({found.name for found in entry_points(group=GROUP)}))


def load(name: str) -> DeviceKind:
    """Raises DeviceError: not installed, claimed twice, cannot be imported, or not a device."""
    found = tuple(entry_points(group=GROUP, name=name))
    if not found:
        known = names()
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"installed: {', '.join(known) or 'none at all'}"
        raise DeviceError(f"no device {name!r} is installed; {hint}")
    if len(found) > 1:
        claims = " and ".join(sorted(f"{_package(one)} ({one.value})" for one in found))
        raise DeviceError(f"the device {name!r} is claimed by {claims}: uninstall one of them")
    return _loaded(found[0])


def _loaded(entry: EntryPoint) -> DeviceKind:
    where = f"the device {entry.name!r} of {_package(entry)} ({entry.value})"
    try:
        kind = entry.load()
    except (ImportError, AttributeError) as error:
        raise DeviceError(f"{where} cannot be imported: {error}; reinstall the package") from error
    if not isinstance(kind, DeviceKind):
        raise DeviceError(f"{where} is no DeviceKind but {type(kind).__name__}")
    if kind.name != entry.name:
        raise DeviceError(f"{where} calls itself {kind.name!r}: the two names have to agree")
    return kind


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else "an unknown package"
