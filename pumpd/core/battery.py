"""A pump on its battery: warned in stages, with distrust of its gauge.

GIP 5.1.4 and 5.1.6 want a low and a depleted alarm. Gauges have failed both ways: pumps shut down without the warnings
in between (Baxter Colleague; Fresenius Ivenix 2026), and one stopped warning after an update (Medfusion 4000, 2019). So
the gauge is believed only where it falls: each stage passed alarms anew and is then acknowledged anew, and a reading
that climbs a little takes nothing back. Only a clear rise, a charger's, ends it. A battery that is cut off at once is
found like any other silence; nothing here is a promise of minutes.

`BATTERY_LOW` leaves the infusion alone. `BATTERY_EMPTY` is raised by the pump's own word only, and stops.
"""

from __future__ import annotations

from typing import Final

from pumpd.core import alarms
from pumpd.core.codes import Condition
from pumpd.core.pump import PumpAlarm, Report
from pumpd.core.turn import Turn

STAGES_PERCENT: Final = (30, 15, 5, 1)
CHARGED_PERCENT: Final = 40  # well above the first stage: a gauge that wavers around 30 % does not flap


def watch_battery(turn: Turn, slot: str, report: Report) -> None:
    """By every report: the stage that its gauge has reached, or the pump's own warning without a number."""
    percent, warned = report.battery_percent, report.alarm is PumpAlarm.BATTERY_LOW
    standing = alarms.active(turn, Condition.BATTERY_LOW, slot)
    stage = None if percent is None else min((each for each in STAGES_PERCENT if percent <= each), default=None)
    if stage is not None:
        lower = standing is not None and (standing.value is None or stage < standing.value)
        if lower:
            alarms.condition_over(turn, Condition.BATTERY_LOW, slot)
        if lower or standing is None:
            alarms.raise_alarm(turn, Condition.BATTERY_LOW, slot, value=stage)
    elif warned:
        alarms.raise_alarm(turn, Condition.BATTERY_LOW, slot)
    elif percent is None or percent >= CHARGED_PERCENT:
        alarms.condition_over(turn, Condition.BATTERY_LOW, slot)
