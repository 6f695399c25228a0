"""A selector whose waiting is somebody's own: the files and sockets are real, how time goes by between them is not.

The loop of virtual time (virtual.py) never waits, the loop that is steered (steered.py) waits until it is told to jump.
Both hand everything but the waiting to the selector that the machine has.
"""

from __future__ import annotations

import selectors
from collections.abc import Mapping
from typing import IO, Any


class OwnTime(selectors.BaseSelector):
    """`select` is for whoever inherits."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: int | IO[Any], events: int, data: object = None) -> selectors.SelectorKey:  # type: ignore[override]
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: int | IO[Any]) -> selectors.SelectorKey:  # type: ignore[override]
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()
