"""The file of people, as an operator changes it: `pumpd account add|disable|enable|pin`.

It is a file of its own, since it changes with every new colleague and the configuration does not. A change is made in
the text, so that comments and order stay as somebody wrote them; the new text is read back as the daemon would read
it, and only then takes the place of the old one, whole (rename). Two who change it at once wait for each other. The
daemon takes it up by itself (accounts.py), so nobody restarts a bed for a colleague.

Nobody is ever taken out: the record names people, and an id that was given to somebody else would put a stranger's
name under an old infusion. Who leaves is disabled.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pumpd.accounts import ID_PATTERN, ID_TOLD, AccountsTable, PersonTable, hash_pin
from pumpd.core.people import Role
from pumpd.errors import ConfigError
from pumpd.toml_file import read_toml

MODE: Final = 0o640  # root writes, the daemon's group reads
_NEW: Final = (
    "# People of this bed. Kept by `pumpd account`; a running daemon takes changes up within seconds.\n\n"
    "demonstration = false\n"
)
_TABLE: Final = re.compile(r"^\[\[person\]\][^\n]*\n(?:(?!\[).*\n?)*", re.MULTILINE)


def people(path: Path) -> tuple[PersonTable, ...]:
    """As the file has them, those who are disabled included. Raises ConfigError."""
    if not path.exists():
        raise ConfigError(f"{path}: there is no such file; name it with --file FILE, or begin it: pumpd account add")
    return read_toml(path, AccountsTable).person


def add(path: Path, *, person_id: str, name: str, role: Role, pin: str) -> None:
    """Makes the file when there is none. Raises ConfigError, and then nothing has changed."""
    lines = {"id": person_id, "name": name, "role": role.value, "pin_hash": _hashed(pin)}
    table = "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in lines.items())

    def appended(text: str) -> str:
        return f"{text.rstrip()}\n\n[[person]]\n{table}"

    if not re.fullmatch(ID_PATTERN, person_id):
        raise ConfigError(f"{person_id!r} is no ID: it has {ID_TOLD}: nothing was changed")
    known = people(path) if path.exists() else ()
    owner = next((each for each in known if each.id == person_id), None)
    if owner is not None:
        raise ConfigError(
            f"{path}: {person_id} is {owner.name} already: an id is never given twice, even after its owner left"
        )
    _change(path, appended, new=True)


def disable(path: Path, person_id: str, *, disabled: bool = True) -> None:
    """Takes somebody's way in, or gives it back. Raises ConfigError."""
    _change(path, lambda text: _with_line(path, text, person_id, "disabled", "true" if disabled else None))


def set_pin(path: Path, person_id: str, pin: str) -> None:
    """Raises ConfigError."""
    line = json.dumps(_hashed(pin))
    _change(path, lambda text: _with_line(path, text, person_id, "pin_hash", line))


def _hashed(pin: str) -> str:
    try:
        return hash_pin(pin)
    except ValueError as error:
        raise ConfigError(f"{error}: nothing was changed") from error


def _with_line(path: Path, text: str, person_id: str, key: str, value: str | None) -> str:
    """The text with this key in that person's table; None takes the line out."""
    mine = re.compile(rf"^id\s*=\s*[\"']{re.escape(person_id)}[\"']\s*(?:#.*)?$", re.MULTILINE)
    found = next((each for each in _TABLE.finditer(text) if mine.search(each[0])), None)
    if found is None:
        known = ", ".join(each.id for each in people(path))
        raise ConfigError(f"{path}: there is nobody called {person_id}; there are: {known}")
    table = re.sub(rf"^{key}\s*=.*\n?", "", found[0], flags=re.MULTILINE)
    if value is not None:
        head, _, rest = table.partition("\n")
        first, _, others = rest.partition("\n")
        table = f"{head}\n{first}\n{key} = {value}\n{others}"
    return text[: found.start()] + table + text[found.end() :]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _change(path: Path, changed: Callable[[str], str], *, new: bool = False) -> None:
    try:
        with _alone(path):
            old = path.read_text(encoding="utf-8") if path.exists() or not new else _NEW
            _replace(path, changed(old))
    except OSError as error:
        raise ConfigError(f"{error.filename or path}: {error.strerror}: nothing was changed") from error


def _replace(path: Path, text: str) -> None:
    """Whole or not at all; with the owner and the mode that the file had."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            read_toml(fresh, AccountsTable)
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(fresh), str(path)) + ": nothing was changed") from error
        if path.exists():
            was = path.stat()
            fresh.chmod(was.st_mode & 0o777)
            if (was.st_uid, was.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(fresh, was.st_uid, was.st_gid)
        else:
            fresh.chmod(MODE)
        fresh.replace(path)
    finally:
        with suppress(FileNotFoundError):
            fresh.unlink()
