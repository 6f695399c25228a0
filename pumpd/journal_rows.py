"""A row of the journal, the hash that ties it to the row before, and facts as rows and back.

The real journal (journal.py) and the simulated one of the tests both build their chain here, and so give the
same hashes for the same facts. Each hash covers the hash before it and every column of its row: whoever
edits a row has to rewrite all rows behind it, and then the head hash, which went out in records, MQTT
and log, gives the rewriting away.

A row's kind is the name of the fact's class in snake case; its body is canonical JSON (sorted keys, no
spaces), so that the same fact is the same bytes on every machine. Decoding is strict: a kind or version that
this program does not know is a broken journal and never guessed at, since a state folded from half of the
facts is a wrong state.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol, TypeAlias, get_args

from pydantic import TypeAdapter, ValidationError

from pumpd.core.facts import Fact
from pumpd.errors import JournalBroken

GENESIS: Final = "0" * 64  # what stands before the first row
NEVER_DURABLE: Final = 2**63 - 1  # a sequence number that no row will have
FACTS_LOST: Final = "facts_lost"
_VERSION: Final = 1  # a fact that changes its fields names its VERSION, and keeps a reader of the old one here


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fact as it stands in the file; `slot` is None for what concerns the whole bed."""

    seq: int  # from 1, without a gap
    boot: str  # the run of the daemon
    at_ns: int  # CLOCK_BOOTTIME
    wall_ms: int  # UTC
    slot: str | None
    visit: str | None
    kind: str
    version: int
    body: str  # canonical JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A row with its links of the chain, as read from the file."""

    row: Row
    prev: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the chain: who knows it can tell whether anything before it was changed, or its tail cut."""

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsLost:
    """The journal was down so long that this many facts found no room: what follows is no whole story.

    Not a decision of the bed but a remark of the journal itself. Whoever folds past it trusts nothing that was
    running: the pump decides.
    """

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row, decoded."""

    seq: int
    boot: str
    at_ns: int
    wall_ms: int
    fact: Fact | FactsLost


class FactStore(Protocol):
    """What the bed's loop needs of a journal. Every method returns at once; callbacks come on the loop."""

    on_committed: Callable[[int], None]  # everything up to this sequence number is durable
    on_failed: Callable[[str], None]  # nothing becomes durable at present, in words for an operator
    on_recovered: Callable[[], None]

    @property
    def head(self) -> Head:
        """The last row that was appended, durable or not."""
        ...

    @property
    def committed(self) -> Head:
        """The last row that is durable."""
        ...

    def append(self, facts: Sequence[Fact], *, at_ns: int, wall_ms: int) -> int:
        """Take the facts of one decision, which become durable together or not at all.

        Returns the sequence number to wait for, NEVER_DURABLE when there was no room. Never raises, never
        waits: facts of a stop must be applied whatever the disk does.
        """
        ...

    def read_all(self) -> Iterator[Entry]:
        """Every entry from the first, to fold. Raises JournalBroken where the chain does not hold."""
        ...


def next_hash(prev: str, row: Row) -> str:
    """SHA-256 over the hash before and every column of the row."""
    columns = [
        prev,
        row.seq,
        row.boot,
        row.at_ns,
        row.wall_ms,
        row.slot,
        row.visit,
        row.kind,
        row.version,
        row.body,
    ]
    return hashlib.sha256(_canonical(columns).encode()).hexdigest()


def is_durable(fact: Fact) -> bool:
    """Classes with `DURABLE = False` are looks at a pump: made again after a restart, not remembered."""
    return getattr(type(fact), "DURABLE", True) is not False


def row_of(fact: Fact | FactsLost, *, seq: int, boot: str, at_ns: int, wall_ms: int) -> Row:
    kind = FACTS_LOST if isinstance(fact, FactsLost) else kind_of(type(fact))
    return Row(
        seq=seq,
        boot=boot,
        at_ns=at_ns,
        wall_ms=wall_ms,
        slot=getattr(fact, "slot", None),
        visit=getattr(fact, "visit", None),
        kind=kind,
        version=version_of(type(fact)),
        body=_body(kind, fact),
    )


def _body(kind: str, fact: Fact | FactsLost) -> str:
    """What no file can hold (half a character, from bytes of a wire) becomes a question mark, not a failure."""
    return _canonical(_adapter(kind).dump_python(fact, mode="json")).encode("utf-8", "replace").decode()


def decode(kind: str, version: int, body: str) -> Fact | FactsLost:
    """Raises JournalBroken on a kind or version unknown to this program, or a body that does not fit."""
    known = _kinds().get(kind)
    if known is None:
        raise JournalBroken(
            f"the journal holds a fact of the kind {kind!r}, which this program does not know: "
            "it was written by a newer one; install that, or move the journal away"
        )
    if version != version_of(known):
        raise JournalBroken(
            f"the journal holds a {kind!r} of version {version}; this program reads {version_of(known)}: "
            "install the program that wrote it, or move the journal away"
        )
    try:
        fact: Fact | FactsLost = _adapter(kind).validate_json(body, strict=True)
    except ValidationError as error:
        raise JournalBroken(f"the body of a {kind!r} does not fit: {error}") from error
    return fact


def entry_of(row: Row) -> Entry:
    return Entry(
        seq=row.seq,
        boot=row.boot,
        at_ns=row.at_ns,
        wall_ms=row.wall_ms,
        fact=decode(row.kind, row.version, row.body),
    )


def faults_of_link(last: Head, stored: Stored) -> list[str]:
    """What is wrong with this row as the one behind `last`; empty when the chain holds here."""
    row = stored.row
    faults = []
    if row.seq != last.seq + 1:
        faults.append(f"rows {last.seq + 1} to {row.seq - 1} are missing")
    elif stored.prev != last.hash:
        faults.append(f"row {row.seq} does not follow row {last.seq}: one of the two was replaced")
    if next_hash(stored.prev, row) != stored.hash:
        faults.append(f"row {row.seq} was edited after it was written")
    return faults


def faults_of_chain(rows: Iterable[Stored], known: Sequence[Head] = ()) -> Iterator[str]:
    """Every place where the chain does not hold.

    `known` are heads that went out earlier; with none, a tail that was cut or rewritten whole stays unseen.
    """
    last = Head()
    expected = {head.seq: head.hash for head in known}
    for stored in rows:
        seq = stored.row.seq
        yield from faults_of_link(last, stored)
        if expected.pop(seq, stored.hash) != stored.hash:
            yield f"row {seq} is not the one whose hash was published: it was rewritten"
        last = Head(seq=seq, hash=stored.hash)
    for seq in sorted(expected):
        if seq > last.seq:
            yield f"the end is cut off: row {seq} was published, the last one here is {last.seq}"


def kind_of(fact_class: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", fact_class.__name__).lower()


def version_of(fact_class: type) -> int:
    version: int = getattr(fact_class, "VERSION", _VERSION)
    return version


@cache
def _kinds() -> dict[str, type]:
    classes = [one for one in get_args(Fact) if getattr(one, "DURABLE", True)]
    kinds = {kind_of(one): one for one in classes}
    assert len(kinds) == len(classes), "two facts of one name"
    assert FACTS_LOST not in kinds, "this name belongs to the journal itself"
    return kinds | {FACTS_LOST: FactsLost}


_Adapter: TypeAlias = TypeAdapter[Any]


@cache
def _adapter(kind: str) -> _Adapter:
    return TypeAdapter(_kinds()[kind])


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
