"""One form that is not of a visit: one call, and what comes back of it.

As path.do for the screens of a visit. What the daemon refuses comes back as it was typed, with each complaint beside
its field; who is not signed in, or whose page is locked, is asked for a PIN first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pydantic import ValidationError
from starlette.requests import Request

from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, ReasonCode
from pumpd.console.acts import LOCKED, SIGN_IN_FIRST, UNREADABLE, key_of
from pumpd.console.guard import TOKEN_FIELD, holds_token
from pumpd.console.path import Told, Values, faults_of
from pumpd.console.room import Look, Room
from pumpd.errors import ApiError, SignInNeeded

Faults = Callable[[ValidationError], dict[str, str]]


def require_person(request: Request, look: Look, values: Values, onward: str) -> None:
    """Raises SignInNeeded for nobody, and for a form that is not of this session."""
    if look.person is None or not holds_token(request, values.get(TOKEN_FIELD, "")):
        raise SignInNeeded(SIGN_IN_FIRST, onward)


async def sent(
    room: Room,
    look: Look,
    values: Values,
    ask: Callable[[], Call[AnswerView]],
    *,
    onward: str,
    faults: Faults = faults_of,
) -> AnswerView | Told:
    """The bed's answer where it accepts, else what the screen shows again. Raises SignInNeeded on a locked page."""
    try:
        answer = await room.client.send(replace(ask(), key=key_of(dict(values))), look.token)
    except ValidationError as error:
        return Told(values=values, faults=faults(error))
    except ValueError:  # a form that is not ours: an enum's value that does not exist
        return Told(values=values, notice=UNREADABLE)
    except ApiError as error:
        if error.status is None or error.field is None:
            raise
        return Told(values=values, faults={error.field: str(error)}, notice=f"Not done. {error}")
    if answer.accepted:
        return answer
    if any(each.code is ReasonCode.PIN_NEEDED for each in answer.reasons):
        raise SignInNeeded(LOCKED, onward)
    return Told(values=values, notice=f"Not done. {answer.text}")
