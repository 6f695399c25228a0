"""The bed on a terminal of 80 columns: what the page shows, in the order in which a nurse looks.

Alarms first, then each pump: phase, the three rates, what is in, how long. Texts come from the daemon as they
are. A number older than two seconds says its age; what is unknown is a dash, never a zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from pumpd import words
from pumpd.api_models import AlarmView, BedView, PumpView
from pumpd.core.units import NS_PER_MS

COLUMNS: Final = 80
AGE_TOLD_MS: Final = 2_000
UNKNOWN: Final = "-"


def lines(view: BedView) -> list[str]:
    head = f"Bed {view.site}/{view.ward}/{view.bed}" + ("   TRAINING" if view.training else "")
    found = [head, "=" * min(len(head), COLUMNS)]
    if view.library is not None:
        found += _folded("", view.library.text)
    if view.journal_text is not None:
        found += _folded("! ", view.journal_text)
    for alarm in view.alarms:
        found += _alarm(alarm)
    for pump in view.pumps:
        found += ["", *_pump(pump)]
    return found


def _folded(label: str, text: str) -> list[str]:
    return wrap(text, COLUMNS, initial_indent=label, subsequent_indent=" " * len(label)) or [label]


def _alarm(alarm: AlarmView) -> list[str]:
    quiet = not alarm.sounding and alarm.priority != "prompt"
    seen = " (seen)" if alarm.acknowledged else " (sound paused)" if quiet else ""
    where = "bed" if alarm.slot is None else alarm.slot
    return _folded(f"! {alarm.priority.upper():<7}", f"{where}: {alarm.text}{seen}. {alarm.todo}")


def _pump(pump: PumpView) -> Iterator[str]:
    label = f", {pump.asset}" if pump.asset else ""
    yield from _folded(f"{pump.slot}  ", f"{pump.title}{label}: {pump.link_text}")
    why = f" ({pump.why_text})" if pump.why_text else ""
    yield from _folded("    phase      ", f"{pump.phase_text}{why}")
    infusion = pump.infusion
    if infusion is None:
        return
    yield from _folded("    drug       ", f"{infusion.drug}, {infusion.concentration_text}")
    yield from _folded("    regimen    ", f"{infusion.regimen_title}, step {infusion.step} of {infusion.steps}")
    for name, rate in (("asked", pump.asked), ("granted", pump.granted), ("measured", pump.measured)):
        text = UNKNOWN if rate is None else rate.text
        if rate is not None and rate.dose_text:
            text = f"{text}, {rate.dose_text}"
        yield from _folded(f"    {name:<11}", text)
    if pump.delivered is not None:
        yield from _folded("    in         ", f"{pump.delivered.text} of {infusion.total.text}")
    if pump.left_text is not None:
        yield from _folded("    left       ", f"{pump.left_text}, until {pump.planned_end_text}")
    if pump.age_ms is None or pump.age_ms >= AGE_TOLD_MS:
        age = "never since this start" if pump.age_ms is None else words.age(pump.age_ms * NS_PER_MS)
        yield from _folded("    reported   ", age)
    if pump.question is not None:
        yield from _folded("  ? ", pump.question)
    if infusion.step_due and infusion.next_rate is not None:
        yield from _folded("  ? ", f"The next step up, {infusion.next_rate.text}, waits for a tap.")
