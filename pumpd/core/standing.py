"""Whether the library on the shelf may be used for a new start: what it is, what it says, and what was used before.

A library comes in releases with rising versions. What makes one unusable is found here, the worst first: it could not
be read, its content is not the one that was approved, its approval lies in the future (the clock is wrong, or the
file), its approval is over, it is older than what this bed has used, or it says something else under a version that
was used already. Only a new start asks for this: an infusion that runs keeps the entry that it was started under.

Versions are dotted whole numbers, compared part by part from the left as numbers, a missing part as 0: 2026.2 stands
below 2026.10, and 2026.1 and 2026.1.0 are the same. So a bad release is undone by giving out the good content again
under a higher version; to put the old file back is a downgrade, and refused, since nobody at the bed can tell it
from a mistake.

A version counts as used once it stood good: a broken file that calls itself 9999 bars nothing. Days are numbers that
are passed in (wall 17), counted from 1970-01-01 in local time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from pumpd.core.library import Integrity, Library
from pumpd.core.regimen import Rules

USED_MAX: Final = 32  # names of libraries that a bed remembers; one that changes its library's name does so rarely
WARN_DAYS: Final = (1, 7, 14, 30)  # before the approval is over


class Standing(Enum):
    """What a new start may build on; all but GOOD refuse it."""

    GOOD = "good"
    UNREADABLE = "unreadable"
    ALTERED = "altered"
    NOT_YET_APPROVED = "not_yet_approved"
    EXPIRED = "expired"
    OLDER = "older"
    VERSION_REUSED = "version_reused"


class RulesFile(Enum):
    """What is read once at a start, and must not change behind a daemon's back."""

    LIBRARY = "library"
    REGIMENS = "regimens"
    CONFIGURATION = "configuration"
    REGISTER_MAP = "register_map"  # of a pump at this bed; there may be several


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """The highest version of a library of this name that stood good at this bed, and what was in it."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was read at this start, and how it stands."""

    name: str
    version: str
    sha256: str  # of the content as it was found; empty where none could be read
    training: bool
    approved_by: str
    expires_day: int | None
    standing: Standing
    regimens: Integrity
    regimens_sha256: str


def parts(version: str) -> tuple[int, ...]:
    """What versions are compared by."""
    numbers = [int(part) if part.isdecimal() else 0 for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def judge(rules: Rules, used: tuple[Used, ...], today_day: int) -> Judged:
    """How the rules stand on this day, at a bed that has used these before."""
    library, catalogue = rules.library, rules.catalogue
    return Judged(
        name=library.name,
        version=library.version,
        sha256=library.sha256,
        training=library.training,
        approved_by=library.approved_by,
        expires_day=library.expires_day,
        standing=_standing(library, next((each for each in used if each.name == library.name), None), today_day),
        regimens=catalogue.integrity,
        regimens_sha256=catalogue.sha256,
    )


def _standing(library: Library, used: Used | None, today_day: int) -> Standing:
    if library.integrity is Integrity.UNREADABLE:
        return Standing.UNREADABLE
    if library.integrity is Integrity.ALTERED:
        return Standing.ALTERED
    if library.approved_day is not None and today_day < library.approved_day:
        return Standing.NOT_YET_APPROVED
    if library.expires_day is not None and today_day > library.expires_day:
        return Standing.EXPIRED
    if used is not None and parts(library.version) < parts(used.version):
        return Standing.OLDER
    if used is not None and parts(library.version) == parts(used.version) and library.sha256 != used.sha256:
        return Standing.VERSION_REUSED
    return Standing.GOOD


def with_used(used: tuple[Used, ...], judged: Judged) -> tuple[Used, ...]:
    """What has been used, once this stood good; the least recent name goes where there are too many."""
    latest = Used(name=judged.name, version=judged.version, sha256=judged.sha256)
    return (*(each for each in used if each.name != judged.name), latest)[-USED_MAX:]


def warning_days(judged: Judged, today_day: int) -> int | None:
    """The nearest mark that the end of the approval has passed; None while it is far, or over, or there is none."""
    if judged.standing is not Standing.GOOD or judged.expires_day is None:
        return None
    left_days = judged.expires_day - today_day
    return next((mark for mark in WARN_DAYS if left_days <= mark), None)
