"""What the Harvard and KD Scientific manuals leave open, or say differently from pump to pump, as options.

One command set serves a family of pumps and many firmware versions. A driver must live with every value of every field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pumpd_sim import readings
from pumpd_sim.readings import figure

if TYPE_CHECKING:
    import random


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvardOptions:
    """One reading. The comment at each field says what is open."""

    model: str = "11 ELITE I/W Single 3.0.4"
    firmware: str = "v3.0.4"
    serial: str = "D401234"
    """Answers to VER and VERSION."""

    status_form: Literal["manual", "newer"] = "manual"
    """STATUS as printed (seconds, five flags) or as newer firmware has it (milliseconds, six flags, the direction in
    capitals while the motor runs)."""

    address_before_lines: Literal["digits_colon", "digits", "nothing"] = "digits_colon"
    """What stands before a line of text from a pump whose address is not 0; its prompt has the digits always."""

    address_0_shown: bool = False
    """Whether a pump with address 0 shows it, too; a known client reads two digits at all times."""

    poll_from_start: bool = False
    """Whether XON closes the replies before anybody said POLL ON (the setting outlives the power)."""

    echo_from_start: bool = False
    """The same for ECHO: every byte heard is sent back."""

    unit_per_hour: Literal["ml/hr", "ml/h"] = "ml/hr"
    """How a rate per hour is spelt in answers; both are taken."""

    leading_zero: bool = False
    """Whether a number below 1 has a digit before its point; one quoted answer has none."""

    digits: int = figure(6, 4, 5)
    """Significant digits that a rate keeps; what lies below is cut off."""

    volume_unit: Literal["by_size", "ml"] = "by_size"
    """Whether a volume is told in the unit that suits it or always in ml."""

    rate_while_running: Literal["at_once", "refused"] = "at_once"
    target_while_running: Literal["taken", "refused"] = "taken"
    """IRATE and TVOLUME while the motor runs."""

    target_counts: Literal["ivolume", "since_run"] = "ivolume"
    """What is compared with the target: the infused volume (a run after the end has nothing to do until it is cleared),
    or what was given since the last run (a stop and a run give more)."""

    diameter_clears: Literal["nothing", "rates_and_target"] = "nothing"
    """What setting the diameter does to the rest of the method."""

    end_of_travel: Literal["limit_switch", "stall"] = "limit_switch"
    """Pumps without limit switches press on until the motor stalls."""

    stall_detected_after_ms: int = figure(500, 50, 3_000)
    """How long the motor misses steps before the prompt shows it."""

    settings_survive_power: bool = True
    counters_survive_power: bool = False
    """Rates, diameter and target; the volumes counted."""

    reply_ms: int = figure(0, 40)

    @staticmethod
    def drawn(rng: random.Random) -> HarvardOptions:
        return readings.drawn(HarvardOptions, rng)
