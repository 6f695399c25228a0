"""A course as it travels from bed to bed: a line of JSON, and a line that only a bed of this site could have written.

The journal is one bed's, and a course goes over many days and perhaps many beds. Its file holds the series order and
every visit that counts, with outcomes, and no name: the patient is the opaque key of the order. The second line is
HMAC-SHA256 over the first, byte for byte, under the site's key (`site_key`, at least 32 bytes in a file that only the
daemon reads): a figure changed on the way, a file of another site, or one made up does not verify, and is refused
before anything of it is read. Why a shared key and no pair of keys: docs/decisions/0032-site-key.md.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from pumpd.core.course import CourseLog
from pumpd.core.series import SeriesOrder
from pumpd.errors import ConfigError, CourseFileError

KEY_BYTES_MIN: Final = 32
VERSION: Final = 1
_TAG: Final = b"pumpd-course-1\n"  # what is signed is a course and nothing else that this key may sign one day


@dataclass(frozen=True, slots=True, kw_only=True)
class Travelling:
    """What a file holds. `log.earlier` has every visit, those that the bed still knows included."""

    order: SeriesOrder
    log: CourseLog
    version: int = VERSION


_FILE: Final[TypeAdapter[Travelling]] = TypeAdapter(Travelling)


def load_key(path: Path) -> bytes:
    """Raises ConfigError when there is no usable key in this file."""
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"{path}: the site's key cannot be read: {error.strerror}. Put it there, or leave site_key out."
        ) from error
    if len(key) < KEY_BYTES_MIN:
        raise ConfigError(
            f"{path}: the site's key has {len(key)} bytes and needs {KEY_BYTES_MIN}. Make one: openssl rand -hex 32"
        )
    return key


def written(course: Travelling, key: bytes, *, chars_max: int) -> str:
    """Where it would be longer than that the oldest outcomes stay behind; what was given never does."""
    text = _written(course, key)
    while len(text) > chars_max and course.log.outcomes:
        course = replace(course, log=replace(course.log, outcomes=course.log.outcomes[1:]))
        text = _written(course, key)
    return text


def _written(course: Travelling, key: bytes) -> str:
    plain: Any = _FILE.dump_python(course, mode="json")
    line = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"{line}\n{_signature(line, key)}\n"


def read(text: str, key: bytes) -> Travelling:
    """Raises CourseFileError when this is not, to the byte, what a bed of this site wrote."""
    line, _, signature = text.strip().partition("\n")
    if not hmac.compare_digest(_signature(line, key).encode(), signature.strip().encode("utf-8", "replace")):
        raise CourseFileError(
            "The signature of this file does not hold: it was changed on the way, or a bed of another site wrote it. "
            "Export it again, or let the prescriber attest what was given."
        )
    try:
        found = _FILE.validate_json(line, strict=True)
    except ValidationError as error:
        raise CourseFileError(
            f"This file was written by another version of pumpd: {error.error_count()} of its fields do not fit."
        ) from error
    if found.version != VERSION:
        raise CourseFileError(f"This file has the format {found.version}; this program reads {VERSION}.")
    return found


def _signature(line: str, key: bytes) -> str:
    return hmac.new(key, _TAG + line.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
