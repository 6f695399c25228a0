"""What another rate and a bolus ask of a person alike: who agrees, and why, and what becomes of the confirmation.

The daemon's review says what is needed. In a visit another person checks it independently first (rise_checking.py is
theirs), asked for by confirming once: then the page goes back to the pump, where the check is waited for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from pumpd.api_models import AnswerView, OverrideBody
from pumpd.console.acts import act
from pumpd.console.room import Look, Room, go, room_of
from pumpd.errors import ApiError

TOO_LONG: Final = "This is too long to be right. Type it again."
SECOND_MISSING: Final = "Say why, choose who agrees, and let them type their own PIN."
REASON_MISSING: Final = "Say why it goes beyond."
_PERSON: Final = "second_person"
SECOND: Final = ("reason", _PERSON, "second_pin")


def agreeing(values: Mapping[str, str]) -> OverrideBody | None:
    """Who agrees, with their PIN, and why; None where nobody is asked for it. Raises ValidationError."""
    return OverrideBody(**{name: values.get(name, "") for name in SECOND}) if _PERSON in values else None


def why_alone(values: Mapping[str, str]) -> str | None:
    """Where whoever has checked it is who agrees, the reason is all that is asked for."""
    return values.get("reason") if _PERSON not in values else None


def agreement_missing(values: Mapping[str, str]) -> str:
    return SECOND_MISSING if _PERSON in values else REASON_MISSING


async def confirm(
    request: Request,
    ask: Callable[[Room, Look, dict[str, str]], Awaitable[AnswerView]],
    values: Mapping[str, str],
    review_again: Callable[[str], Awaitable[Response]],
) -> Response:
    """Ask for it; what was typed wrongly is read again, with the daemon's own sentence beside it."""
    slot = request.path_params["slot"]
    try:
        answer = await act(request, ask)
        waits = "ask_check" in values and (await room_of(request).look(request)).pump(slot).rise_to_check
        return go(f"/pumps/{slot}") if waits else answer
    except ApiError as error:
        if error.field is None:
            raise
        return await review_again(str(error))


async def who_may_agree(room: Room, look: Look, review: object | None) -> dict[str, object]:
    """For the template: everybody else, and everybody's name. Nobody is asked for before there is a review."""
    people = await room.client.people() if review is not None else ()
    return {
        "people": tuple(each for each in people if look.person is None or each.id != look.person.person),
        "names": {each.id: each.name for each in people},
    }
