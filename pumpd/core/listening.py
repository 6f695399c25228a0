"""Whether an alarm would be heard: while a drug runs, at least one page with its sound on is open.

A browser is silent until somebody has touched its page, and then no alarm of this bed is heard in the room. So a
page whose sound was turned on, with the test tone, says so again every few seconds through whoever serves it, and a
drug is started, resumed and raised only while somebody's last word is not too old. Saline for training needs no ears.
Nothing that lowers ever asks: no stop, no pause, no decrease.

What was said is not journalled, only that somebody listens and that nobody does any longer. A process that is gone
says nothing, and neither does one that hangs: both count as nobody once LASTS_NS is over, and a stream that ended at
once. A page is loaded anew at every step of a nurse, and a console is replaced in a second or two: only when nobody has
listened for TOLD_AFTER_NS is it told, as an alarm of the bed. Then what is left speaks: telemetry, and the buzzer of a
pump that can be told to use it. It is never a reason to stop.

The times add up to less than 30 s: a page that vanished is missed by its server within 10 s (console/ears.py), a
server that fell silent here within LASTS_NS, and then comes TOLD_AFTER_NS.
"""

from __future__ import annotations

from typing import Final

from pumpd.core import alarms
from pumpd.core.audio import SoundArmed, SoundGone, Unheard
from pumpd.core.codes import Condition, Phase, Reason, ReasonCode, Severity
from pumpd.core.events import PagesListen, WatcherGone
from pumpd.core.glimpses import Listened
from pumpd.core.library import Entry
from pumpd.core.order import Order
from pumpd.core.signals import signal
from pumpd.core.state import PumpState
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S

LASTS_NS: Final = 9 * NS_PER_S  # two lost words of a console that speaks every 3 s, and a moment
TOLD_AFTER_NS: Final = 10 * NS_PER_S
BUZZ_EVERY_NS: Final = 10 * NS_PER_S
GIVES: Final = (Phase.STARTING, Phase.INFUSING, Phase.STOPPING, Phase.UNCERTAIN)  # drug may be going in


def is_drug(turn: Turn, order: Order) -> bool:
    """By the order's entry; what no entry names is refused elsewhere, and counts as a drug all the same."""
    regimen = turn.setup.rules.catalogue.regimen(order.regimen)
    return _high_alert(None if regimen is None else turn.setup.rules.library.entry(regimen.entry))


def against_unheard_start(turn: Turn, order: Order) -> list[Reason]:
    """What the ears of this bed say against the start of this order."""
    return _unheard(turn) if is_drug(turn, order) else []


def against_unheard(turn: Turn, slot: str) -> list[Reason]:
    """The same against a rise of whatever is under way on a pump."""
    pump = turn.pump(slot)
    if pump.phase in (Phase.IDLE, Phase.ENDED) or not _holds_drug(pump):
        return []
    return _unheard(turn)


def on_pages(turn: Turn, request: PagesListen) -> None:
    """Somebody says how many pages with their sound on it serves."""
    turn.record(Listened(at_ns=turn.now_ns, watcher=request.watcher, pages=request.pages))
    if request.pages and not turn.state.hearing.armed:
        turn.record(SoundArmed(at_ns=turn.now_ns, watcher=request.watcher))
        alarms.condition_over(turn, Condition.NOBODY_LISTENS, None)
    _if_nobody(turn, Unheard.TOLD)


def on_watcher_gone(turn: Turn, request: WatcherGone) -> None:
    """Its pages may still be open somewhere, but nobody tells them anything."""
    if any(each.watcher == request.watcher for each in turn.state.hearing.listeners):
        turn.record(Listened(at_ns=turn.now_ns, watcher=request.watcher, pages=0))
        _if_nobody(turn, Unheard.STREAM_ENDED)


def listen(turn: Turn) -> None:
    """On the clock: words that are too old are forgotten, and nobody to hear a running drug is told."""
    for each in turn.state.hearing.listeners:
        if turn.now_ns - each.at_ns > LASTS_NS:
            turn.record(Listened(at_ns=turn.now_ns, watcher=each.watcher, pages=0))
    _if_nobody(turn, Unheard.SILENCE)
    hearing = turn.state.hearing
    if not turn.setup.needs_sound or not any(_gives_drug(pump) for pump in turn.state.pumps):
        alarms.condition_over(turn, Condition.NOBODY_LISTENS, None)
    elif not hearing.armed and turn.now_ns - hearing.since_ns >= TOLD_AFTER_NS:
        alarms.raise_alarm(turn, Condition.NOBODY_LISTENS, None)


def buzzes(turn: Turn, slot: str) -> bool:
    """Is the next look at this pump the one before which its own buzzer speaks? The last look tells when it spoke."""
    alarm, pump = alarms.active(turn, Condition.NOBODY_LISTENS, None), turn.pump(slot)
    if alarm is None or not signal(alarm).sounding or not turn.setup.info(slot).buzzes or not _gives_drug(pump):
        return False
    looked_ns, since_ns = pump.sighting.asked_at_ns, alarm.since_ns
    return looked_ns is None or _begun(looked_ns - since_ns) < _begun(turn.now_ns - since_ns)


def _begun(since_ns: int) -> int:
    """How many stretches of BUZZ_EVERY_NS have begun; none at the very moment of the alarm, which a look may share."""
    return -(-since_ns // BUZZ_EVERY_NS)


def _if_nobody(turn: Turn, why: Unheard) -> None:
    if turn.state.hearing.armed and not turn.state.hearing.listeners:
        turn.record(SoundGone(at_ns=turn.now_ns, why=why))


def _unheard(turn: Turn) -> list[Reason]:
    if not turn.setup.needs_sound or turn.state.hearing.armed:
        return []
    return [Reason(code=ReasonCode.NOBODY_LISTENS, severity=Severity.HARD)]


def _gives_drug(pump: PumpState) -> bool:
    return _holds_drug(pump) and pump.phase in GIVES


def _holds_drug(pump: PumpState) -> bool:
    return pump.infusion is not None and _high_alert(pump.infusion.entry)


def _high_alert(entry: Entry | None) -> bool:
    return entry is None or entry.high_alert
