"""TOML -> a checked pydantic model, with errors that an operator can act on.

An unknown key is an error, never ignored: `resume_limt_s = 600` that silently means the default is how a ward
believes in a limit that it does not have. All mistakes of a file are told at once, each with file, line,
key, what is wrong and, for an unknown key, the nearest valid one. A field's `description` says why its limit
is there, and is repeated when a value breaks it.

Values are taken strictly: "15" is no number and 1 is no `true`. Numbers with a decimal point arrive as exact
Decimals. The daemon's own file is in config.py; the drug library and the catalogue are read through here too.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from pumpd import toml_lines
from pumpd.errors import ConfigError

M = TypeVar("M", bound=BaseModel)

_FILE_BYTES_MAX: Final = 1_048_576  # a library of every drug of a hospital stays far below
_ERRORS_SHOWN_MAX: Final = 20  # more than a screen helps nobody; the count of the rest is told
_VALUE_CHARS_MAX: Final = 60


class Table(BaseModel):
    """A table of a configuration file: no key beyond those named, and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return path if folder is None else beside(folder, path.expanduser())


def beside(folder: Path, path: Path | str) -> Path:
    """Without `..`, but with every symbolic link as it stands: a port may be a link to what comes later."""
    return Path(os.path.normpath(folder / path))


FilePath = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path in a file: relative ones count from the folder of that file, wherever pumpd was started."""


def read_toml(path: Path, model: type[M]) -> M:
    """The whole file as one model. Raises ConfigError, whose text has one line for each mistake."""
    text = read_text(path)
    try:
        raw = tomllib.loads(text, parse_float=_exact)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: this is not TOML: {error}") from error
    try:
        # Through JSON, since pydantic's strict mode takes arrays as tuples and text as enums only from there.
        return model.model_validate_json(
            json.dumps(raw, default=str), strict=True, context={"folder": path.parent.absolute()}
        )
    except ValidationError as error:
        raise ConfigError(_all_mistakes(path, text, raw, model, error)) from error


class _exact(str):  # noqa: N801  # reads like the function that tomllib takes it for
    """A number with a decimal point, kept as it was typed: pydantic makes an exact Decimal of it."""

    __slots__ = ()


def read_text(path: Path) -> str:
    """A text file of bounded size. Raises ConfigError, whose text says what to do."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file; say which one with --config FILE") from error
    except PermissionError as error:
        raise ConfigError(
            f"{path}: this user may not read it; make it readable for the daemon's user or group (chmod 640)"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > _FILE_BYTES_MAX:
        raise ConfigError(f"{path}: larger than {_FILE_BYTES_MAX} bytes: this is not a configuration file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from error


def _all_mistakes(path: Path, text: str, raw: Any, model: type[BaseModel], error: ValidationError) -> str:  # noqa: ANN401  # what TOML holds
    lines = toml_lines.line_of_each_key(text)
    found = []
    told = [(_key_path(mistake["loc"], raw), mistake) for mistake in error.errors(include_url=False)]
    for key, mistake in told:
        if any(other[: len(key)] == key != other for other, _ in told):
            continue  # a table is wrong only because something in it is
        line = toml_lines.nearest_line(lines, key)
        found.append((line, f"{path}:{line}: {_sentence(mistake, key, raw, model)}"))
    found.sort(key=lambda pair: pair[0])
    unique = list(dict.fromkeys(sentence for _, sentence in found))
    hidden = len(unique) - _ERRORS_SHOWN_MAX
    more = [f"{path}: and {hidden} more mistakes"] if hidden > 0 else []
    return "\n".join(unique[:_ERRORS_SHOWN_MAX] + more)


def _key_path(loc: Sequence[str | int], raw: Any) -> toml_lines.Path:  # noqa: ANN401
    """Pydantic's location without the names of union members, which stand in no file."""
    path: list[str | int] = []
    here = raw
    for index, part in enumerate(loc):
        in_list = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if in_list or (isinstance(here, dict) and part in here):
            here = here[part]
        elif index < len(loc) - 1 or not isinstance(here, dict):
            continue
        path.append(part)
    return tuple(path)


def _sentence(mistake: ErrorDetails, key: toml_lines.Path, raw: Any, model: type[BaseModel]) -> str:  # noqa: ANN401
    name = _dotted(key)
    parent, last = key[:-1], str(key[-1]) if key else ""
    match mistake["type"]:
        case "extra_forbidden":
            valid = sorted(_fields(model, parent))
            return f"unknown key {name!r}{_nearest(last, valid)}"
        case "missing":
            return f"the key {name!r} is missing{_why(model, key)}"
        case "value_error":
            told = mistake["msg"].removeprefix("Value error, ")
        case _:
            told = mistake["msg"].removeprefix("Input ")
    value = _value(raw, key)
    return f"{name or 'the file'}{value}: {told}{_why(model, key)}"


def _dotted(key: toml_lines.Path) -> str:
    """`bus[0].pump[1].slot`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key).removeprefix(".")


def _nearest(word: str, valid: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, valid, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; valid here: {', '.join(valid)}" if valid else ""


def _value(raw: Any, key: toml_lines.Path) -> str:  # noqa: ANN401
    """` = 12`, for a plain value that is no secret; tables are not repeated."""
    here = raw
    for part in key:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            return ""
    if isinstance(here, dict | list):
        return ""
    if any(word in str(key[-1]) for word in ("password", "secret", "pin")):
        return ""
    shown = str(here) if isinstance(here, _exact) else json.dumps(here, default=str, ensure_ascii=False)
    return f" = {shown[:_VALUE_CHARS_MAX]}"


def _why(model: type[BaseModel], key: toml_lines.Path) -> str:
    if not key or not isinstance(key[-1], str):
        return ""
    field = _fields(model, key[:-1]).get(key[-1])
    return f" ({field.description})" if field is not None and field.description else ""


def _fields(model: type[BaseModel], path: toml_lines.Path) -> dict[str, FieldInfo]:
    """The keys that may stand in the table at this path, over all models that it may be."""
    here: list[Any] = [model]
    for part in path:
        below: list[Any] = []
        for annotation in here:
            below += _below(annotation, part)
        here = below
    return {name: field for found in here for name, field in _named(found)}


def _named(annotation: Any) -> Iterator[tuple[str, FieldInfo]]:  # noqa: ANN401
    for found in _alternatives(annotation):
        if isinstance(found, type) and issubclass(found, BaseModel):
            for name, field in found.model_fields.items():
                yield field.alias or name, field


def _below(annotation: Any, part: str | int) -> Iterator[Any]:  # noqa: ANN401
    for found in _alternatives(annotation):
        if isinstance(found, type) and issubclass(found, BaseModel):
            for name, field in found.model_fields.items():
                if (field.alias or name) == part:
                    yield field.annotation
        elif get_origin(found) is dict:
            yield get_args(found)[1]
        elif get_origin(found) in {tuple, list}:
            yield get_args(found)[0]


def _alternatives(annotation: Any) -> Iterator[Any]:  # noqa: ANN401
    """What an annotation may be, with Annotated and unions taken apart."""
    if get_origin(annotation) is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, types.UnionType}:
        for one in get_args(annotation):
            yield from _alternatives(one)
    else:
        yield annotation
