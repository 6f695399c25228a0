"""The end of a visit -> text for people: what keeps a patient here, what opens the door, and the lines of the record.

As in words_reasons.py each sentence says what is missing and what to do now. The tables are joined there and in
words_bed.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, assert_never

from pumpd.core import departure_facts as dp
from pumpd.core.codes import Action, ReasonCode
from pumpd.core.departure import Closing, Exit, Leftover, Scored
from pumpd.core.flushing import CourseRoom, Flush
from pumpd.core.todo import Todo
from pumpd.core.units import NS_PER_S
from pumpd.words import duration, interval_ml, mass, mass_at_least, mass_at_most, volume_ml

_PLAIN: Final[Callable[[int], str]] = "{:,}".format

DEPARTURES: Final[Mapping[ReasonCode, tuple[str, Callable[[int], str]]]] = {
    ReasonCode.INFUSION_RUNS: ("An infusion of this patient still runs. Press STOP, then End.", _PLAIN),
    ReasonCode.INFUSION_NOT_ENDED: ("An infusion of this patient is stopped and could go on. Press End first.", _PLAIN),
    ReasonCode.LINE_NOT_OFF: (
        "Nobody can tell whether the pump stands still. Check that the line is off the patient, and say so.",
        _PLAIN,
    ),
    ReasonCode.PUMP_STILL_BUSY: (
        "A pump of this bed still runs, or is paused, without a visit. End that first: then open the visit.",
        _PLAIN,
    ),
    ReasonCode.PATIENT_HAS_LEFT: (
        "What is on this pump was for a patient who has left this bed. Press End; then start what this visit asks for.",
        _PLAIN,
    ),
    ReasonCode.PADSS_ITEM: ("Each item of the score is 0, 1 or {limit}. Enter it again.", _PLAIN),
    ReasonCode.RECOVERY_AFTER_DRUG_S: (
        "The last sedating drug was {asked} ago; the patient stays for {limit} after it. Wait until then.",
        duration,
    ),
    ReasonCode.RECOVERY_AFTER_REVERSAL_S: (
        (
            "A sedating drug was reversed {asked} ago and may act again; the patient stays for {limit} after that. "
            "Wait until then."
        ),
        duration,
    ),
    ReasonCode.RECOVERY_AFTER_START_S: (
        "The infusion began {asked} ago; the patient stays for {limit} in all. Wait until then.",
        duration,
    ),
    ReasonCode.NOT_SCORED: ("The recovery score is missing since the last drug. Enter the score now.", _PLAIN),
    ReasonCode.SCORE_OLD_S: ("The recovery score is {asked} old, {limit} at most. Enter a new one.", duration),
    ReasonCode.PADSS_LOW: (
        "The recovery score is {asked} of 10, and {limit} is needed. Wait, and enter a new score later.",
        _PLAIN,
    ),
    ReasonCode.NOT_AWAKE_AS_BEFORE: (
        "The patient is not as awake as before the infusion. Wait, and enter a new score later.",
        _PLAIN,
    ),
    ReasonCode.RISK_NOT_ASKED_AGAIN: (
        "Nobody asked about thoughts of suicide since the infusion. Ask again, and enter the result.",
        _PLAIN,
    ),
    ReasonCode.RISK_PLAN_NEEDED: (
        "The patient has thoughts of suicide. Call the prescriber: the way home is closed until they sign a plan.",
        _PLAIN,
    ),
    ReasonCode.ORDERED_TO_THE_WARD: (
        "The order sends this patient to the ward. Hand over there, or ask the prescriber for another order.",
        _PLAIN,
    ),
    ReasonCode.ESCORT_NOT_PRESENT: (
        "The escort is not here. Wait for them, or call them; a patient who goes without one leaves against advice.",
        _PLAIN,
    ),
    ReasonCode.INSTRUCTIONS_NOT_GIVEN: (
        "Give the written instructions to the patient and the escort, and say that they have them.",
        _PLAIN,
    ),
    ReasonCode.NOT_HANDED_OVER: ("Nobody on the ward has taken over. Enter who did.", _PLAIN),
    ReasonCode.DISCHARGE_INSTEAD: ("Home and ward are a discharge, with its own questions. Choose Discharge.", _PLAIN),
    ReasonCode.SOMETHING_WAS_GIVEN: (
        "This patient was given something. Choose how they leave: not treated is for a visit without any drug.",
        _PLAIN,
    ),
    ReasonCode.REST_OF_DOSE_UG: (
        "This visit has had {asked} of the {limit} of its dose: this is the rest. Check that it is wanted.",
        mass,
    ),
    ReasonCode.DOSE_GIVEN_UG: (
        "This visit has had its dose: {asked} of {limit}. Nothing is left. Ask the prescriber if more is wanted.",
        mass,
    ),
    ReasonCode.NO_SUCH_DOSE: ("This visit has no such infusion. Look at what it was given.", _PLAIN),
    ReasonCode.WASTED_ALREADY: ("What was left over is on record and witnessed. Nothing to do.", _PLAIN),
    ReasonCode.NOT_WASTED_YET: ("Nobody has said yet what was thrown away. Enter that first.", _PLAIN),
    ReasonCode.WITNESS_MAY_NOT: (
        "A witness is somebody else than who threw it away, and a nurse, a prescriber or a pharmacist. Ask one.",
        _PLAIN,
    ),
}

DEPARTURE_ACTIONS: Final[Mapping[Action, str]] = {
    Action.MOVE_VISIT: "a patient to leave the bed",
    Action.SCORE: "a recovery score on record",
    Action.DISCHARGE: "a discharge",
    Action.LEAVE: "a visit to be closed without a discharge",
    Action.TELL_PRESCRIBER: "the prescriber as told",
    Action.WASTE: "what was thrown away on record",
    Action.WITNESS: "to be witness of what was thrown away",
}

TODOS: Final[Mapping[Todo, str]] = {
    Todo.WASTE: "Say what was drawn up, and what of it was thrown away.",
    Todo.WITNESS: "Somebody else has to say that they saw it thrown away.",
    Todo.TELL_PRESCRIBER: "Tell the prescriber how this visit ended, and write down why.",
    Todo.SIGN_BY_WORD: "The prescriber has to sign what they ordered by word.",
}

EXITS: Final[Mapping[Exit, str]] = {
    Exit.HOME: "went home with the escort",
    Exit.WARD: "went to the ward",
    Exit.TRANSFERRED: "was transferred to another hospital",
    Exit.ADMITTED: "was admitted",
    Exit.LEFT: "left against advice",
    Exit.EMERGENCY: "left the bed in an emergency",
    Exit.NOT_TREATED: "was not treated",
}


def wait_text(left_ns: int) -> str:
    """How long somebody still waits, in whole minutes and never too short."""
    return duration(-(-left_ns // (60 * NS_PER_S)) * 60)


def score_text(score: Scored) -> str:
    awake = "as awake as before" if score.sedation_at_baseline else "not as awake as before"
    return f"{score.padss.total} of 10, {awake}"


def closing_text(closing: Closing) -> str:
    """How a visit ended, and who was told."""
    parts = [f"The patient {EXITS[closing.exit]}" + (f": {closing.reason}" if closing.reason else "")]
    if closing.handed_over_to:
        parts.append(f"{closing.handed_over_to} took over")
    if closing.prescriber:
        parts.append(f"{closing.prescriber} was told")
    return "; ".join(parts) + "."


def leftover_text(left: Leftover) -> str:
    off = f"; {volume_ml(abs(left.difference_nl))} apart: {left.remark}" if left.remark else ""
    return f"{volume_ml(left.loaded_nl)} drawn up, {volume_ml(left.wasted_nl)} thrown away{off}"


def flush_text(flush: Flush) -> str:
    """What the line holds, what a flush would mean, and what else can be done with it: read before anybody decides."""
    if not flush.held_ng:
        return f"The line still holds {volume_ml(flush.held_nl)}. Flushed into the patient, it counts as given."
    held, room = f"The line still holds {mass_at_most(flush.held_ng)} ({volume_ml(flush.held_nl)}).", flush.course
    waste = "throw the line away: what it holds counts as waste."
    if flush.beyond:
        return f"{held} Do not flush it into the patient: that is more than a hard limit allows. Instead {waste}"
    if room is None:
        return f"{held} Flushed into the patient at the last rate, it counts as given."
    course = (
        f"Flushed into the patient at the last rate, it counts as given, and the course stands at "
        f"{mass_at_most(room.stands_ng)}; its hard limit is {mass_at_least(room.limit_ng)}."
    )
    return " ".join([held, course, *_visits_left(room), f"Or {waste}"])


def _visits_left(room: CourseRoom) -> list[str]:
    """Whether the visits that are left fit under the course's limit."""
    if not room.left:
        return []
    visits = "The visit that is left" if room.left == 1 else f"The {room.left} visits that are left"
    visits += f" ({mass_at_most(sum(room.planned_ng))})"
    verb = "fits" if room.left == 1 else "fit"
    if room.fitting == room.left:
        return [f"{visits} still {verb} in."]
    some = f": only {room.fitting} of them" if room.fitting else ""
    if room.fitting < room.fitting_without:
        return [f"{visits} will then not {'all ' if some else ''}fit in any more{some}."]
    return [f"{visits} do{'es' if room.left == 1 else ''} not {'all ' if some else ''}fit in even without it{some}."]


def departure_text(fact: dp.DepartureFact) -> str:
    """One line of the record."""
    match fact:
        case dp.VisitMoved():
            off = ", the line off the patient" if fact.line_off else ""
            return f"The patient left the bed to recover, says {fact.person}{off}"
        case dp.RecoveryScored():
            awake = "as awake as before" if fact.sedation_at_baseline else "not as awake as before"
            return f"Recovery score {fact.padss.total} of 10, {awake}; by {fact.person}"
        case dp.VisitClosed():
            why = f": {fact.reason}" if fact.reason else ""
            told = f"; told {fact.prescriber}" if fact.prescriber else ""
            to = f"; {fact.handed_over_to} took over" if fact.handed_over_to else ""
            return f"The patient {EXITS[fact.exit]}, says {fact.person}{why}{to}{told}"
        case dp.PrescriberTold():
            return f"{fact.person} told {fact.prescriber} how the visit ended"
        case dp.Wasted():
            drawn, given = volume_ml(fact.loaded_nl), interval_ml(fact.given.low_nl, fact.given.high_nl)
            off = f"; {volume_ml(fact.difference_nl)} apart: {fact.remark}" if fact.remark else ""
            saw = f"{fact.witness} saw it" if fact.witness else "no witness yet"
            return (
                f"{volume_ml(fact.wasted_nl)} thrown away by {fact.person}, {saw}: {drawn} drawn up, {given} given{off}"
            )
        case dp.WasteWitnessed():
            return f"{fact.person} saw what was thrown away"
        case _:
            assert_never(fact)
