"""When something was seen, measured or given: now, some minutes ago, or at a moment that was marked in an emergency.

What was done in an emergency is charted afterwards, with the times that one tap each has left; so each mark is offered
as a time. Minutes are whole ones of the bed's clock, so that two taps on one button ask for the same.
"""

from __future__ import annotations

from typing import Final

from pumpd.api_care_models import CareView

MS_PER_MIN: Final = 60_000
AGO_MIN: Final = (2, 5, 10, 15, 20, 30, 45, 60)
MARKS_MAX: Final = 24  # the latest ones; the rest stand on the page of the emergency
AT: Final = "at"


def taken_choices(view: CareView) -> list[tuple[str, str, int | None]]:
    """What the form sends, what it says, and the time of day where it is one of those that were marked."""
    marks = [mark for each in view.emergencies for mark in each.marks][-MARKS_MAX:]
    choices: list[tuple[str, str, int | None]] = [("", "now", None)]
    choices += [(str(each), f"{each} min ago", None) for each in AGO_MIN]
    return choices + [(f"{AT}{each.ts_ms}", each.text, each.ts_ms) for each in reversed(marks)]


def taken_ts_ms(chosen: str, now_ts_ms: int) -> int | None:
    """None is now. Raises ValueError for what this page does not offer."""
    if not chosen:
        return None
    if chosen.startswith(AT):
        return int(chosen.removeprefix(AT))
    return (now_ts_ms // MS_PER_MIN - int(chosen)) * MS_PER_MIN
