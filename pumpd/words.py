"""Codes and integers -> text for people: the one place that formats a quantity.

ISMP's rules for writing doses hold everywhere because nobody else writes one: a leading zero (0.5), never a
trailing one (5, not 5.0), a space before the unit, mL and mcg, thousands separated from 1,000 on. What rounds
to nothing says "less than", never 0, and an interval is rounded outwards.

Why something was refused is told by words_reasons.py, what a nurse confirms by words_review.py; both take
every quantity from here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pumpd.core.library import DoseUnit
from pumpd.core.units import NS_PER_S, Towards, divide

# --- quantities ---------------------------------------------------------------------------------------------


def number(value: int, *, digits: int, places: int, towards: Towards | None = None) -> str:
    """`value` x 10^-digits with at most `places` decimals, to the nearest unless a direction is asked for."""
    if value < 0:
        return "-" + number(-value, digits=digits, places=places, towards=towards)
    coarse = 10 ** max(digits - places, 0)
    shown = (value + coarse // 2) // coarse if towards is None else divide(value, coarse, towards)
    places = min(places, digits)
    whole, rest = divmod(shown, 10**places)
    decimals = str(rest).zfill(places).rstrip("0") if places else ""
    return f"{whole:,}" + (f".{decimals}" if decimals else "")


def typed_number(value: int, *, digits: int) -> str:
    """As somebody would type it: exact, and without the comma of thousands."""
    return number(value, digits=digits, places=digits).replace(",", "")


def _measure(value: int, unit: str, *, digits: int, places: int) -> str:
    text = number(value, digits=digits, places=places)
    if text == "0" and value > 0:
        return f"less than {number(1, digits=places, places=places)} {unit}"
    return f"{text} {unit}"


def volume_ml(volume_nl: int) -> str:
    return _measure(volume_nl, "mL", digits=6, places=2)


def interval_ml(low_nl: int, high_nl: int, places: int = 1) -> str:
    """At least and at most, rounded outwards: the truth stays inside."""
    low = number(low_nl, digits=6, places=places, towards=Towards.DOWN)
    high = number(high_nl, digits=6, places=places, towards=Towards.UP)
    return f"{low} mL" if low == high else f"between {low} and {high} mL"


def rate_ml_per_h(rate_ul_per_h: int) -> str:
    return _measure(rate_ul_per_h, "mL/h", digits=3, places=3)


def mass(mass_ug: int) -> str:
    """Milligrams, and micrograms below one milligram, where they avoid a decimal."""
    return _measure(mass_ug, "mcg", digits=0, places=0) if 0 < mass_ug < 1_000 else f"{_milli(mass_ug)} mg"


def mass_at_most(mass_ng: int) -> str:
    """To a tenth of a milligram, up: of a sum over hours or days nobody needs more."""
    return f"{number(mass_ng, digits=6, places=1, towards=Towards.UP)} mg"


def mass_at_least(mass_ng: int) -> str:
    """The same, down: of a limit."""
    return f"{number(mass_ng, digits=6, places=1, towards=Towards.DOWN)} mg"


def _milli(value: int) -> str:
    return number(value, digits=3, places=3)


def dose(value: int, unit: DoseUnit) -> str:
    """In the entry's one unit; the integer is thousandths of it."""
    return f"{_milli(value)} {unit.value}"


def concentration(concentration_ug_per_ml: int) -> str:
    return f"{_milli(concentration_ug_per_ml)} mg/mL"


def plasma(ng_per_ml: int) -> str:
    return f"{ng_per_ml:,} ng/mL"


def pressure(pressure_pa: int) -> str:
    """Millimetres of mercury, as the limits of pumps are set; to the nearest."""
    sign = "-" if pressure_pa < 0 else ""
    return f"{sign}{(abs(pressure_pa) * 760 + 101_325 // 2) // 101_325:,} mmHg"


def battery(percent: int) -> str:
    return f"{percent} %"


def weight(weight_g: int) -> str:
    """With pounds as a word to say aloud: a weight typed in the wrong unit sounds wrong."""
    pounds = (max(weight_g, 0) * 100_000 + 45_359_237 // 2) // 45_359_237
    return f"{_milli(weight_g)} kg (about {pounds:,} pounds)"


def height(height_mm: int) -> str:
    return f"{number(height_mm, digits=1, places=1)} cm"


def duration(duration_s: int) -> str:
    """`4 h`, `3 h 30 min`, `40 min`, `2 min 30 s`, `34 s`; seconds are dropped from an hour on."""
    hours, rest = divmod(duration_s, 3_600)
    minutes, seconds = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else seconds, "s")]
    text = " ".join(f"{value:,} {unit}" for value, unit in parts if value)
    return text or "0 s"


def duration_ns(value_ns: int) -> str:
    """To the nearest second, and from ten minutes on to the nearest minute."""
    seconds = (max(value_ns, 0) + NS_PER_S // 2) // NS_PER_S
    return duration(seconds if seconds < 600 else (seconds + 30) // 60 * 60)


def seconds_ns(value_ns: int) -> str:
    """A monotonic time to the millisecond, for records."""
    return f"{number(value_ns, digits=9, places=3)} s"


def age(age_ns: int) -> str:
    """`2 s ago`; whole seconds that have passed."""
    return f"{duration(max(age_ns, 0) // NS_PER_S)} ago"


def clock_time(wall_ms: int, *, offset_min: int, seconds: bool = False) -> str:
    """Local time of day; the caller brings the offset, so that nothing here reads a clock or a zone."""
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=wall_ms, minutes=offset_min)
    return local.strftime("%H:%M:%S" if seconds else "%H:%M")


def moment(wall_ms: int, *, offset_min: int) -> str:
    """Local day and time of day, for paper: `2026-12-31 08:05:30`."""
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=wall_ms, minutes=offset_min)
    return local.strftime("%Y-%m-%d %H:%M:%S")


def interval_mass(low_ug: int, high_ug: int) -> str:
    """At least and at most, both as they are: the caller rounded them outwards."""
    return mass(high_ug) if low_ug == high_ug else f"between {mass(low_ug)} and {mass(high_ug)}"


def bmi(value_milli: int) -> str:
    return number(value_milli, digits=3, places=1)


def dose_rate_per_kg(ng_per_h: int, weight_g: int) -> str:
    """`ng/h per g` is exactly micrograms a kilogram and hour; to the nearest."""
    return f"{_milli((ng_per_h + weight_g // 2) // weight_g)} mg/kg/h"


def dose_rate(ng_per_h: int) -> str:
    return _measure(ng_per_h, "mg/h", digits=6, places=3)


def volume_ml_fine(volume_nl: int) -> str:
    """To the microlitre, where a hundredth of a millilitre would hide the difference."""
    return _measure(volume_nl, "mL", digits=6, places=3)


# --- phases, alarms, conditions: their titles follow here -----------------------------------------------------
