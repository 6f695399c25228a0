"""Why something was refused, reduced or remarked on, in bedside words: what spoke, and what to do now.

One or two sentences for every reason code, with both numbers where there are two. A refusal that only says no
sends a nurse looking for a colleague who knows the trick; so each says what to do, even when that is nothing.
A test holds every code to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pumpd.core.codes import Grant, Reason, ReasonCode
from pumpd.core.library import DoseUnit
from pumpd.core.units import Towards
from pumpd.words import (
    bmi,
    concentration,
    dose,
    duration,
    number,
    rate_ml_per_h,
    volume_ml,
    volume_ml_fine,
    weight,
)
from pumpd.words_care import care_text
from pumpd.words_containers import CONTAINERS
from pumpd.words_departure import DEPARTURES
from pumpd.words_limits import LIMITED, limited_text
from pumpd.words_path import GATES
from pumpd.words_rises import RISES


def _per_h(value: int) -> str:
    return dose(value, DoseUnit.MG_PER_H)


def _seconds(value: int) -> str:
    return f"{value:,} s"


def _percent(value_ppm: int) -> str:
    return f"{number(value_ppm, digits=4, places=2, towards=Towards.UP)} %"


def _plain(value: int) -> str:
    return f"{value:,}"


_NOTHING_NEW: Final = "What runs goes on; nothing new can be started."
_RESTART: Final = "Call support to restart it: infusions go on meanwhile."

# code -> a text with {asked} and {limit} where numbers are known, and how they read
_SENTENCES: Final[Mapping[ReasonCode, tuple[str, Callable[[int], str]]]] = {
    **CONTAINERS,
    **DEPARTURES,
    **GATES,
    **RISES,
    ReasonCode.CONCENTRATION_UG_PER_ML: (
        "For this weight the library does not name {asked} but {limit}. Choose that container.",
        concentration,
    ),
    ReasonCode.REGIMEN_CAP_UG_PER_H: (
        "The regimen's own cap reduces {asked} to {limit}. Nothing to do.",
        _per_h,
    ),
    ReasonCode.ORDER_MAXIMUM_UG_PER_H: (
        "The maximum on the order reduces {asked} to {limit}. Nothing to do.",
        _per_h,
    ),
    ReasonCode.ROUNDED_RATE_UL_PER_H: (
        "The pump cannot be set to {asked}: {limit} is used, and the step lasts longer. Nothing to do.",
        rate_ml_per_h,
    ),
    ReasonCode.ROUNDED_TOTAL_NL: (
        "The pump cannot be set to {asked} in all: {limit} is used. Nothing to do.",
        volume_ml_fine,
    ),
    ReasonCode.HEIGHT_NOT_GIVEN: (
        "Without a height, a weight typed in pounds cannot be noticed. Measure the height and enter it.",
        _plain,
    ),
    ReasonCode.WEIGHT_BASIS_BMI_MILLI: (
        (
            "The body mass index is {asked}. From {limit} on the prescriber says whether the dose is for the actual, "
            "the ideal or the adjusted weight: ask, and enter it."
        ),
        bmi,
    ),
    ReasonCode.WEIGHT_BASIS_INCOMPLETE: (
        ("The dose is for the ideal or adjusted weight, which needs height, sex and actual weight. Enter all three."),
        _plain,
    ),
    ReasonCode.DOSING_WEIGHT_G: (
        (
            "The dose is ordered for {asked}, but height, sex and actual weight come to {limit}. "
            "Ask the prescriber which is right."
        ),
        weight,
    ),
    ReasonCode.WEIGHT_CHANGED_G: (
        (
            "Today's weight of {asked} is beyond {limit}, a tenth from what the order was written for. "
            "Weigh again, in kilograms; if it is right, ask the prescriber."
        ),
        weight,
    ),
    ReasonCode.COURSE_VISITS: (
        "This would be visit {asked} of a series of {limit}. Ask the prescriber before you go on.",
        _plain,
    ),
    ReasonCode.TRIANGLE_PPM: (
        (
            "Dose, rate and concentration do not fit each other: {asked} apart, and {limit} is allowed. "
            "Choose another container or pump."
        ),
        _percent,
    ),
    ReasonCode.PUMP_RATE_MAX_UL_PER_H: (
        "{asked} are needed, but with this syringe the pump gives {limit} at most. Choose another syringe.",
        rate_ml_per_h,
    ),
    ReasonCode.PUMP_RATE_MIN_UL_PER_H: (
        (
            "{asked} are needed, but with this syringe the pump gives no less than {limit}. "
            "Choose a smaller or less concentrated syringe."
        ),
        rate_ml_per_h,
    ),
    ReasonCode.RAMP_S: (
        "The ramp of {asked} does not fit into the steps beside it. Choose a longer regimen.",
        duration,
    ),
    ReasonCode.LEASE_S: (
        (
            "If this computer failed, the pump would go on for {asked}; at this rate {limit} is the longest allowed. "
            "Choose a regimen with a lower rate."
        ),
        _seconds,
    ),
    ReasonCode.NO_LEASE_FOR_HIGH_ALERT: (
        "If this computer failed, this pump would not stop, or not for good: no high-alert drug on it. Use another.",
        _plain,
    ),
    ReasonCode.LEASE_RATE_UL_PER_H: (
        (
            "If this computer failed, this pump would go on too long for {asked}; {limit} is the most. "
            "Choose a lower rate or another pump."
        ),
        rate_ml_per_h,
    ),
    ReasonCode.BUS_CYCLE_MS: (
        (
            "Looking at all pumps on this cable may take {asked}, and only {limit} are safe. "
            "Connect this pump to a cable of its own."
        ),
        lambda value: f"{value:,} ms",
    ),
    ReasonCode.UNKNOWN_REGIMEN: ("There is no such regimen. Choose one from the list.", _plain),
    ReasonCode.DAY_NOT_IN_REGIMEN: (
        "The regimen has no day {asked}; its last is day {limit}. Check which day this is.",
        _plain,
    ),
    ReasonCode.LIBRARY_UNUSABLE: (
        "The drug library has no usable entry for this. Do not start; call the pharmacy.",
        _plain,
    ),
    ReasonCode.LIMITS_NOT_ON_RECORD: (
        (
            "An older version of this program started the infusion and kept no limits for it. It may go on, be lowered "
            "or stopped; to give more, end it and start a new one."
        ),
        _plain,
    ),
    ReasonCode.LIBRARY_UNREADABLE: (
        f"The drug library cannot be read or used. {_NOTHING_NEW} Call the pharmacy.",
        _plain,
    ),
    ReasonCode.LIBRARY_ALTERED: (
        f"The drug library is not the one that was approved: it was altered. {_NOTHING_NEW} Call the pharmacy.",
        _plain,
    ),
    ReasonCode.LIBRARY_NOT_YET_APPROVED: (
        (
            "By this computer's clock the drug library was approved on a later day than today. "
            f"{_NOTHING_NEW} Call support to check the clock."
        ),
        _plain,
    ),
    ReasonCode.LIBRARY_EXPIRED: (
        f"The drug library has expired. {_NOTHING_NEW} Call the pharmacy to approve it again.",
        _plain,
    ),
    ReasonCode.LIBRARY_OLDER: (
        f"The drug library is older than the one that was used here before. {_NOTHING_NEW} Call the pharmacy.",
        _plain,
    ),
    ReasonCode.LIBRARY_VERSION_REUSED: (
        (
            "The drug library says something else than it did before under the same version. "
            f"{_NOTHING_NEW} Call the pharmacy for a higher version."
        ),
        _plain,
    ),
    ReasonCode.REGIMENS_UNREADABLE: (
        f"The list of regimens cannot be read or used. {_NOTHING_NEW} Call the pharmacy.",
        _plain,
    ),
    ReasonCode.REGIMENS_ALTERED: (
        f"The list of regimens is not the one that was approved: it was altered. {_NOTHING_NEW} Call the pharmacy.",
        _plain,
    ),
    ReasonCode.LIBRARY_FILE_CHANGED: (
        f"The drug library's file changed while this program ran. {_NOTHING_NEW} {_RESTART}",
        _plain,
    ),
    ReasonCode.REGIMENS_FILE_CHANGED: (
        f"The file of regimens changed while this program ran. {_NOTHING_NEW} {_RESTART}",
        _plain,
    ),
    ReasonCode.CONFIGURATION_FILE_CHANGED: (
        f"This bed's configuration changed while this program ran. {_NOTHING_NEW} {_RESTART}",
        _plain,
    ),
    ReasonCode.REGISTER_MAP_FILE_CHANGED: (
        f"The file that describes a pump of this bed changed while this program ran. {_NOTHING_NEW} {_RESTART}",
        _plain,
    ),
    ReasonCode.PUMP_NOT_CONFIRMED: (
        "It may be another pump of the same model. Read the label on its housing and type or scan it here.",
        _plain,
    ),
    ReasonCode.PUMP_NOT_IN_DOUBT: ("Nobody doubts which pump this is. Nothing to do.", _plain),
    ReasonCode.ASSET_DIFFERS: (
        "This is not the label of the pump that belongs here. Connect the right pump, or use another bed's page.",
        _plain,
    ),
    ReasonCode.NO_ASSET_KNOWN: (
        "No label is written down for this pump, so it cannot be told from its twin. Call support.",
        _plain,
    ),
    ReasonCode.NO_SUCH_SLOT: ("This bed has no such pump. Choose one from the list.", _plain),
    ReasonCode.NOT_SIGNED_IN: ("Nobody is signed in. Sign in with your PIN and try again. STOP needs nobody.", _plain),
    ReasonCode.PIN_NEEDED: ("This page is locked. Enter your PIN, then do it again.", _plain),
    ReasonCode.ANOTHER_WRITES: (
        "Somebody else writes this visit. Ask them, or take it over with one tap; then do it again.",
        _plain,
    ),
    ReasonCode.NOTHING_TO_CONFIRM: (
        "Nothing of this waits for you to say whose it was. Look at the page again.",
        _plain,
    ),
    ReasonCode.ROLE_MAY_NOT: ("Your role may not do this. Ask a nurse or the prescriber.", _plain),
    ReasonCode.OVERRIDE_NEEDED: (
        "A soft limit was crossed. Give a reason and have a second person confirm, or choose less.",
        _plain,
    ),
    ReasonCode.WRONG_PHASE: (
        "The pump is not in a state in which this can be done. Look at its state.",
        _plain,
    ),
    ReasonCode.COMMAND_PENDING: ("The pump is still busy with the last command. Wait a moment.", _plain),
    ReasonCode.DELIVERY_UNKNOWN: (
        "It is not known what the pump does. Look at the pump and answer the question on this page.",
        _plain,
    ),
    ReasonCode.LINK_DOWN: (
        "The pump cannot be reached. Check its cable and power; use its own stop key if it must stop.",
        _plain,
    ),
    ReasonCode.PUMP_UNKNOWN: ("No pump has identified itself here. Check cable, power and address.", _plain),
    ReasonCode.PUMP_IN_ALARM: ("The pump is in alarm. Look at the pump, then acknowledge the alarm.", _plain),
    ReasonCode.JOURNAL_DOWN: (
        "The record cannot be written, so nothing may be started or raised. Stopping works. Call support.",
        _plain,
    ),
    ReasonCode.NOBODY_LISTENS: (
        "No alarm would be heard. Turn the sound on, at this page or at another one of this bed; then try again.",
        _plain,
    ),
    ReasonCode.NEEDS_REARM: (
        "The pump tripped. Look at it, then take it back into use on this page.",
        _plain,
    ),
    ReasonCode.SAME_DRUG_RUNNING: (
        (
            "The same drug is under way on another pump of this bed; both together are within the limits. To give it "
            "on both, give a reason and have a second person confirm."
        ),
        _plain,
    ),
    ReasonCode.NOT_A_CHANGE_UL_PER_H: ("The rate is {asked} already. Nothing to do.", rate_ml_per_h),
    ReasonCode.NOTHING_LEFT_NL: ("Nothing is left to give. End the infusion.", volume_ml),
    ReasonCode.NO_STEP_DUE: ("No step is waiting for a tap. Nothing to do.", _plain),
    ReasonCode.NO_SUCH_ALARM: ("This alarm is over or was acknowledged already. Nothing to do.", _plain),
    ReasonCode.GRANTED_DIFFERS: (
        "The pump read back something else than was sent, and was not started. Use another pump.",
        _plain,
    ),
    ReasonCode.REPEATED_ALARM: (
        "The same alarm has stopped this pump again and again. Look for its cause, then take the pump back into use.",
        _plain,
    ),
    ReasonCode.RESUME_TIME_OVER_S: (
        "It has stood still for {asked}; after {limit} it cannot be resumed. End it, and ask the prescriber.",
        duration,
    ),
    ReasonCode.REQUEST_ID_USED: (
        "This request carries the number of another one, so nothing was done. Try again on a page that is loaded anew.",
        _plain,
    ),
    ReasonCode.REQUEST_EXPIRED: ("This took too long and was dropped, to be safe. Try again.", _plain),
}


def reason_text(reason: Reason) -> str:
    """What spoke and what to do now, for the person at the bedside."""
    if reason.code in LIMITED:
        return limited_text(reason)
    of_care = care_text(reason)
    if of_care:
        return of_care
    text, read = _SENTENCES[reason.code]
    asked = "this" if reason.asked is None else read(reason.asked)
    limit = "what is allowed" if reason.limit is None else read(reason.limit)
    sentence = text.format(asked=asked, limit=limit)
    return sentence[0].upper() + sentence[1:]


def beyond_text(reason: Reason) -> str:
    """What a running infusion goes beyond, as a remark: nothing is to be done any more."""
    return reason_text(reason).partition(". ")[0].removesuffix(".") + "."


def highest_dose_text(grant: Grant, unit: DoseUnit) -> str:
    """After a refused review: what could be asked instead; empty when no dose helps."""
    if grant.highest_acceptable is None:
        return ""
    return f"The highest acceptable dose is {dose(grant.highest_acceptable, unit)}."


def highest_rate_text(grant: Grant) -> str:
    """After a refused command at a running infusion, where the highest acceptable value is a flow."""
    if grant.highest_acceptable is None:
        return ""
    return f"The highest acceptable rate is {rate_ml_per_h(grant.highest_acceptable)}."
