"""A dataclass as JSON and back, checked field by field: what a saved state of a simulated pump is written in.

The types of the fields are the schema. A field that is missing, one that is not known, and a value of another kind are
told with their place (`pumps[0].plant.spec: ...`), so that a state that somebody wrote by hand fails with the line to
mend and not with a pump that behaves strangely. Whole numbers have no limit: what a motor has turned of a step is
counted in units far beyond 53 bits, and a reader that keeps fewer loses it.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

State = TypeVar("State")
Schema = dict[str, Any]

_PLAIN: dict[type, str] = {int: "integer", bool: "boolean", str: "string"}


class StateError(ValueError):
    """Not a state that a pump could be in; the sentence says where, and what would be."""


def plain(value: object) -> Any:  # noqa: ANN401  # JSON
    """For `json.dumps`."""
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [plain(inner) for inner in value]
    return value


def read(kind: type[State], said: object, where: str) -> State:
    """Raises StateError."""
    if not isinstance(said, dict):
        raise StateError(f"{where}: an object with {', '.join(_names(kind))}, not {said!r:.40}")
    known = _names(kind)
    for name in said:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise StateError(f"{where}: unknown field {name!r}; {f'did you mean {near[0]!r}?' if near else known}")
    missing = [name for name in known if name not in said]
    if missing:
        raise StateError(f"{where}: {', '.join(missing)} missing")
    hints = get_type_hints(kind)
    values = {name: _value(hints[name], said[name], f"{where}.{name}") for name in known}
    try:
        return kind(**values)
    except StateError as error:
        raise StateError(f"{where}: {error}") from error


def _names(kind: type[Any]) -> list[str]:
    return [one.name for one in fields(kind)]


def _value(hint: Any, said: Any, where: str) -> Any:  # noqa: ANN401  # of whatever type the field has
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (rest,) = [one for one in inner if one is not type(None)]
        return None if said is None else _value(rest, said, where)
    if origin in (tuple, list):
        return _row(origin, inner, said, where)
    if origin is dict:
        return _table(inner, said, where)
    if is_dataclass(hint):
        return read(hint, said, where)  # type: ignore[arg-type]  # a dataclass is a type here
    if isinstance(hint, type) and issubclass(hint, Enum):
        words = [one.value for one in hint]
        if said not in words:
            raise StateError(f"{where}: one of {', '.join(map(repr, words))}, not {said!r:.40}")
        return hint(said)
    if type(said) is not hint:
        raise StateError(f"{where}: {_PLAIN[hint]}, not {said!r:.40}")
    return said


def _row(origin: Callable[[list[Any]], Any], inner: tuple[Any, ...], said: object, where: str) -> Any:  # noqa: ANN401  # a tuple or a list
    if not isinstance(said, list):
        raise StateError(f"{where}: a list, not {said!r:.40}")
    of_any_length = origin is list or inner[-1] is Ellipsis
    if not of_any_length and len(said) != len(inner):
        raise StateError(f"{where}: {len(inner)} values, not {len(said)}")
    hints = [inner[0]] * len(said) if of_any_length else list(inner)
    return origin(
        [_value(hint, one, f"{where}[{place}]") for place, (hint, one) in enumerate(zip(hints, said, strict=True))]
    )


def _table(inner: tuple[Any, ...], said: object, where: str) -> dict[Any, Any]:
    if not isinstance(said, dict):
        raise StateError(f"{where}: an object, not {said!r:.40}")
    of_numbers = inner[0] is int
    if of_numbers and not all(key.isascii() and key.isdecimal() for key in said):
        raise StateError(f"{where}: names are whole numbers here, not {', '.join(map(repr, said))}")
    return {int(key) if of_numbers else key: _value(inner[1], one, f"{where}.{key}") for key, one in said.items()}


def schema(hint: Any) -> Schema:  # noqa: ANN401  # a dataclass, or what its fields are of
    """As JSON Schema (2020-12)."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (rest,) = [one for one in inner if one is not type(None)]
        return {"anyOf": [schema(rest), {"type": "null"}]}
    if origin is dict:
        numbers: Schema = {"propertyNames": {"pattern": "^[0-9]+$"}} if inner[0] is int else {}
        return {"type": "object", **numbers, "additionalProperties": schema(inner[1])}
    if origin is list or (origin is tuple and inner[-1] is Ellipsis):
        return {"type": "array", "items": schema(inner[0])}
    if origin is tuple:
        return {"type": "array", "prefixItems": [schema(one) for one in inner], "minItems": len(inner), "items": False}
    if is_dataclass(hint):
        hints, names = get_type_hints(hint), [one.name for one in fields(hint)]
        properties = {name: schema(hints[name]) for name in names}
        return {"type": "object", "required": names, "properties": properties, "additionalProperties": False}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [one.value for one in hint]}
    return {"type": _PLAIN[hint]}
