"""What was typed of observations -> readings, or an error that names the item and what is wrong with it."""

from __future__ import annotations

from typing import Final

from pumpd.api_care_models import ObservationsBody
from pumpd.core.observing import Reading, flaws
from pumpd.errors import ApiError
from pumpd.words_care import flaw_text

UNPROCESSABLE: Final = 422


def readings(typed: ObservationsBody) -> tuple[Reading, ...]:
    """Raises ApiError for the first item that cannot be right; the bed itself refuses whatever comes past this."""
    found = tuple(
        Reading(item=each.item, value=each.value, why_not=each.why_not, scale=each.scale) for each in typed.readings
    )
    for flawed in flaws(found):
        raise ApiError(flaw_text(flawed), status=UNPROCESSABLE, field=flawed.item.value)
    return found
