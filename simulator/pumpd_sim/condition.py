"""What a scenario says must be so: `alarm == 'S'`, `at_patient_nl >= 990000 and not motor_turning`.

A small language of its own, read once and checked against the fields of `Truth`: comparisons joined by `and`, no `or`,
no arithmetic. Values are whole numbers (with `_` between digits), texts in quotes, true and false. A volume may be
given as `1.5 mL`, a rate as `20 mL/h`. A field that is true or false may stand alone, or behind `not`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from pumpd_sim.device import Truth
from pumpd_sim.fault_text import near

Value = int | str | bool

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
TYPES = {field.name: str(field.type) for field in fields(Truth)}
NL_PER_ML = 10**6
_COMPARISON = re.compile(r"(\w+)\s*(==|!=|<=|>=|<|>)\s*(.+)")


class ConditionError(ValueError):
    """The text is no condition; the sentence says what would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    name: str
    sign: str
    value: Value

    def holds(self, truth: Truth) -> bool:
        found = getattr(truth, self.name)
        return found is not None and OPERATORS[self.sign](found, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    text: str
    parts: tuple[Comparison, ...]

    def holds(self, truth: Truth) -> bool:
        return all(part.holds(truth) for part in self.parts)

    def told(self, truth: Truth) -> str:
        """What is so instead."""
        return ", ".join(f"{part.name} is {getattr(truth, part.name)!r}" for part in self.parts)


def condition(said: object) -> Condition:
    """Raises ConditionError."""
    if not isinstance(said, str) or not said.strip():
        raise ConditionError(f"a condition is a text such as \"alarm == 'S'\", not {said!r}")
    parts = tuple(_comparison(part.strip()) for part in re.split(r"\s+and\s+", said.strip()))
    return Condition(text=said.strip(), parts=parts)


def _comparison(text: str) -> Comparison:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        name = text.removeprefix("not ").strip()
        if _type_of(name) != "bool":
            raise ConditionError(f"{text!r} compares nothing: {name} is not true or false by itself")
        return Comparison(name=name, sign="==", value=not text.startswith("not "))
    name, sign, given = match.groups()
    value = _value(given.strip())
    wanted = _type_of(name)
    fits = type(value).__name__ == wanted.split(" ")[0]
    if not fits or (wanted != "int" and "int" not in wanted and sign not in ("==", "!=")):
        raise ConditionError(f"{name} is {wanted.split(' ')[0]}: {sign} {given.strip()} cannot be compared with it")
    return Comparison(name=name, sign=sign, value=value)


def _type_of(name: str) -> str:
    if name not in TYPES:
        raise ConditionError(f"the truth has no {name!r}; {near(name, list(TYPES))}")
    return TYPES[name]


def _value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    in_ml = re.fullmatch(r"(-?\d+(?:\.\d{1,6})?) mL(?:/h)?", text)
    if in_ml:
        return int(Decimal(in_ml[1]) * NL_PER_ML)
    if re.fullmatch(r"-?\d[\d_]*", text):
        return int(text.replace("_", ""))
    raise ConditionError(f"{text!r} is neither a whole number, nor a text in quotes, nor true or false")
