"""Which simulated pumps stand on one wire, as plain facts: what a test writes down, and a bus is built from.

It says what `pumpd-sim serve` says with its options, in Python. Whatever is left out is as the device leaves the
factory, and all chance comes from the one seed, so that the same chain is the same pumps again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from pumpd_sim import devices, readings
from pumpd_sim.bus import SimBus
from pumpd_sim.plant import PlantSpec
from pumpd_sim.swarm import WireRates, swarm_schedule
from pumpd_sim.wire_faults import WireFaults

SWARM_HORIZON_NS = 600 * 10**9  # faults by lot: within the ten minutes that a test may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Which pumps stand on the wire. What is left out is as the device leaves the factory.

    `options` are the points that the manual leaves open, as text or number (`{"stp_when_stopped": "?NA"}`), or
    "drawn": by lot from the seed. `paced`: bytes take their time on the wire. `swarm`: faults by lot from the seed.
    `speed`: the pumps' day goes so many times as fast, the protocol does not.
    """

    device: str = "new_era"
    addresses: tuple[int, ...] | None = None
    mode: str | None = None
    timeout_s: int | None = None
    options: Mapping[str, object] | str = field(default_factory=dict)
    baud: int | None = None
    paced: bool = True
    byte_by_byte: bool = False
    swarm: bool = False
    speed: int = 1
    seed: int = 0
    plant: PlantSpec | None = None

    def kind(self) -> devices.DeviceKind:
        return devices.load(self.device)

    def build(self) -> SimBus:
        """Raises ValueError with a sentence when something makes no sense."""
        kind = self.kind()
        rng = random.Random(self.seed)
        mode, baud = self.mode or kind.modes[0], self.baud or kind.bauds[0]
        addresses = (kind.addresses[0],) if self.addresses is None else self.addresses
        if mode not in kind.modes:
            raise ValueError(f"{kind.name} has no mode {mode!r}; it has: {', '.join(kind.modes)}")
        if baud not in kind.bauds:
            raise ValueError(f"{kind.name} cannot speak at {baud} baud; it can at: {', '.join(map(str, kind.bauds))}")
        if len(set(addresses)) != len(addresses) or not addresses or not set(addresses) <= set(kind.addresses):
            last = kind.addresses[-1]
            raise ValueError(f"addresses {addresses}: different ones from {kind.addresses[0]} to {last}, at least one")
        if isinstance(self.options, str):
            if self.options != "drawn":
                raise ValueError(f'options: a mapping of names and values, or "drawn", not {self.options!r}')
            options = readings.drawn(kind.options, rng)
        else:
            options = readings.read(kind.options, {name: str(value) for name, value in self.options.items()})
        pumps = [
            kind.build(
                devices.Bench(
                    address=address,
                    baud=baud,
                    plant=self.plant or kind.plant,
                    options=options,
                    mode=mode,
                    timeout_s=self.timeout_s,
                    seed=self.seed,
                )
            )
            for address in addresses
        ]
        return SimBus(
            pumps,
            baud=baud if self.paced and not self.tcp_only() else None,
            wire=WireFaults(rng, WireRates.drawn(rng) if self.swarm else None),
            schedule=swarm_schedule(rng, horizon_ns=SWARM_HORIZON_NS, addresses=addresses) if self.swarm else (),
            byte_by_byte=self.byte_by_byte,
            speed=self.speed,
        )

    def tcp_only(self) -> bool:
        kind = self.kind()
        return (self.mode or kind.modes[0]) in kind.tcp_modes
