"""Every shipped driver with the look-alike that answers it: what a played bed needs to know of the two.

A driver and its look-alike were written from the same manual by different hands; whoever plays them together needs a
few facts that belong to neither: the address, what hangs on the pump, what a nurse may order there, what a site would
say in its configuration where the manual has two readings, and how a start looks on the wire, for a checker that
believes no driver.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pumpd_sim.device import Device
from pumpd_sim.devices import Bench, DeviceKind
from pumpd_sim.devices import load as load_device
from pumpd_sim.readings import Reading, read

from pumpd.driver_api import Driver
from pumpd.registry import load

Orders = tuple[tuple[str, str, int, int], ...]  # regimen, container, shortest and longest weight in kg
Said = tuple[tuple[str, str | int | bool], ...]  # options of a pump in the configuration

BAG_PUMP: Final = Path(__file__).parents[2] / "config" / "pumps" / "bedside-bag-pump.toml"
TRAINING: Final = ("TRAIN-3GENTLE", "TRAIN-5MIN", "TRAIN-2MIN")
DEFAULT: Final = Reading(settings=())

# what a site has to find out about its pump, and to say in its configuration
_SAID: Final[dict[str, Said]] = {
    "dulcoflex numbers=one_more": (("register_offset", -1),),
    "dulcoflex run_byte=high": (("run_in_high_byte", True),),
}


def _lessons(container: str) -> Orders:
    return tuple((regimen, container, 50, 115) for regimen in TRAINING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A driver and what answers it. `starts` is the pattern of a frame that starts the pump."""

    driver: str
    device: str
    starts: bytes
    address: int = 0
    container: str = "syringe-60"  # of saline
    drugs: Orders = ()
    mode: str = ""
    map: Path | None = None
    regimen: str = "TRAIN-3GENTLE"  # a lesson of three steps that this pump can tell apart
    under_nl: int = 35_000  # short of what was ordered: the wire's grain, and what three legs round down
    over_nl: int = 1_000  # past it: a step of the motor, or a look where the pump has no target of its own

    @property
    def orders(self) -> Orders:
        return _lessons(self.container) + self.drugs

    @property
    def kind(self) -> DeviceKind:
        return load_device(self.device)

    def loaded(self) -> Driver:
        if self.map is None:
            return load(self.driver)
        return load(self.driver, {"map": self.map.read_text(encoding="utf-8"), "map_file": str(self.map)})

    def said(self, reading: Reading) -> Said:
        """What the configuration says of a pump that is to be read like this."""
        return _SAID.get(f"{self.driver} {reading.name}", ())

    def pump(self, reading: Reading = DEFAULT, *, now_ns: int = 0) -> Device:
        kind = self.kind
        bench = Bench(
            address=self.address,
            baud=kind.bauds[0],
            plant=kind.plant,
            options=read(kind.options, dict(reading.settings)),
            mode=self.mode or kind.modes[0],
            now_ns=now_ns,
        )
        return kind.build(bench)


PAIRS: Final = {
    pair.driver: pair
    for pair in (
        Pair(
            driver="new_era", device="new_era", starts=rb"0RUN",
            drugs=(("MDD-2x3", "syringe-60-1", 50, 99), ("FM-3H", "syringe-60-5", 50, 115)),
        ),
        Pair(
            driver="alaris", device="alaris", starts=rb"!INF_START",
            drugs=(("MDD-2x3", "syringe-60-1", 50, 90), ("FM-3H", "syringe-60-5", 50, 115)),
        ),
        Pair(
            driver="isco", device="isco", starts=rb"\A\x01\x05\x00\x00\xff\x00",
            address=1, mode="rtu", over_nl=20_000,
        ),
        Pair(driver="harvard", device="harvard", starts=rb"irun"),
        Pair(
            driver="dulcoflex", device="dulcoflex", starts=rb"\A\x14\x06\x04\xb0\x00\x01",
            address=20, container="bag-100", regimen="TRAIN-3TURN",
            # what is left is programmed by what may be in: a fifth of a turn, and as much by which the flow is behind
            under_nl=2_000_000,
        ),
        Pair(
            driver="generic_modbus", device="bag_pump", starts=rb"\A\x01\x05\x00\x00\xff\x00",
            address=1, container="bag-100", over_nl=20_000, map=BAG_PUMP,
            drugs=(("MDD-2x3", "bag-100-1", 50, 99),),
        ),
    )
}  # fmt: skip
