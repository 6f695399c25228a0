"""The drivers of a bed's pumps, as its configuration names them, and what keeps them from running together.

One driver for each slot, made of its options and of the register map that describes its pump where there is one; the
map is a file that must not change behind the daemon's back. Drivers of one bus have to frame their bytes alike, and a
pump that cannot tell itself from its twin needs the label on its housing in the configuration.
"""

from __future__ import annotations

from pumpd.config import Config
from pumpd.core.pump import IdentityKind
from pumpd.core.standing import RulesFile
from pumpd.driver_api import Driver
from pumpd.errors import ConfigError
from pumpd.file_check import FileCheck
from pumpd.registry import load, one_language


def drivers_of(config: Config, files: FileCheck) -> dict[str, Driver]:
    """By slot. Raises PumpdError, which names what to write."""
    for pump in config.pumps:
        if pump.map is not None:
            files.about_to_read(RulesFile.REGISTER_MAP, pump.map)
    drivers: dict[str, Driver] = {}
    for pump in config.pumps:
        options = pump.driver_options()
        drivers[pump.slot] = load(pump.driver, options)
        drivers[pump.slot].pump(address=pump.address, options=options)  # judges the address, and sends nothing
    _labelled(config, drivers)
    for bus in config.buses:
        one_language(bus.name, [drivers[pump.slot] for pump in bus.pumps])
    return drivers


def _labelled(config: Config, drivers: dict[str, Driver]) -> None:
    """Raises ConfigError: a pump that cannot tell itself from its twin has to be told apart by its label."""
    for pump in config.pumps:
        info = drivers[pump.slot].info
        if info.identity is IdentityKind.MODEL and not pump.asset.strip():
            raise ConfigError(
                f"pump {pump.slot}: asset is missing: a {info.title} reports no serial number. "
                "Write the label on its housing there, for example asset = 'No. 17'"
            )
