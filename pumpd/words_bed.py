"""Phases, links, alarms and facts of the bed -> text for people. Quantities come from words.py.

An alarm has two texts: what is the case, and what to do now, both in bedside words and both from its code and
number alone; the operator's detail (a port, a reply) is shown beside it and never inside it. The texts say what
the pump reported, and claim nothing about the patient or the line that a pump cannot see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from pumpd.core import asset_facts
from pumpd.core import audio as a
from pumpd.core import container_facts as c
from pumpd.core import deliveries as d
from pumpd.core import facts as f
from pumpd.core.authorship_facts import AuthorSettled
from pumpd.core.codes import Action, CommandKind, Condition, Ending, Phase, Why
from pumpd.core.departure_facts import DepartureFact
from pumpd.core.events import LinkState
from pumpd.core.state import Alarm
from pumpd.words import duration_ns, interval_ml, rate_ml_per_h, volume_ml
from pumpd.words_care import CARE_ALARMS
from pumpd.words_departure import DEPARTURE_ACTIONS, departure_text
from pumpd.words_links import link_went
from pumpd.words_path import PATH_ACTIONS, path_text
from pumpd.words_reasons import beyond_text, reason_text

PHASES: Final[Mapping[Phase, str]] = {
    Phase.IDLE: "No infusion",
    Phase.CHECKING: "Programming the pump",
    Phase.STARTING: "Starting",
    Phase.INFUSING: "Infusing",
    Phase.STOPPING: "Stopping",
    Phase.STOPPED: "Stopped",
    Phase.UNCERTAIN: "Not known: asking the pump",
    Phase.ENDED: "Ended",
    Phase.FAULT: "Out of use",
}

WHYS: Final[Mapping[Why, str]] = {
    Why.ORDERED: "an order was confirmed",
    Why.PREPARED: "the pump read the programme back",
    Why.REPORTED_DRIVING: "the pump reports that it drives",
    Why.REPORTED_STILL: "the pump reports that it stands still",
    Why.VOLUME_REACHED: "the whole volume is in",
    Why.STOP_PRESSED: "STOP was pressed",
    Why.PAUSED: "paused by a person",
    Why.RESUMED: "resumed by a person",
    Why.ENDED_BY_PERSON: "ended by a person",
    Why.COMMAND_REFUSED: "the pump refused a command",
    Why.COMMAND_UNKNOWN: "the pump did not confirm a command",
    Why.SILENCE: "the pump does not answer",
    Why.PUMP_ALARM: "the pump is in alarm",
    Why.PUMP_RESET: "the pump lost its power or its programme",
    Why.PUMP_CHANGED: "another pump is connected",
    Why.DEVIATION: "the pump does something else than was confirmed",
    Why.RESTART: "this computer's program was restarted",
    Why.CLOCK_JUMP: "this computer was asleep",
    Why.ANSWERED: "a person looked at the pump",
    Why.UNCOMMANDED: "the pump drove although nobody asked",
    Why.REARMED: "taken back into use by a person",
    Why.CONTAINER_ENDED: "this container is used up",
    Why.CONTAINER_CHANGED: "a person changed the container",
    Why.NEW_RATE: "stopped for a moment to set a new rate",
    Why.PATIENT_LEFT: "the patient has left the bed",
}

_STOP_KEY: Final = "Press STOP on the pump itself"

# condition -> what is the case, what to do now
ALARMS: Final[Mapping[Condition, tuple[str, str]]] = {
    Condition.STOP_UNCONFIRMED: (
        "The pump has not confirmed the stop",
        f"{_STOP_KEY}, or clamp the line. The stop is being sent again and again.",
    ),
    Condition.PUMP_IN_DOUBT: (
        "It may be another pump of the same model",
        "Read the label on its housing and type or scan it on this page. Until then nothing can be started or raised.",
    ),
    Condition.TARGET_DIFFERS: (
        "The pump's volume target was changed at the pump",
        "It was stopped. Look at the pump, then resume: everything is programmed anew.",
    ),
    Condition.RATE_LOWERED_AT_PUMP: (
        "Somebody lowered the rate at the pump itself",
        "It runs on at the lower rate. Change it on this page if that is not what was meant.",
    ),
    Condition.REPEATED_ALARM: (
        "The same alarm has stopped this pump three times within 10 min",
        "Look for its cause: line, clamp, syringe, pump. Then take the pump back into use, or use another one.",
    ),
    Condition.UNCOMMANDED_DRIVE: (
        "The pump moved although nobody asked it to",
        f"{_STOP_KEY}, clamp the line, look at the patient and use another pump.",
    ),
    Condition.OVER_INFUSION: (
        "The pump gives more than was confirmed, and is being stopped",
        "Look at the patient and the pump; do not use this pump again today.",
    ),
    Condition.DELIVERY_UNKNOWN: (
        "It is not known whether the pump drives",
        "Look at the plunger and answer the question on this page.",
    ),
    Condition.PUMP_CHANGED: (
        "Another pump is connected than the one that was programmed",
        "Check the cable. The old infusion does not go on; take this pump into use for a new one.",
    ),
    Condition.PUMP_RESET: (
        "The pump lost its power or its programme",
        "Check its mains lead. Look at the volume in the syringe, then resume or end.",
    ),
    Condition.STALLED: (
        "The pump's motor stalled",
        "Check the line for a kink or clamp, and whether the syringe is at its end; then resume or end.",
    ),
    Condition.LEASE_EXPIRED: (
        "The pump stopped by itself, because it heard nothing from this computer",
        "Check the pump's cable; then resume or end.",
    ),
    Condition.OCCLUSION: (
        "The pump reports a blocked line, and is being stopped",
        "Look for a kink, a clamp, the cannula. Let the pressure out away from the patient; then resume or end.",
    ),
    Condition.AIR: (
        "The pump reports air in the line, and is being stopped",
        "Clamp the line, disconnect it from the patient, drive the air out; then resume or end.",
    ),
    Condition.EMPTY: (
        "The pump reports that its container is empty, and is being stopped",
        "Look at the container: change it or end.",
    ),
    Condition.BATTERY_LOW: ("The pump's battery runs low", "Connect the pump to the mains. The infusion goes on."),
    Condition.BATTERY_EMPTY: (
        "The pump reports that its battery is empty, and is being stopped",
        "Connect the pump to the mains; then resume or end.",
    ),
    Condition.PUMP_ALARM: ("The pump is in alarm", "Look at the pump's own display; then resume or end."),
    Condition.RATE_DIFFERS: (
        "The pump's rate or counter is not what was confirmed, and it is being stopped",
        "Look at the pump: somebody may have used its keypad. Then resume or end.",
    ),
    Condition.START_FAILED: (
        "The pump did not start",
        "Look at the pump's own display and the syringe; then try again.",
    ),
    Condition.STOPPED_AT_PUMP: (
        "The pump stands still; it was not stopped from here",
        "Somebody may have pressed its own stop key. Resume or end.",
    ),
    Condition.LINK_DOUBT: (
        "The pump has not answered for some seconds",
        "Look whether its cable and power are in place.",
    ),
    Condition.LINK_LOST: (
        "The pump cannot be reached",
        "Check its cable and power. It stops by itself; its own stop key works at once.",
    ),
    Condition.UNDER_INFUSION: (
        "The pump gives less than was confirmed",
        "Check the line and the syringe's seat.",
    ),
    Condition.REVERSE_FLOW: (
        "The pump draws back, and is being stopped",
        f"{_STOP_KEY}, clamp the line, look at the patient. Check how the syringe sits; use another pump.",
    ),
    Condition.COUNTER_CLEARED: (
        "The pump's own volume was set back while it ran; it is being stopped",
        "What it had given still counts here. Look at the volume in the syringe, then resume or end.",
    ),
    Condition.JOURNAL_DOWN: (
        "The record cannot be written; nothing can be started or raised",
        "The running infusion goes on and STOP works. Call support.",
    ),
    Condition.CLOCK_JUMP: ("This computer was asleep", "Look at the pump. Somebody should find out why."),
    Condition.PAUSE_OVER: ("The pause is over its time", "Resume or end."),
    Condition.STEP_DUE: ("The next step up is due", "Look at the patient; then let it begin, or wait."),
    Condition.CONTAINER_ENDED: (
        "The container is used up, and the infusion stands",
        "Change the container on this page, or end.",
    ),
    Condition.CONTAINER_NEAR_END: (
        "The container is nearly used up",
        "Get the next one ready.",
    ),
    Condition.NEAR_END: ("The infusion is nearly over", "Get ready for its end."),
    Condition.KVO_RUNNING: (
        "The planned volume is in; a little flow keeps the vein open, with drug in it",
        "Stop and end, or follow the prescriber's plan. It stops by itself within an hour.",
    ),
    Condition.ENDED: ("The infusion has ended", "Disconnect when the prescriber's plan says so."),
    Condition.LIBRARY_NOT_IN_FORCE: (
        "The drug library or the catalogue cannot be used: nothing new can be started",
        "What runs goes on. Call the pharmacy.",
    ),
    Condition.LIBRARY_EXPIRES: (
        "The approval of the drug library is nearly over",
        "Ask the pharmacy to approve it again, or for a new one.",
    ),
    Condition.FILES_CHANGED: (
        "A file changed while this program ran: nothing new can be started",
        "What runs goes on. Call support to restart the program.",
    ),
    Condition.RESTARTED: (
        "This computer's program was restarted; the infusion goes on",
        "Steps up wait for a tap. Look at the pump once.",
    ),
    **CARE_ALARMS,
    Condition.NOBODY_LISTENS: (
        "A drug runs, and no page with its sound on is open: no alarm would be heard",
        "Open this bed's page and turn the sound on. Stay until it is.",
    ),
}

QUESTION: Final = "Look at the pump: is the plunger being driven?"

ACTIONS: Final[Mapping[Action, str]] = {
    **PATH_ACTIONS,
    **DEPARTURE_ACTIONS,
    Action.START: "start",
    Action.STOP: "STOP",
    Action.PAUSE: "pause",
    Action.RESUME: "resume",
    Action.CHANGE_RATE: "another rate",
    Action.BOLUS: "a bolus",
    Action.STEP: "the next step",
    Action.END: "end",
    Action.ACKNOWLEDGE: "an alarm as seen",
    Action.PAUSE_AUDIO: "quiet for 2 minutes",
    Action.ANSWER: "an answer about the plunger",
    Action.REARM: "the pump back into use",
    Action.CONFIRM_PUMP: "the pump's label to be taken as read",
    Action.CHANGE_CONTAINER: "a change of the container",
    Action.PRIME: "the line as primed",
    Action.FLUSH: "a flush on record",
    Action.RECONCILE: "the balance on record",
    Action.SETTLE_AUTHOR: "whose it was, on record",
}

_COMMANDS: Final[Mapping[CommandKind, str]] = {
    CommandKind.PREPARE: "program",
    CommandKind.START: "start",
    CommandKind.CHANGE_RATE: "change the rate",
    CommandKind.STOP: "stop",
    CommandKind.ACKNOWLEDGE: "leave its alarm",
}

_ENDINGS: Final[Mapping[Ending, str]] = {
    Ending.DONE: "done",
    Ending.REFUSED: "refused",
    Ending.UNKNOWN: "not confirmed",
    Ending.OVERTAKEN: "overtaken by a stop, never sent",
}


def alarm_text(alarm: Alarm) -> str:
    """What is the case; with its number where it helps."""
    text, _ = ALARMS[alarm.condition]
    if alarm.value is not None and alarm.condition in (Condition.OVER_INFUSION, Condition.UNDER_INFUSION):
        return f"{text}: {rate_ml_per_h(alarm.value)} by its own counter"
    if alarm.value is not None and alarm.condition is Condition.BATTERY_LOW:
        return f"{text}: {alarm.value} % or less by its own gauge"
    if alarm.value is not None and alarm.condition is Condition.CLOCK_JUMP:
        return f"{text} for {duration_ns(alarm.value)}"
    if alarm.value is not None and alarm.condition is Condition.LIBRARY_EXPIRES:
        return (
            "The drug library expires tomorrow or today" if alarm.value <= 1 else f"{text}: {alarm.value} days or less"
        )
    return text


def alarm_todo(condition: Condition) -> str:
    return ALARMS[condition][1]


# facts whose line `fact_text` makes of their fields; PLAIN has the rest
TOLD: Final[tuple[type, ...]] = (
    AuthorSettled,
    *get_args(f.PathFact),
    *get_args(DepartureFact),
    f.PersonAsked,
    f.RequestRefused,
    f.PhaseChanged,
    f.Checkpoint,
    f.RateGranted,
    f.InfusionOrdered,
    f.CommandIssued,
    f.CommandClosed,
    f.AlarmRaised,
    f.AlarmAcknowledged,
    f.LinkWent,
    f.StepTaken,
    c.ContainerChanged,
    c.LinePrimed,
    c.LinePurged,
    c.LineFlushed,
    c.Balanced,
)


def fact_text(fact: f.Fact) -> str:
    """One line of the record."""
    if isinstance(fact, f.PathFact):
        return path_text(fact)
    if isinstance(fact, DepartureFact):
        return departure_text(fact)
    match fact:
        case f.PersonAsked():
            value = f" ({rate_ml_per_h(fact.value)})" if fact.action is Action.CHANGE_RATE and fact.value else ""
            page = "" if fact.confirmed else ", by the word of a locked page"
            return f"{fact.person or 'somebody'} asked for {ACTIONS[fact.action]}{value}{page}"
        case f.RequestRefused():
            said = " ".join(reason_text(reason) for reason in fact.reasons)
            return f"Refused: {ACTIONS[fact.action]}. {said}"
        case f.PhaseChanged():
            return f"{PHASES[fact.phase]}: {WHYS[fact.why]}; {_in(fact.delivered.low_nl, fact.delivered.high_nl)}"
        case f.Checkpoint():
            return f"Record: {_in(fact.delivered.low_nl, fact.delivered.high_nl)}"
        case f.RateGranted():
            return f"Rate {rate_ml_per_h(fact.granted_ul_per_h)} granted of {rate_ml_per_h(fact.asked_ul_per_h)} asked"
        case f.InfusionOrdered():
            return f"Order {fact.order.regimen}, day {fact.order.day}, accepted from {fact.person}"
        case f.CommandIssued():
            return f"Told the pump to {_COMMANDS[fact.command]}"
        case f.CommandClosed():
            return f"The pump was told to {_COMMANDS[fact.command]}: {_ENDINGS[fact.ending]}"
        case f.AlarmRaised():
            return f"Alarm: {ALARMS[fact.condition][0]}"
        case f.AlarmAcknowledged():
            return f"An alarm was seen by {fact.person or 'somebody'}"
        case f.LinkWent():
            return f"Link: {link_went(LinkState(fact.link), fact.why)}"
        case f.StepTaken():
            return f"Step {fact.step + 1} begins" + (f", by {fact.person}" if fact.person else "")
        case c.ContainerChanged():
            checked = ", checked in before" if fact.checked_in else ""
            checked += f", checked by {fact.second_person}" if fact.second_person else ""
            return f"Container {fact.number} hangs, changed by {fact.person}{checked}"
        case c.LinePrimed():
            return f"The line is primed and was off the patient, says {fact.person}"
        case c.LinePurged():
            return f"The pump moved with a primed line: {volume_ml(fact.volume_nl)} counted as given"
        case c.LineFlushed():
            beyond = f"; all the same. {' '.join(map(beyond_text, fact.beyond))}" if fact.beyond else ""
            return f"Line flushed by {fact.person}: {volume_ml(fact.given_nl)} of what it held counted as given{beyond}"
        case c.Balanced():
            drawn, left = volume_ml(fact.loaded_nl), volume_ml(fact.residual_nl)
            off = f"; {volume_ml(fact.difference_nl)} apart: {fact.remark}" if fact.remark else ""
            given = _in(fact.given.low_nl, fact.given.high_nl)
            return f"Balance by {fact.person}: {drawn} drawn up, {given}, {left} left over{off}"
        case AuthorSettled():
            whose = "mine" if fact.mine else "not mine"
            return f"{fact.person} says of what was done on a locked page ({len(fact.acts)}): {whose}"
    return PLAIN.get(type(fact), type(fact).__name__)


PLAIN: Final[Mapping[type, str]] = {
    f.BootStarted: "This computer's program started",
    f.PumpRecognised: "The pump said who it is",
    f.LegPrepared: "The pump read its programme back",
    asset_facts.AssetDoubted: "It may be another pump of the same model",
    asset_facts.AssetConfirmed: "A person read the pump's label, and it is the right one",
    f.RateWaits: "The pump is stopped for a rate that it takes only standing still",
    f.RateProgrammed: "The new rate is programmed",
    f.RateDropped: "The new rate is not set after all",
    f.StepReached: "A step is complete",
    f.StepsByTap: "Steps up now wait for a tap",
    f.PlanCut: "The rest of the plan was laid out anew",
    d.AlarmStopped: "An alarm stopped the pump",
    d.StartsUnlocked: "Somebody looked at the pump and allows starts again",
    d.BolusBegan: "A bolus was accepted from the prescriber",
    d.BolusOver: "The bolus is over; the rate before it goes on",
    d.PauseNoted: "A pause was given a reason",
    d.BeyondAgreed: "Two people let the rate rise beyond a soft limit",
    a.AudioPaused: "The alarms' sound is paused",
    a.AudioResumed: "The alarms are heard again",
    a.SoundArmed: "A page with its sound on is open",
    a.SoundGone: "No page with its sound on is open any longer",
    a.AlarmRose: "Nobody answered an alarm: it is more urgent now",
    f.AlarmOver: "The cause of an alarm is gone",
    f.AlarmCleared: "An alarm is over",
    f.JournalWent: "The record's own state changed",
    f.ClockJumpSeen: "This computer was asleep",
    f.LibraryJudged: "The drug library was looked at",
    f.FilesDiffered: "The files that this program went by were compared",
    f.QuestionAsked: "Asked at the bed whether the plunger is driven",
}


def _in(low_nl: int, high_nl: int) -> str:
    return f"{interval_ml(low_nl, high_nl)} in"
