"""Faults from text: one reader for HTTP bodies, the command line and scenarios, so that they cannot drift apart.

A fault is named by its kind; the fields are those of `Fault` that count for it, in the same units. Times may also be
given in seconds (`for_s`, `by_s`, `after_s`), volumes in `volume_ml` and rates in `rate_ml_per_h`. Each mistake is
one sentence that says what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import Any

from pumpd_sim.fault_table import FAULTS, TRIGGERS
from pumpd_sim.faults import Fault, FaultKind

IN_OTHER_UNITS = {  # as people write it -> the field, and how many of its unit
    "for_s": ("for_ms", 1_000),
    "by_s": ("by_ms", 1_000),
    "after_s": ("after_ms", 1_000),
    "volume_ml": ("volume_nl", 10**6),
    "rate_ml_per_h": ("rate_nl_per_h", 10**6),
}
_TEXTS = ("direction", "key", "alarm")
_LARGEST = 10**15


class FaultTextError(ValueError):
    """The text names no fault, or one that cannot be; the sentence says what would."""


def near(wrong: str, known: list[str]) -> str:
    """What somebody may have meant, or all there is."""
    close = difflib.get_close_matches(wrong, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


def fault_of(said: Mapping[str, Any]) -> Fault:
    """`{"fault": "mute", "for_s": 5}` -> Fault. Raises FaultTextError."""
    values = dict(said)
    name = values.pop("fault", None)
    kinds = {kind.value: kind for kind in FaultKind}
    if not isinstance(name, str) or name not in kinds:
        raise FaultTextError(f"unknown fault {name!r}; known: {', '.join(kinds)}")
    known = [*FAULTS[kinds[name]].fields, *TRIGGERS]
    converted: dict[str, Any] = {}
    for field, value in values.items():
        wanted, factor = IN_OTHER_UNITS.get(field, (field, 1))
        if wanted not in known:
            raise FaultTextError(f"unknown field {field!r} of {name}; {near(field, known)}")
        if wanted in converted:
            raise FaultTextError(f"{wanted} of {name} is given twice")
        converted[wanted] = _text(field, value) if wanted in _TEXTS else _whole(field, value, factor)
    if sum(1 for trigger in TRIGGERS if converted.get(trigger)) > 1:
        raise FaultTextError(f"{name} waits for one thing only: {', '.join(TRIGGERS)}")
    return Fault(kind=kinds[name], **converted)


def fault_from_words(words: str) -> Fault:
    """`mute,for_s=5,after_frames=3`, as the command line gives it. Raises FaultTextError."""
    name, *pairs = words.split(",")
    said: dict[str, Any] = {"fault": name.strip()}
    for pair in pairs:
        field, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not field:
            raise FaultTextError(f"{pair!r} is not FIELD=VALUE")
        said[field] = value if field in _TEXTS else _number(field, value)
    return fault_of(said)


def _number(field: str, text: str) -> int | float:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise FaultTextError(f"{field} must be a number, not {text!r}") from error
    return int(number) if number == number.to_integral_value() else float(number)


def _whole(field: str, value: object, factor: int) -> int | None:
    if value is None and field in _may_be_left_open():
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LARGEST:
        what = "a whole number" if factor == 1 else "a number of seconds" if field.endswith("_s") else "a number"
        raise FaultTextError(f"{field} must be {what}, not {value!r}")
    if factor == 1 and value != int(value):
        raise FaultTextError(f"{field} must be a whole number, not {value!r}")
    return round(value * factor)


def _may_be_left_open() -> list[str]:
    return [field.name for field in fields(Fault) if field.default is None]


def _text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise FaultTextError(f"{field} must be a word, not {value!r}")
    if field == "direction" and value not in ("to_pump", "to_host", "both"):
        raise FaultTextError("direction must be to_pump, to_host or both")
    return value
