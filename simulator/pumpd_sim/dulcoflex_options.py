"""What the DULCO flex instructions leave open, as options: a driver must live with every value of every field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pumpd_sim.readings import figure


@dataclass(frozen=True, slots=True, kw_only=True)
class DulcoFlexOptions:
    """One reading of the operating instructions."""

    numbers: Literal["addresses", "one_more"] = "addresses"
    """Whether the printed register numbers are the addresses in the frame, or one more."""

    word_order: Literal["high_first", "low_first"] = "high_first"
    """Register 63 holds 0xAABBCCDD so that a host can find out."""

    run_byte: Literal["low", "high"] = "low"
    """Where in register 1200 its eight bits stand."""

    batch_starts_with: Literal["key", "run"] = "key"
    """Whether a batch starts with 0x5555 in 1235 while run is 1, or with run turning 1 alone."""

    timeout_bit_clears: Literal["acknowledge", "run_written"] = "acknowledge"
    """What takes back bit 1 of 1200, a time-out has happened."""

    run_survives_error: bool = True
    """Whether run = 1 stays through an error, so that acknowledging it starts the pump again."""

    level_clears_itself: bool = True
    """Whether a refilled container takes the level error back without an acknowledgement."""

    kept_without_power: Literal["settings", "nothing"] = "settings"
    """Whether rate, batch, mode and time-out are there after the power came back; run never is."""

    blocked_after_ms: int = figure(1_000, 100, 5_000)
    """How long the motor misses its steps before the error."""

    reply_delay_ms: int = figure(10, 0, 80)
    product: int = 57_098
    serial: str = "DF1234567"
    max_rate_l_per_h: int = 25
