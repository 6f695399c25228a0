"""What is in force: the library, the regimens and the configuration, as far as a new start depends on them.

Two events come here. A day began, or the daemon did: the library is judged anew, which is how it expires without a
restart. Files were compared with what they were when they were read (at most an hour apart, SELF-02): one that differs
means that what the next start of the daemon will read is not what this one runs by.

Either way new starts are refused with a reason that names which, and nothing that runs is touched. The alarms are
prompts, all but one: a library that expires at midnight says nothing about the infusion that runs through that night,
and whoever wants to start one is told in the moment that it matters. A file that changed under a running daemon is
somebody's act, and is LOW.
"""

from __future__ import annotations

from typing import Final

from pumpd.core import alarms
from pumpd.core import facts as f
from pumpd.core.codes import Condition, Reason, ReasonCode, Severity
from pumpd.core.events import Booted, DayBegan, FilesCompared
from pumpd.core.library import Integrity
from pumpd.core.standing import Judged, RulesFile, Standing, judge, warning_days
from pumpd.core.turn import Turn

_BY_STANDING: Final[dict[Standing, ReasonCode]] = {
    Standing.UNREADABLE: ReasonCode.LIBRARY_UNREADABLE,
    Standing.ALTERED: ReasonCode.LIBRARY_ALTERED,
    Standing.NOT_YET_APPROVED: ReasonCode.LIBRARY_NOT_YET_APPROVED,
    Standing.EXPIRED: ReasonCode.LIBRARY_EXPIRED,
    Standing.OLDER: ReasonCode.LIBRARY_OLDER,
    Standing.VERSION_REUSED: ReasonCode.LIBRARY_VERSION_REUSED,
}
_BY_INTEGRITY: Final[dict[Integrity, ReasonCode]] = {
    Integrity.UNREADABLE: ReasonCode.REGIMENS_UNREADABLE,
    Integrity.ALTERED: ReasonCode.REGIMENS_ALTERED,
}
_BY_FILE: Final[dict[RulesFile, ReasonCode]] = {
    RulesFile.LIBRARY: ReasonCode.LIBRARY_FILE_CHANGED,
    RulesFile.REGIMENS: ReasonCode.REGIMENS_FILE_CHANGED,
    RulesFile.CONFIGURATION: ReasonCode.CONFIGURATION_FILE_CHANGED,
    RulesFile.REGISTER_MAP: ReasonCode.REGISTER_MAP_FILE_CHANGED,
}
FORBIDS_A_NEW_START: Final = (*_BY_STANDING.values(), *_BY_INTEGRITY.values(), *_BY_FILE.values())


def against_a_new_start(turn: Turn) -> list[Reason]:
    """Every reason why nothing new may be started by these rules; a library that nobody has judged is none."""
    judged = turn.state.judged
    codes = [ReasonCode.LIBRARY_UNREADABLE] if judged is None else _codes(judged)
    codes += [_BY_FILE[each] for each in turn.state.files_changed]
    return [Reason(code=code, severity=Severity.HARD) for code in codes]


def _codes(judged: Judged) -> list[ReasonCode]:
    found = []
    if judged.standing is not Standing.GOOD:
        found.append(_BY_STANDING[judged.standing])
    if judged.regimens is not Integrity.INTACT:
        found.append(_BY_INTEGRITY[judged.regimens])
    return found


def on_day(turn: Turn, event: Booted | DayBegan) -> None:
    """Judge what was read at this start, by this day."""
    judged = judge(turn.setup.rules, turn.state.used, event.today_day)
    if judged != turn.state.judged:
        turn.record(f.LibraryJudged(at_ns=turn.now_ns, today_day=event.today_day, judged=judged))
    against = _codes(judged)
    _hold(turn, Condition.LIBRARY_NOT_IN_FORCE, detail=", ".join(code.value for code in against))
    _hold(turn, Condition.LIBRARY_EXPIRES, value=warning_days(judged, event.today_day))


def on_files(turn: Turn, event: FilesCompared) -> None:
    """Something on the disk is no longer what this run of the daemon goes by, or is again."""
    if event.changed == turn.state.files_changed:
        return
    turn.record(f.FilesDiffered(at_ns=turn.now_ns, changed=event.changed))
    _hold(turn, Condition.FILES_CHANGED, detail=", ".join(each.value for each in event.changed))


def _hold(turn: Turn, condition: Condition, *, value: int | None = None, detail: str = "") -> None:
    """The condition holds exactly while there is something to tell, and what is new is told anew."""
    standing = alarms.active(turn, condition, None)
    if standing is not None and (standing.value, standing.detail) != (value, detail):
        alarms.condition_over(turn, condition, None)
    if value is not None or detail:
        alarms.raise_alarm(turn, condition, None, value=value, detail=detail)
