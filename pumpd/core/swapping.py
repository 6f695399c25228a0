"""Is it still the same pump? For models that report no serial number, where a twin on the same cable looks the same.

After a silence, a reconnect or a restart a pump is believed to be ours only as long as everything fits: identity, the
counter within what this leg can have brought it to, the rate, and whether it drives. Whatever does not fit, a silence
that was longer than the lease, and a pump that lost its power leave a doubt on the slot. While it stands nothing may
rise there (rise.py), and a counter that fits too badly moves only the upper end of what is in (look.py). Falling,
stopping and looking go on.

The doubt ends when somebody types or scans the label on the housing and it is the one in the configuration. A wrong
label is refused, and stands in the journal. A pump that reports its serial number needs none of this while it is the
same.

What cannot be seen is not claimed: a twin that is put on the cable within the lease, drives at the same rate and counts
what ours would have counted is taken for ours.
"""

from __future__ import annotations

from typing import Final

from pumpd.core import alarms
from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.asset_facts import AssetConfirmed
from pumpd.core.codes import Action, Condition, ReasonCode
from pumpd.core.events import LinkState
from pumpd.core.people import Act
from pumpd.core.requests import PumpConfirmed
from pumpd.core.rise import hard
from pumpd.core.turn import Turn

LABEL_CHARS: Final = 64  # as long as the configuration lets a label be


def confirm(turn: Turn, request: PumpConfirmed) -> None:
    """Somebody read the label: is it the pump that belongs here?"""
    slot, typed = request.slot, _plain(request.asset)
    note(turn, request, Action.CONFIRM_PUMP, text=typed[:LABEL_CHARS])
    pump, label = turn.pump(slot), turn.setup.asset(slot)
    reasons = gate_of_person(request, Act.REARM)
    if pump.asset_doubt is None:
        reasons.append(hard(ReasonCode.PUMP_NOT_IN_DOUBT))
    if pump.link is not LinkState.UP or pump.sighting.last is None or pump.sighting.missed:
        reasons.append(hard(ReasonCode.LINK_DOWN))
    if not label:
        reasons.append(hard(ReasonCode.NO_ASSET_KNOWN))
    elif typed != _plain(label):
        reasons.append(hard(ReasonCode.ASSET_DIFFERS))
    if reasons or request.actor is None:
        refuse(turn, request, Action.CONFIRM_PUMP, reasons)
        return
    turn.record(AssetConfirmed(at_ns=turn.now_ns, slot=slot, asset=label, person=request.actor.person))
    alarms.condition_over(turn, Condition.PUMP_IN_DOUBT, slot)
    accept(turn, request)


def _plain(label: str) -> str:
    """Case and spaces are the scanner's and the typist's."""
    return "".join(label.split()).casefold()
