"""Why a pump cannot be reached, and what a person at the bed can do about it.

The bus names the reason (core/events.py, LinkWhy); the exact words of the system stand beside it in the page's line for
support. A nurse has to know whether it is the pump, the cable or the computer, and whose hands are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pumpd.core.events import LinkState, LinkWhy

LINKS: Final[Mapping[LinkState, str]] = {
    LinkState.UP: "connected",
    LinkState.SILENT: "the pump does not answer",
    LinkState.DOWN: "not connected",
}

# reason -> what is the case, what to do now; it recovers by itself, so nothing has to be told to the program
REASONS: Final[Mapping[LinkWhy, tuple[str, str]]] = {
    LinkWhy.STARTING: ("its port is being opened", ""),
    LinkWhy.ABSENT: ("its cable is not plugged into this computer", "Plug it in."),
    LinkWhy.HELD: ("another program uses its port", "Call support: the other program has to be ended."),
    LinkWhy.FORBIDDEN: ("this program may not open its port", "Call support: a permission is missing."),
    LinkWhy.UNREACHABLE: (
        "the box between network and pump does not answer",
        "Check its power and its network cable.",
    ),
    LinkWhy.HUNG_UP: ("its cable was pulled, or the adapter lost power", "Plug it in again."),
    LinkWhy.STUCK: ("its adapter takes nothing any more", "Pull its plug and put it in again."),
    LinkWhy.PORT_FAULT: ("its port does not work", "Call support."),
    LinkWhy.SLEPT: ("this computer was asleep", "The pump is being asked anew."),
    LinkWhy.OPENED: ("it is being asked who it is", ""),
    LinkWhy.MUTE: (
        "nothing comes back",
        "Is it switched on, and the cable firm at both ends? If so, call support: speed and address have to agree.",
    ),
    LinkWhy.NOISE: (
        "what comes back makes no sense",
        "Check the cable. If it stays, call support: the speed may be wrong, or it is another pump.",
    ),
    LinkWhy.ECHO: (
        "the adapter hears only itself",
        "Is the pump switched on, and its cable in the right socket?",
    ),
    LinkWhy.IDENTIFIED: ("", ""),
    LinkWhy.ECHOED: ("over an adapter that also hears itself", ""),
}


def link_text(link: LinkState, why: LinkWhy | None) -> str:
    """The state, the reason and what to do, as one line: `not connected: its cable is not ... Plug it in.`"""
    said, do_now = REASONS[why] if why is not None else ("", "")
    if link is LinkState.UP:
        return f"{LINKS[link]} {said}".rstrip()
    if not said:
        return LINKS[link]
    return f"{LINKS[link]}: {said}. {do_now}".rstrip() if do_now else f"{LINKS[link]}: {said}"


def link_went(link: LinkState, why: LinkWhy | None) -> str:
    """For the record: the state and its reason, without advice."""
    said = REASONS[why][0] if why is not None else ""
    joint = " " if link is LinkState.UP else ": "
    return f"{LINKS[link]}{joint}{said}" if said else LINKS[link]
