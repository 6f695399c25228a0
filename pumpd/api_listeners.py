"""The API's call of whoever serves pages that can be heard: so many have their sound on at this moment.

It needs nobody, as looking does: a page keeps its sound when its person has signed out, and a far view has none. It is
said again every few seconds, since silence counts as nobody (core/listening.py); a stream of views that goes by the
same name takes the word with it when it ends.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from pumpd.api_alarms import ListenersBody, ListenersView
from pumpd.api_calls import EVERYWHERE, ROOT, At
from pumpd.core.listening import LASTS_NS
from pumpd.core.units import NS_PER_MS

doors = APIRouter(prefix=ROOT, responses=EVERYWHERE)


@doors.put("/listeners/{watcher}")
async def listen(
    desk: At, watcher: Annotated[str, Path(min_length=1, max_length=64)], body: ListenersBody
) -> ListenersView:
    """How many pages with their sound on this caller serves."""
    desk.listens(watcher, body.pages)
    return ListenersView(lasts_ms=LASTS_NS // NS_PER_MS, needed=desk.setup.needs_sound)
