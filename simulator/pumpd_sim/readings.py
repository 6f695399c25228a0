"""What a manual leaves open, as options, for every device alike.

A look-alike keeps its open points in a frozen dataclass: a yes or no is a `bool`, an either-or a `Literal` with every
plausible spelling, a figure an `int` whose plausible values stand in its metadata (`figure(255, 60, 999)`), a free text
a `str`. From that alone follow the command line's `--option NAME=VALUE`, the draw by lot for seeded tests, and the list
of readings that a driver has to live with: the default one, and each in which a single point is read otherwise. All
combinations would be millions; two points that matter only together are found by lot.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

if TYPE_CHECKING:
    import random

Options = TypeVar("Options")
_OTHERS = "other plausible figures"


def figure(default: int, *others: int) -> Any:  # noqa: ANN401 - as dataclasses.field, which says int to its reader
    """A whole number that nobody printed, and what else it could plausibly be."""
    return field(default=default, metadata={_OTHERS: others})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to read the manual: the settings that differ from the default, as text."""

    settings: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """`default`, or `NAME=VALUE` as `--option` takes it."""
        return " ".join(f"{name}={value}" for name, value in self.settings) or "default"


def readings(kind: type[Options]) -> tuple[Reading, ...]:
    """Every plausible reading, one open point at a time."""
    found = [Reading(settings=())]
    for one in fields(kind):  # type: ignore[arg-type]  # every kind of options is a dataclass
        found += [
            Reading(settings=((one.name, _text(value)),)) for value in _values(kind, one.name) if value != one.default
        ]
    return tuple(found)


def drawn(kind: type[Options], rng: random.Random) -> Options:
    """Every open yes-or-no and either-or point by lot; figures keep their defaults."""
    values: dict[str, object] = {}
    hints = get_type_hints(kind)
    for one in fields(kind):  # type: ignore[arg-type]  # as above
        hint = hints[one.name]
        if hint is bool:
            values[one.name] = rng.random() < 0.5
        elif get_args(hint):
            values[one.name] = rng.choice(get_args(hint))
    return kind(**values)


def read(kind: type[Options], settings: dict[str, str]) -> Options:
    """Options from text, as the command line gives them; raises ValueError with the names it knows."""
    hints = get_type_hints(kind)
    known = [one.name for one in fields(kind)]  # type: ignore[arg-type]  # as above
    values: dict[str, object] = {}
    for name, text in settings.items():
        if name not in known:
            message = f"unknown option {name!r}; known: {', '.join(known)}"
            raise ValueError(message)
        values[name] = _value_of(name, text, hints[name])
    return kind(**values)


def _values(kind: type[Any], name: str) -> tuple[Any, ...]:
    """What this point could be; empty for a figure or text without other plausible values."""
    hint = get_type_hints(kind)[name]
    if hint is bool:
        return (False, True)
    (others,) = [one.metadata.get(_OTHERS, ()) for one in fields(kind) if one.name == name]
    return get_args(hint) or tuple(others)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value_of(name: str, text: str, hint: object) -> object:
    if hint is bool:
        if text.lower() in ("true", "yes", "1", "false", "no", "0"):
            return text.lower() in ("true", "yes", "1")
        message = f"option {name}: {text!r} is neither true nor false"
        raise ValueError(message)
    if hint is int:
        if text.isascii() and text.isdecimal():
            return int(text)
        message = f"option {name}: {text!r} is not a whole number"
        raise ValueError(message)
    choices = get_args(hint)
    if choices and text not in choices:
        message = f"option {name}: {text!r} is none of {', '.join(choices)}"
        raise ValueError(message)
    return text
