"""The shipped library and catalogue, and a pump's facts, for tests that need them whole.

`NE_1000` is written from the New Era NE-1000 manual (piston at most 5.1005 cm/min, at least 0.004205 cm/h; four
digits, three of them behind the point; Safe mode up to 255 s) and not taken from its driver: core does not know
drivers, and its tests should not follow when one changes.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from pumpd.core.pump import Detectable, DriverInfo, IdentityKind, SettableLease
from pumpd.core.regimen import Rules
from pumpd.rules_files import load_rules

CONFIG: Final = Path(__file__).resolve().parents[2] / "config"

NE_1000: Final = DriverInfo(
    name="new_era",
    title="New Era NE-1000",
    lease=SettableLease(shortest_s=1, longest_s=255),
    identity=IdentityKind.MODEL,
    detects=(Detectable.OCCLUSION_BY_STALL,),
    rate_digits=4,
    rate_step_ul_per_h=1,
    piston_um_per_h_min=43,  # 42.05 um/h, up
    piston_um_per_h_max=3_060_300,
    accuracy_ppm=10_000,
    motor_step_um_ppm=850_000,
    buzzes=True,
    changes_rate_while_running=True,
    unsolicited_alarms=True,
    quiet_ms=500,
    preempt_after_ms=250,
    worst_observe_ms=1_000,
    verified_on_hardware=False,
)


@cache
def shipped_rules() -> Rules:
    """What stands in config/, read once."""
    return load_rules(CONFIG / "drug-library.toml", CONFIG / "regimens.toml")
