"""What people and bad luck do to any pump with a plant behind it, the same for every look-alike.

A look-alike inherits `Mishaps` and has `plant` and `on_wake`; what befalls the plant then first lets happen in the pump
what was due before.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from pumpd_sim.plant import Plant

KEYS = ("start", "stop", "rate", "clear")


def check_key(key: str, rate_nl_per_h: int | None) -> None:
    """Raises ValueError: no such key, or `rate` without a rate."""
    if key not in KEYS or (key == "rate") != (rate_nl_per_h is not None):
        message = f"no key {key!r} with rate {rate_nl_per_h}; keys: {', '.join(KEYS)}, rate with a rate"
        raise ValueError(message)


class Mishaps(ABC):
    plant: Plant

    @abstractmethod
    def on_wake(self, now_ns: int) -> bytes: ...

    def occlude(self, now_ns: int) -> bytes:
        said = self.on_wake(now_ns)
        self.plant.occlude(now_ns)
        return said

    def release(self, now_ns: int) -> bytes:
        said = self.on_wake(now_ns)
        self.plant.release(now_ns)
        return said

    def leak(self, now_ns: int, permille: int) -> bytes:
        said = self.on_wake(now_ns)
        self.plant.leak(now_ns, permille)
        return said

    def jam(self, now_ns: int, *, jammed: bool) -> bytes:
        said = self.on_wake(now_ns)
        self.plant.jam(now_ns, jammed=jammed)
        return said

    def load(self, now_ns: int, volume_nl: int | None = None) -> bytes:
        """Somebody puts another syringe in, full unless a volume is named."""
        said = self.on_wake(now_ns)
        self.plant.load(now_ns, self.plant.spec.capacity_nl if volume_nl is None else volume_nl)
        return said
