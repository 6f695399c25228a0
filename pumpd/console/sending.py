"""One form: one call, and what comes back of it.

What the daemon refuses comes back as it was typed, with each complaint beside its field and above the screen; who is
not signed in, or whose page is locked, is asked for a PIN first. path.do is this for the screens of a visit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.requests import Request

from pumpd.api_exchange import Call
from pumpd.api_models import AnswerView, ReasonCode
from pumpd.console.acts import LOCKED, SIGN_IN_FIRST, UNREADABLE, author_of, key_of
from pumpd.console.guard import TOKEN_FIELD, holds_token
from pumpd.console.room import Look, Room
from pumpd.errors import ApiError, SignInNeeded

LEFT_OUT: Final = "This is needed."
TOO_LONG: Final = "This is too long. Say it in fewer words."
MALFORMED: Final = "This cannot be read. Type it again."

Values = Mapping[str, str]
Faults = Callable[[ValidationError], dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a screen shows beside the visit: what was typed, and what was wrong with it."""

    values: Values = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    notice: str | None = None

    @property
    def status(self) -> HTTPStatus:
        if self.notice:
            return HTTPStatus.CONFLICT
        return HTTPStatus.UNPROCESSABLE_ENTITY if self.faults else HTTPStatus.OK


NOTHING_TYPED: Final = Told()


def given_of(values: Values, *names: str) -> dict[str, str]:
    """What was sent of these: an answer that nobody chose is missing, and said to be."""
    return {name: values[name] for name in names if name in values}


def faults_of(error: ValidationError) -> dict[str, str]:
    """What is wrong beside each field. The fields of a form are called as those of the body it becomes."""
    told = {"string_too_long": TOO_LONG, "missing": LEFT_OUT, "string_too_short": LEFT_OUT, "too_short": LEFT_OUT}
    return {str(fault["loc"][-1]): told.get(fault["type"], MALFORMED) for fault in error.errors()}


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
    not_done: str = "Not done.",
) -> AnswerView | Told:
    """The bed's answer where it accepts, else what the screen shows again. Raises SignInNeeded on a locked page."""
    try:
        answer = await room.client.send(replace(ask(), key=key_of(values), author=author_of(values)), look.token)
    except ValidationError as error:
        return Told(values=values, faults=faults(error))
    except ValueError:  # a form that is not ours: an enum's value that does not exist
        return Told(values=values, notice=UNREADABLE)
    except ApiError as error:
        if error.status is None or error.field is None:
            raise
        return Told(values=values, faults={error.field: str(error)}, notice=f"{not_done} {error}")
    if answer.accepted:
        return answer
    if any(each.code is ReasonCode.PIN_NEEDED for each in answer.reasons):
        raise SignInNeeded(LOCKED, onward)
    return Told(values=values, notice=f"{not_done} {answer.text}")
