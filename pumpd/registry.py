"""The driver that a configuration names, found by entry point: exactly one match, or refuse.

A driver decides what is sent to a pump. With "the last one wins", the usual rule of plug-ins, installing an
unrelated package could replace it in silence; here two claims to one name stop the start, with both packages
named. Nothing is imported before it is named, so a broken driver that nobody uses harms nobody.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from pumpd.driver_api import Configurable, Driver
from pumpd.errors import ConfigError, RegistryError

GROUP: Final = "pumpd.drivers"
_PARTS: Final = ("info", "framing", "pump")


def names() -> tuple[str, ...]:
    """Every driver that is installed."""
    return tuple(sorted({found.name for found in entry_points(group=GROUP)}))


def load(name: str, options: Mapping[str, str | int | bool] | None = None) -> Driver:
    """The driver, for pumps with these options.

    Raises RegistryError: not installed, claimed twice, cannot be imported, or not a driver. Raises ConfigError on an
    option that decides what the driver is, and is wrong.
    """
    found = tuple(entry_points(group=GROUP, name=name))
    if not found:
        raise RegistryError(f"no driver {name!r} is installed{_nearest(name)}")
    if len(found) > 1:
        claims = " and ".join(sorted(f"{_package(one)} ({one.value})" for one in found))
        raise RegistryError(f"the driver {name!r} is claimed by {claims}: uninstall one of them")
    driver = _loaded(found[0])
    return driver.configured(options or {}) if isinstance(driver, Configurable) else driver


def one_language(bus: str, drivers: Sequence[Driver]) -> None:
    """Raises ConfigError: on one wire every byte is everybody's, so all pumps of a bus need the same framing."""
    kinds = {type(driver.framing()): driver.info.name for driver in drivers}
    if len(kinds) > 1:
        raise ConfigError(
            f"bus {bus}: {' and '.join(sorted(kinds.values()))} frame their bytes differently: give each a [[bus]] of "
            "its own, or the same `framing` among their options"
        )


def _loaded(entry: EntryPoint) -> Driver:
    where = f"the driver {entry.name!r} of {_package(entry)} ({entry.value})"
    try:
        driver = entry.load()
    except (ImportError, AttributeError) as error:
        raise RegistryError(f"{where} cannot be imported: {error}; reinstall the package") from error
    missing = [part for part in _PARTS if not hasattr(driver, part)]
    if missing:
        raise RegistryError(f"{where} is not a driver: it has no {', no '.join(missing)}")
    loaded: Driver = driver
    if loaded.info.name != entry.name:
        raise RegistryError(f"{where} calls itself {loaded.info.name!r}: the two names have to agree")
    return loaded


def _nearest(name: str) -> str:
    known = names()
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; installed: {', '.join(known)}" if known else "; none is installed at all"


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "a package without metadata"
