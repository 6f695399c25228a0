"""Times of an old boot, moved into the new one: every `..._ns` moment in a nested record of the path.

Boot-time nanoseconds begin anew with every boot of the machine, so what the path remembers is moved as a whole. A field
is a moment when its name is `at_ns` or ends with `_at_ns`; durations are called otherwise (units last, `_s`).
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

T = TypeVar("T")


def shifted_moments(value: T, by_ns: int) -> T:
    """The same record with every moment in it moved."""
    if isinstance(value, tuple):
        return tuple(shifted_moments(each, by_ns) for each in value)  # type: ignore[return-value]  # a tuple of the same
    if not is_dataclass(value) or isinstance(value, type):
        return value
    moved = {each.name: _moved(each.name, getattr(value, each.name), by_ns) for each in fields(value)}
    return replace(value, **moved)


def _moved(name: str, value: object, by_ns: int) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and (name == "at_ns" or name.endswith("_at_ns")):
        return value + by_ns
    return shifted_moments(value, by_ns)
