"""The non-volatile memory of a New Era pump: what is still set after the power was off.

Communication mode and timeout, address, diameter, keypad and alarm settings, and a pumping program of 41
phases. A rate changed while pumping is deliberately not here: the manual says that it is not stored, so
after stop and start the old rate returns.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pumpd_sim.plant import ZL_PER_NL, piston_area_um2

if TYPE_CHECKING:
    from pumpd_sim.new_era_options import NewEraOptions

LAST_PHASE = 41
UL_UP_TO_UM = 14_000
NL_PER_H_PER_THOUSANDTH = {"UH": 1, "UM": 60, "MH": 1_000, "MM": 60_000}
NL_PER_THOUSANDTH = {"UL": 1, "ML": 1_000}
TOP_SPEED_UM_PER_MIN = 51_005  # 5.1005 cm/min
LEAST_SPEED_NM_PER_H = 42_050  # 0.004205 cm/h


@dataclass(slots=True, kw_only=True)
class Phase:
    """One phase of the pumping program; rate and volume in thousandths of their unit."""

    function: str = "RAT"
    parameter: str = ""
    rate: int = 0
    rate_unit: str = "MH"
    volume: int = 0
    direction: str = "INF"

    @property
    def rate_nl_per_h(self) -> int:
        return self.rate * NL_PER_H_PER_THOUSANDTH[self.rate_unit]


def _factory_phases(phase_2: str) -> list[Phase]:
    first = Phase(rate=10_000)
    second = Phase(function=phase_2, rate=10_000)
    return [first, second, *(Phase(function="STP") for _ in range(LAST_PHASE - 2))]


@dataclass(slots=True, kw_only=True)
class Memory:
    """Everything that outlives a power failure. `timeout_s` 0 is Basic mode."""

    address: int = 0
    baud: int = 19_200
    network: str = ""
    timeout_s: int = 0
    diameter_um: int = 26_590
    volume_unit: str = "ML"
    phases: list[Phase] = field(default_factory=lambda: _factory_phases("STP"))
    switches: dict[str, int] = field(
        default_factory=lambda: {"LN": 0, "AL": 1, "PF": 0, "LOC": 0, "BP": 1, "DIN": 0, "ROM": 0}
    )
    trigger: str = "FT"
    was_pumping: bool = False  # what power-fail restart (PF 1) goes by

    @staticmethod
    def factory(options: NewEraOptions, *, address: int = 0) -> Memory:
        return Memory(address=address, phases=_factory_phases(options.phase_2_from_the_factory))

    def phase(self, number: int) -> Phase:
        return self.phases[number - 1]

    def set_diameter(self, diameter_um: int) -> None:
        self.diameter_um = diameter_um
        self.volume_unit = "UL" if diameter_um <= UL_UP_TO_UM else "ML"

    def volume_nl(self, phase: Phase) -> int:
        return phase.volume * NL_PER_THOUSANDTH[self.volume_unit]

    @property
    def top_rate_nl_per_h(self) -> int:
        """Piston area times top speed: um2 x um = 1e-6 nL."""
        return piston_area_um2(self.diameter_um) * TOP_SPEED_UM_PER_MIN * 60 // 10**6

    @property
    def least_rate_nl_per_h(self) -> int:
        return -(-piston_area_um2(self.diameter_um) * LEAST_SPEED_NM_PER_H // 10**9)

    def rate_in_range(self, rate_nl_per_h: int) -> bool:
        return self.least_rate_nl_per_h <= rate_nl_per_h <= self.top_rate_nl_per_h

    def believed_step_zl(self, step_length_pm: int) -> int:
        """What the pump takes one motor step to displace, going by the diameter it was told."""
        return piston_area_um2(self.diameter_um) * step_length_pm

    def target_steps(self, phase: Phase, step_length_pm: int) -> int:
        """Steps of this phase until its volume is reached; 0 is without end."""
        return _steps_for(self.volume_nl(phase), self.believed_step_zl(step_length_pm))


@functools.lru_cache(maxsize=64)  # one target is asked for at every step of a wire
def _steps_for(volume_nl: int, step_zl: int) -> int:
    return -(-volume_nl * ZL_PER_NL // step_zl)
