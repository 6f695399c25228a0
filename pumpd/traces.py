"""Traces of a wire: every byte both ways with its time, as lines of JSON that tests can replay against a driver.

The first line is the header, `{"format": "pumpd-trace", "version": 1, "baud": 19200, "line": "8N1"}`; each other is a
run of bytes as it came, `{"at_us": 1250, "from": "host", "hex": "0208..."}`, with microseconds since the beginning and
`host` or `pump`. A port's name stands nowhere: the name that stays has the adapter's serial number in it.

What is to be kept out (a pump's serial number, the label on its housing) is given as texts. A digit becomes 0, another
character X, also where a text came in two pieces; such rows say `"masked": true`, because a checksum over them no
longer fits. Unknown keys of a later version are ignored, an unknown version is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TextIO

from pumpd.errors import ConfigError

FORMAT: Final = "pumpd-trace"
VERSION: Final = 1
RUN_LIMIT: Final = 65_536  # bytes one way without a turn: more than any frame, and a babbling wire must not fill memory

Who = Literal["host", "pump"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Bytes as they came, in one piece."""

    at_us: int
    who: Who
    data: bytes
    masked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    baud: int
    line: str
    rows: tuple[Row, ...]


class TraceFile:
    """Writes a trace while it happens: a run of one side is written when the other begins, or at the end."""

    def __init__(self, out: TextIO, *, baud: int, line: str, masks: Sequence[str] = ()) -> None:
        self._out = out
        self._masks = [mask.encode("latin-1", "replace") for mask in masks if mask]
        self._run: list[Row] = []
        self._held = 0
        self._line({"format": FORMAT, "version": VERSION, "baud": baud, "line": line})

    def add(self, at_us: int, who: Who, data: bytes) -> None:
        if self._run and (self._run[0].who != who or self._held > RUN_LIMIT):
            self.flush()
        self._run.append(Row(at_us=at_us, who=who, data=data))
        self._held += len(data)

    def flush(self) -> None:
        for row in masked(self._run, self._masks):
            shown: dict[str, object] = {"at_us": row.at_us, "from": row.who, "hex": row.data.hex()}
            self._line(shown | ({"masked": True} if row.masked else {}))
        self._run, self._held = [], 0

    def _line(self, shown: dict[str, object]) -> None:
        self._out.write(json.dumps(shown) + "\n")
        self._out.flush()


def masked(run: Sequence[Row], masks: Iterable[bytes]) -> list[Row]:
    """The same pieces, with what is to be kept out masked across their joints."""
    whole = b"".join(row.data for row in run)
    hidden = bytearray(whole)
    for mask in masks:
        at = whole.find(mask)
        while at >= 0:
            hidden[at : at + len(mask)] = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x58 for byte in mask)
            at = whole.find(mask, at + 1)
    rows, at = [], 0
    for row in run:
        data = bytes(hidden[at : at + len(row.data)])
        rows.append(Row(at_us=row.at_us, who=row.who, data=data, masked=data != row.data))
        at += len(row.data)
    return rows


def read_trace(file: Path) -> Trace:
    """Raises ConfigError with the line that is wrong."""
    lines = file.read_text(encoding="utf-8").splitlines()
    number = 1
    try:
        header = json.loads(lines[0])
        if header["format"] != FORMAT or header["version"] != VERSION:
            raise ConfigError(f"{file}: this is no {FORMAT} of version {VERSION}")
        rows = []
        for number, line in enumerate(lines[1:], start=2):
            shown = json.loads(line)
            if shown["from"] not in ("host", "pump"):
                raise ConfigError(f"{file}:{number}: from is {shown['from']!r}: it is host or pump")
            data = bytes.fromhex(shown["hex"])
            rows.append(
                Row(at_us=int(shown["at_us"]), who=shown["from"], data=data, masked=bool(shown.get("masked", False)))
            )
        return Trace(baud=int(header["baud"]), line=str(header["line"]), rows=tuple(rows))
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{file}:{number}: not a line of a trace: {error!r}") from error
