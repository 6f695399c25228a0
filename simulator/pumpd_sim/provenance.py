"""Where each behaviour of a simulated pump comes from, so that nobody takes a guess for a fact.

`manual`: a manufacturer's manual states it. `capture`: bytes of a real pump show it. `client`: an independent public
client relies on it. `assumption`: nobody states it; where it could matter it is an option. Each device lists its own;
served as GET /provenance.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Source = Literal["manual", "capture", "client", "assumption"]
Behaviour = tuple[str, Source, str]  # what, whence, and where it stands there (or which option it is)


def report(rows: Iterable[Behaviour]) -> list[dict[str, str]]:
    return [{"behaviour": what, "source": source, "where": where} for what, source, where in rows]
