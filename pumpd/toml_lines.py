"""Where each key of a TOML file stands: path of keys and indexes -> line number.

tomllib says what a file means but not where; a message without a line sends the operator searching through a
drug library of hundreds of lines at three in the morning. This module walks the text once more and notes
the line of every key, table and array element, inline tables included.

It runs only on text that tomllib has already accepted, so it need not judge: it skips values and remembers
where they began. Paths are the tuples that pydantic uses for its locations: `("bus", 0, "pump", 1, "slot")`.
"""

from __future__ import annotations

import re
from typing import Final

Path = tuple[str | int, ...]

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_SCALAR: Final = re.compile(r"[^,\]}\n#]*")
_STRING: Final = re.compile(
    r"""
    \"{3} (?: [^\\] | \\. )*? \"{3} \"{0,2}   # the text may end in one or two quotes of its own
    | '{3} .*? '{3} '{0,2}
    | \" (?: [^"\\\n] | \\. )* \"
    | ' [^'\n]* '
    """,
    re.DOTALL | re.VERBOSE,
)


def line_of_each_key(text: str) -> dict[Path, int]:
    """Lines counted from 1; the text must be valid TOML."""
    return _Walk(text).lines


def nearest_line(lines: dict[Path, int], path: Path) -> int:
    """The line of this key, or of the table that it is missing from; 1 for the file itself."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


class _Walk:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._tables: dict[Path, int] = {}  # how many elements each array of tables has so far
        self.lines: dict[Path, int] = {}
        table: Path = ()
        while True:
            self._skip(_BLANK)
            if self._at >= len(text):
                return
            if text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        assert match is not None, f"not TOML at character {self._at}"
        self._at = match.end()
        return match.group()

    def _note(self, path: Path) -> None:
        self.lines.setdefault(path, self._text.count("\n", 0, self._at) + 1)

    def _keys(self) -> list[str]:
        """A dotted key: `a."b.c".d`."""
        keys = []
        while True:
            self._skip(_SPACE)
            quoted = self._text[self._at] in "\"'"
            word = self._skip(_STRING if quoted else _BARE)
            keys.append(word[1:-1] if quoted else word)
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _inside(self, path: Path) -> Path:
        """A header names the last element of each array of tables that it passes through."""
        return (*path, self._tables[path] - 1) if path in self._tables else path

    def _header(self) -> Path:
        array = self._text.startswith("[[", self._at)
        start = self._at
        self._at += 2 if array else 1
        keys = self._keys()
        end = self._at + (2 if array else 1)
        self._at = start
        path: Path = ()
        for key in keys:
            path = (*self._inside(path), key)
            self._note(path)
        if array:
            self._tables[path] = self._tables.get(path, 0) + 1
            path = self._inside(path)
            self._note(path)
        else:
            path = self._inside(path)
        self._at = end
        return path

    def _pair(self, table: Path) -> None:
        start = self._at
        path = table
        keys = self._keys()
        after, self._at = self._at, start
        for key in keys:
            path = (*path, key)
            self._note(path)
        self._at = after + 1  # over the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        first = self._text[self._at]
        if first in "\"'":
            self._skip(_STRING)
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._skip(_SCALAR)

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        while True:
            self._skip(_BLANK)
            match self._text[self._at]:
                case "]":
                    self._at += 1
                    return
                case ",":
                    self._at += 1
                case _:
                    self._note((*path, index))
                    self._value((*path, index))
                    index += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while True:
            self._skip(_BLANK)
            match self._text[self._at]:
                case "}":
                    self._at += 1
                    return
                case ",":
                    self._at += 1
                case _:
                    self._pair(path)
