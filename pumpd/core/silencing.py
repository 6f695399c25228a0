"""The sound of the alarms, paused for a while by whoever has come.

The figures are those of GIP 3.2.1 and 3.2.2: two minutes at most, and never for good. There is no "audio off". A pause
is for the whole bed and for the alarms that stand when it is asked for; whatever comes later, of any priority, is
heard at once and leaves the pause of the others alone, and so is one that rises. Light and text are never paused.

It is never longer than the attention behind it: when the page or link that asked for it is gone, the sound is back
(Open PCA R6.4.4: remote inactivation is undone on loss of connection), as it is after a restart. It can be asked for
again, which takes a person each time: one who has signed in here, be the page locked by now, so that a loud bed is
never made quiet by nobody (docs/decisions/0025).
"""

from __future__ import annotations

from typing import Final

from pumpd.core.asking import accept, gate_of_person, note, refuse
from pumpd.core.audio import AudioPaused, AudioResumed, SoundAgain
from pumpd.core.codes import Action, ReasonCode
from pumpd.core.events import WatcherGone
from pumpd.core.requests import AudioPauseRequested
from pumpd.core.rise import hard
from pumpd.core.signals import signal
from pumpd.core.turn import Turn
from pumpd.core.units import NS_PER_S

PAUSE_NS: Final = 120 * NS_PER_S


def pause_audio(turn: Turn, request: AudioPauseRequested) -> None:
    """Only what is heard can be paused: nothing is silenced before it comes."""
    note(turn, request, Action.PAUSE_AUDIO)
    reasons = gate_of_person(request, None)
    if not any(signal(each).sounding or each.audio_paused for each in turn.state.alarms):
        reasons.append(hard(ReasonCode.NO_SUCH_ALARM))
    if reasons or request.actor is None:
        refuse(turn, request, Action.PAUSE_AUDIO, reasons)
        return
    turn.record(
        AudioPaused(
            at_ns=turn.now_ns, until_ns=turn.now_ns + PAUSE_NS, watcher=request.watcher, person=request.actor.person
        )
    )
    accept(turn, request)


def on_watcher_gone(turn: Turn, request: WatcherGone) -> None:
    pause = turn.state.audio_pause
    if pause is not None and pause.watcher == request.watcher:
        turn.record(AudioResumed(at_ns=turn.now_ns, why=SoundAgain.WATCHER_GONE))


def sound_again(turn: Turn) -> None:
    """On the clock: its time is over, or nothing is left to be quiet about."""
    pause = turn.state.audio_pause
    if pause is None:
        return
    if turn.now_ns >= pause.until_ns:
        turn.record(AudioResumed(at_ns=turn.now_ns, why=SoundAgain.TIME))
    elif not any(each.audio_paused and not each.acknowledged for each in turn.state.alarms):
        turn.record(AudioResumed(at_ns=turn.now_ns, why=SoundAgain.NOTHING_LEFT))
