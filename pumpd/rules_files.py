"""Reads the drug library and the catalogue of regimens: as they were approved, or not at all.

Both files carry the SHA-256 of their own content (comments, order of keys and layout left out), so that a slip
of the editor on a ward's computer is found before it reaches a patient: somebody approves a content, and
writes its hash. It is no signature: whoever may edit the file may also write a hash. The error names the hash
that was computed, which is also how a new one is made.

Who approved a library, when, and for how long is its approval and no part of its content: a pharmacist who
approves the same content again changes these lines and neither version nor hash.

`load_*` raise, and are for people who check a file. `read_rules` is for the daemon, which starts all the same: what
cannot be used is withheld, and said. Whether a library that was read is in force is for the core (standing.py).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from pumpd import library_file
from pumpd.core import library, library_faults, regimen
from pumpd.core.library import Integrity, Library
from pumpd.core.regimen import Catalogue, Rules
from pumpd.errors import ConfigError, LibraryAltered, LibraryError, PumpdError
from pumpd.library_file import CatalogueFile, LibraryFile
from pumpd.toml_file import read_toml

_NOT_CONTENT: Final = {"sha256", "approved_by", "approved_on", "expires"}


def content_sha256(file: LibraryFile | CatalogueFile) -> str:
    """Over what the file says, not how it is laid out or who approved it; keys left at their default do not count."""
    content: Any = file.model_dump(mode="json", exclude=_NOT_CONTENT, exclude_defaults=True)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _unapproved(path: Path, file: LibraryFile | CatalogueFile, found: str) -> LibraryAltered | None:
    if found == file.sha256:
        return None
    return LibraryAltered(
        f"{path}: the content is not the one that was approved: its hash is {found}, "
        f"the file says {file.sha256}. "
        f'If the change was meant and checked, write sha256 = "{found}"; if not, restore the file.'
    )


def _misfit(path: Path, faults: tuple[str, ...]) -> LibraryError | None:
    return LibraryError("\n".join(f"{path}: {fault}" for fault in faults)) if faults else None


def _read_library(path: Path) -> tuple[Library, PumpdError | None]:
    """What stands in the file, with not one entry where something is the matter with it."""
    try:
        file = read_toml(path, LibraryFile)
    except ConfigError as error:
        return library.withheld(Integrity.UNREADABLE), error
    found = content_sha256(file)
    if altered := _unapproved(path, file, found):
        return library.withheld(Integrity.ALTERED, name=file.name, version=file.version, sha256=found), altered
    loaded = library_file.library_of(file, found)
    if unusable := _misfit(path, library_faults.faults_of(loaded)):
        return library.withheld(Integrity.UNREADABLE, name=file.name, version=file.version, sha256=found), unusable
    return loaded, None


def _read_regimens(path: Path) -> tuple[Catalogue, PumpdError | None]:
    try:
        file = read_toml(path, CatalogueFile)
    except ConfigError as error:
        return Catalogue(version="", sha256="", regimens=(), integrity=Integrity.UNREADABLE), error
    found = content_sha256(file)
    if altered := _unapproved(path, file, found):
        return Catalogue(version=file.version, sha256=found, regimens=(), integrity=Integrity.ALTERED), altered
    return library_file.catalogue_of(file, found), None


def read_rules(library_path: Path, regimens_path: Path) -> tuple[Rules, tuple[PumpdError, ...]]:
    """Both files, checked against each other, with all that is the matter with them. Never raises."""
    found, library_fault = _read_library(library_path)
    catalogue, fault = _read_regimens(regimens_path)
    if fault is None and library_fault is None:
        fault = _misfit(regimens_path, regimen.faults_of(catalogue, found))
        if fault is not None:
            catalogue = replace(catalogue, regimens=(), integrity=Integrity.UNREADABLE)
    return Rules(library=found, catalogue=catalogue), tuple(each for each in (library_fault, fault) if each)


T = TypeVar("T", Library, Catalogue, Rules)


def _or_raise(read: tuple[T, PumpdError | None]) -> T:
    found, fault = read
    if fault is not None:
        raise fault
    return found


def load_library(path: Path) -> Library:
    """Raises ConfigError on a file that cannot be read, LibraryError on a content that cannot be used."""
    return _or_raise(_read_library(path))


def load_regimens(path: Path) -> Catalogue:
    """As `load_library`; whether its regimens fit a library is for `load_rules` to say."""
    return _or_raise(_read_regimens(path))


def load_rules(library_path: Path, regimens_path: Path) -> Rules:
    """Both files, checked against each other."""
    rules, faults = read_rules(library_path, regimens_path)
    return _or_raise((rules, faults[0] if faults else None))
