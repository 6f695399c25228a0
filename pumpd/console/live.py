"""A view of the bed -> what a page shows of it that changes by itself, for the first picture and for every later one.

The templates and the stream of changes take their texts from the same place, so that a page that was just loaded
and one that has been open for hours cannot differ. Texts come from the daemon; nothing is formatted here.

`shape` is a fingerprint of everything that is not a text in a known place: which alarms there are, which buttons can
be pressed, which phase it is. When it changes, the page asks for itself again.

A value is shown as live for LIVE_MS, then says its age, is grey from GREY_MS on, and is taken away at GONE_MS: an old
number that looks live is worse than none. live.js applies the same three limits by the browser's own timer.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from pumpd import words
from pumpd.api_models import BedView, Phase, PumpView, RateView
from pumpd.console.svg import local_offset_min

LIVE_MS: Final = 2_000
GREY_MS: Final = 5_000
GONE_MS: Final = 10_000
NOT_KNOWN: Final = "not known"
NS_PER_MS: Final = 1_000_000

MOVING: Final = (Phase.CHECKING, Phase.STARTING, Phase.INFUSING, Phase.STOPPING, Phase.UNCERTAIN)
FREE: Final = (Phase.IDLE, Phase.ENDED)  # nothing is going on: a new infusion may be chosen


def freshness(age_ms: int | None) -> str:
    """`live`, `old`, `grey` or `gone`."""
    if age_ms is None or age_ms >= GONE_MS:
        return "gone"
    if age_ms >= GREY_MS:
        return "grey"
    return "old" if age_ms >= LIVE_MS else "live"


def age_text(age_ms: int | None) -> str:
    """Empty while live; live.js writes the same words."""
    match freshness(age_ms):
        case "live":
            return ""
        case "old":
            return f"as of {words.age((age_ms or 0) * NS_PER_MS)}"
    return "NO DATA from the pump" if age_ms is None else f"NO DATA: last heard {words.age(age_ms * NS_PER_MS)}"


def fields(view: BedView) -> dict[str, str]:
    """Name of the place -> its text, for the whole bed."""
    clock = words.clock_time(view.ts_ms, offset_min=local_offset_min(view.ts_ms), seconds=True)
    found = {"bed.clock": clock}
    for pump in view.pumps:
        found |= {f"{pump.slot}.{name}": text for name, text in pump_fields(pump).items()}
    return found


def figures_of(rate: RateView | None, missing: str = NOT_KNOWN) -> tuple[str, str, str]:
    """The three figures of a rate: the one that matters most, the dose by weight's hourly mass, the flow.

    A dose by weight carries its mass an hour in brackets; the page gives each a line of its own.
    """
    if rate is None:
        return missing, "", ""
    if rate.dose_text is None:
        return rate.text, "", ""
    first, _, second = rate.dose_text.partition(" (")
    return first, second.removesuffix(")"), rate.text


def pump_fields(pump: PumpView) -> dict[str, str]:
    infusion = pump.infusion
    at_rest = pump.phase not in MOVING
    unknown, not_yet = ("none", "none") if at_rest else (NOT_KNOWN, "not yet")
    found = {
        "phase": pump.phase_text,
        "why": pump.why_text,
        "link": pump.link_text,
        "left": pump.left_text or unknown,
        "end": pump.planned_end_text or unknown,
        "delivered": pump.delivered.text if pump.delivered else NOT_KNOWN,
        "delivered_mass": (pump.delivered.mass_text or "") if pump.delivered else "",
        "remaining": pump.remaining.text if pump.remaining else NOT_KNOWN,
        "remaining_mass": (pump.remaining.mass_text or "") if pump.remaining else "",
        "container": _lasts(pump),
        "window": f"over {pump.measured.window_text}" if pump.measured else "",
        "step": f"{infusion.step} of {infusion.steps}" if infusion else "",
        "next": _next(pump),
        "pressure": pump.pressure_text,
        "battery": pump.battery_text,
    }
    shown = pump.granted or pump.asked
    for name, rate, missing in (
        ("rate", shown, NOT_KNOWN),
        ("asked", pump.asked, NOT_KNOWN),
        ("granted", pump.granted, not_yet),
        ("measured", pump.measured, not_yet),
    ):
        first, second, flow = figures_of(rate, missing)
        found |= {name: first, f"{name}_mass": second, f"{name}_flow": flow}
    return found


def _next(pump: PumpView) -> str:
    """The next thing that is due, and when: whatever comes first of a step, a container's end and the end."""
    infusion = pump.infusion
    if infusion is None or pump.left_ms is None or pump.left_text is None:
        return "nothing planned"
    if infusion.step_due:
        return f"step {infusion.step + 1}: due now"
    due = [(pump.left_ms, f"the end in {pump.left_text}")]
    if pump.step_left_ms is not None and pump.step_left_text is not None:
        due.append((pump.step_left_ms, f"step {infusion.step + 1} in {pump.step_left_text}"))
    if pump.container_left_ms is not None and pump.container_left_text is not None:
        due.append((pump.container_left_ms, f"container {infusion.container + 1} in {pump.container_left_text}"))
    return min(due)[1]


def _lasts(pump: PumpView) -> str:
    """How long the container that hangs still lasts."""
    if pump.container_left_text is None:
        return "lasts to the end" if pump.left_text else "none"
    return f"lasts {pump.container_left_text}, until {pump.container_end_text}"


def meters(view: BedView) -> dict[str, tuple[int, int]]:
    """Slot -> how much is in at least, of how much, for the bar."""
    return {
        pump.slot: (pump.delivered.low_nl, pump.infusion.total.nl)
        for pump in view.pumps
        if pump.delivered is not None and pump.infusion is not None
    }


def sound(view: BedView) -> str:
    """What is to be heard now: `high`, `medium`, `low`, or nothing. The most urgent speaks for all."""
    heard = {alarm.priority for alarm in view.alarms if alarm.sounding}
    return next((priority for priority in ("high", "medium", "low") if priority in heard), "")


def shape(view: BedView) -> str:
    """Changes exactly when a page has to be laid out anew."""
    parts = [
        [view.boot, view.training, view.journal_text, view.library.text if view.library else None, view.visit],
        [[a.alarm_id, a.acknowledged, a.over, a.text, a.detail, a.flash.value, a.sounding] for a in view.alarms],
        [view.audio_paused_until_ts_ms is None, view.audio_paused_by],
        [
            [
                [
                    p.slot,
                    p.phase.value,
                    p.link.value,
                    p.question,
                    p.command_pending,
                    p.rise_to_check,
                    p.buttons.model_dump(),
                ],
                [
                    p.infusion.infusion_id,
                    p.infusion.container,
                    p.infusion.containers,
                    p.infusion.step,
                    p.infusion.step_due,
                    p.infusion.next_rate is None,
                ]
                if p.infusion
                else [],
                [p.measured is None, p.granted is None, p.age_ms is None],
            ]
            for p in view.pumps
        ],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def message(view: BedView) -> str:
    """One server-sent event, as JSON."""
    return json.dumps(
        {
            "shape": shape(view),
            "fields": fields(view),
            "ages": {pump.slot: pump.age_ms for pump in view.pumps},
            "meters": meters(view),
            "sound": sound(view),
        }
    )
