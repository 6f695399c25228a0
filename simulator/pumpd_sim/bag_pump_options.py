"""What may differ from one example bag pump to the next, and what its manual leaves open, as options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pumpd_sim.readings import figure


@dataclass(frozen=True, slots=True, kw_only=True)
class BagPumpOptions:
    """One reading of the manual, and one firmware. A free text is another firmware, not another reading."""

    empty_seen_by: Literal["chamber", "air"] = "chamber"
    """Whether the pump sees the drip chamber run dry, or only the air that follows."""

    reply_delay_ms: int = figure(5, 0, 50)
    """The manual says 50 ms at most."""

    serial_number: int = 20_417

    word_order: str = "high_first"
    """`low_first`: a firmware that a driver must recognise by the pattern and refuse, or be told of."""

    timeout_unit: str = "ms"
    """`s`: a firmware whose timeout register counts seconds (0, or 1 to 30)."""

    calibration_ppm: int = 0
    """How much more than the pump believes its set moves; at most 50,000."""

    clamp: bool = True
    """Whether taking the set out shuts its clamp; without it an open door lets the bag run free."""

    def __post_init__(self) -> None:
        for name, value, known in (
            ("word_order", self.word_order, ("high_first", "low_first")),
            ("timeout_unit", self.timeout_unit, ("ms", "s")),
        ):
            if value not in known:
                message = f"option {name}: {value!r} is none of {', '.join(known)}"
                raise ValueError(message)
